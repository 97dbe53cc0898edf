using System.Buffers;
using System.Text.Json;
using CsCheck;
using Raop.Rtp;
using Raop.Tests.Security;

namespace Raop.Tests.Rtp;

public sealed class InterleavedFrameTests
{
    public static TheoryData<string> Names => ["vlc_style_hex", "pulseaudio_style_hex"];

    [Theory, MemberData(nameof(Names))]
    public void Reads_the_forms_of_real_senders_cut_anywhere(string name)
    {
        byte[] frame = Vectors.Get("tcp-v1-packet").Hex(name), stream = [.. frame, .. frame];
        for (int cut = 0; cut <= stream.Length; cut++)
        {
            ReadOnlySequence<byte> buffer = Cut(stream, cut);
            for (int i = 0; i < 2; i++)
            {
                Assert.True(InterleavedFrame.TryRead(ref buffer, out byte channel, out ReadOnlySequence<byte> body));
                Assert.Equal(0, channel);
                Assert.Equal(frame[4..], body.ToArray());
            }

            Assert.True(buffer.IsEmpty);
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void Every_truncation_waits_and_takes_nothing(string name)
    {
        byte[] frame = Vectors.Get("tcp-v1-packet").Hex(name);
        for (int length = 0; length < frame.Length; length++)
        {
            ReadOnlySequence<byte> buffer = Cut(frame[..length], length / 2);
            Assert.False(InterleavedFrame.TryRead(ref buffer, out _, out _));
            Assert.Equal(length, buffer.Length);
        }
    }

    [Fact]
    public void Writes_as_PulseAudio_does()
    {
        JsonElement v = Vectors.Get("tcp-v1-packet");
        byte[] expected = v.Hex("pulseaudio_style_hex"), written = [.. expected];
        written.AsSpan(0, InterleavedFrame.HeaderSize).Clear();
        InterleavedFrame.WriteHeader(written, 24, 0x9EFD, 0x7F4B9FA6, 0x01020304, marker: true);
        Assert.Equal(expected, written);
        Assert.True(RtpHeader.TryParse(written.AsSpan(4), out RtpHeader header));
        Assert.Equal(new RtpHeader(true, RtpHeader.Audio, 0x9EFD, 0x7F4B9FA6, 0x01020304), header);
    }

    [Theory]
    [InlineData("00", RaopError.ProtocolViolation)]
    [InlineData("52", RaopError.ProtocolViolation)] // R, as of RTSP
    [InlineData("24000000", RaopError.ProtocolViolation)]
    [InlineData("2400000B", RaopError.ProtocolViolation)]
    [InlineData("24004109", RaopError.LimitExceeded)]
    [InlineData("2400FFFF", RaopError.LimitExceeded)]
    [InlineData("2401FFFF", RaopError.LimitExceeded)]
    public void Refuses_violations_as_soon_as_they_show(string hex, RaopError error)
    {
        var buffer = new ReadOnlySequence<byte>(Convert.FromHexString(hex));
        RaopException e = Assert.Throws<RaopException>(() => InterleavedFrame.TryRead(ref buffer, out _, out _));
        Assert.Equal(error, e.Error);
    }

    [Fact]
    public void The_limits_themselves_are_taken()
    {
        foreach (int length in new[] { RtpHeader.Size, InterleavedFrame.DefaultMaxBody })
        {
            byte[] frame = new byte[4 + length];
            frame[0] = (byte)'$';
            frame[2] = (byte)(length >> 8);
            frame[3] = (byte)length;
            var buffer = new ReadOnlySequence<byte>(frame);
            Assert.True(InterleavedFrame.TryRead(ref buffer, out _, out ReadOnlySequence<byte> body));
            Assert.Equal(length, body.Length);
        }
    }

    [Fact]
    public void Other_channels_may_be_short()
    {
        var buffer = new ReadOnlySequence<byte>([(byte)'$', 1, 0, 0]);
        Assert.True(InterleavedFrame.TryRead(ref buffer, out byte channel, out ReadOnlySequence<byte> body));
        Assert.Equal((1, 0), (channel, (int)body.Length));
        Assert.True(buffer.IsEmpty);
    }

    [Fact]
    public void Writes_no_length_that_does_not_fit()
    {
        byte[] header = new byte[InterleavedFrame.HeaderSize];
        InterleavedFrame.WriteHeader(header, 65_523, 0, 0, 0, marker: false);
        Assert.Equal("2400FFFF8060", Convert.ToHexString(header.AsSpan(0, 6)));
        Assert.Throws<ArgumentOutOfRangeException>(() => InterleavedFrame.WriteHeader(header, 65_524, 0, 0, 0, marker: false));
        Assert.Throws<ArgumentOutOfRangeException>(() => InterleavedFrame.WriteHeader(header, -1, 0, 0, 0, marker: false));
    }

    [Fact]
    public void Frames_come_back_however_the_stream_is_cut() => Gen.Select(Gen.Byte.Array[0, 80].Array[1, 5], Gen.Int[0, 500]).Sample((payloads, at) =>
    {
        var stream = new List<byte>();
        foreach (byte[] payload in payloads)
        {
            byte[] header = new byte[InterleavedFrame.HeaderSize];
            InterleavedFrame.WriteHeader(header, payload.Length, 1, 2, 3, marker: false);
            stream.AddRange(header);
            stream.AddRange(payload);
        }

        ReadOnlySequence<byte> buffer = Cut([.. stream], Math.Min(at, stream.Count));
        foreach (byte[] payload in payloads)
        {
            Assert.True(InterleavedFrame.TryRead(ref buffer, out _, out ReadOnlySequence<byte> body));
            Assert.Equal(payload, body.Slice(RtpHeader.Size).ToArray());
        }

        Assert.False(InterleavedFrame.TryRead(ref buffer, out _, out _));
    }, iter: 500);

    private static ReadOnlySequence<byte> Cut(byte[] bytes, int at)
    {
        var first = new Segment(bytes.AsMemory(0, at), 0);
        Segment last = first.Append(bytes.AsMemory(at));
        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, long index) => (Memory, RunningIndex) = (memory, index);

        public Segment Append(ReadOnlyMemory<byte> memory)
        {
            var next = new Segment(memory, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }
}
