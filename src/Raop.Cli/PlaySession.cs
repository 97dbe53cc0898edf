using System.Globalization;

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
        if (!request.To.IsLocal)
        {
            IReadOnlyList<RaopSpeaker> found = await new SpeakerFinder(reporter).FindAsync(request.To, request.Port, stop);
            if (found.Count > 1) throw new UsageException($"There are {found.Count} speakers.", "--to with one of their names: raop list shows them");
            await PlayAsync(list, found[0], stop);
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
            await PlayAsync(list, RaopSpeaker.At(speaker.EndPoint), stop);
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

    /// <summary>At the first of its addresses that answers.</summary>
    private async Task<RaopSender> ConnectAsync(RaopSpeaker speaker, CancellationToken stop)
    {
        for (int i = 0; ; i++)
        {
            try
            {
                return await RaopSender.ConnectAsync(speaker.EndPoints[i], request.Sender, stop);
            }
            catch (RaopException e) when (e.Error is RaopError.Unreachable or RaopError.Refused or RaopError.Timeout && i + 1 < speaker.EndPoints.Count)
            {
            }
        }
    }

    private async Task PlayAsync(PlayList list, RaopSpeaker speaker, CancellationToken stop)
    {
        await using RaopSender sender = await ConnectAsync(speaker, stop);
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
