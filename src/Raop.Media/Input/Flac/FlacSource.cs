using Raop.Audio;

namespace Raop.Media.Input.Flac;

/// <summary>A FLAC file or stream. Depths up to 16 bit come out as 16, up to 24 as 24, else 32, left-justified.</summary>
internal sealed partial class FlacSource : InputSource
{
    private readonly InputReader _reader;
    private readonly FlacMetadata _meta;
    private readonly FlacDecoder _decoder;
    private readonly int _maxBlockBytes;
    private int _want = 16 * 1024; // bytes to have before trying a block
    private int _blockNext, _blockEnd; // frames of the decoded block not given yet
    private long _frame; // the next frame to give

    /// <summary>Takes over the reader, which stands at the first block.</summary>
    public FlacSource(InputReader reader, FlacMetadata meta)
        : base(reader.Name, "FLAC")
    {
        _reader = reader;
        _meta = meta;
        FlacStreamInfo info = meta.Info;
        _decoder = new FlacDecoder(info);
        int bits = info.BitsPerSample <= 16 ? 16 : info.BitsPerSample <= 24 ? 24 : 32;
        Format = new PcmFormat(info.SampleRate, bits, info.Channels);
        Length = info.TotalFrames > 0 ? info.TotalFrames : null;
        // Encoders fall back to plain samples when they do not compress; four times that is generous.
        _maxBlockBytes = Math.Max(info.MaxFrameBytes, 4 * 65_536 * info.Channels * ((info.BitsPerSample / 8) + 1));
    }

    public override PcmFormat Format { get; }

    public override long? Length { get; }

    public override long Position => _frame;

    public override bool CanSeek => _reader.CanSeek;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int frames = FramesIn(buffer);
        if (_blockNext == _blockEnd && !await NextBlockAsync(cancellationToken).ConfigureAwait(false)) return 0;
        int count = Math.Min(frames, _blockEnd - _blockNext);
        Write(buffer.Span, _blockNext, count);
        _blockNext += count;
        _frame += count;
        return count * Format.BytesPerFrame;
    }

    public override async ValueTask SeekAsync(long frame, CancellationToken cancellationToken = default)
    {
        RefuseBadSeek(frame);
        frame = Math.Min(frame, Length ?? long.MaxValue);
        long inBlock = frame - (_frame - _blockNext);
        if (inBlock >= 0 && inBlock < _blockEnd)
        {
            _blockNext = (int)inBlock;
            _frame = frame;
            return;
        }

        _blockNext = _blockEnd = 0;
        if (frame == Length) _frame = frame;
        else if (!await TrySeekAsync(frame, useTable: _meta.SeekPoints.Count > 0, cancellationToken).ConfigureAwait(false))
            await TrySeekAsync(frame, useTable: false, cancellationToken).ConfigureAwait(false);
    }

    public override ValueTask DisposeAsync() => _reader.DisposeAsync();

    /// <summary>Decodes the next block.</summary>
    /// <returns>False at the end.</returns>
    private async ValueTask<bool> NextBlockAsync(CancellationToken cancellationToken)
    {
        long left = (Length ?? long.MaxValue) - _frame;
        if (left <= 0) return false;
        if (!await DecodeAsync(cancellationToken).ConfigureAwait(false)) return false;
        _blockNext = 0;
        _blockEnd = (int)Math.Min(_decoder.Header.BlockSize, left);
        return true;
    }

    /// <summary>Decodes the block at the reader's position, and passes over it.</summary>
    /// <returns>False at the end of a stream of unknown length.</returns>
    private async ValueTask<bool> DecodeAsync(CancellationToken cancellationToken)
    {
        if (Length is null && (await _reader.EnsureAsync(8, cancellationToken).ConfigureAwait(false) == 0 || IsTrailer(_reader.Available))) return false;
        switch (await TryDecodeAsync(cancellationToken).ConfigureAwait(false))
        {
            case FlacStatus.Decoded:
                return true;
            case FlacStatus.NeedMore:
                throw InputError.Corrupt(Name, $"it ends at byte {_reader.Position + _reader.Available.Length}, after {Describe(_frame)}");
            default:
                throw InputError.Corrupt(Name, $"the block at byte {_reader.Position}, after {Describe(_frame)}, does not decode");
        }
    }

    /// <summary>As <see cref="DecodeAsync"/>; the reader moves only when the block is decoded. NeedMore: the stream ends inside it.</summary>
    private async ValueTask<FlacStatus> TryDecodeAsync(CancellationToken cancellationToken)
    {
        for (int want = _want; ; want *= 2)
        {
            int available = await _reader.EnsureAsync(want, cancellationToken).ConfigureAwait(false);
            FlacStatus status = _decoder.Decode(_reader.Available, out int consumed);
            if (status == FlacStatus.Decoded)
            {
                _reader.Advance(consumed);
                _want = Math.Max(_want, consumed + FlacFrameHeader.MaxSize);
                return status;
            }

            if (status == FlacStatus.Corrupt || available < want) return status;
            if (available >= _maxBlockBytes) return FlacStatus.Corrupt;
        }
    }

    private string Describe(long frame) => $"{Format.Duration(frame):h\\:mm\\:ss\\.fff} of audio";

    /// <summary>ID3v1 and APE tags that some programs append; known lengths end before them anyway.</summary>
    private static bool IsTrailer(ReadOnlySpan<byte> rest) => rest.StartsWith("TAG"u8) || rest.StartsWith("APETAGEX"u8);

    private void Write(Span<byte> destination, int start, int count)
    {
        int bytes = Format.BitsPerSample / 8, shift = Format.BitsPerSample - _meta.Info.BitsPerSample, stride = Format.BytesPerFrame;
        for (int channel = 0; channel < Format.Channels; channel++)
        {
            ReadOnlySpan<long> samples = _decoder.Channel(channel).Slice(start, count);
            Span<byte> to = destination[(channel * bytes)..];
            for (int i = 0, at = 0; i < samples.Length; i++, at += stride)
            {
                long value = samples[i] << shift;
                to[at] = (byte)value;
                to[at + 1] = (byte)(value >> 8);
                if (bytes > 2) to[at + 2] = (byte)(value >> 16);
                if (bytes > 3) to[at + 3] = (byte)(value >> 24);
            }
        }
    }
}
