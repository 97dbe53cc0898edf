using System.Buffers.Binary;
using System.Net;
using System.Text;
using Raop.Audio;
using Raop.Receiving;
using Raop.Rtp;
using Raop.Rtsp;
using Raop.Sdp;
using Raop.Sending;
using Raop.Timing;

namespace Raop.Tests.Conversations;

/// <summary>
/// The sender's plan and the receiver's engine, joined without sockets, tasks or timers, so that days pass in seconds. Time is the receiver's clock in ns;
/// the sender's runs at another rate, which changes with the hour of the day. Every frame carries its number.
/// </summary>
internal sealed class UdpSoak : IPcmSink, IRtpOutput, IDisposable
{
    public const long Second = 1_000_000_000;
    private const int Rate = 44_100, Frames = 352, Latency = 88_200, MostInFlight = 4096;
    private const long Boot = 1000 * Second;
    private const double Day = 86_400e9;
    private static readonly SocketAddress Receiver = new IPEndPoint(IPAddress.Parse("10.0.1.103"), 6001).Serialize();

    private readonly Time _time = new();
    private readonly ManualPacer _pacer = new();
    private readonly Random _random;
    private readonly UdpSendPlan _plan;
    private readonly PlanMember _member;
    private readonly StreamDecoder _decoder;
    private readonly RtpReceiver _rtp;
    private readonly TimedPlayout _playout;
    private readonly Datagram[] _flight = new Datagram[MostInFlight]; // a ring, in order of arrival
    private readonly byte[] _payload = new byte[Frames * 4];
    private readonly uint _rtpStart;
    private int _first, _count;
    private long _queued; // frames
    private long _asking;
    private long _nextFrame = -1;
    private long _lastArrival;
    private bool _resend; // a request came to a plan that had none

    /// <param name="seed">Of the link.</param>
    /// <param name="rtpStart">First RTP time.</param>
    /// <param name="sequenceStart">First sequence number.</param>
    public UdpSoak(int seed, uint rtpStart, ushort sequenceStart)
    {
        (_random, _rtpStart) = (new Random(seed), rtpStart);
        _plan = new UdpSendPlan(Second, Latency, new RtpInfoHeader(sequenceStart, rtpStart), 1);
        _member = _plan.Add(new EncodingKey(RaopCodec.Alac, RaopChannel.Stereo, Encrypted: false), default, 0, out _); // takes packets as they are
        _plan.Activate(_member);
        string sdp = "v=0\r\no=iTunes 1 0 IN IP4 10.0.1.101\r\ns=iTunes\r\nc=IN IP4 10.0.1.103\r\nt=0 0\r\nm=audio 0 RTP/AVP 96\r\na=rtpmap:96 L16/44100/2\r\n";
        Assert.True(AnnounceSdp.TryParse(Encoding.ASCII.GetBytes(sdp), out AnnounceSdp? announced, out _, out _));
        _decoder = new StreamDecoder(announced);
        _rtp = new RtpReceiver(new RtpReceiverSettings(Frames, _decoder.MaxPayload, Rate, 11_025, null, null), Second, (ulong)seed);
        _playout = new TimedPlayout(this, _decoder, _rtp, new Lock(), _time, TaskCreationOptions.None, static () => { });
        for (int i = 0; i < _flight.Length; i++) _flight[i] = new Datagram();
        _rtp.Buffer.Expect(sequenceStart, rtpStart);
        _ = _playout.RunAsync(_pacer);
    }

    private enum Kind { Audio, Control, Timing, Question, Request }

    /// <summary>Probability that a datagram is lost, either way.</summary>
    public double Loss { get; set; }

    /// <summary>One way, ns, and what a datagram may be later by; those behind it wait.</summary>
    public long Delay { get; set; } = Second / 500;

    public long Jitter { get; set; } = Second / 1000;

    /// <summary>The sender's clock against ours, parts per million, and by how much that changes over the day.</summary>
    public double Ppm { get; set; } = 40;

    public double PpmOfDay { get; set; } = 2;

    public long Packets => _plan.Packets;

    public long PacketsLost => _playout.PacketsLost;

    public long FramesWritten => _playout.FramesWritten;

    public long FramesChanged => _playout.FramesChanged;

    public int Underruns => _playout.Underruns;

    public int ClockSteps => _rtp.Clock.Steps;

    /// <summary>Frames that were not the next, or not what their RTP time says.</summary>
    public long WrongFrames { get; private set; }

    /// <summary>Largest difference between when a frame was said to be due and when it was, ms, after the first minute.</summary>
    public double WorstError { get; private set; }

    /// <summary>How late a frame came to the sink at most, ms.</summary>
    public double WorstLateness { get; private set; }

    public bool IsRealTime => false;

    TimeSpan IPcmSink.Delay => TimeSpan.Zero;

    /// <summary>Lets time pass.</summary>
    public void Run(double hours)
    {
        long end = _time.Now + (long)(hours * 3600e9);
        if (_queued == 0) _plan.Start(0, Sender(_time.Now));
        long sending = _time.Now;
        while (true)
        {
            long arrival = _count > 0 ? _flight[_first].At : long.MaxValue;
            long now = Math.Min(Math.Min(sending, arrival), Math.Min(_asking, _pacer.Due));
            if (now > end) break;
            _time.Now = Math.Max(_time.Now, now);
            if (now == arrival) Arrive();
            else if (now == sending) sending = Send();
            else if (now == _asking) _asking = _rtp.Poll(_time.Now, this);
            else _pacer.Run(_time.Now);
            if (_resend) (sending, _resend) = (Math.Min(sending, _time.Now), false);
        }

        _time.Now = end;
    }

    public void SendControl(ReadOnlySpan<byte> datagram) => Put(Kind.Request, datagram);

    public long SendTiming(ReadOnlySpan<byte> datagram)
    {
        Put(Kind.Question, datagram);
        return _time.Now;
    }

    public ValueTask StartAsync(PcmFormat format, CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

    public ValueTask WriteAsync(ReadOnlyMemory<byte> frames, FrameTime time, CancellationToken cancellationToken = default)
    {
        ReadOnlySpan<byte> pcm = frames.Span;
        int count = pcm.Length / 4;
        if (_nextFrame < 0) _nextFrame = 0;
        bool right = unchecked((uint)_nextFrame + _rtpStart) == time.RtpTime
            && BinaryPrimitives.ReadUInt32LittleEndian(pcm) == (uint)_nextFrame
            && BinaryPrimitives.ReadUInt32LittleEndian(pcm[((count - 1) * 4)..]) == (uint)(_nextFrame + count - 1);
        if (!right) WrongFrames++;
        double sender = Sender(Boot) + ((_nextFrame + Latency) / (double)Rate * 1e9);
        if (_nextFrame > 60 * Rate) WorstError = Math.Max(WorstError, Math.Abs(Sender(time.Due!.Value) - sender) / 1e6);
        WorstLateness = Math.Max(WorstLateness, (_time.Now - time.Due!.Value) / 1e6);
        _nextFrame += count;
        return ValueTask.CompletedTask;
    }

    public void Flush()
    {
    }

    public ValueTask DrainAsync(CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    public void Dispose() => _decoder.Dispose();

    /// <summary>What the sender's clock shows.</summary>
    private long Sender(long now)
    {
        double of = (now - Boot) % (long)Day / Day * 2 * Math.PI;
        return now + (long)Math.Round(((now - Boot) * Ppm * 1e-6) + (PpmOfDay * 1e-6 * Day / (2 * Math.PI) * Math.Sin(of)));
    }

    private long Here(long sender)
    {
        long now = sender;
        for (int i = 0; i < 4; i++) now -= Sender(now) - sender;
        return now;
    }

    private long Send()
    {
        long now = Sender(_time.Now);
        if (_plan.HasRoom(now))
        {
            while (!_plan.IsFull(now)) Enqueue(now);
        }

        while (_plan.Poll(now, out UdpSend send)) Put(send.Kind == UdpSendKind.Audio ? Kind.Audio : Kind.Control, send.Bytes);
        return Math.Max(_time.Now + 1, Here(_plan.Next(now)));
    }

    private void Enqueue(long now)
    {
        for (int i = 0; i < Frames; i++)
        {
            uint number = (uint)(_queued + i);
            BinaryPrimitives.WriteUInt16BigEndian(_payload.AsSpan(i * 4), (ushort)number);
            BinaryPrimitives.WriteUInt16BigEndian(_payload.AsSpan((i * 4) + 2), (ushort)(number >> 16));
        }

        _plan.Enqueue(new SourcePacket(default, _payload, _queued, Frames), now);
        _queued += Frames;
    }

    private void Put(Kind kind, ReadOnlySpan<byte> bytes)
    {
        if (Loss > 0 && _random.NextDouble() < Loss) return;
        Assert.True(_count < MostInFlight, "Too much is under way.");
        Datagram datagram = _flight[(_first + _count++) % MostInFlight];
        _lastArrival = datagram.At = Math.Max(_lastArrival, _time.Now + Delay + (long)(_random.NextDouble() * Jitter));
        (datagram.Kind, datagram.Length) = (kind, bytes.Length);
        bytes.CopyTo(datagram.Bytes);
    }

    private void Arrive()
    {
        Datagram datagram = _flight[_first];
        (_first, _count) = ((_first + 1) % MostInFlight, _count - 1);
        Span<byte> bytes = datagram.Bytes.AsSpan(0, datagram.Length);
        switch (datagram.Kind)
        {
            case Kind.Audio:
                int missing = _rtp.Buffer.Missing;
                Assert.True(_rtp.OnAudio(bytes, _time.Now));
                if (_rtp.Buffer.Missing > missing) _asking = _time.Now;
                _playout.WakeIfIdle();
                break;
            case Kind.Control:
                Assert.True(_rtp.OnControl(bytes, _time.Now));
                _playout.WakeIfIdle();
                break;
            case Kind.Timing:
                _rtp.OnTiming(bytes, _time.Now);
                _playout.WakeIfIdle();
                break;
            case Kind.Question:
                Assert.True(TimingPacket.TryParse(bytes, out TimingPacket question));
                ulong now = NtpTime.FromTimestamp(Sender(_time.Now), Second);
                Span<byte> reply = stackalloc byte[TimingPacket.Size];
                new TimingPacket(IsReply: true, question.Sequence, question.Transmit, now, now).WriteTo(reply);
                Put(Kind.Timing, reply);
                break;
            default:
                Assert.True(ResendRequest.TryParse(bytes, out ResendRequest request));
                _resend |= _plan.Handle(_member, request, Receiver);
                break;
        }
    }

    private sealed class Datagram
    {
        public byte[] Bytes { get; } = new byte[1500];

        public Kind Kind { get; set; }

        public int Length { get; set; }

        public long At { get; set; }
    }

    private sealed class Time : TimeProvider
    {
        public long Now { get; set; } = Boot;

        public override long TimestampFrequency => Second;

        public override long GetTimestamp() => Now;
    }

    /// <summary>One step, run by hand.</summary>
    private sealed class ManualPacer : Pacer
    {
        private OneStep? _step;

        public long Due => _step?.Due ?? Never;

        public override PacedStep Start(Func<long, long> step, long slack = 0) => _step = new OneStep(step);

        public void Run(long now) => _step!.Run(now);

        public override void Dispose()
        {
        }

        private sealed class OneStep(Func<long, long> step) : PacedStep
        {
            public long Due { get; private set; }

            public void Run(long now)
            {
                Due = Never;
                long next = step(now);
                Due = Math.Min(Due, next);
            }

            public override void Wake() => Due = 0;

            public override void Dispose() => Due = Never;
        }
    }
}
