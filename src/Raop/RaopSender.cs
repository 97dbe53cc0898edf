using System.Net;
using Microsoft.Extensions.Logging;
using Raop.Audio;
using Raop.Network;
using Raop.Remote;
using Raop.Sending;

namespace Raop;

/// <summary>
/// Plays to one speaker by AirTunes v2 (UDP) or v1 (TCP). One session from <see cref="ConnectAsync(EndPoint, RaopSenderOptions?, CancellationToken)"/> to
/// <see cref="DisposeAsync"/>; in it, any number of play lists, one after the other.
/// </summary>
public sealed partial class RaopSender : IAsyncDisposable
{
    private readonly SenderMember _member;
    private readonly IAudioChannel _audio;
    private readonly RaopSenderOptions _options;
    private readonly TaskCreationOptions _completions;
    private readonly CancellationTokenSource _closing = new();
    private volatile SenderStream? _stream;
    private Task _playing = Task.CompletedTask; // never fails
    private volatile bool _disposed;

    private RaopSender(SenderMember member, IAudioChannel audio, RaopSenderOptions options, TaskCreationOptions completions, ILogger log)
    {
        (_member, _audio, _options, _completions) = (member, audio, options, completions);
        _teller = new MetadataTeller(member.Client, member.Session.Uri, member.Session.Metadata, log);
        _volume = Metadata.Volume.Clamp(options.Volume ?? RaopVolume.Full);
    }

    /// <summary>What we play to.</summary>
    public RaopReceiverInfo Receiver => _member.Session.Info;

    /// <summary>The receiver's volume as last set, by us or by its keys, dB: 0 loudest, −30 softest, −144 muted; 0 as long as nobody has set it.</summary>
    public double Volume => Volatile.Read(ref _volume);

    /// <summary>What is happening now, as far as it is heard. From any thread.</summary>
    public RaopSenderStatus Status
    {
        get
        {
            if (!_disposed && _stream?.Status is { } status) return status;
            ChannelCounts counts = _audio.Counts;
            return new RaopSenderStatus(
                _disposed ? RaopSenderState.Closed : RaopSenderState.Idle, null, TimeSpan.Zero, 0, false,
                counts.Packets, counts.Bytes, counts.Resent, counts.Starved, counts.TimingSeen);
        }
    }

#pragma warning disable RS0026 // twice with optional parameters: the first one's type tells them apart
    /// <summary>Connects to a receiver and opens a session, ready to play.</summary>
    /// <param name="receiver">
    /// Its RTSP address, port 5000 on an AirPort Express, which port 0 stands for: an <see cref="IPEndPoint"/>, or a <see cref="DnsEndPoint"/> of whose addresses each is tried.
    /// </param>
    /// <param name="options">Settings, or null for the defaults.</param>
    /// <param name="cancellationToken">Stops the attempt; nothing stays open then.</param>
    /// <returns>A sender. Disposing it sends TEARDOWN.</returns>
    /// <exception cref="RaopException">No answer, busy, wrong password and so on: see <see cref="RaopException.Error"/>.</exception>
    /// <exception cref="ArgumentException"><paramref name="receiver"/> is another kind of address.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> fired.</exception>
    public static async Task<RaopSender> ConnectAsync(
        EndPoint receiver, RaopSenderOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(receiver);
        options ??= new RaopSenderOptions();
        return await ConnectAsync(RaopSpeaker.At(receiver), options, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Connects to a speaker and opens a session, ready to play: the way that its record and what is known of its kind call for.</summary>
    /// <param name="speaker">Whom to play to; each of its addresses is tried.</param>
    /// <param name="options">Settings, or null for the defaults. What they say outright goes before what is known.</param>
    /// <param name="cancellationToken">Stops the attempt; nothing stays open then.</param>
    /// <returns>A sender. Disposing it sends TEARDOWN.</returns>
    /// <exception cref="RaopException">No answer, busy, wrong password, pairing required and so on: see <see cref="RaopException.Error"/>.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> fired.</exception>
    public static Task<RaopSender> ConnectAsync(RaopSpeaker speaker, RaopSenderOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(speaker);
        options ??= new RaopSenderOptions();
        Rehearsal.Begin();
        ILogger log = options.LoggerFactory.CreateLogger("Raop.Sender");
        return ConnectAsync(
            new SocketNetwork(options.TimeProvider), speaker, options, cancellationToken, options.RemoteControl ? RemoteListener.Multicast(log) : null);
    }
#pragma warning restore RS0026

    /// <summary>Connects over any network.</summary>
    internal static Task<RaopSender> ConnectAsync(
        INetwork network, IPEndPoint receiver, RaopSenderOptions options, CancellationToken cancellationToken) =>
        ConnectAsync(network, RaopSpeaker.At(receiver), options, cancellationToken);

    /// <summary>Connects over any network.</summary>
    internal static async Task<RaopSender> ConnectAsync(
        INetwork network, RaopSpeaker speaker, RaopSenderOptions options, CancellationToken cancellationToken, DacpPublish? publish = null)
    {
        ILogger log = options.LoggerFactory.CreateLogger("Raop.Sender");
        var udp = new Lazy<UdpAudioChannel>(
            () => new UdpAudioChannel(network, (int)PcmFormat.AirTunes.Frames(options.Latency), options.UdpPorts, options.TimeProvider, log));
        OpenSession? open = null;
        RaopSender? sender = null;
        string id = DacpIdentity.NewId(), token = DacpIdentity.NewToken();
        RemoteListener? remote = publish is null ? null : RemoteListener.Start(network, options.TimeProvider, id, Actions(() => sender!), publish, log);
        remote?.Add(token);
        try
        {
            var place = new SessionPlace(() => udp.Value, Remote: remote is null ? null : (id, token));
            open = await SenderOpening.OpenAsync(network, speaker, place, options, log, cancellationToken).ConfigureAwait(false);
            IAudioChannel audio = open.Peer is null ? open.OverTcp(options, log) : open.OverUdp(udp.Value);
            if (open.Peer is null && udp.IsValueCreated) await udp.Value.DisposeAsync().ConfigureAwait(false); // it was refused
            sender = new RaopSender(open.Member, audio, options, network.Completions, log) { _remote = remote };
            if (options.Volume is { } volume) await sender.SetVolumeAsync(volume, cancellationToken).ConfigureAwait(false);
            return sender;
        }
        catch
        {
            if (udp.IsValueCreated) await udp.Value.DisposeAsync().ConfigureAwait(false);
            if (open is not null) await open.DisposeAsync().ConfigureAwait(false);
            if (remote is not null) await remote.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Plays one source, which stays the caller's to dispose.</summary>
    /// <param name="source">What to play; converted to 44,100 Hz, 16 bit, stereo where it is not that.</param>
    /// <param name="cancellationToken">Stops at once: what has not been heard is not heard.</param>
    /// <returns>Completes when the last frame has been heard.</returns>
    /// <exception cref="RaopException">The receiver, the network or the source failed.</exception>
    /// <exception cref="InvalidOperationException">It plays already; a play list is for several.</exception>
    /// <exception cref="ObjectDisposedException">The sender was disposed.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> fired, or the sender was disposed in mid-play.</exception>
    public Task PlayAsync(IPcmSource source, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        return PlayAsync(One(source), owns: false, cancellationToken);
    }

    /// <summary>Plays sources one after the other without a gap. Each is asked for shortly before it is due, and disposed when it has been heard.</summary>
    /// <param name="sources">What to play, in order.</param>
    /// <param name="cancellationToken">Stops at once: what has not been heard is not heard.</param>
    /// <inheritdoc cref="PlayAsync(IPcmSource, CancellationToken)"/>
    public Task PlayListAsync(IAsyncEnumerable<IPcmSource> sources, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(sources);
        return PlayAsync(sources, owns: true, cancellationToken);
    }

    /// <summary>
    /// Falls silent and keeps the session and the place. Like the other commands below it does nothing while nothing plays, and when the session fails it
    /// is the play call that says so.
    /// </summary>
    public Task PauseAsync() => TellAfterAsync(static stream => stream.PauseAsync());

    /// <summary>
    /// Goes on where <see cref="PauseAsync"/> fell silent: to the frame over UDP when the receiver says where (Raop and AirPlay devices do), to some
    /// ms otherwise.
    /// </summary>
    public Task ResumeAsync() => TellAfterAsync(static stream => stream.ResumeAsync());

    /// <summary>Goes to another place of the source that is heard.</summary>
    /// <param name="position">From the source's start; beyond the end is the end.</param>
    /// <exception cref="NotSupportedException">The source cannot seek.</exception>
    public Task SeekAsync(TimeSpan position) => TellAfterAsync(stream => stream.SeekAsync(position));

    /// <summary>Goes to the next source at once; after the last one the play list ends.</summary>
    public Task SkipAsync() => TellAfterAsync(static stream => stream.SkipAsync());

    /// <summary>Goes to the start of the source that is heard, if it can seek.</summary>
    public Task PreviousAsync() => _stream is { Place.Track.Pcm.CanSeek: true } ? SeekAsync(TimeSpan.Zero) : Task.CompletedTask;

    /// <summary>Sets the receiver's volume.</summary>
    /// <param name="volume">0 dB loudest, −30 softest, −144 muted; what is outside counts as the nearest.</param>
    /// <param name="cancellationToken">Stops the wait.</param>
    /// <exception cref="RaopException">The connection is lost, or the receiver does not answer in time.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="volume"/> is no number.</exception>
    public async Task SetVolumeAsync(double volume, CancellationToken cancellationToken = default)
    {
        await _member.SetVolumeAsync(Metadata.Volume.Number(volume), cancellationToken).ConfigureAwait(false);
        Volatile.Write(ref _volume, Metadata.Volume.Clamp(volume));
        _remote?.StatusChanged();
    }

    /// <summary>Stops what plays, sends TEARDOWN, waits for the reply at most 2 s, and closes.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_disposed) return;
        _disposed = true;
        _closing.Cancel();
        await _playing.ConfigureAwait(false);
        await _member.TearDownAsync().ConfigureAwait(false);
        await _audio.DisposeAsync().ConfigureAwait(false);
        await _member.DisposeAsync().ConfigureAwait(false);
        if (_remote is not null) await _remote.DisposeAsync().ConfigureAwait(false);
    }

    private async Task PlayAsync(IAsyncEnumerable<IPcmSource> sources, bool owns, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_stream is not null) throw new InvalidOperationException("This sender plays already.");
        var done = new TaskCompletionSource(_completions);
        _playing = done.Task;
        try
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _closing.Token);
            var feed = new PacketFeed(
                sources.GetAsyncEnumerator(stop.Token), owns, _member.Session.Config, _audio.KeepFrames, passesThrough: Receiver.Codec != RaopCodec.Pcm);
            await using (feed.ConfigureAwait(false))
            {
                var stream = new SenderStream(_member, _audio, feed, _options.TimeProvider, _completions);
                using var watching = CancellationTokenSource.CreateLinkedTokenSource(stop.Token);
                _stream = stream;
                Open(true);
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
                    Open(false);
                }
            }
        }
        finally
        {
            done.SetResult();
        }
    }

    private static async IAsyncEnumerable<IPcmSource> One(IPcmSource source)
    {
        await Task.CompletedTask.ConfigureAwait(false);
        yield return source;
    }
}
