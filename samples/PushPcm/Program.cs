// Sends sound that the program makes itself: an A of 440 Hz, for some seconds.
//   dotnet run --project samples/PushPcm 192.168.1.23 5
using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using Raop;
using Raop.Audio;
using Raop.Metadata;

if (args is not [string to, string seconds] || !IPEndPoint.TryParse(to, out IPEndPoint? address) || !double.TryParse(seconds, CultureInfo.InvariantCulture, out double length)
    || length is not (> 0 and <= 86_400))
{
    Console.Error.WriteLine("PushPcm ADDRESS[:PORT] SECONDS (at most 86400)");
    return 2;
}

try
{
    await using var tone = new Sine(440, TimeSpan.FromSeconds(length));
    await using RaopSender sender = await RaopSender.ConnectAsync(address);
    await sender.PlayAsync(tone);
    return 0;
}
catch (RaopException e)
{
    Console.Error.WriteLine($"{e.Error}: {e.Message} {e.Remedy}");
    return 1;
}

/// <summary>A tone, the same left and right, at half of full scale. What asks for it sets the pace: it is read as far ahead as the sender needs.</summary>
internal sealed class Sine(double hertz, TimeSpan length) : IPcmSource
{
    private long _frame;

    public PcmFormat Format => PcmFormat.AirTunes; // 44,100 Hz, 16 bit, stereo goes out as it is; any other is converted

    public long? Length => Format.Frames(length);

    public TrackInfo Info { get; } = new() { Title = $"{hertz} Hz", Artist = "PushPcm", Duration = length };

    public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int frames = (int)Math.Min(buffer.Length / Format.BytesPerFrame, Length!.Value - _frame);
        Span<short> samples = MemoryMarshal.Cast<byte, short>(buffer.Span)[..(frames * 2)];
        for (int i = 0; i < frames; i++, _frame++)
            samples[2 * i] = samples[(2 * i) + 1] = (short)Math.Round(16_384 * Math.Sin(2 * Math.PI * hertz * _frame / Format.SampleRate));
        return ValueTask.FromResult(frames * Format.BytesPerFrame); // 0 is the end
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
