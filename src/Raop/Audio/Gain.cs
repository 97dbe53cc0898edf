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
    private readonly Dither _dither = new(0x5241_4F50);
    private long _frame;

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
        for (int at = 0; at + size <= frames.Length; at += size, _frame++)
        {
            if (_rampLeft > 0) _current = --_rampLeft == 0 ? _target : _current + _step;
            if (_current == 1) continue;
            for (int channel = 0; channel < _format.Channels; channel++) Scale(frames.Slice(at + channel * sample, sample), channel);
        }

        return true;
    }

    private void Scale(Span<byte> sample, int channel)
    {
        switch (sample.Length)
        {
            case 2:
                BinaryPrimitives.WriteInt16LittleEndian(sample, (short)Scale(BinaryPrimitives.ReadInt16LittleEndian(sample), channel, short.MinValue, short.MaxValue));
                break;
            case 3:
                int value = Scale(sample[0] | (sample[1] << 8) | ((sbyte)sample[2] << 16), channel, -(1 << 23), (1 << 23) - 1);
                sample[0] = (byte)value;
                sample[1] = (byte)(value >> 8);
                sample[2] = (byte)(value >> 16);
                break;
            default:
                BinaryPrimitives.WriteInt32LittleEndian(sample, Scale(BinaryPrimitives.ReadInt32LittleEndian(sample), channel, int.MinValue, int.MaxValue));
                break;
        }
    }

    private int Scale(int value, int channel, int min, int max) =>
        _current == 0 ? 0 : (int)Math.Clamp(Math.Floor(value * _current + _dither.At(_frame, channel) + 0.5), min, max);
}
