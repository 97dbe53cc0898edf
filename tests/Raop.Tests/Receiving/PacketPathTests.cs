using System.Net;
using Alac;
using Raop.Audio;
using Raop.Receiving;
using Raop.Rtp;
using Raop.Sdp;
using Raop.Security;
using Raop.Tests.Fakes;
using Raop.Timing;

namespace Raop.Tests.Receiving;

/// <summary>From a datagram to the sink, without sockets and threads: what it costs.</summary>
public sealed class PacketPathTests
{
    private const long Second = 1_000_000_000;

    [Fact]
    public void No_packet_allocates()
    {
        byte[] key = new byte[16], iv = new byte[16];
        byte[] sdp = AnnounceSdp.Write("1", IPAddress.Loopback, IPAddress.Loopback, new AlacConfig { FrameLength = 352 }, AirPortExpressKey.WrapKey(key), iv);
        Assert.True(AnnounceSdp.TryParse(sdp, out AnnounceSdp? announced, out _, out _));
        using var decoder = new StreamDecoder(announced);
        var rtp = new RtpReceiver(new RtpReceiverSettings(352, decoder.MaxPayload, 44_100, 11_025, null, null), Second, nonce: 1);
        var sink = new CountingSink();
        using var pacer = new HandPacer();
        var playout = new TimedPlayout(sink, decoder, rtp, new Lock(), new Clock(), TaskCreationOptions.None, static () => { });
        Task playing = playout.RunAsync(pacer);

        byte[] datagram = Packet(key, iv);
        byte[] sync = new byte[SyncPacket.Size];
        byte[] answer = new byte[TimingPacket.Size];
        var output = new Answers(answer);
        for (int i = 0; i < 400; i++) Bring(i, Second); // so that the buffer has been fuller than it will be
        playout.Flush(null, null);
        int done = 400;
        Assert.Equal(0, Garbage.Of(() =>
        {
            Play(done, done + 2000);
            done += 2000;
        }));
        Assert.InRange(sink.Frames, (done - 400 - 300) * 352L, (done - 400) * 352L);
        playout.Stop();
        Assert.True(playing.IsCompletedSuccessfully);

        void Play(int from, int to)
        {
            for (int i = from; i < to; i++)
            {
                long now = Second + ((long)i * 352 * Second / 44_100);
                output.Now = now;
                rtp.Poll(now, output);
                if (output.Take()) rtp.OnTiming(answer, now);
                if (i % 125 == 25)
                {
                    new SyncPacket(i == 400, 7, (uint)((i * 352) - 77_175), NtpTime.FromTimestamp(now, Second), (uint)(i * 352)).WriteTo(sync);
                    rtp.OnControl(sync, now);
                }

                if (i % 20 != 7) Bring(i, now); // the others are lost: asked for, and hidden
                pacer.Run(now);
            }
        }

        void Bring(int number, long now)
        {
            new RtpHeader(false, RtpHeader.Audio, (ushort)number, (uint)(number * 352), 1).WriteTo(datagram);
            rtp.OnAudio(datagram, now);
        }
    }

    private static byte[] Packet(byte[] key, byte[] iv)
    {
        byte[] payload = new byte[4096];
        int length = new AlacEncoder(new AlacConfig { FrameLength = 352 }).Encode(Music.Frames(352), payload);
        using var cipher = new PacketCipher(key, iv);
        cipher.Encrypt(payload.AsSpan(0, length));
        return [.. new byte[RtpHeader.Size], .. payload[..length]];
    }

    /// <summary>Answers each question for the time at once, with the receiver's own.</summary>
    private sealed class Answers(byte[] answer) : IRtpOutput
    {
        private bool _asked;

        public bool Take()
        {
            bool asked = _asked;
            _asked = false;
            return asked;
        }

        public void SendControl(ReadOnlySpan<byte> datagram)
        {
        }

        public long SendTiming(ReadOnlySpan<byte> datagram)
        {
            Assert.True(TimingPacket.TryParse(datagram, out TimingPacket question));
            ulong now = NtpTime.FromTimestamp(Now, Second);
            new TimingPacket(IsReply: true, 7, question.Transmit, now, now).WriteTo(answer);
            _asked = true;
            return Now;
        }

        public long Now { get; set; }
    }

    /// <summary>Steps are called by hand.</summary>
    private sealed class HandPacer : Pacer
    {
        private Func<long, long>? _step;
        private long _due;

        public void Run(long now)
        {
            if (_step is not null && now >= _due) _due = _step(now);
        }

        public override PacedStep Start(Func<long, long> step, long slack = 0)
        {
            _step = step;
            return new Step(this);
        }

        public override void Dispose() => _step = null;

        private sealed class Step(HandPacer pacer) : PacedStep
        {
            public override void Wake() => pacer._due = 0;

            public override void Dispose() => pacer._step = null;
        }
    }

    private sealed class CountingSink : IPcmSink
    {
        public long Frames { get; private set; }

        public bool IsRealTime => false;

        public TimeSpan Delay => TimeSpan.Zero;

        public ValueTask StartAsync(PcmFormat format, CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

        public ValueTask WriteAsync(ReadOnlyMemory<byte> frames, FrameTime time, CancellationToken cancellationToken = default)
        {
            Frames += frames.Length / 4;
            return ValueTask.CompletedTask;
        }

        public void Flush()
        {
        }

        public ValueTask DrainAsync(CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class Clock : TimeProvider
    {
        public override long TimestampFrequency => Second;
    }
}
