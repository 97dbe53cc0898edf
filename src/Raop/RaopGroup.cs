using Microsoft.Extensions.Logging;
using Raop.Audio;
using Raop.Network;
using Raop.Remote;
using Raop.Sending;

namespace Raop;

/// <summary>
/// Plays to many speakers in time, on one time line: each frame is heard by all at the same instant, by those too that join later. Over UDP to
/// a fraction of a millisecond; over TCP, which has no clock, as well as the speaker takes the data.
/// </summary>
/// <remarks>
/// A speaker that fails is dropped at once and tried again, after 0.5 s, then ever less often up to 30 s; the others do not notice. A group without speakers
/// plays on silently.
/// </remarks>
public sealed partial class RaopGroup : IAsyncDisposable
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(7);

    private readonly INetwork _network;
    private readonly RaopGroupOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Action<RaopGroupEvent>? _onEvent;
    private readonly GroupChannel _channel;
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _closing = new();
    private TaskCompletionSource<RaopException> _lost; // of what plays, or played last
    private volatile SenderStream? _stream;
    private Task _playing = Task.CompletedTask; // never fails
    private volatile bool _disposed;

    /// <summary>Makes a group without speakers.</summary>
    /// <param name="options">Settings, or null for the defaults.</param>
    /// <param name="onEvent">Told what happens, from any thread; must not block and not throw. May be null.</param>
    public RaopGroup(RaopGroupOptions? options = null, Action<RaopGroupEvent>? onEvent = null)
        : this(new SocketNetwork((options ?? new()).TimeProvider), options ?? new(), onEvent, null)
    {
        Rehearsal.Begin();
        if (_options.RemoteControl) _publish = RemoteListener.Multicast(_log);
    }

    /// <summary>A group over any network.</summary>
    internal RaopGroup(INetwork network, RaopGroupOptions options, Action<RaopGroupEvent>? onEvent, DacpPublish? publish = null)
    {
        (_network, _options, _time, _onEvent, _publish) = (network, options, options.TimeProvider, onEvent, publish);
        _log = options.LoggerFactory.CreateLogger("Raop.Group");
        _lost = new TaskCompletionSource<RaopException>(network.Completions);
        int latency = (int)PcmFormat.AirTunes.Frames(options.Latency);
        _channel = new GroupChannel(new UdpAudioChannel(network, latency, options.UdpPorts, _time, _log), MostDelay);
        _percent = RaopVolume.ToPercent(options.Volume);
    }

    /// <summary>By what speakers find this group when they command it: 16 hex digits, DACP-ID.</summary>
    internal string DacpId { get; } = DacpIdentity.NewId();

    /// <summary>What is happening now, as far as it is heard. From any thread.</summary>
    public RaopGroupStatus Status
    {
        get
        {
            TimeSpan latency = PcmFormat.AirTunes.Duration(_channel.Udp.Latency);
            if (!_disposed && _stream?.Status is { } status)
                return new RaopGroupStatus(status.State, status.Source, status.Position, status.Peak, status.Starved, latency);
            return new RaopGroupStatus(_disposed ? RaopSenderState.Closed : RaopSenderState.Idle, null, TimeSpan.Zero, 0, _channel.Counts.Starved, latency);
        }
    }

    /// <summary>Plays one source, which stays the caller's to dispose.</summary>
    /// <param name="source">What to play; converted to 44,100 Hz, 16 bit, stereo where it is not that.</param>
    /// <param name="startAt">
    /// When its first frame is to be heard, at least the latency and at most 7 days from now; null, or what is too early: as soon as can be. Kept to the
    /// frame, as far as the clock's wall time is right.
    /// </param>
    /// <param name="cancellationToken">Stops at once: what has not been heard is not heard.</param>
    /// <returns>Completes when the last frame has been heard.</returns>
    /// <exception cref="RaopException">The source failed, or every speaker did for good.</exception>
    /// <exception cref="InvalidOperationException">The group plays already; a play list is for several.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="startAt"/> is further away.</exception>
    /// <exception cref="ObjectDisposedException">The group was disposed.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> fired, or the group was disposed in mid-play.</exception>
    public Task PlayAsync(IPcmSource source, DateTimeOffset? startAt = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        return PlayAsync(One(source), owns: false, startAt, cancellationToken);
    }

    /// <summary>Plays sources one after the other without a gap. Each is asked for shortly before it is due, and disposed when it has been heard.</summary>
    /// <param name="sources">What to play, in order.</param>
    /// <param name="startAt">When the first frame of the first one is to be heard, at least the latency and at most 7 days from now; null: as soon as can be.</param>
    /// <param name="cancellationToken">Stops at once: what has not been heard is not heard.</param>
    /// <inheritdoc cref="PlayAsync(IPcmSource, DateTimeOffset?, CancellationToken)"/>
    public Task PlayListAsync(IAsyncEnumerable<IPcmSource> sources, DateTimeOffset? startAt = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(sources);
        return PlayAsync(sources, owns: true, startAt, cancellationToken);
    }

    /// <summary>All fall silent and keep their sessions and the place. Like the other commands below it does nothing while nothing plays.</summary>
    public async Task PauseAsync()
    {
        if (_stream is not { } stream) return;
        await stream.PauseAsync().ConfigureAwait(false);
        Changed(stream);
    }

    /// <summary>Goes on where <see cref="PauseAsync"/> fell silent.</summary>
    public async Task ResumeAsync()
    {
        if (_stream is not { } stream) return;
        await stream.ResumeAsync().ConfigureAwait(false);
        Changed(stream);
    }

    /// <summary>Goes to another place of the source that is heard.</summary>
    /// <param name="position">From the source's start; beyond the end is the end.</param>
    /// <exception cref="NotSupportedException">The source cannot seek.</exception>
    public async Task SeekAsync(TimeSpan position)
    {
        if (_stream is not { } stream) return;
        await stream.SeekAsync(position).ConfigureAwait(false);
        Changed(stream);
    }

    /// <summary>Goes to the next source at once; after the last one the play list ends.</summary>
    public async Task SkipAsync()
    {
        if (_stream is not { } stream) return;
        await stream.SkipAsync().ConfigureAwait(false);
        Changed(stream);
    }

    /// <summary>Goes to the start of the source that is heard, if it can seek.</summary>
    public async Task PreviousAsync()
    {
        if (_stream is { Place.Track.Pcm.CanSeek: true }) await SeekAsync(TimeSpan.Zero).ConfigureAwait(false);
    }

    /// <summary>Stops what plays and ends the session of every member.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            if (_disposed) return;
            _disposed = true; // from here on nobody comes and nothing begins
        }

        _closing.Cancel();
        await _playing.ConfigureAwait(false);
        await Task.WhenAll(Members.Select(RemoveAsync)).ConfigureAwait(false);
        if (_remote is not null) await _remote.DisposeAsync().ConfigureAwait(false);
        await _channel.DisposeAsync().ConfigureAwait(false);
        Raise(new RaopGroupStateChanged(RaopSenderState.Closed));
    }

    private async Task PlayAsync(IAsyncEnumerable<IPcmSource> sources, bool owns, DateTimeOffset? startAt, CancellationToken cancellationToken)
    {
        TimeSpan? wait = startAt - _time.GetUtcNow();
        long? heard = wait is { } span ? _time.GetTimestamp() + Ticks(span) : null;
        if (wait > LongestWait) throw new ArgumentOutOfRangeException(nameof(startAt), startAt, "That is more than 7 days away.");
        var done = new TaskCompletionSource(_network.Completions);
        var lost = new TaskCompletionSource<RaopException>(_network.Completions);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (!_playing.IsCompleted) throw new InvalidOperationException("This group plays already.");
            (_playing, _lost) = (done.Task, lost);
            SettleLatency();
        }

        try
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _closing.Token);
            EndIfNobodyIsLeft();
            _channel.Udp.StartAt(heard);
            var feed = new PacketFeed(
                sources.GetAsyncEnumerator(stop.Token), owns, new Alac.AlacConfig { FrameLength = UdpSendPlan.PacketFrames }, _channel.KeepFrames);
            await using (feed.ConfigureAwait(false))
            {
                var stream = new SenderStream(new Control(this, lost.Task), _channel, feed, _time, _network.Completions);
                _stream = stream;
                Changed(stream);
                using var watching = CancellationTokenSource.CreateLinkedTokenSource(stop.Token);
                Task watch = WatchAsync(stream, watching.Token);
                try
                {
                    await stream.RunAsync(stop.Token).ConfigureAwait(false);
                }
                finally
                {
                    watching.Cancel();
                    await watch.ConfigureAwait(false);
                    _stream = null;
                    Rested();
                }
            }
        }
        finally
        {
            done.SetResult();
        }
    }

    private void Raise(RaopGroupEvent happened)
    {
        if (happened is RaopGroupStateChanged { State: var state } && _remote is { } remote) remote.IsOpen = state is RaopSenderState.Playing or RaopSenderState.Paused;
        if (happened is not RaopGroupMemberChanged) _remote?.StatusChanged();
        _onEvent?.Invoke(happened);
    }

    private long Ticks(TimeSpan span) => (long)((Int128)span.Ticks * _time.TimestampFrequency / TimeSpan.TicksPerSecond);

    private static async IAsyncEnumerable<IPcmSource> One(IPcmSource source)
    {
        await Task.CompletedTask.ConfigureAwait(false);
        yield return source;
    }
}
