using Raop.Audio;
using Raop.Metadata;
using Raop.Remote;
using Raop.Rtsp;
using Raop.Sending;
using Raop.Timing;

namespace Raop;

/// <summary>Who is in the group: joining, leaving, failing, coming back.</summary>
public sealed partial class RaopGroup
{
    /// <summary>Most members of one group.</summary>
    public const int MostMembers = 256;

    /// <summary>Before the tries after a loss, s. The first ones are close together: a speaker that restarts is back soon.</summary>
    private static readonly double[] Waits = [0.5, 1, 2, 4, 4, 4, 4, 4, 4, 8, 8, 16, 30];

    /// <summary>A session that lasted so long makes the waits begin anew.</summary>
    private static readonly TimeSpan LongSession = TimeSpan.FromSeconds(10);

    /// <summary>Longest wait for the answers of all: one that is slow must not hold up the others.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private volatile RaopGroupMember[] _members = []; // replaced as a whole

    /// <summary>Who is in the group, those too that are being tried again.</summary>
    public IReadOnlyList<RaopGroupMember> Members => _members;

    /// <summary>Takes a speaker into the group. While music plays it joins in time: what it plays first, the others play at that instant.</summary>
    /// <param name="speaker">Whom; <see cref="RaopSpeaker.At"/> for an address alone.</param>
    /// <param name="options">Settings, or null for the defaults.</param>
    /// <param name="cancellationToken">Stops the attempt; it is no member then.</param>
    /// <returns>The member, connected; with <see cref="RaopMemberOptions.KeepTrying"/> perhaps not yet.</returns>
    /// <exception cref="RaopException">It cannot be reached or refuses; it is no member then.</exception>
    /// <exception cref="InvalidOperationException">The group has this speaker, or <see cref="MostMembers"/> members, already.</exception>
    /// <exception cref="ObjectDisposedException">The group was disposed.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> fired, or it was removed while it connected.</exception>
    public Task<RaopGroupMember> AddAsync(RaopSpeaker speaker, RaopMemberOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(speaker);
        return AddAsync(Make(speaker, options ?? new()), cancellationToken);
    }

    /// <summary>Takes a speaker out: it falls silent at once, the others play on, and so does the group when it was the last.</summary>
    /// <param name="member">Whom; one that is no member, or no more, is left alone.</param>
    public async Task RemoveAsync(RaopGroupMember member)
    {
        ArgumentNullException.ThrowIfNull(member);
        lock (_lock)
        {
            if (!_members.Contains(member)) return;
            _members = Array.FindAll(_members, other => other != member);
        }

        _remote?.Remove(member.ActiveRemote);
        member.Leave();
        await member.Keeping.ConfigureAwait(false);
        if (member.Place is { } place) await EndAsync(member, place, tellIt: true).ConfigureAwait(false);
        Set(member, RaopMemberState.Removed);
        EndIfNobodyIsLeft();
    }

    /// <summary>A speaker was seen: where it is now. One that waits to be tried again is tried at once.</summary>
    /// <param name="speaker">What it announces; known by its device id, or by its name.</param>
    public void Seen(RaopSpeaker speaker)
    {
        ArgumentNullException.ThrowIfNull(speaker);
        foreach (RaopGroupMember member in _members)
        {
            bool isIt = member.Speaker.DeviceId is { } id ? id == speaker.DeviceId : member.Speaker.Name == speaker.Name;
            if (!isIt) continue;
            member.Speaker = speaker;
            member.Waiting?.TrySetResult();
        }
    }

    private RaopGroupMember Make(RaopSpeaker speaker, RaopMemberOptions options) =>
        new(this, speaker, options, DacpIdentity.NewToken());

    private async Task<RaopGroupMember> AddAsync(RaopGroupMember member, CancellationToken cancellationToken)
    {
        RaopSpeaker speaker = member.Speaker;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (Array.Exists(_members, other => AreOne(other.Speaker, speaker))) throw new InvalidOperationException($"{speaker.Name} is in the group already.");
            if (_members.Length == MostMembers) throw new InvalidOperationException($"A group has at most {MostMembers} members.");
            if (member.Options.Volume is { } volume) Balance(member, RaopVolume.ToPercent(volume));
            _members = [.. _members, member];
            Hear(member);
        }

        var joined = new TaskCompletionSource(_network.Completions);
        member.Keeping = KeepAsync(member, joined, cancellationToken);
        await joined.Task.ConfigureAwait(false);
        return member;
    }

    /// <summary>What a member has cost.</summary>
    internal RaopMemberStatus StatusOf(RaopGroupMember member)
    {
        MemberPlace? place = member.Place;
        ChannelCounts counts = place?.Peer is { } peer ? _channel.Udp.CountsOf(peer) : place?.Tcp?.Counts ?? default;
        TimeSpan? late = place?.Tcp?.Late is { } ticks ? TimeSpan.FromSeconds(ticks / (double)_time.TimestampFrequency) : null;
        return new RaopMemberStatus(counts.Packets, counts.Bytes, counts.Resent, member.Rejoined, late);
    }

    internal void SetDelay(RaopGroupMember member, TimeSpan delay)
    {
        member.Delay = delay;
        MemberPlace? place = member.Place;
        if (place?.Peer is { } peer) _channel.Udp.SetDelay(peer, DelayOf(member));
        if (place?.Tcp is { } tcp) tcp.Delay = DelayOf(member);
    }

    private async ValueTask ConnectAsync(RaopGroupMember member, CancellationToken cancellationToken)
    {
        Set(member, RaopMemberState.Connecting, member.Cause); // which stays until it is back
        var place = new SessionPlace(() => _channel.Udp, member.Channel, (DacpId, member.ActiveRemote), _channel.Udp.Secrets);
        OpenSession open = await SenderOpening.OpenAsync(_network, member.Speaker, place, OptionsOf(member), _log, cancellationToken).ConfigureAwait(false);
        double volume = Effective(member);
        try
        {
            await open.Member.SetVolumeAsync(volume, cancellationToken).ConfigureAwait(false);
            member.Info = open.Member.Session.Info;
            lock (_lock)
            {
                if (_playing.IsCompleted) SettleLatency();
                else if (Need(member) > _channel.Udp.Latency) _log.LatencyTooSmall(member.Speaker.Name, PcmFormat.AirTunes.Duration(Need(member)).TotalSeconds);
            }

            cancellationToken.ThrowIfCancellationRequested();
            if (open.Peer is not null) _channel.Udp.Join(open.Peer, open.Member.Session, DelayOf(member));
        }
        catch
        {
            if (open.Peer is not null) _channel.Udp.Leave(open.Peer);
            await open.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        var teller = new MetadataTeller(open.Member.Client, open.Member.Session.Uri, open.Member.Session.Metadata, _log);
        TcpMember? tcp = null;
        if (open.Peer is null)
        {
            _log.AlignedByPressure(member.Speaker.Name);
            tcp = new TcpMember(open, open.Key(member.Channel), _channel.Tcp, _channel.Udp, DelayOf(member), _time, _network.Completions);
        }

        member.Place = new MemberPlace(open.Member, open.Peer, tcp, teller, _time.GetTimestamp());
        _log.MemberJoined(member.Speaker.Name, member.Info.Transport);
        Set(member, RaopMemberState.Ready);
        if (_stream is { } stream) Tell(member, stream);
        if (volume != Effective(member)) _ = SendVolumeAsync(member); // set since it was told
    }

    /// <summary>Connects a member, waits for its loss, and has it back; until it leaves, or for as long as that makes sense.</summary>
    private async Task KeepAsync(RaopGroupMember member, TaskCompletionSource joined, CancellationToken cancellationToken)
    {
        CancellationToken leaving = member.Leaving.Token;
        RaopException? failure = null;
        try
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, leaving);
            await ConnectAsync(member, either.Token).ConfigureAwait(false);
        }
        catch (RaopException e) when (member.Options.KeepTrying && MayPass(member, e))
        {
            Set(member, RaopMemberState.Retrying, failure = e);
        }
        catch (Exception e)
        {
            lock (_lock) _members = Array.FindAll(_members, other => other != member);
            _remote?.Remove(member.ActiveRemote);
            Set(member, RaopMemberState.Removed, e as RaopException);
            if (e is OperationCanceledException) joined.SetCanceled(cancellationToken.IsCancellationRequested ? cancellationToken : leaving);
            else joined.SetException(e);
            return;
        }

        joined.SetResult();
        int tries = 0;
        while (!leaving.IsCancellationRequested)
        {
            if (member.Place is { } place)
            {
                await Task.WhenAny(place.Session.Lost, member.Left).ConfigureAwait(false);
                if (leaving.IsCancellationRequested) return;
                failure = await place.Session.Lost.ConfigureAwait(false);
                if (_time.GetElapsedTime(place.Since) > LongSession) tries = 0;
                _log.MemberLost(member.Speaker.Name, failure.Message);
                await EndAsync(member, place, tellIt: false).ConfigureAwait(false);
            }

            if (!MayPass(member, failure!))
            {
                Set(member, RaopMemberState.Failed, failure);
                EndIfNobodyIsLeft();
                return;
            }

            Set(member, RaopMemberState.Retrying, failure);
            await WaitAsync(member, TimeSpan.FromSeconds(Waits[Math.Min(tries++, Waits.Length - 1)])).ConfigureAwait(false);
            failure = await TryAgainAsync(member).ConfigureAwait(false);
        }
    }

    private async ValueTask<RaopException?> TryAgainAsync(RaopGroupMember member)
    {
        CancellationToken leaving = member.Leaving.Token;
        try
        {
            await FindAgainAsync(member, leaving).ConfigureAwait(false);
            await ConnectAsync(member, leaving).ConfigureAwait(false);
            member.Rejoined++;
            return null;
        }
        catch (OperationCanceledException) when (leaving.IsCancellationRequested)
        {
            return null;
        }
        catch (Exception e)
        {
            return e as RaopException ?? new RaopException(RaopError.ConnectionLost, e.Message, innerException: e);
        }
    }

    private async ValueTask FindAgainAsync(RaopGroupMember member, CancellationToken leaving)
    {
        if (_options.FindAgain is not { } find) return;
        try
        {
            if (await find(member.Speaker, leaving).ConfigureAwait(false) is { } speaker) member.Speaker = speaker;
        }
        catch (Exception e) when (!leaving.IsCancellationRequested)
        {
            _log.NotFoundAgain(member.Speaker.Name, e.Message); // the application's mistake must not cost us the speaker
        }
    }

    /// <summary>Waits, until it is seen or leaves at the latest.</summary>
    private async ValueTask WaitAsync(RaopGroupMember member, TimeSpan wait)
    {
        var seen = new TaskCompletionSource(_network.Completions);
        member.Waiting = seen;
        using var timer = new CancellationTokenSource();
        await Task.WhenAny(_time.DelayAsync(wait, timer.Token), seen.Task, member.Left).ConfigureAwait(false);
        timer.Cancel();
        member.Waiting = null;
    }

    private async ValueTask EndAsync(RaopGroupMember member, MemberPlace place, bool tellIt)
    {
        member.Place = null;
        if (place.Peer is not null) _channel.Udp.Leave(place.Peer);
        if (tellIt)
        {
            if (_stream is not null) await VoidAsync(place).ConfigureAwait(false);
            await place.Session.TearDownAsync().ConfigureAwait(false);
        }

        if (place.Tcp is not null) await place.Tcp.DisposeAsync().ConfigureAwait(false);
        await place.Session.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>What it has is not to be heard: without that, TEARDOWN lets it play out.</summary>
    private async ValueTask VoidAsync(MemberPlace place)
    {
        try
        {
            using var limit = new CancellationTokenSource(Patience, _time);
            await place.Session.FlushAsync(place.Tcp?.Flush() ?? _channel.Udp.Next, limit.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is RaopException or OperationCanceledException)
        {
            // It is gone: that is what we want.
        }
    }

    /// <summary>What plays ends when there are members and each has failed for good.</summary>
    private void EndIfNobodyIsLeft()
    {
        TaskCompletionSource<RaopException> lost;
        lock (_lock) lost = _lost; // what begins now looks for itself
        MemberCondition[] members = [.. _members.Select(static member => member.Condition)];
        if (members.Length > 0 && Array.TrueForAll(members, static member => member.State == RaopMemberState.Failed)) lost.TrySetResult(members[0].Cause!);
    }

    /// <summary>Whether it is worth trying again. What has been a receiver and is none now is perhaps just ending or beginning.</summary>
    private static bool MayPass(RaopGroupMember member, RaopException e) =>
        e.IsTransient || e.Error is RaopError.Refused or RaopError.ProtocolViolation || (e.Error == RaopError.NotRaopReceiver && member.Info is not null);

    /// <summary>Whether both are the same speaker.</summary>
    private static bool AreOne(RaopSpeaker a, RaopSpeaker b) =>
        (a.DeviceId is { } id && id == b.DeviceId) || a.EndPoints.Intersect(b.EndPoints).Any();

    private void Set(RaopGroupMember member, RaopMemberState state, RaopException? cause = null) => Set(member, new MemberCondition(state, cause));

    private void Set(RaopGroupMember member, MemberCondition condition, MemberCondition? seen = null)
    {
        if (member.Set(condition, seen)) Raise(new RaopGroupMemberChanged(member, condition.State, condition.Cause, condition.Detail));
    }

    /// <summary>Waits for the answers of all, and no longer than is decent.</summary>
    private async Task InTimeAsync(Task answers)
    {
        using var late = new CancellationTokenSource();
        await Task.WhenAny(answers, _time.DelayAsync(Patience, late.Token)).ConfigureAwait(false);
        late.Cancel();
    }

    private RaopSenderOptions OptionsOf(RaopGroupMember member)
    {
        var options = new RaopSenderOptions
        {
            Password = member.Options.Password,
            Encryption = member.Options.Encryption,
            AllowAuthSetup = member.Options.AllowAuthSetup,
            Transport = member.Options.Transport,
            Codec = member.Options.Codec,
            UdpPorts = _options.UdpPorts,
            ConnectTimeout = _options.ConnectTimeout,
            ReplyTimeout = _options.ReplyTimeout,
            UserAgent = _options.UserAgent,
            TimeProvider = _options.TimeProvider,
            LoggerFactory = _options.LoggerFactory,
        };
        return _options.IsLatencySet ? options with { Latency = _options.Latency } : options;
    }

    /// <summary>Frames of latency that it takes for a member to be in time.</summary>
    private int Need(RaopGroupMember member)
    {
        long own = PcmFormat.AirTunes.Frames(member.Info?.Latency is { } said && said > _options.Latency ? said : TimeSpan.Zero);
        return (int)(Math.Max(own, UdpSendPlan.FixedLatency) - PcmFormat.AirTunes.Frames(member.Delay));
    }

    /// <summary>Frames, never so early that a receiver's fixed latency would not fit.</summary>
    private int DelayOf(RaopGroupMember member) =>
        Math.Max((int)PcmFormat.AirTunes.Frames(member.Delay), UdpSendPlan.FixedLatency - _channel.Udp.Latency);

    /// <summary>How much later than the line says the last one of all hears it.</summary>
    private TimeSpan MostDelay()
    {
        TimeSpan most = TimeSpan.Zero;
        foreach (RaopGroupMember member in _members)
        {
            if (member.Place is not { } place) continue;
            TimeSpan delay = place.Tcp is null ? member.Delay : member.Delay + TcpMember.Buffer;
            if (delay > most) most = delay;
        }

        return most;
    }

    /// <summary>The latency is settled while nothing plays, for it moves everything. Under the lock.</summary>
    private void SettleLatency()
    {
        int latency = (int)PcmFormat.AirTunes.Frames(_options.Latency);
        RaopGroupMember[] members = _members;
        foreach (RaopGroupMember member in members) latency = Math.Max(latency, Need(member));
        _channel.Udp.Latency = latency;
        foreach (RaopGroupMember member in members)
        {
            if (member.Place?.Peer is { } peer) _channel.Udp.SetDelay(peer, DelayOf(member));
        }
    }

    /// <summary>The stream's commands to all members at once.</summary>
    private sealed class Control(RaopGroup group, Task<RaopException> lost) : IStreamControl
    {
        public Task<RaopException> Lost => lost;

        public async ValueTask<uint?> FlushAsync(RtpInfoHeader next)
        {
            RaopGroupMember[] members = group._members;
            Task<uint?>[] answers = [.. members.Select(member => FlushAsync(member, next))];
            await group.InTimeAsync(Task.WhenAll(answers)).ConfigureAwait(false);
            for (int i = 0; i < answers.Length; i++)
            {
                if (answers[i].IsCompleted && members[i].Delay == TimeSpan.Zero && await answers[i].ConfigureAwait(false) is { } said) return said;
            }

            return null;
        }

        private static async Task<uint?> FlushAsync(RaopGroupMember member, RtpInfoHeader next)
        {
            if (member.Place is not { } place) return null;
            try
            {
                uint? said = await place.Session.FlushAsync(place.Tcp?.Flush() ?? next, CancellationToken.None).ConfigureAwait(false);
                return place.Tcp is null ? said : null; // it counts otherwise
            }
            catch (RaopException e)
            {
                place.Session.Lose(e); // it would play what is void
                return null;
            }
        }
    }
}
