using System.Net;
using Microsoft.Extensions.Logging;
using Raop.Audio;
using Raop.Network;
using Raop.Rtp;
using Raop.Rtsp;
using Raop.Timing;

namespace Raop.Sending;

/// <summary>
/// AirTunes v2: audio, syncs and resent packets as datagrams, sent by the pacer when <see cref="UdpSendPlan"/> says so. A lock keeps its
/// three callers apart: the stream's loop that fills the queue, the pacer, and the control socket's thread.
/// </summary>
internal sealed class UdpAudioChannel : IAudioChannel
{
    private const int DatagramsAtATime = 64; // after a stall; then other streams have their turn
    private static readonly TimeSpan TimingPatience = TimeSpan.FromSeconds(3);
    private static readonly Lazy<Pacer> Shared = new(static () => Pacer.Create(TimeProvider.System, inPlace: false, "raop sender"));

    private readonly Lock _lock = new();
    private readonly UdpSendPlan _plan;
    private readonly UdpSockets _sockets;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly TaskCreationOptions _completions;
    private readonly SocketAddress _audioPort;
    private readonly SocketAddress? _controlPort;
    private readonly Pacer? _own;
    private readonly PacedStep _pacing;
    private readonly ITimer _timingCheck;
    private readonly int _latency;
    private readonly long _recorded;
    private TaskCompletionSource? _room; // whoever waits for room in the queue

    /// <param name="network">What the sockets are of.</param>
    /// <param name="sockets">Disposed with this.</param>
    /// <param name="session">What the handshake came to: UDP.</param>
    /// <param name="receiver">The receiver's address.</param>
    /// <param name="ssrc">The stream's number.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Where starvation and a firewall are told.</param>
    public UdpAudioChannel(INetwork network, UdpSockets sockets, SenderSession session, IPAddress receiver, uint ssrc, TimeProvider time, ILogger log)
    {
        (_sockets, _time, _log, _completions) = (sockets, time, log, network.Completions);
        _latency = (int)PcmFormat.AirTunes.Frames(session.Info.Latency ?? TimeSpan.Zero);
        _plan = new UdpSendPlan(
            time.TimestampFrequency, _latency, session.Config.MaxPacketSize, new RtpInfoHeader(session.Sequence, session.RtpTime), ssrc, session.Cipher);
        _audioPort = new IPEndPoint(receiver, session.AudioPort).Serialize();
        if (session.ControlPort is > 0 and int port) _controlPort = new IPEndPoint(receiver, port).Serialize();
        else log.NoControlPort();
        _recorded = time.GetTimestamp();
        if (network.ResumesInPlace || time != TimeProvider.System) _own = Pacer.Create(time, network.ResumesInPlace, "raop sender");
        _pacing = (_own ?? Shared.Value).Start(Send);
        sockets.Control.Start(TakeControl);
        _timingCheck = time.CreateTimer(
            static channel => ((UdpAudioChannel)channel!).CheckTiming(), this, TimingPatience + TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);
    }

    public Task Closed { get; } = new TaskCompletionSource().Task; // there is nothing to close

    public ChannelCounts Counts
    {
        get
        {
            bool? timing = _sockets.TimingRequests > 0 ? true : _time.GetElapsedTime(_recorded) > TimingPatience ? false : null;
            lock (_lock) return new ChannelCounts(_plan.Packets, _plan.Bytes, _plan.Resent, _plan.Starved, timing);
        }
    }

    /// <summary>The latency, a second and a half that may be queued, and some packets.</summary>
    public int KeepFrames => _latency + (PcmFormat.AirTunes.SampleRate * 3 / 2);

    /// <summary>Receivers play to the instant; their devices have a buffer.</summary>
    public TimeSpan Tail => TimeSpan.FromSeconds(0.3);

    public void Start(long frame, long now)
    {
        lock (_lock) _plan.Start(frame, now);
    }

    public long UntilDue(long frame, long now) => 0; // the queue says when it is full

    /// <summary>Queues a packet; completes when less than half a second is queued, once it was a second.</summary>
    public ValueTask SendAsync(Span<byte> payload, long frame, int frames, long now)
    {
        Task? room = null;
        bool wake;
        long jump;
        lock (_lock)
        {
            wake = _plan.IsIdle;
            jump = _plan.Enqueue(payload, frame, frames, now);
            if (_plan.IsFull(now)) room = (_room ??= new TaskCompletionSource(_completions)).Task;
        }

        if (wake) _pacing.Wake();
        if (jump > 0) _log.Starved(jump * 1000.0 / _time.TimestampFrequency);
        return room is null ? ValueTask.CompletedTask : new ValueTask(room);
    }

    public RtpInfoHeader Flush()
    {
        TaskCompletionSource? room;
        RtpInfoHeader next;
        lock (_lock)
        {
            next = _plan.Flush();
            (room, _room) = (_room, null);
        }

        room?.SetResult();
        return next;
    }

    public void Rest()
    {
        lock (_lock) _plan.Rest();
    }

    public long Heard(long now)
    {
        lock (_lock) return _plan.Heard(now);
    }

    public long? FrameAt(uint rtpTime)
    {
        lock (_lock) return _plan.FrameAt(rtpTime);
    }

    public long UntilHeard(long frame, long now)
    {
        lock (_lock) return _plan.UntilHeard(frame, now);
    }

    public ValueTask DisposeAsync()
    {
        _timingCheck.Dispose();
        _pacing.Dispose();
        _own?.Dispose();
        _sockets.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>The pacer's step. Sockets that send are its own, so nothing else sends on them.</summary>
    private long Send(long now)
    {
        long next = now;
        for (int i = 0; i < DatagramsAtATime; i++)
        {
            lock (_lock)
            {
                if (!_plan.Poll(now, out UdpSend send))
                {
                    next = _plan.Next(now);
                    break;
                }

                // Under the lock, for the bytes are the ring's.
                if (send.Kind == UdpSendKind.Audio) _sockets.Audio.Send(send.Bytes, _audioPort);
                else if ((send.To ?? _controlPort) is { } port) _sockets.Control.Send(send.Bytes, port);
            }
        }

        TaskCompletionSource? room = null;
        lock (_lock)
        {
            if (_room is not null && _plan.HasRoom(now)) (room, _room) = (_room, null);
        }

        room?.SetResult();
        return next;
    }

    private void TakeControl(ReadOnlySpan<byte> datagram, SocketAddress from, long arrived)
    {
        if (!_sockets.IsReceiver(from) || !ResendRequest.TryParse(datagram, out ResendRequest request)) return;
        bool wake;
        lock (_lock) wake = _plan.Handle(request, from);
        if (wake) _pacing.Wake();
    }

    private void CheckTiming()
    {
        if (_sockets.TimingRequests > 0) return;
        _log.NoTiming(_sockets.Timing.LocalEndPoint.Port, _sockets.Control.LocalEndPoint.Port);
    }
}
