using System.Globalization;
using System.Net;
using HostedFeeder;
using Raop;

// HostedFeeder PORT COUNT FILE: plays FILE (16 bit, 44.1 kHz, stereo, without a header) again and again to COUNT receivers on 127.0.0.1, ports PORT and
// following, each a stream of its own that begins elsewhere in the file; UDP, ALAC, RSA. Ends when standard input does.
if (args is not [var first, var many, var file])
{
    Console.Error.WriteLine("HostedFeeder PORT COUNT FILE");
    return 2;
}

int port = int.Parse(first, CultureInfo.InvariantCulture), count = int.Parse(many, CultureInfo.InvariantCulture);
byte[] pcm = await File.ReadAllBytesAsync(file);
var options = new RaopSenderOptions { Encryption = RaopEncryption.Rsa, Transport = RaopTransport.Udp, Codec = RaopCodec.Alac, RemoteControl = false };
using var stop = new CancellationTokenSource();
List<RaopSender> senders = [];
for (int i = 0; i < count; i++) senders.Add(await RaopSender.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port + i), options));
Task[] playing = [.. senders.Select((sender, i) => sender.PlayAsync(new Loop(pcm, i * 4410L * 4), stop.Token))];
Console.WriteLine("playing");
await Task.WhenAny([.. playing, Task.Run(Console.In.ReadToEnd)]);
string? failed = playing.FirstOrDefault(static one => one.IsFaulted)?.Exception?.InnerException?.Message;
await stop.CancelAsync();
await Task.WhenAll(senders.Select(static sender => sender.DisposeAsync().AsTask()));
if (failed is not null) Console.Error.WriteLine(failed);
return failed is null ? 0 : 1;
