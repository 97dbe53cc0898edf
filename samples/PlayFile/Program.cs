// Plays a file or a web address to a speaker, by its name, a part of its name, or its address.
//   dotnet run --project samples/PlayFile song.flac Kitchen
using System.Net;
using Raop;
using Raop.Media;

if (args is not [string file, string to])
{
    Console.Error.WriteLine("PlayFile FILE SPEAKER");
    return 2;
}

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, e) =>
{
    e.Cancel = true;
    stop.Cancel();
};

try
{
    await using IMediaSource song = await MediaSource.OpenAsync(file, cancellationToken: stop.Token);
    RaopSpeaker speaker = await FindAsync(to, stop.Token);
    await using RaopSender sender = await RaopSender.ConnectAsync(speaker, cancellationToken: stop.Token);
    Console.WriteLine($"{song.Title} plays on {speaker.Name} at {sender.Receiver.EndPoint}.");
    await sender.PlayAsync(song, stop.Token); // completes when the last frame has been heard
    return 0;
}
catch (RaopException e)
{
    Console.Error.WriteLine($"{e.Error}: {e.Message} {e.Remedy}");
    return 1;
}
catch (OperationCanceledException)
{
    return 130; // Ctrl-C
}

static async Task<RaopSpeaker> FindAsync(string to, CancellationToken cancellationToken)
{
    if (IPEndPoint.TryParse(to, out IPEndPoint? address)) return RaopSpeaker.At(address); // nobody need announce it
    await using RaopBrowser browser = RaopBrowser.Start();
    return await browser.FindAsync(to, TimeSpan.FromSeconds(3), cancellationToken);
}
