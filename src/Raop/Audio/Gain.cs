using System.Buffers.Binary;

namespace Raop.Audio;

/// <summary>
/// Attenuates PCM. At 0 dB samples pass untouched. Otherwise the product is dithered (triangular, ±1 LSB) and rounded, and a change of
/// gain is spread over 15 ms so that it does not click. Silence is exact zero.
/// </summary>
internal sealed class Gain
{
    private const double RampSeconds = 0.015;
    private readonly PcmFormat _format;
    private readonly int _rampFrames;
    private double _current = 1;
    private double _target = 1;
    private double _step;
    private int _rampLeft;
    private uint _random = 0x9E3779B9;

    public Gain(PcmFormat format)
    {
        if (format.BitsPerSample is not (16 or 24 or 32)) throw new ArgumentOutOfRangeException(nameof(format));
        _format = format;
        _rampFrames = (int)(format.SampleRate * RampSeconds);
    }

    /// <summary>Sets the gain that is reached after the ramp.</summary>
    /// <param name="db">0 or less; negative infinity is silence.</param>
    /// <param name="atOnce">No ramp: before the first frame.</param>
    public void Set(double db, bool atOnce)
    {
        _target = db >= 0 ? 1 : Math.Pow(10, db / 20);
        if (atOnce)
        {
            _current = _target;
            _rampLeft = 0;
            return;
        }

        _rampLeft = _rampFrames;
        _step = (_target - _current) / _rampFrames;
    }

    /// <summary>Works on whole frames in place.</summary>
    /// <returns>Whether samples were changed.</returns>
    public bool Apply(Span<byte> frames)
    {
        if (_rampLeft == 0 && _current == 1) return false;
        if (_rampLeft == 0 && _current == 0)
        {
            frames.Clear();
            return true;
        }

        int size = _format.BytesPerFrame, sample = _format.BitsPerSample / 8;
        for (int frame = 0; frame + size <= frames.Length; frame += size)
        {
            if (_rampLeft > 0) _current = --_rampLeft == 0 ? _target : _current + _step;
            for (int at = frame; at < frame + size; at += sample) Scale(frames.Slice(at, sample));
        }

        return true;
    }

    private void Scale(Span<byte> sample)
    {
        if (_current == 1) return;
        switch (sample.Length)
        {
            case 2:
                BinaryPrimitives.WriteInt16LittleEndian(sample, (short)Scale(BinaryPrimitives.ReadInt16LittleEndian(sample), short.MinValue, short.MaxValue));
                break;
            case 3:
                int value = Scale((sample[0] | (sample[1] << 8) | ((sbyte)sample[2] << 16)), -(1 << 23), (1 << 23) - 1);
                sample[0] = (byte)value;
                sample[1] = (byte)(value >> 8);
                sample[2] = (byte)(value >> 16);
                break;
            default:
                BinaryPrimitives.WriteInt32LittleEndian(sample, Scale(BinaryPrimitives.ReadInt32LittleEndian(sample), int.MinValue, int.MaxValue));
                break;
        }
    }

    private int Scale(int value, int min, int max) =>
        _current == 0 ? 0 : (int)Math.Clamp(Math.Floor(value * _current + Uniform() - Uniform() + 0.5), min, max);

    private double Uniform()
    {
        _random ^= _random << 13;
        _random ^= _random >> 17;
        _random ^= _random << 5;
        return _random * (1.0 / 4294967296.0);
    }
}
