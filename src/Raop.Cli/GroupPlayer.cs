using Raop.Audio;

namespace Raop.Cli;

/// <summary>Plays to many speakers in time.</summary>
internal sealed class GroupPlayer : IPlayer
{
    private readonly PlayRequest _request;
    private readonly Reporter _reporter;
    private readonly GroupReport _report;
    private readonly RaopGroup _group;
    private readonly SpeakerFinder _finder;
    private readonly GroupPlace[] _places;
    private readonly CancellationTokenSource _closing = new();
    private double? _percent; // the group's volume when it had connected
    private Task _joining = Task.CompletedTask;

    private GroupPlayer(IReadOnlyList<ChosenSpeaker> speakers, PlayRequest request, SpeakerFinder finder, Reporter reporter)
    {
        (_request, _finder, _reporter, _report) = (request, finder, reporter, new GroupReport(reporter));
        RaopSenderOptions sender = request.Sender;
        var common = new RaopMemberOptions { Encryption = sender.Encryption, Transport = sender.Transport, Codec = sender.Codec };
        RaopMemberOptions[] options = request.Settings.Of(speakers, common);
        _places = [.. speakers.Select((speaker, i) => new GroupPlace(speaker, options[i]))];
        var groupOptions = new RaopGroupOptions
        {
            Latency = sender.Latency, UdpPorts = sender.UdpPorts, Volume = request.Settings.Volume, FindAgain = finder.FindAgainAsync,
            TimeProvider = sender.TimeProvider, LoggerFactory = sender.LoggerFactory,
        };
        _group = new RaopGroup(groupOptions, _report.Take);
    }

    public PlayerStatus Status
    {
        get
        {
            RaopGroupStatus status = _group.Status;
            long bytes = 0;
            foreach (GroupPlace place in _places) bytes += place.Count().BytesSent;
            return new PlayerStatus(status.State, status.Source, status.Position, status.Peak, _report.IsAlive, bytes);
        }
    }

    public double Volume => _group.Volume;

    /// <summary>Connects to all side by side. Those that cannot be had now are said, and had later if that may be.</summary>
    /// <param name="speakers">To whom.</param>
    /// <param name="request">How.</param>
    /// <param name="finder">Finds those again that moved.</param>
    /// <param name="reporter">Where it is told.</param>
    /// <param name="stop">Ends it.</param>
    /// <exception cref="RaopException">None can be connected: why the first cannot.</exception>
    /// <exception cref="UsageException">A setting is for no speaker, or for several.</exception>
    public static async Task<GroupPlayer> ConnectAsync(
        IReadOnlyList<ChosenSpeaker> speakers, PlayRequest request, SpeakerFinder finder, Reporter reporter, CancellationToken stop)
    {
        var player = new GroupPlayer(speakers, request, finder, reporter);
        try
        {
            PasswordKeeper passwords = request.Passwords(reporter, mayAsk: true);
            await Task.WhenAll(player._places.Select(place => player.TryAsync(place, passwords, stop)));
            if (Array.TrueForAll(player._places, static place => place.Failure is not null)) throw player._places[0].Failure!;
            player._percent = RaopVolume.ToPercent(player.Volume);
            player._joining = Task.WhenAll(player._places.Where(static place => place.Failure is not null).Select(player.JoinLaterAsync));
            return player;
        }
        catch
        {
            await player.DisposeAsync();
            throw;
        }
    }

    public async Task PlayListAsync(IAsyncEnumerable<IPcmSource> sources, CancellationToken cancellationToken)
    {
        if (_request.StartAt is { } instant) StartAtText.Check(instant, _group.Status.Latency, _request.Sender.TimeProvider);
        await _group.PlayListAsync(sources, _request.StartAt, cancellationToken);
        if (!Array.Exists(_places, static place => place.IsThere) && LastFailure is { } failure) throw failure;
    }

    public Task PauseAsync() => _group.PauseAsync();

    public Task ResumeAsync() => _group.ResumeAsync();

    public Task SeekAsync(TimeSpan position) => _group.SeekAsync(position);

    public Task SkipAsync() => _group.SkipAsync();

    public Task SetVolumeAsync(double volume) => _group.SetVolumeAsync(volume);

    public string Wire(string rate)
    {
        int there = _places.Count(static place => place.IsThere);
        string speakers = $"{_places.Length} speaker{(_places.Length == 1 ? "" : "s")}";
        return $"{(there == _places.Length ? "" : $"{there} of ")}{speakers}, {rate}";
    }

    public PlayedEvent Ended(string cause)
    {
        MemberCounts[] members = [.. _places.Select(static place => place.Ended())];
        return new PlayedEvent(
            cause, members.Sum(static one => one.Packets), members.Sum(static one => one.Bytes), members.Sum(static one => one.Resent), _group.Status.Starved, null, members);
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await _joining;
        await _group.DisposeAsync();
        _closing.Dispose();
    }

    private RaopException? LastFailure => _report.LastCause ?? Array.Find(_places, static place => place.Failure is not null)?.Failure;

    private async Task TryAsync(GroupPlace place, PasswordKeeper passwords, CancellationToken stop)
    {
        if (place.Failure is not null) return; // nobody answered to the name
        try
        {
            place.Member = await passwords.ConnectAsync(
                place.Speaker!,
                password =>
                {
                    place.Options = place.Options with { Password = password };
                    return _group.AddAsync(place.Speaker!, place.Options with { Volume = VolumeNow(place) }, stop);
                },
                stop);
        }
        catch (RaopException e)
        {
            place.Failure = e;
        }
    }

    /// <summary>What one that comes later gets: as much softer or louder as all have become since; null: as loud as the group.</summary>
    private double? VolumeNow(GroupPlace place)
    {
        if (place.Options.Volume is not { } volume || _percent is not { } begun) return place.Options.Volume;
        return begun == 0 ? null : RaopVolume.FromPercent(RaopVolume.ToPercent(volume) * RaopVolume.ToPercent(_group.Volume) / begun);
    }

    /// <summary>One that could not be had at first: the group goes on trying. Never fails.</summary>
    private async Task JoinLaterAsync(GroupPlace place)
    {
        RaopException failure = place.Failure!;
        string after = place.MayPass ? " Trying again." : "";
        _reporter.Warn(place.Chosen.Speaker is null ? "" : $"{place.Chosen.Name}: ", failure, after);
        if (!place.MayPass) return;
        try
        {
            if (place.Speaker is null)
            {
                place.Speaker = await _finder.WaitForAsync(place.Chosen.To.Host, _closing.Token);
                place.Failure = null;
                await TryAsync(place, _request.Passwords(_reporter, mayAsk: false), _closing.Token);
                if (place.Failure is not { } again) return;
                _reporter.Warn($"{place.Speaker.Name}: ", again, place.MayPass ? " Trying again." : "");
                if (!place.MayPass) return;
            }

            place.Member = await _group.AddAsync(place.Speaker, place.Options with { KeepTrying = true, Volume = VolumeNow(place) }, _closing.Token);
        }
        catch (RaopException e)
        {
            place.Failure = e;
            if (e.Error != failure.Error) _reporter.Warn($"{place.Chosen.Name}: ", e, "");
        }
        catch (Exception e) when (e is OperationCanceledException or InvalidOperationException)
        {
            // It is over; or it is in the group already, by another name.
        }
    }
}
