using System.Buffers.Binary;
using Raop.Audio;

namespace Raop.Tests.Fakes;

/// <summary>
/// A decoder that works in its own time, by a clock, whose packets are numbers: each becomes music that the number says. What is not a number it
/// cannot decode. It can die and hang.
/// </summary>
internal sealed class FakePacketDecoders(TimeProvider clock) : IPacketDecoderFactory
{
    /// <summary>From packet to PCM.</summary>
    public TimeSpan Delay { get; init; } = TimeSpan.FromMilliseconds(30);

    public PacketCodec[] Codecs { get; init; } = [PacketCodec.Aac, PacketCodec.AacEld];

    /// <summary>Why it does not start, or null.</summary>
    public RaopException? Refusal { get; init; }

    /// <summary>Gives no answer from this packet on, though it takes what comes.</summary>
    public int HangsAt { get; set; } = int.MaxValue;

    /// <summary>Dies with this packet.</summary>
    public int DiesAt { get; set; } = int.MaxValue;

    public List<int> Written { get; } = [];

    public int Opened { get; private set; }

    public int Disposed { get; private set; }

    public int MostOwed { get; private set; }

    public static byte[] Encode(int number)
    {
        byte[] packet = new byte[24]; // more than a block of AES, which is what is encrypted
        BinaryPrimitives.WriteInt32BigEndian(packet, number);
        BinaryPrimitives.WriteInt32BigEndian(packet.AsSpan(4), ~number);
        return packet;
    }

    /// <summary>PCM of a run of packets, 16 bit stereo.</summary>
    public static byte[] Pcm(int frames, params ReadOnlySpan<int> numbers)
    {
        byte[] pcm = new byte[numbers.Length * frames * 4];
        for (int i = 0; i < pcm.Length / 2; i++)
        {
            int at = (numbers[i / 2 / frames] * frames) + (i / 2 % frames);
            BinaryPrimitives.WriteInt16LittleEndian(pcm.AsSpan(i * 2), (short)(Math.Sin(at * (0.03 + (i % 2 * 0.01))) * 12_000));
        }

        return pcm;
    }

    public bool CanDecode(PacketCodec codec) => Codecs.Contains(codec);

    public IPacketDecoder Open(PacketStream stream, IPacketDecoderOutput output)
    {
        if (Refusal is not null) throw Refusal;
        Opened++;
        return new Decoder(this, stream, output);
    }

    private sealed class Decoder(FakePacketDecoders owner, PacketStream stream, IPacketDecoderOutput output) : IPacketDecoder
    {
        private readonly List<ITimer> _timers = [];
        private int _owed;
        private bool _disposed, _dead;

        public void Write(long id, ReadOnlySpan<byte> packet)
        {
            owner.MostOwed = Math.Max(owner.MostOwed, ++_owed);
            int number = BinaryPrimitives.ReadInt32BigEndian(packet);
            bool isNumber = packet.Length == 24 && BinaryPrimitives.ReadInt32BigEndian(packet[4..]) == ~number;
            owner.Written.Add(isNumber ? number : -1);
            if (number >= owner.HangsAt) return;
            if (isNumber || number == owner.DiesAt) _timers.Add(owner.Clock.CreateTimer(_ => Answer(id, number), null, owner.Delay, Timeout.InfiniteTimeSpan));
            else _owed--;
        }

        public ValueTask DisposeAsync()
        {
            if (!_disposed) owner.Disposed++;
            _disposed = true;
            foreach (ITimer timer in _timers) timer.Dispose();
            return ValueTask.CompletedTask;
        }

        private void Answer(long id, int number)
        {
            if (_disposed || _dead) return;
            _owed--;
            _dead = number == owner.DiesAt;
            if (_dead) output.OnFailed(new RaopException(RaopError.UnsupportedFormat, "The decoder died."));
            else output.OnDecoded(id, Pcm(stream.FramesPerPacket, number));
        }
    }

    private TimeProvider Clock => clock;
}
