using Raop.Audio;
using Raop.Rtp;
using Raop.Timing;

namespace Raop.Receiving;

/// <summary>Where an <see cref="RtpReceiver"/> sends its questions.</summary>
internal interface IRtpOutput
{
    /// <summary>To the sender's control port.</summary>
    void SendControl(ReadOnlySpan<byte> datagram);

    /// <summary>To the sender's timing port.</summary>
    /// <returns>When it left, in ticks.</returns>
    long SendTiming(ReadOnlySpan<byte> datagram);
}

/// <summary>
/// The receiving end of AirTunes v2's three ports: takes datagrams with their arrival times, keeps packets and clock, and says what to ask.
/// No socket, no clock, no thread; one caller at a time.
/// </summary>
internal sealed class RtpReceiver
{
    private const int MaxQuestions = 64; // a second of the quickest pace
    private const int MaxRequests = 8;
    private const int MostSyncs = 200; // a second
    private const int LongestPayload = 65_507 - RtpHeader.Size; // of a datagram

    private readonly long _ticksPerSecond;
    private readonly int _fixedLatency;
    private readonly int _sampleRate;
    private readonly int _minLatency, _maxLatency;
    private readonly ulong _nonce;
    private readonly (ulong Transmit, long SentAt)[] _questions = new (ulong, long)[MaxQuestions];
    private readonly ResendRequest[] _requests = new ResendRequest[MaxRequests];
    private readonly Func<long, long> _neededAt;
    private long _asked;
    private long _syncedAt;
    private int _unanswered;
    private long _nextQuestion;
    private bool _newLine = true; // the next sync begins a line

    /// <param name="settings">What ANNOUNCE and the receiver's options say.</param>
    /// <param name="ticksPerSecond">Of the timestamps.</param>
    /// <param name="nonce">Random: answers to questions that nobody asked are not believed.</param>
    /// <param name="decoder">The stream's when its packets are decoded ahead, else null.</param>
    public RtpReceiver(RtpReceiverSettings settings, long ticksPerSecond, ulong nonce, StreamDecoder? decoder = null)
    {
        (_ticksPerSecond, _nonce, FramesPerPacket) = (ticksPerSecond, nonce, settings.FramesPerPacket);
        (_fixedLatency, _sampleRate) = (settings.FixedLatency, settings.SampleRate);
        int capacity = 64, maxPayload = Math.Min(settings.MaxPayload, LongestPayload);
        while (capacity < 16 * 1024 && (long)capacity * settings.FramesPerPacket < settings.SampleRate * 12L) capacity *= 2; // 10 s and some
        _maxLatency = Math.Min(settings.MaxLatency ?? int.MaxValue, settings.SampleRate * 10 + _fixedLatency);
        _minLatency = Math.Min(settings.MinLatency ?? 0, _maxLatency);
        Buffer = new PacketBuffer(settings.FramesPerPacket, maxPayload, ticksPerSecond, capacity) { HasSilence = decoder?.Ahead == PacketCodec.AacEld };
        if (decoder?.Ahead is not null) Ahead = new DecodeAhead(Buffer, decoder, ticksPerSecond, capacity);
        Clock = new PlayoutClock(ticksPerSecond, settings.SampleRate);
        _neededAt = NeededAt;
    }

    public int FramesPerPacket { get; }

    /// <summary>Packets as they came.</summary>
    public PacketBuffer Buffer { get; }

    /// <summary>What has them decoded before they are due, or null when that is done at the last moment.</summary>
    public DecodeAhead? Ahead { get; }

    /// <summary>Packets as they are played.</summary>
    public PacketBuffer Playable => Ahead?.Decoded ?? Buffer;

    public PlayoutClock Clock { get; }

    /// <summary>How long before it is due a frame must be there, ticks: what the output holds.</summary>
    public long OutputDelay { get; set; }

    /// <summary>Frames from a packet's turn to its sound, as the sender last said, the fixed part included; 0 before.</summary>
    public long Latency { get; private set; }

    /// <summary>Bytes of audio packets, RTP header and payload.</summary>
    public long Bytes { get; private set; }

    /// <summary>When audio came last; 0 before.</summary>
    public long LastAudioAt { get; private set; }

    /// <summary>When anything else came last: the network is alive.</summary>
    public long LastControlAt { get; private set; }

    /// <summary>Whether somebody looks for audio again and again and polls when it <see cref="IsQuiet"/>; else the polls look after that themselves.</summary>
    public bool IsWatched { get; set; }

    /// <summary>A datagram on the audio port.</summary>
    /// <returns>Whether it brought a packet.</returns>
    public bool OnAudio(ReadOnlySpan<byte> datagram, long now) =>
        RtpHeader.TryParse(datagram, out RtpHeader header) && header.PayloadType == RtpHeader.Audio && Add(header, datagram, now);

    /// <summary>A datagram on the control port: a sync, or a packet sent again.</summary>
    /// <returns>Whether it was one of them.</returns>
    public bool OnControl(ReadOnlySpan<byte> datagram, long now)
    {
        if (SyncPacket.TryParse(datagram, out SyncPacket sync))
        {
            LastControlAt = now;
            OnSync(sync, now);
            return true;
        }

        return ResentPacket.TryUnwrap(datagram, out ReadOnlySpan<byte> packet)
            && RtpHeader.TryParse(packet, out RtpHeader header) && header.PayloadType == RtpHeader.Audio && Add(header, packet, now);
    }

    /// <summary>A datagram on the timing port.</summary>
    /// <returns>Whether it answered a question of ours.</returns>
    public bool OnTiming(ReadOnlySpan<byte> datagram, long now)
    {
        if (!TimingPacket.TryParse(datagram, out TimingPacket reply) || !reply.IsReply) return false;
        foreach (ref (ulong Transmit, long SentAt) question in _questions.AsSpan())
        {
            if (question.Transmit == 0 || question.Transmit != reply.Origin) continue;
            if (now - question.SentAt < _ticksPerSecond / 2) Clock.AddExchange(question.SentAt, reply.Receive, reply.Transmit, now); // later ones say only that the sender stood still
            question = default;
            _unanswered = 0;
            LastControlAt = now;
            return true;
        }

        return false;
    }

    /// <summary>RECORD or FLUSH: the next sync may begin another line of RTP times.</summary>
    public void ExpectNewLine() => _newLine = true;

    /// <summary>RECORD: the first packet will have these numbers.</summary>
    public void Expect(ushort? sequence, uint? rtpTime)
    {
        Buffer.Expect(sequence, rtpTime);
        if (Ahead is null || rtpTime is not { } time) return;
        Ahead.Decoded.AlignTo(Buffer.FrameOf(time));
        Ahead.Decoded.Expect(sequence, rtpTime);
    }

    /// <summary>Drops what a FLUSH voids.</summary>
    /// <returns>Packets dropped.</returns>
    public int Flush(ushort? sequence, uint? rtpTime) => Buffer.Flush(sequence, rtpTime) + (Ahead?.Flush(sequence, rtpTime) ?? 0);

    /// <summary>Sends what is to be asked now, and has decoded what can be.</summary>
    /// <param name="now">The time that the caller was woken for.</param>
    /// <param name="output">Takes the datagrams.</param>
    /// <returns>When to call again.</returns>
    public long Poll(long now, IRtpOutput output)
    {
        // Who watches polls when a question is due soon, so that it needs no wake of its own; questions that come thick and fast are left alone.
        long soon = IsWatched && Clock.Peer.Interval(_unanswered) >= _ticksPerSecond / 10 ? now + (_ticksPerSecond / 25) : now;
        if (soon >= _nextQuestion || (IsQuiet(now) && _nextQuestion > now + _ticksPerSecond / 20))
        {
            AskTime(output);
            _nextQuestion = (_nextQuestion > soon ? now : Math.Max(now, _nextQuestion)) + Interval(now);
        }

        long next = Buffer.PollResends(now, _neededAt, _requests, out int count);
        Span<byte> datagram = stackalloc byte[ResendRequest.Size];
        foreach (ResendRequest request in _requests.AsSpan(0, count))
        {
            request.WriteTo(datagram);
            output.SendControl(datagram);
        }

        next = Math.Min(next, _nextQuestion);
        if (Ahead is not null) next = Math.Min(next, Ahead.Poll(now, _neededAt, DecodingTime));
        return !IsWatched && LastAudioAt + Quiet > now ? Math.Min(next, LastAudioAt + Quiet) : next;
    }

    /// <summary>Whether audio stays away because the network is gone, not because the sender has no more: nothing else has come since either.</summary>
    public bool IsOutage(long now) => LastAudioAt != 0 && now - LastAudioAt >= Quiet && LastControlAt - LastAudioAt < _ticksPerSecond / 20;

    /// <summary>How long before it is needed a missing packet is given up so that those after it can be decoded.</summary>
    private long DecodingTime => Math.Min(_ticksPerSecond * 3 / 10, (long)((Int128)Latency * _ticksPerSecond / _sampleRate / 4));

    private long Quiet => _ticksPerSecond / 10;

    /// <summary>Whether audio has stopped coming a moment ago: the answers to our questions will tell why.</summary>
    public bool IsQuiet(long now) => LastAudioAt != 0 && now - LastAudioAt is var gap && gap >= Quiet && gap < _ticksPerSecond * 5;

    private bool Add(in RtpHeader header, ReadOnlySpan<byte> packet, long now)
    {
        PacketArrival arrival = Buffer.Add(header, packet[RtpHeader.Size..], now);
        if (arrival == PacketArrival.Unusable) return false;
        if (arrival != PacketArrival.Duplicate) Bytes += packet.Length;
        if (arrival is PacketArrival.Duplicate or PacketArrival.Late) LastControlAt = now; // a copy is no sign of more to come
        else LastAudioAt = now;
        return true;
    }

    private void OnSync(in SyncPacket sync, long now)
    {
        if (!_newLine && now - _syncedAt < _ticksPerSecond / MostSyncs) return; // a flood costs nothing
        _syncedAt = now;
        if (_newLine || (sync.IsFirst && !Clock.IsLocked)) Clock.Restart();
        _newLine = false;
        Latency = Math.Clamp((int)(sync.Next - sync.PlayNow) + (long)_fixedLatency, _minLatency, _maxLatency);
        Clock.AddSync(sync.NtpTime, Buffer.FrameOf(sync.Next) - Latency, now);
    }

    private void AskTime(IRtpOutput output)
    {
        _unanswered++;
        ulong transmit = unchecked((_nonce + (ulong)++_asked) * 0x9E3779B97F4A7C15) | 1;
        Span<byte> datagram = stackalloc byte[TimingPacket.Size];
        new TimingPacket(IsReply: false, TimingPacket.UsualSequence, 0, 0, transmit).WriteTo(datagram);
        _questions[_asked % MaxQuestions] = (transmit, output.SendTiming(datagram));
    }

    private long Interval(long now) =>
        Math.Min(Clock.Peer.Interval(_unanswered), IsQuiet(now) ? _ticksPerSecond / 20 : _ticksPerSecond);

    private long NeededAt(long frame) => Clock.IsReady ? Clock.DueAt(frame) - OutputDelay : long.MaxValue;
}

/// <summary>What an <see cref="RtpReceiver"/> must know of its stream.</summary>
/// <param name="FramesPerPacket">Frames of a full packet.</param>
/// <param name="MaxPayload">Bytes of the largest payload.</param>
/// <param name="SampleRate">Frames a second.</param>
/// <param name="FixedLatency">Frames that receivers add to what the sync packets say.</param>
/// <param name="MinLatency">Least latency in frames that the sender takes, or null.</param>
/// <param name="MaxLatency">Most latency in frames that the sender takes, or null.</param>
internal readonly record struct RtpReceiverSettings(
    int FramesPerPacket, int MaxPayload, int SampleRate, int FixedLatency, int? MinLatency, int? MaxLatency);
