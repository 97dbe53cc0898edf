using Raop.Audio;

namespace Raop.Media.Input;

/// <summary>Where uncompressed samples lie in a stream and what they are.</summary>
/// <param name="Layout">One sample.</param>
/// <param name="SampleRate">Frames a second.</param>
/// <param name="Channels">1 or 2.</param>
/// <param name="DataStart">Byte of the first frame.</param>
/// <param name="DataLength">Bytes of samples as the header says, or null: until the stream ends.</param>
internal sealed record PcmLocation(SampleLayout Layout, int SampleRate, int Channels, long DataStart, long? DataLength)
{
    public int BytesPerFrame => Layout.Bytes * Channels;
}

/// <summary>Uncompressed samples: WAV, AIFF and headerless PCM.</summary>
internal sealed class PcmStreamSource : InputSource
{
    private readonly InputReader _reader;
    private readonly PcmLocation _at;
    private readonly int _inputFrame;
    private long _frame;

    /// <summary>Takes over the reader, which stands at the first frame.</summary>
    public PcmStreamSource(InputReader reader, string formatName, PcmLocation location)
        : base(reader.Name, formatName)
    {
        _reader = reader;
        _at = location;
        _inputFrame = location.BytesPerFrame;
        Format = new PcmFormat(location.SampleRate, location.Layout.OutputBits, location.Channels);
        long? bytes = location.DataLength ?? (reader.Length is { } length ? Math.Max(0, length - location.DataStart) : null);
        Length = bytes / _inputFrame;
    }

    public override PcmFormat Format { get; }

    public override long? Length { get; }

    public override long Position => _frame;

    public override bool CanSeek => _reader.CanSeek;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        long frames = Math.Min(FramesIn(buffer), (Length ?? long.MaxValue) - _frame);
        if (frames <= 0) return 0;
        int available = await _reader.EnsureAsync(_inputFrame, cancellationToken).ConfigureAwait(false) / _inputFrame;
        if (available == 0)
        {
            if (_at.DataLength is null) return 0;
            throw InputError.Corrupt(Name, $"it ends after {_frame} of {Length} frames, at byte {_reader.Position + _reader.Available.Length}");
        }

        int count = (int)Math.Min(frames, available);
        _at.Layout.Convert(_reader.Available[..(count * _inputFrame)], buffer.Span[..(count * Format.BytesPerFrame)]);
        _reader.Advance(count * _inputFrame);
        _frame += count;
        return count * Format.BytesPerFrame;
    }

    public override async ValueTask SeekAsync(long frame, CancellationToken cancellationToken = default)
    {
        RefuseBadSeek(frame);
        frame = Math.Min(frame, Length ?? long.MaxValue);
        await _reader.SeekAsync(_at.DataStart + (frame * _inputFrame), cancellationToken).ConfigureAwait(false);
        _frame = frame;
    }

    public override ValueTask DisposeAsync() => _reader.DisposeAsync();
}
