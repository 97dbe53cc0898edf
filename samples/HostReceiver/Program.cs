// A speaker as a service of a generic host: it gets PCM in a sink of its own, here a file, and logs what plays.
//   dotnet run --project samples/HostReceiver Name=Kitchen Listen=[::]:5000 Pcm=kitchen.raw
using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Raop;
using Raop.Audio;

HostApplicationBuilder builder = Host.CreateApplicationBuilder(args);
builder.Logging.AddFilter("Microsoft", LogLevel.Warning).AddSimpleConsole(static console => console.SingleLine = true);
builder.Services.AddHostedService<Speaker>();
await builder.Build().RunAsync();

internal sealed class Speaker(IConfiguration settings, ILogger<Speaker> log, ILoggerFactory logs, IHostApplicationLifetime host) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            string listen = settings["Listen"] ?? "[::]:5000";
            if (!IPEndPoint.TryParse(listen, out IPEndPoint? address)) throw new ArgumentException($"Listen={listen} is no address and port: Listen=192.168.1.5:5000");
            await using var sink = new StreamSink(File.Create(settings["Pcm"] ?? "received.raw"));
            await using RaopReceiver receiver = RaopReceiver.Start(
                sink, new() { Name = settings["Name"] ?? "Host", Listen = address, LoggerFactory = logs }, Tell);
            log.LogInformation("{Name} listens on {EndPoint}", receiver.Name, receiver.EndPoint);
            await receiver.Completion.WaitAsync(stoppingToken); // fails when the sink does
        }
        catch (Exception e) when (e is RaopException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            if (e is RaopException error) log.LogError("{Error}: {Message} {Remedy}", error.Error, e.Message, error.Remedy);
            else log.LogError("{Message}", e.Message);
            Environment.ExitCode = 1;
            host.StopApplication();
        }
    }

    private void Tell(RaopReceiverEvent happened)
    {
        if (happened is RaopSessionStarted started) log.LogInformation("{Client} plays by {Transport}", started.ClientName ?? started.UserAgent, started.Transport);
        else if (happened is RaopTrackChanged { Track: var track }) log.LogInformation("{Artist}: {Title} ({Album})", track.Artist, track.Title, track.Album);
        else if (happened is RaopArtworkChanged { Artwork: { } cover }) log.LogInformation("Cover: {MediaType}, {Bytes} bytes", cover.MediaType, cover.Bytes.Length);
        else if (happened is RaopSessionEnded ended) log.LogInformation("Over: {Cause}, {Frames} frames", ended.Cause, ended.Counts.FramesWritten);
    }
}

/// <summary>Takes samples in time with the music: 44,100 Hz, 16 bit, stereo unless <see cref="StartAsync"/> says otherwise.</summary>
internal sealed class StreamSink(Stream output) : IPcmSink
{
    public ValueTask StartAsync(PcmFormat format, CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

    public ValueTask WriteAsync(ReadOnlyMemory<byte> frames, FrameTime time, CancellationToken cancellationToken = default) => output.WriteAsync(frames, cancellationToken);

    public ValueTask DisposeAsync() => output.DisposeAsync();
}
