using System.Buffers.Binary;
using Raop.Metadata;

namespace Raop.Audio;

/// <summary>
/// Gives any source as AirTunes carries it: 44,100 Hz, 16 bit, two channels. What fits already is not touched. Rates change through a linear-phase filter
/// without delay, depths with TPDF dither, one channel is doubled. Disposing it disposes the source.
/// </summary>
public sealed class PcmConverter : IPcmSource
{
    private const int BlockFrames = 2048;

    private readonly IPcmSource _source;
    private readonly Resampler? _resampler; // null when only depth or channels change
    private readonly Dither _dither;
    private readonly byte[] _input;
    private readonly float[] _left = new float[BlockFrames], _right = new float[BlockFrames];
    private long _frame, _end = long.MaxValue; // next frame to give; the end once the source has ended
    private long _begun; // frames before the first, of a source that had been sought

    private PcmConverter(IPcmSource source, int seed)
    {
        _source = source;
        _dither = new Dither((ulong)seed * 0xD134_2543_DE82_EF95);
        _input = new byte[BlockFrames * source.Format.BytesPerFrame];
        if (source.Format.SampleRate != Format.SampleRate) _resampler = new Resampler(source.Format.SampleRate, Format.SampleRate, source.Format.Channels);
        _begun = source.Position * Format.SampleRate / source.Format.SampleRate;
        Length = source.Length is { } frames ? _resampler?.OutputLength(frames) ?? frames : null;
    }

    /// <summary>Always <see cref="PcmFormat.AirTunes"/>.</summary>
    public PcmFormat Format => PcmFormat.AirTunes;

    /// <summary>Frames at 44,100 Hz, rounded up, or null when the source does not know.</summary>
    public long? Length { get; }

    /// <inheritdoc/>
    public bool CanSeek => _source.CanSeek;

    /// <inheritdoc/>
    public long Position => _begun + _frame;

    /// <inheritdoc/>
    public TrackInfo? Info => _source.Info;

    /// <summary>Samples so far that were beyond full scale after filter and dither, and were cut there.</summary>
    public long ClippedSamples { get; private set; }

    /// <summary>Wraps a source, unless it fits already: then the same object comes back and every bit stays.</summary>
    /// <param name="source">16, 24 or 32 bit, one or two channels, any rate from 1 to 768 kHz.</param>
    /// <param name="ditherSeed">Chooses the noise; the same seed gives the same samples.</param>
    /// <exception cref="RaopException">UnsupportedFormat: rate, bits or channels are beyond the above.</exception>
    public static IPcmSource ToAirTunes(IPcmSource source, int ditherSeed = 0)
    {
        ArgumentNullException.ThrowIfNull(source);
        PcmFormat format = source.Format;
        if (format == PcmFormat.AirTunes) return source;
        if (format.SampleRate is < 1000 or > 768_000 || format.BitsPerSample is not (16 or 24 or 32) || format.Channels is not (1 or 2))
            throw new RaopException(RaopError.UnsupportedFormat, $"Audio of {format} cannot be converted to {PcmFormat.AirTunes}.", "Convert the file to 44,100 Hz, 16 bit, stereo.");
        return new PcmConverter(source, ditherSeed);
    }

    /// <summary>What <see cref="ToAirTunes"/> does to a format, for people, as in "48000 Hz → 44100 Hz, 24 → 16 bit, dithered"; null: nothing.</summary>
    public static string? Describe(PcmFormat format)
    {
        PcmFormat to = PcmFormat.AirTunes;
        var steps = new List<string>();
        if (format.SampleRate != to.SampleRate) steps.Add($"{format.SampleRate} Hz → {to.SampleRate} Hz");
        if (format.BitsPerSample != to.BitsPerSample) steps.Add($"{format.BitsPerSample} → {to.BitsPerSample} bit");
        if (ChangesSamples(format)) steps.Add("dithered");
        if (format.Channels != to.Channels) steps.Add("mono → stereo");
        return steps.Count == 0 ? null : string.Join(", ", steps);
    }

    /// <summary>Whether <see cref="ToAirTunes"/> gives other sample values than the source; doubling one channel does not.</summary>
    public static bool ChangesSamples(PcmFormat format) =>
        format.SampleRate != PcmFormat.AirTunes.SampleRate || format.BitsPerSample != PcmFormat.AirTunes.BitsPerSample;

    /// <inheritdoc/>
    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int frames = Math.Min(buffer.Length / Format.BytesPerFrame, BlockFrames);
        ArgumentOutOfRangeException.ThrowIfZero(frames, nameof(buffer));
        frames = _resampler is null
            ? await ConvertAsync(buffer, frames, cancellationToken).ConfigureAwait(false)
            : await ResampleAsync(_resampler, buffer, frames, cancellationToken).ConfigureAwait(false);
        _frame += frames;
        return frames * Format.BytesPerFrame;
    }

    /// <inheritdoc/>
    public async ValueTask SeekAsync(long frame, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(frame);
        frame = Math.Min(frame, Length ?? long.MaxValue / 4096);
        long input = _resampler?.Reset(frame) ?? frame;
        (_begun, _frame) = (0, frame);
        _end = long.MaxValue;
        await _source.SeekAsync(Math.Min(input, _source.Length ?? long.MaxValue), cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _source.DisposeAsync();

    private async ValueTask<int> ConvertAsync(Memory<byte> buffer, int frames, CancellationToken cancellationToken)
    {
        int bytesPerFrame = _source.Format.BytesPerFrame;
        int bytes = await _source.ReadAsync(_input.AsMemory(0, frames * bytesPerFrame), cancellationToken).ConfigureAwait(false);
        frames = bytes / bytesPerFrame;
        PcmFormat from = _source.Format;
        int width = from.BitsPerSample / 8;
        for (int i = 0; i < frames; i++)
        {
            for (int channel = 0; channel < 2; channel++)
            {
                ReadOnlySpan<byte> sample = _input.AsSpan((i * bytesPerFrame) + (channel < from.Channels ? channel * width : 0), width);
                short value = width == 2
                    ? BinaryPrimitives.ReadInt16LittleEndian(sample)
                    : Round(ReadSample(sample) * (1.0 / 65_536), _frame + i, channel, from.Channels);
                BinaryPrimitives.WriteInt16LittleEndian(buffer.Span[((i * 4) + (channel * 2))..], value);
            }
        }

        return frames;
    }

    private async ValueTask<int> ResampleAsync(Resampler resampler, Memory<byte> buffer, int frames, CancellationToken cancellationToken)
    {
        while (true)
        {
            int wanted = (int)Math.Min(frames, _end - _frame);
            if (wanted <= 0) return 0;
            bool isStereo = _source.Format.Channels == 2;
            int made = resampler.Read(_left.AsSpan(0, wanted), isStereo ? _right.AsSpan(0, wanted) : []);
            if (made > 0)
            {
                Write(buffer.Span, made, isStereo);
                return made;
            }

            await FeedAsync(resampler, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Brings the resampler more input: from the source, and silence after its end.</summary>
    private async ValueTask FeedAsync(Resampler resampler, CancellationToken cancellationToken)
    {
        PcmFormat from = _source.Format;
        int room = Math.Min(resampler.Room, BlockFrames), frames = room;
        if (_end == long.MaxValue)
        {
            int bytes = await _source.ReadAsync(_input.AsMemory(0, room * from.BytesPerFrame), cancellationToken).ConfigureAwait(false);
            frames = bytes / from.BytesPerFrame;
            if (frames > 0)
            {
                int width = from.BitsPerSample / 8;
                for (int channel = 0; channel < from.Channels; channel++)
                {
                    Span<float> tail = resampler.Tail(channel);
                    for (int i = 0; i < frames; i++) tail[i] = ReadSample(_input.AsSpan((i * from.BytesPerFrame) + (channel * width), width)) * (1f / 2147483648f);
                }

                resampler.Commit(frames);
                return;
            }

            _end = resampler.OutputLength(resampler.InputPosition);
        }

        for (int channel = 0; channel < from.Channels; channel++) resampler.Tail(channel)[..room].Clear();
        resampler.Commit(room);
    }

    private void Write(Span<byte> buffer, int frames, bool isStereo)
    {
        for (int i = 0; i < frames; i++)
        {
            short left = Round(_left[i] * 32_768.0, _frame + i, 0, 2);
            short right = isStereo ? Round(_right[i] * 32_768.0, _frame + i, 1, 2) : left;
            BinaryPrimitives.WriteInt16LittleEndian(buffer[(i * 4)..], left);
            BinaryPrimitives.WriteInt16LittleEndian(buffer[((i * 4) + 2)..], right);
        }
    }

    /// <summary>To 16 bit with dither. Both copies of one channel get the same noise.</summary>
    private short Round(double value, long frame, int channel, int channels)
    {
        double rounded = Math.Round(value + _dither.At(frame, channels == 1 ? 0 : channel));
        if (rounded is >= short.MinValue and <= short.MaxValue) return (short)rounded;
        ClippedSamples++;
        return rounded > 0 ? short.MaxValue : short.MinValue;
    }

    /// <summary>A sample, left-justified in 32 bits.</summary>
    private static int ReadSample(ReadOnlySpan<byte> s) => s.Length switch
    {
        2 => BinaryPrimitives.ReadInt16LittleEndian(s) << 16,
        3 => (s[0] << 8) | (s[1] << 16) | (s[2] << 24),
        _ => BinaryPrimitives.ReadInt32LittleEndian(s),
    };
}
