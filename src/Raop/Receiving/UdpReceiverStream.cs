using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Raop.Audio;
using Raop.Network;
using Raop.Rtsp;
using Raop.Sdp;
using Raop.Timing;

namespace Raop.Receiving;

/// <summary>AirTunes v2: audio, control and timing on three UDP ports, each frame played when it is due.</summary>
internal sealed class UdpReceiverStream : IReceiverStream, IRtpOutput, IPacketDecoderOutput
{
    /// <summary>
    /// Ms from one look for audio to the next, at least and at most; in between a part of the latency by which packets come early. A wake for each would
    /// cost more than all that is done with it.
    /// </summary>
    private const int ShortestLook = 20, LongestLook = 50, PartOfLatency = 32;

    /// <summary>While packets are missing, ms: what comes late by itself must not be taken for what was asked for.</summary>
    private const int CloseLook = 5;

    /// <summary>When nothing has come for a second, ms: the sender pauses.</summary>
    private const int RareLook = 100;

    private const int MostAtOnce = 256; // packets: after a stall what is due has its turn in between

    private readonly ReceiverContext _context;
    private readonly ReceiverSession _session;
    private readonly IDatagramSocket _audio, _control, _timing;
    private readonly SocketAddress? _controlTarget, _timingTarget;
    private readonly PeerAddress _peer;
    private readonly int _rate; // frames a second
    private readonly RtpReceiver _rtp;
    private readonly TimedPlayout _playout;
    private readonly Lock _gate = new(), _fetching = new(); // the second outside the first
    private readonly DatagramHandler _onAudio;
    private readonly PacketStream? _ahead; // what a decoder from outside is for
    private PacedStep? _asking, _looking;
    private bool _toldArrival;
    private bool _isQuiet;
    private long _askAt;

    /// <param name="context">The receiver's.</param>
    /// <param name="session">Whose audio it is.</param>
    /// <param name="decoder">Stays the session's.</param>
    /// <param name="sdp">What was announced.</param>
    /// <param name="asked">The Transport header of SETUP: the sender's ports.</param>
    /// <param name="local">The address that the sender talks to.</param>
    /// <exception cref="RaopException">AddressInUse: no ports are free.</exception>
    public UdpReceiverStream(
        ReceiverContext context, ReceiverSession session, StreamDecoder decoder, AnnounceSdp sdp, TransportHeader asked, IPAddress local)
    {
        (_context, _session) = (context, session);
        _peer = new PeerAddress(session.Client.Address);
        _controlTarget = Target(asked.ControlPort);
        _timingTarget = Target(asked.TimingPort);

        int rate = _rate = decoder.Format.SampleRate;
        var settings = new RtpReceiverSettings(
            decoder.FramesPerPacket, decoder.MaxPayload, rate, HasFixedLatency(session.UserAgent) ? rate / 4 : 0, sdp.MinLatency, sdp.MaxLatency);
        _rtp = new RtpReceiver(settings, Time.TimestampFrequency, BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(8)), decoder);
        if (decoder.Ahead is { } codec) _ahead = new PacketStream(codec, decoder.Format, decoder.FramesPerPacket);
        _onAudio = OnAudio;
        _playout = new TimedPlayout(context.Sink, decoder, _rtp, _gate, Time, context.Network.Completions, session.TellPlaying);
        _playout.Undecodable = head => context.Log.Undecodable(session.Number, head);
        if (_rtp.Ahead is { } ahead) ahead.Undecodable = head => context.Log.Undecodable(session.Number, head);
        _playout.SetGain(context.GainDb);

        // Last, for what is bound must be disposed.
        IDatagramSocket[] sockets = DatagramPorts.Bind(context.Network, local, context.Options.UdpPorts is { } range ? (range.First, range.Last) : null, 3);
        (_audio, _control, _timing) = (sockets[0], sockets[1], sockets[2]);
        Transport = TransportHeader.Udp(_audio.LocalEndPoint.Port, _control.LocalEndPoint.Port, _timing.LocalEndPoint.Port);
    }

    public TransportHeader Transport { get; }

    public RaopSessionCounts Counts
    {
        get
        {
            lock (_gate)
            {
                PacketBuffer buffer = _rtp.Buffer;
                return new RaopSessionCounts
                {
                    Packets = buffer.Received - buffer.Duplicates,
                    Bytes = _rtp.Bytes,
                    FramesWritten = _playout.FramesWritten,
                    FramesFlushed = _playout.FramesFlushed,
                    PacketsLost = _playout.PacketsLost,
                    PacketsConcealed = _playout.PacketsConcealed,
                    FramesChanged = _playout.FramesChanged,
                    Underruns = _playout.Underruns,
                    PacketsAskedAgain = buffer.RequestedPackets,
                    PacketsRecovered = buffer.Filled,
                    PacketsLate = buffer.LateArrivals + _playout.PacketsTooLate,
                    Resyncs = _playout.Resyncs + _rtp.Clock.Steps,
                };
            }
        }
    }

    public bool MayBeSilent => false; // it answers our questions for its time

    private TimeProvider Time => _context.Options.TimeProvider;

    public async Task RunAsync()
    {
        using Pacer pacer = Pacer.Create(Time, _context.Network.ResumesInPlace, "RAOP receiver");
        IPacketDecoder? decoder = null;
        try
        {
            if (_ahead is { } stream && (decoder = OpenDecoder(stream)) is null) return;
            _control.Start(OnControl);
            _timing.Start(OnTiming);
            _rtp.IsWatched = !_context.Network.ResumesInPlace;
            _asking = pacer.Start(Ask);
            if (_rtp.IsWatched) _looking = pacer.Start(LookForAudio);
            else _audio.Start(OnAudio);
            await _playout.RunAsync(pacer).ConfigureAwait(false);
        }
        finally
        {
            _looking?.Dispose();
            _audio.Dispose();
            _control.Dispose();
            _timing.Dispose();
            if (decoder is not null) await CloseAsync(decoder).ConfigureAwait(false);
        }
    }

    public void Record(RtpInfoHeader info)
    {
        Fetch();
        lock (_gate)
        {
            _rtp.ExpectNewLine();
            _rtp.Expect(info.Seq, info.RtpTime);
        }
    }

    public (long Frames, uint? RtpTime) Flush(RtpInfoHeader info)
    {
        Fetch(); // what came before it is void, not what begins after it
        lock (_gate)
        {
            if (_playout.IsPast(info.RtpTime)) return (0, null);
            _rtp.ExpectNewLine();
        }

        return _playout.Flush(info.Seq, info.RtpTime);
    }

    public void SetGain(double db) => _playout.SetGain(db);

    public void End(bool drain)
    {
        Fetch();
        if (drain) _playout.Complete();
        else _playout.Stop();
    }

    void IRtpOutput.SendControl(ReadOnlySpan<byte> datagram)
    {
        if (_controlTarget is { } target) _control.Send(datagram, target);
    }

    /// <summary>Where its code has not run for a second, sending takes 100 µs: by half of that an exchange of clocks would be wrong. It leaves half-way.</summary>
    long IRtpOutput.SendTiming(ReadOnlySpan<byte> datagram)
    {
        long before = Time.GetTimestamp();
        if (_timingTarget is { } target) _timing.Send(datagram, target);
        long spent = Time.GetTimestamp() - before;
        return spent < Ticks(1) / 4 ? before + (spent / 2) : before; // this thread was interrupted, before it left or after: it then seems to have been long under way
    }

    void IPacketDecoderOutput.OnDecoded(long id, ReadOnlySpan<byte> pcm)
    {
        lock (_gate) _rtp.Ahead!.OnDecoded(id, pcm, Time.GetTimestamp());
        _asking?.Wake(); // there is room for another
        _playout.WakeIfIdle();
    }

    void IPacketDecoderOutput.OnFailed(RaopException error) => _session.End(RaopEndCause.DecoderFailed, drain: false, error.Message);

    private void OnAudio(ReadOnlySpan<byte> datagram, SocketAddress from, long now)
    {
        if (!_peer.Is(from)) return;
        bool gap;
        lock (_gate)
        {
            int missing = _rtp.Buffer.Missing;
            if (!_rtp.OnAudio(datagram, now)) return;
            gap = _rtp.Buffer.Missing > missing;
        }

        _session.Touch();
        if (gap) _asking?.Wake();
        _playout.WakeIfIdle();
    }

    private void OnControl(ReadOnlySpan<byte> datagram, SocketAddress from, long now)
    {
        if (!_peer.Is(from)) return;
        lock (_gate)
        {
            if (!_rtp.OnControl(datagram, now)) return;
            if (_rtp.Clock.IsByArrival && !_toldArrival) _context.Log.NoTiming(_session.Number);
            _toldArrival |= _rtp.Clock.IsByArrival;
        }

        _session.Touch();
        _playout.WakeIfIdle();
    }

    private void OnTiming(ReadOnlySpan<byte> datagram, SocketAddress from, long now)
    {
        if (!_peer.Is(from)) return;
        lock (_gate)
        {
            if (!_rtp.OnTiming(datagram, now)) return;
        }

        _session.Touch();
        _playout.WakeIfIdle();
    }

    /// <summary>Takes the audio that has come; before a request is answered, too, for it was sent later.</summary>
    private int Fetch()
    {
        if (!_rtp.IsWatched) return 0;
        lock (_fetching) return _audio.Drain(_onAudio, MostAtOnce);
    }

    private long LookForAudio(long now)
    {
        if (Fetch() == MostAtOnce) return now;
        lock (_gate)
        {
            bool wasQuiet = _isQuiet;
            _isQuiet = _rtp.IsQuiet(now);
            if (_isQuiet && !wasQuiet) _asking?.Wake();
            if (_rtp.Buffer.Missing > 0) return now + Ticks(CloseLook);
            if (_askAt - now < Ticks(ShortestLook * 2)) _asking?.Wake(); // in this wake instead of one of its own
            if (now - _rtp.LastAudioAt > Time.TimestampFrequency) return now + Ticks(RareLook);
            return now + Math.Clamp(_rtp.Latency * Time.TimestampFrequency / _rate / PartOfLatency, Ticks(ShortestLook), Ticks(LongestLook));
        }
    }

    private long Ask(long now)
    {
        long next;
        RaopException? failure;
        lock (_gate)
        {
            next = _askAt = _rtp.Poll(now, this);
            failure = _rtp.Ahead?.Failure;
        }

        if (failure is not null) _session.End(RaopEndCause.DecoderFailed, drain: false, failure.Message);
        return next;
    }

    private IPacketDecoder? OpenDecoder(PacketStream stream)
    {
        try
        {
            IPacketDecoder decoder = _context.Options.Decoders!.Open(stream, this);
            lock (_gate) _rtp.Ahead!.Decoder = decoder;
            return decoder;
        }
        catch (RaopException e)
        {
            _session.End(RaopEndCause.DecoderFailed, drain: false, e.Message);
            return null;
        }
    }

    private ValueTask CloseAsync(IPacketDecoder decoder)
    {
        lock (_gate) _rtp.Ahead!.Decoder = null;
        return decoder.DisposeAsync();
    }

    private long Ticks(int milliseconds) => milliseconds * Time.TimestampFrequency / 1000;

    private SocketAddress? Target(int? port) => port is > 0 and int number ? new IPEndPoint(_session.Client.Address, number).Serialize() : null;

    /// <summary>All senders leave 250 ms to the receiver, but for macOS' and iOS' AirPlay of 2018 (shairport-sync's finding).</summary>
    private static bool HasFixedLatency(string userAgent)
    {
        const string name = "AirPlay/";
        if (!userAgent.StartsWith(name, StringComparison.OrdinalIgnoreCase)) return true;
        ReadOnlySpan<char> version = userAgent.AsSpan(name.Length);
        int end = version.IndexOfAnyExceptInRange('0', '9');
        if (end >= 0) version = version[..end];
        return !int.TryParse(version, out int number) || number is < 354 or > 370;
    }
}
