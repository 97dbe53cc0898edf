using System.Buffers.Binary;
using Raop.Receiving;
using Raop.Rtp;

namespace Raop.Tests.Receiving;

/// <summary>The buffer against one that is too simple to be wrong: a set of places on the sender's line.</summary>
public sealed class PacketBufferModelTests
{
    private const int Frames = 352, Capacity = 64, Operations = 100_000, MostVoided = 384;

    private readonly PacketBuffer _buffer = new(Frames, maxPayload: 8, ticksPerSecond: 1000, capacity: Capacity);
    private readonly Dictionary<long, bool> _present = []; // what is there
    private long _zero; // 64-bit frame of place 0
    private uint _firstTime;
    private ushort _offset; // sequence number of place 0
    private bool _running, _taken;
    private long _head, _end, _floor = long.MinValue, _stoppedAt, _oldEnd, _oldUntil, _lastAt, _now;
    private ushort _stoppedOffset, _oldOffset;
    private long? _voidBefore;
    private (ushort Sequence, long Place)? _flushedTo;
    private int _voided;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Agrees_with_a_set_of_places(int seed)
    {
        var random = new Random(seed);
        (_firstTime, _offset) = (uint.MaxValue - 500_000u, (ushort)random.Next());
        _zero = _buffer.FrameOf(_firstTime);
        var arrivals = new Dictionary<PacketArrival, int>();
        for (int i = 0; i < Operations; i++)
        {
            _now += random.Next(10);
            switch (random.Next(100))
            {
                case < 60:
                    long place = random.Next(10) < 5 ? _end + random.Next(random.Next(10) == 0 ? 50 : 2) : _end - random.Next(90);
                    PacketArrival expected = Expect(place);
                    Assert.Equal(expected, Add(place));
                    arrivals[expected] = arrivals.GetValueOrDefault(expected) + 1;
                    break;
                case < 97:
                    if (_head < _end) Take();
                    break;
                default:
                    if (random.Next(4) == 0) Flush(random);
                    break;
            }

            Check();
        }

        Assert.Equal(5, arrivals.Count(entry => entry.Value > 100)); // all but Restarted and Unusable
    }

    private ushort SequenceOf(long place) => (ushort)(_offset + place);

    private PacketArrival Expect(long place)
    {
        _lastAt = _now;
        long frame = place * Frames;
        if (frame + Frames <= _voidBefore)
        {
            if (++_voided <= MostVoided) return PacketArrival.Void;
            _voidBefore = null;
        }

        if (!_running && _now < _oldUntil && _offset == _oldOffset && place < _oldEnd && place >= _oldEnd - Capacity) return PacketArrival.Void;
        if (!_running) return Begin(place);
        if (place >= _end)
        {
            for (; place - _head >= Capacity; _head++) _taken = true;
            (_end, _voided, _present[place]) = (place + 1, 0, true);
            return PacketArrival.New;
        }

        if (place >= _head) return _present.TryAdd(place, true) ? PacketArrival.Filled : PacketArrival.Duplicate;
        if (_taken || place < _floor || _end - place > Capacity) return PacketArrival.Late;
        (_head, _present[place]) = (place, true);
        return PacketArrival.New;
    }

    private PacketArrival Begin(long place)
    {
        long first = _flushedTo is { } to && (ushort)(SequenceOf(place) - to.Sequence) is > 0 and <= 256 && place - to.Place == (ushort)(SequenceOf(place) - to.Sequence)
            ? to.Place : place;
        if (_floor != long.MinValue || _end != 0) _floor = first - (ushort)(SequenceOf(first) - (ushort)(_stoppedOffset + _stoppedAt));
        (_running, _taken, _head, _end, _voided, _flushedTo) = (true, false, first, place + 1, 0, null);
        if (place - first >= Capacity) (_head, _taken) = (place - Capacity + 1, true);
        _present.Clear();
        _present[place] = true;
        return PacketArrival.New;
    }

    private PacketArrival Add(long place)
    {
        byte[] payload = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(payload, place);
        return _buffer.Add(new RtpHeader(false, 96, SequenceOf(place), (uint)(_firstTime + (place * Frames)), 0), payload, _now);
    }

    private void Take()
    {
        _buffer.Take();
        _taken = true;
        if ((++_head * Frames) > _voidBefore) _voidBefore = null;
    }

    private void Flush(Random random)
    {
        long to = random.Next(4) switch
        {
            0 => (_end * Frames) + random.Next(2000),
            1 => _end * Frames,
            2 => (_head * Frames) + random.Next(40 * Frames),
            _ => (_head * Frames) - random.Next(80 * Frames),
        };
        bool all = random.Next(6) == 0;
        ushort? sequence = to % Frames == 0 ? SequenceOf(to / Frames) : null;
        int before = _present.Keys.Count(place => place >= _head && place < _end), dropped = 0;
        bool was = _running;
        if (all || (_running && to < (_head - Capacity) * Frames))
        {
            if (_running) (_oldEnd, _oldOffset, _oldUntil, dropped) = (_end, _offset, _lastAt + 500, before);
            (_voidBefore, _flushedTo, _running) = (null, null, false);
        }
        else if (!_running || to >= _head * Frames)
        {
            for (; _running && _head < _end && (_head + 1) * Frames <= to; _head++)
            {
                if (_present.ContainsKey(_head)) dropped++;
                _taken = true;
            }

            _running &= _head < _end;
            (_voidBefore, _voided, _flushedTo) = (to, 0, _running || sequence is null ? null : (sequence.Value, to / Frames));
        }

        Assert.Equal(dropped, _buffer.Flush(sequence, all ? null : (uint)(_firstTime + to)));
        if (!was || _running) return;
        (_stoppedAt, _stoppedOffset, _head) = (_end, _offset, _end);
        _present.Clear();
        if (random.Next(2) == 0) _offset += (ushort)random.Next(30_000);
    }

    private void Check()
    {
        BufferHead head = _buffer.Head;
        bool empty = !_running || _head == _end;
        Assert.Equal(_voidBefore is { } before ? before + _zero : null, _buffer.VoidBefore);
        Assert.Equal(empty ? 0 : (int)(_end - _head), _buffer.Count);
        Assert.Equal(empty, head.Kind == HeadKind.Empty);
        if (empty) return;
        bool present = _present.ContainsKey(_head);
        Assert.Equal((present ? HeadKind.Packet : HeadKind.Missing, SequenceOf(_head), _zero + (_head * Frames), Frames),
            (head.Kind, (ushort)head.Sequence, head.Frame, head.Frames));
        if (present) Assert.Equal(_head, BinaryPrimitives.ReadInt64LittleEndian(_buffer.Payload));
        if (_now % 16 == 0) Assert.Equal(Enumerable.Range(0, (int)(_end - _head)).Count(i => !_present.ContainsKey(_head + i)), _buffer.Missing);
    }
}
