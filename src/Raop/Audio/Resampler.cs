using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Raop.Audio;

/// <summary>
/// Changes the rate of one or two channels of floats. Output n is the input at time n·(input rate)/(output rate) exactly: the filter's delay is taken out,
/// and what lies before the first and after the last input counts as silence. Plain object; the caller brings inputs in order.
/// </summary>
internal sealed class Resampler
{
    private readonly PolyphaseFilter _filter;
    private readonly float[][] _history; // per channel; _first is the input index of element 0
    private readonly float[] _scratch;
    private readonly int _capacity;
    private long _first;
    private int _count;

    public Resampler(int inputRate, int outputRate, int channels)
    {
        _filter = new PolyphaseFilter(inputRate, outputRate);
        _scratch = new float[_filter.Taps];
        _capacity = (2 * _filter.Taps) + 4096;
        _history = new float[channels][];
        for (int i = 0; i < channels; i++) _history[i] = new float[_capacity];
        Reset(0);
    }

    /// <summary>The next output frame.</summary>
    public long Position { get; private set; }

    /// <summary>The next input frame that <see cref="Commit"/> takes.</summary>
    public long InputPosition => _first + _count;

    /// <summary>Inputs that <see cref="Commit"/> takes now.</summary>
    public int Room => _capacity - _count;

    /// <summary>Output frames of so many input frames, rounded up.</summary>
    public long OutputLength(long inputLength) => (long)((((Int128)inputLength * _filter.Phases) + _filter.Step - 1) / _filter.Step);

    /// <summary>Starts at an output frame.</summary>
    /// <returns>The input frame that must come next.</returns>
    public long Reset(long outputFrame)
    {
        Position = outputFrame;
        long start = InputIndex(outputFrame) - _filter.Before;
        _first = start;
        _count = (int)Math.Max(0, -start); // silence before the first input
        foreach (float[] channel in _history) Array.Clear(channel, 0, _count);
        return start + _count;
    }

    /// <summary>Where the next inputs go, a channel at a time; <see cref="Commit"/> takes them.</summary>
    public Span<float> Tail(int channel) => _history[channel].AsSpan(_count, Room);

    /// <summary>Takes inputs that were put into each <see cref="Tail"/>.</summary>
    public void Commit(int frames) => _count += frames;

    /// <summary>Makes as many outputs as the inputs allow, at most as long as the destination.</summary>
    /// <param name="left">The first channel's outputs.</param>
    /// <param name="right">The second channel's; as long as <paramref name="left"/>, or empty for one channel.</param>
    /// <returns>Outputs made.</returns>
    public int Read(Span<float> left, Span<float> right)
    {
        int made = 0;
        (long index, int phase) = At(Position);
        while (made < left.Length)
        {
            int offset = (int)(index - _filter.Before - _first);
            if (offset + _filter.Taps > _count) break;
            ReadOnlySpan<float> coefficients = _filter.Phase(phase, _scratch);
            left[made] = Dot(coefficients, _history[0].AsSpan(offset, coefficients.Length));
            if (!right.IsEmpty) right[made] = Dot(coefficients, _history[1].AsSpan(offset, coefficients.Length));
            made++;
            phase += _filter.Step;
            index += phase / _filter.Phases;
            phase %= _filter.Phases;
        }

        Position += made;
        Drop(index - _filter.Before);
        return made;
    }

    /// <summary>Forgets inputs before one that is still needed.</summary>
    private void Drop(long needed)
    {
        int gone = (int)Math.Min(needed - _first, _count);
        if (gone < _count && gone < 1024) return; // moving is cheap only if rare
        foreach (float[] channel in _history) channel.AsSpan(gone, _count - gone).CopyTo(channel);
        _first += gone;
        _count -= gone;
    }

    private long InputIndex(long outputFrame) => At(outputFrame).Index;

    private (long Index, int Phase) At(long outputFrame)
    {
        (Int128 index, Int128 phase) = Int128.DivRem((Int128)outputFrame * _filter.Step, _filter.Phases);
        return ((long)index, (int)phase);
    }

    /// <summary>Two accumulators, always in the same order: the same inputs give the same bits wherever a read began.</summary>
    private static float Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        ref float x = ref MemoryMarshal.GetReference(a), y = ref MemoryMarshal.GetReference(b);
        Vector<float> even = Vector<float>.Zero, odd = Vector<float>.Zero;
        int width = Vector<float>.Count, i = 0;
        for (; i <= a.Length - (2 * width); i += 2 * width)
        {
            even += Load(ref x, i) * Load(ref y, i);
            odd += Load(ref x, i + width) * Load(ref y, i + width);
        }

        float sum = Vector.Sum(even + odd);
        for (; i < a.Length; i++) sum += a[i] * b[i];
        return sum;
    }

    private static Vector<float> Load(ref float start, int index) =>
        Unsafe.ReadUnaligned<Vector<float>>(ref Unsafe.As<float, byte>(ref Unsafe.Add(ref start, index)));
}
