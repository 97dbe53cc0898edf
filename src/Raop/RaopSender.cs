using System.Net;
using Microsoft.Extensions.Logging;
using Raop.Audio;
using Raop.Network;
using Raop.Sending;

namespace Raop;

/// <summary>
/// Plays to one speaker by AirTunes v2 (UDP) or v1 (TCP). One session from <see cref="ConnectAsync(EndPoint, RaopSenderOptions?, CancellationToken)"/> to
/// <see cref="DisposeAsync"/>; in it, any number of play lists, one after the other.
/// </summary>
public sealed class RaopSender : IAsyncDisposable
{
    private readonly SenderMember _member;
    private readonly IAudioChannel _audio;
    private readonly RaopSenderOptions _options;
    private readonly TaskCreationOptions _completions;
    private readonly CancellationTokenSource _closing = new();
    private volatile SenderStream? _stream;
    private Task _playing = Task.CompletedTask; // never fails
    private volatile bool _disposed;

    private RaopSender(SenderMember member, IAudioChannel audio, RaopSenderOptions options, TaskCreationOptions completions)
    {
        (_member, _audio, _options, _completions) = (member, audio, options, completions);
    }

    /// <summary>What we play to.</summary>
    public RaopReceiverInfo Receiver => _member.Session.Info;

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
    /// Its RTSP address, port 5000 on an AirPort Express: an <see cref="IPEndPoint"/>, or a <see cref="DnsEndPoint"/> of whose addresses each is tried.
    /// </param>
    /// <param name="options">Settings, or null for the defaults.</param>
    /// <param name="cancellationToken">Stops the attempt; nothing stays open then.</param>
    /// <returns>A sender. Disposing it sends TEARDOWN.</returns>
    /// <exception cref="RaopException">No answer, busy, wrong password and so on: see <see cref="RaopException.Error"/>.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> fired.</exception>
    public static async Task<RaopSender> ConnectAsync(
        EndPoint receiver, RaopSenderOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(receiver);
        options ??= new RaopSenderOptions();
        if (receiver is not (IPEndPoint or DnsEndPoint)) throw new ArgumentException("An IPEndPoint or a DnsEndPoint is needed.", nameof(receiver));
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
        return ConnectAsync(new SocketNetwork(options.TimeProvider), speaker, options, cancellationToken);
    }
#pragma warning restore RS0026

    /// <summary>Connects over any network.</summary>
    internal static Task<RaopSender> ConnectAsync(
        INetwork network, IPEndPoint receiver, RaopSenderOptions options, CancellationToken cancellationToken) =>
        ConnectAsync(network, RaopSpeaker.At(receiver), options, cancellationToken);

    /// <summary>Connects over any network.</summary>
    internal static async Task<RaopSender> ConnectAsync(
        INetwork network, RaopSpeaker speaker, RaopSenderOptions options, CancellationToken cancellationToken)
    {
        ILogger log = options.LoggerFactory.CreateLogger("Raop.Sender");
        var udp = new Lazy<UdpAudioChannel>(
            () => new UdpAudioChannel(network, (int)PcmFormat.AirTunes.Frames(options.Latency), options.UdpPorts, options.TimeProvider, log));
        OpenSession? open = null;
        try
        {
            var place = new SessionPlace(() => udp.Value);
            open = await SenderOpening.OpenAsync(network, speaker, place, options, log, cancellationToken).ConfigureAwait(false);
            IAudioChannel audio = open.Peer is null ? open.OverTcp(options, log) : open.OverUdp(udp.Value);
            if (open.Peer is null && udp.IsValueCreated) await udp.Value.DisposeAsync().ConfigureAwait(false); // it was refused
            var sender = new RaopSender(open.Member, audio, options, network.Completions);
            if (options.Volume is { } volume) await sender.SetVolumeAsync(volume, cancellationToken).ConfigureAwait(false);
            return sender;
        }
        catch
        {
            if (udp.IsValueCreated) await udp.Value.DisposeAsync().ConfigureAwait(false);
            if (open is not null) await open.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Plays one source, which stays the caller's to dispose.</summary>
    /// <param name="source">What to play; converted to 44,100 Hz, 16 bit, stereo where it is not that.</param>
    /// <param name="cancellationToken">Stops at once: what has not been heard is not heard.</param>
    /// <returns>Completes when the last frame has been heard.</returns>
    /// <exception cref="RaopException">The receiver, the network or the source failed.</exception>
    public Task PlayAsync(IPcmSource source, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        return PlayAsync(One(source), owns: false, cancellationToken);
    }

    /// <summary>Plays sources one after the other without a gap. Each is asked for shortly before it is due, and disposed when it has been heard.</summary>
    /// <inheritdoc cref="PlayAsync(IPcmSource, CancellationToken)"/>
    public Task PlayListAsync(IAsyncEnumerable<IPcmSource> sources, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(sources);
        return PlayAsync(sources, owns: true, cancellationToken);
    }

    /// <summary>Falls silent and keeps the session and the place.</summary>
    public Task PauseAsync() => _stream?.PauseAsync() ?? Task.CompletedTask;

    /// <summary>
    /// Goes on where <see cref="PauseAsync"/> fell silent: to the frame over UDP when the receiver says where (Raop and AirPlay devices do), to some
    /// ms otherwise.
    /// </summary>
    public Task ResumeAsync() => _stream?.ResumeAsync() ?? Task.CompletedTask;

    /// <summary>Goes to another place of the source that is heard.</summary>
    /// <param name="position">From the source's start; beyond the end is the end.</param>
    /// <exception cref="NotSupportedException">The source cannot seek.</exception>
    public Task SeekAsync(TimeSpan position) => _stream?.SeekAsync(position) ?? Task.CompletedTask;

    /// <summary>Goes to the next source at once; after the last one the play list ends.</summary>
    public Task SkipAsync() => _stream?.SkipAsync() ?? Task.CompletedTask;

    /// <summary>Sets the receiver's volume.</summary>
    /// <param name="volume">0 dB loudest, −30 softest, −144 muted; what is outside counts as the nearest.</param>
    /// <param name="cancellationToken">Stops the wait.</param>
    public async Task SetVolumeAsync(double volume, CancellationToken cancellationToken = default)
    {
        await _member.SetVolumeAsync(volume, cancellationToken).ConfigureAwait(false);
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
                _stream = new SenderStream(_member, _audio, feed, _options.TimeProvider, _completions);
                try
                {
                    await _stream.RunAsync(stop.Token).ConfigureAwait(false);
                }
                finally
                {
                    _stream = null;
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
