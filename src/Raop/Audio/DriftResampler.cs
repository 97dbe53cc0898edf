namespace Raop.Audio;

/// <summary>
/// Plays a stream a little faster or slower, continuously, to follow the clock of a sound device. The input is read at a position that moves by
/// <see cref="Ratio"/> frames for each output frame; between frames a windowed sinc interpolates. A change of ratio changes only how fast the
/// position moves, so it cannot click. Where the position is a whole frame and stays so, samples pass untouched to the bit.
/// </summary>
/// <remarks>
/// Interpolated samples are rounded with TPDF dither at every depth: they are new values, and plain rounding would distort fades. Untouched samples
/// and digital silence get none. Output does not depend on the pieces in which input comes. Used by one caller at a time; allocates nothing after construction.
/// </remarks>
internal sealed class DriftResampler
{
    /// <summary>The most by which the ratio may differ from 1: 2000 ppm.</summary>
    public const double MaxDeviation = 0.002;

    private const int BlockFrames = 512;
    private const double One = 18446744073709551616.0; // a frame, in units of the position

    /// <summary>At ratio 1 the position creeps to the nearest whole frame by 2 ppm: at most half a frame (11 µs at 44.1 kHz), in 6 s.</summary>
    private const long SettlingStep = (long)(2e-6 * One);

    private readonly PcmFormat _format;
    private readonly double[][] _history; // per channel; element 0 is input frame _first
    private readonly Dither _dither = new(0x4452_4946_54);
    private long _first;
    private int _count;
    private Int128 _position; // input frames, 64.64 fixed point
    private long _made;
    private long _deviation; // ratio less 1, in 2^-64

    /// <param name="format">16, 24 or 32 bit, 1 or 2 channels, 8 to 192 kHz.</param>
    public DriftResampler(PcmFormat format)
    {
        _format = PcmSample.Check(format);
        _history = new double[format.Channels][];
        for (int i = 0; i < _history.Length; i++) _history[i] = new double[BlockFrames + (2 * DriftResamplerFilter.Taps)];
        Reset();
    }

    /// <summary>Input frames held back: an output frame is made once this many input frames after it are there. A constant.</summary>
    public static int Delay => DriftResamplerFilter.Taps / 2;

    /// <summary>Input frames that each output frame consumes, 1 ± <see cref="MaxDeviation"/>. Above 1 plays faster.</summary>
    /// <remarks>At exactly 1 the position also settles on a whole frame, so that samples soon pass untouched again.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">Not a number, or further from 1.</exception>
    public double Ratio
    {
        get;
        set
        {
            if (!(Math.Abs(value - 1) <= MaxDeviation + 1e-12)) throw new ArgumentOutOfRangeException(nameof(value), value, "1 ± 0.002");
            field = value;
            _deviation = (long)((value - 1) * One); // both exact: the difference has at most 53 bits, all above 2^-64
        }
    } = 1;

    /// <summary>Whether samples pass untouched now: ratio 1, position a whole frame.</summary>
    public bool IsTransparent => _deviation == 0 && (ulong)_position == 0;

    /// <summary>The input frame, counted from <see cref="Reset"/>, that the next output frame is; between frames where it has a fraction.</summary>
    /// <remarks>Kept exactly inside; as a double good to 2^-20 of a frame for a day at 44.1 kHz.</remarks>
    public double Position => (long)(_position >> 64) + ((ulong)_position * (1 / One));

    /// <summary>Input frames taken since <see cref="Reset"/>.</summary>
    public long InputFrames => _first + _count;

    /// <summary>The most output frames that so many input frames can give.</summary>
    public static int MaxOutput(int inputFrames) => inputFrames + (inputFrames / 400) + 2;

    /// <summary>Forgets the input: the next frame is frame 0, with silence before it. The ratio stays.</summary>
    public void Reset()
    {
        _first = -(Delay - 1);
        _count = Delay - 1;
        foreach (double[] channel in _history) Array.Clear(channel);
        _position = 0;
        _made = 0;
    }

    /// <summary>Takes all of the input and makes the output that it allows.</summary>
    /// <param name="input">Whole frames.</param>
    /// <param name="output">Room for <see cref="MaxOutput"/> frames; not the input's memory.</param>
    /// <returns>Output frames made.</returns>
    /// <exception cref="ArgumentException">The output has less room than that.</exception>
    public int Process(ReadOnlySpan<byte> input, Span<byte> output)
    {
        int size = _format.BytesPerFrame, frames = input.Length / size, made = 0;
        if (output.Length / size < MaxOutput(frames)) throw new ArgumentException($"Must have room for {MaxOutput(frames)} frames.", nameof(output));
        for (int done = 0; done < frames;)
        {
            int block = Math.Min(BlockFrames, frames - done);
            Append(input.Slice(done * size, block * size));
            made += Make(output[(made * size)..], long.MaxValue);
            done += block;
        }

        return made;
    }

    /// <summary>Gives the last frames, those that wait for <see cref="Delay"/> more, with silence after them. Then starts anew as <see cref="Reset"/> does.</summary>
    /// <param name="output">Room for <see cref="MaxOutput"/>(<see cref="Delay"/>) frames.</param>
    /// <returns>Output frames made.</returns>
    /// <exception cref="ArgumentException">The output has less room than that.</exception>
    public int Drain(Span<byte> output)
    {
        if (output.Length / _format.BytesPerFrame < MaxOutput(Delay)) throw new ArgumentException($"Must have room for {MaxOutput(Delay)} frames.", nameof(output));
        long end = InputFrames;
        foreach (double[] channel in _history) channel.AsSpan(_count, Delay).Clear();
        _count += Delay;
        int made = Make(output, end);
        Reset();
        return made;
    }

    private void Append(ReadOnlySpan<byte> input)
    {
        int width = _format.BitsPerSample / 8, size = _format.BytesPerFrame, frames = input.Length / size;
        for (int channel = 0; channel < _history.Length; channel++)
        {
            Span<double> tail = _history[channel].AsSpan(_count, frames);
            for (int i = 0, at = channel * width; i < tail.Length; i++, at += size) tail[i] = PcmSample.Read(input.Slice(at, width));
        }

        _count += frames;
    }

    /// <summary>Outputs as far as the input reaches, and before an input frame.</summary>
    private int Make(Span<byte> output, long end)
    {
        int size = _format.BytesPerFrame, width = _format.BitsPerSample / 8, made = 0;
        while (true)
        {
            long index = (long)(_position >> 64);
            int offset = (int)(index - (Delay - 1) - _first);
            if (offset + DriftResamplerFilter.Taps > _count || index >= end) break;
            Span<byte> frame = output.Slice(made * size, size);
            if (IsTransparent)
            {
                for (int channel = 0; channel < _history.Length; channel++)
                    PcmSample.Write(frame.Slice(channel * width, width), _history[channel][offset + Delay - 1]);
                _position += (Int128)1 << 64;
            }
            else
            {
                Interpolate(frame, offset, (ulong)_position);
                Advance();
            }

            made++;
            _made++;
        }

        Drop((int)((long)(_position >> 64) - (Delay - 1) - _first));
        return made;
    }

    private void Interpolate(Span<byte> frame, int offset, ulong fraction)
    {
        int width = _format.BitsPerSample / 8;
        ReadOnlySpan<double> left = _history[0].AsSpan(offset, DriftResamplerFilter.Taps);
        if (_history.Length == 1)
        {
            Write(frame, DriftResamplerFilter.Shared.At(fraction, left), 0);
            return;
        }

        (double l, double r) = DriftResamplerFilter.Shared.At(fraction, left, _history[1].AsSpan(offset, DriftResamplerFilter.Taps));
        Write(frame[..width], l, 0);
        Write(frame[width..], r, 1);
    }

    /// <summary>Exactly zero means silence all around: it stays silence.</summary>
    private void Write(Span<byte> sample, double value, int channel) => PcmSample.Write(sample, value == 0 ? 0 : value + _dither.At(_made, channel));

    private void Advance()
    {
        long step = _deviation;
        if (step == 0)
        {
            long distance = (long)(ulong)_position; // to the whole frame below, or negative to the one above
            step = -Math.Clamp(distance, -SettlingStep, SettlingStep);
        }

        _position += ((Int128)1 << 64) + step;
    }

    /// <summary>Forgets inputs that are not needed any more.</summary>
    private void Drop(int frames)
    {
        foreach (double[] channel in _history) channel.AsSpan(frames, _count - frames).CopyTo(channel);
        _first += frames;
        _count -= frames;
    }
}
