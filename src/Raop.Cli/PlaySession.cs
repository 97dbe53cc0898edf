using System.Globalization;
using System.Net;

namespace Raop.Cli;

/// <summary>Plays a request from its first input to its end.</summary>
internal sealed class PlaySession(PlayRequest request, Reporter reporter)
{
    private static readonly TimeSpan FinishLimit = TimeSpan.FromSeconds(10);

    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync(CancellationToken stop)
    {
        await using var list = new PlayList(request);
        await list.OpenFirstAsync(stop);
        if (request.Receiver is { } receiver)
        {
            await PlayAsync(list, receiver, stop);
        }
        else
        {
            await using var speaker = new LocalSpeaker(request.Output, request.Sender);
            await PlayLocallyAsync(list, speaker, stop);
        }

        return list.Failure is { } failure ? throw failure : ExitCode.Done;
    }

    /// <summary>When the output fails, the connection breaks too: the output's error is the cause and wins.</summary>
    private async Task PlayLocallyAsync(PlayList list, LocalSpeaker speaker, CancellationToken stop)
    {
        try
        {
            await PlayAsync(list, speaker.EndPoint, stop);
        }
        catch (RaopException)
        {
            using var limit = new CancellationTokenSource(FinishLimit, request.Sender.TimeProvider);
            try
            {
                await speaker.FinishAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                // It hangs: what the sender saw is all that is known.
            }

            throw;
        }

        await speaker.FinishAsync(stop);
    }

    private async Task PlayAsync(PlayList list, EndPoint receiver, CancellationToken stop)
    {
        await using RaopSender sender = await RaopSender.ConnectAsync(receiver, request.Sender, stop);
        ReportConnection(sender.Receiver);
        using var quit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var keys = new PlayKeys(sender, reporter, RaopVolume.ToPercent(request.Sender.Volume ?? 0), quit);
        var display = new PlayDisplay(sender, list, keys, reporter);
        Task playing = sender.PlayListAsync(list.ReadAsync(quit.Token), quit.Token);
        try
        {
            if (reporter.IsLive) keys.Start();
            await display.ShowAsync(playing);
            await playing;
        }
        catch (OperationCanceledException) when (quit.IsCancellationRequested && !stop.IsCancellationRequested)
        {
            // q was pressed: that is a good end.
        }
        finally
        {
            reporter.Console.DrawLive("");
            RaopSenderStatus last = sender.Status;
            string cause = stop.IsCancellationRequested ? "interrupted" : quit.IsCancellationRequested ? "quit" : playing.IsFaulted || list.Failure is not null ? "failed" : "finished";
            reporter.Tell(new PlayedEvent(cause, last.PacketsSent, last.BytesSent, last.Resent, last.Starved, last.TimingSeen), Events.Default.PlayedEvent);
        }
    }

    private void ReportConnection(RaopReceiverInfo info)
    {
        string codec = CodecName(info), transport = info.Transport == RaopTransport.Udp ? "udp" : "tcp";
        reporter.Tell(
            new ConnectedEvent(
                info.EndPoint.Address.ToString(), info.EndPoint.Port, info.Server, codec, info.Encrypted, info.PasswordUsed, transport, info.Latency?.TotalSeconds),
            Events.Default.ConnectedEvent);
        string server = string.IsNullOrEmpty(info.Server) ? "" : $" ({info.Server})";
        string latency = info.Latency is { } time ? string.Create(CultureInfo.InvariantCulture, $", heard {time.TotalSeconds:0.##} s later") : "";
        reporter.Say($"Connected to {info.EndPoint}{server}, {codec} over {transport.ToUpperInvariant()}, {(info.Encrypted ? "encrypted" : "in clear")}{latency}");
        if (request.Sender.Volume is < 0 and var volume) reporter.Say($"Volume {RaopVolume.ToPercent(volume):0.#} %: the receiver changes the samples");
    }

    /// <summary>"ALAC" or "PCM".</summary>
    public static string CodecName(RaopReceiverInfo info) => info.Codec == RaopCodec.Pcm ? "PCM" : "ALAC";
}
