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
        if (!request.IsLocal)
        {
            var finder = new SpeakerFinder(reporter);
            await PlayAsync(list, await finder.FindAsync(request.To, request.Port, stop), finder, stop);
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
            RaopSpeaker here = RaopSpeaker.At(speaker.EndPoint);
            if (request.NeedsGroup) here = here with { Name = "local" };
            await PlayAsync(list, [new ChosenSpeaker(request.To[0], here)], new SpeakerFinder(reporter), stop);
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

    private async Task<IPlayer> ConnectAsync(IReadOnlyList<ChosenSpeaker> speakers, SpeakerFinder finder, CancellationToken stop)
    {
        if (request.NeedsGroup) return await GroupPlayer.ConnectAsync(speakers, request, finder, reporter, stop);
        RaopSpeaker speaker = speakers[0].Speaker!;
        RaopSender sender = await request.Passwords(reporter, mayAsk: true).ConnectAsync(
            speaker, password => RaopSender.ConnectAsync(speaker, request.Sender with { Password = password }, stop), stop);
        Connection.Report(speaker.Name, sender.Receiver, among: false, reporter);
        return new SenderPlayer(sender, request.Settings.Volume);
    }

    private async Task PlayAsync(PlayList list, IReadOnlyList<ChosenSpeaker> speakers, SpeakerFinder finder, CancellationToken stop)
    {
        await using IPlayer player = await ConnectAsync(speakers, finder, stop);
        if (player.Volume < RaopVolume.Full) reporter.Say($"Volume {RaopVolume.ToPercent(player.Volume):0.#} %: the receiver changes the samples");
        using var quit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var keys = new PlayKeys(player, reporter, quit);
        var display = new PlayDisplay(player, list, reporter);
        Task playing = player.PlayListAsync(list.ReadAsync(quit.Token), quit.Token);
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
            string cause = stop.IsCancellationRequested ? "interrupted" : quit.IsCancellationRequested ? "quit" : playing.IsFaulted || list.Failure is not null ? "failed" : "finished";
            reporter.Tell(player.Ended(cause), Events.Default.PlayedEvent);
        }
    }
}
