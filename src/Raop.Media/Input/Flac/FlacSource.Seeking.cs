namespace Raop.Media.Input.Flac;

internal sealed partial class FlacSource
{
    /// <summary>Halving the file stops at this many bytes; decoding them takes a few milliseconds.</summary>
    private const int LinearBytes = 64 * 1024;

    /// <summary>
    /// Goes to a frame: between two seek points, or in the whole file, by halving and looking for a block, then by decoding up to it.
    /// </summary>
    /// <returns>False only with <paramref name="useTable"/>: the table is wrong.</returns>
    private async ValueTask<bool> TrySeekAsync(long frame, bool useTable, CancellationToken cancellationToken)
    {
        long low = _meta.AudioStart, high = _reader.Length!.Value;
        if (useTable)
        {
            foreach ((long pointFrame, long offset) in _meta.SeekPoints)
            {
                if (offset >= high - _meta.AudioStart) break;
                if (pointFrame > frame)
                {
                    high = _meta.AudioStart + offset;
                    break;
                }

                low = _meta.AudioStart + offset;
            }
        }

        while (high - low > LinearBytes)
        {
            long middle = low + ((high - low) / 2);
            if (await FindBlockAsync(middle, high, cancellationToken).ConfigureAwait(false) is { } found && found.FirstFrame <= frame) low = found.Position;
            else high = middle;
        }

        await _reader.SeekAsync(low, cancellationToken).ConfigureAwait(false);
        return await DecodeUpToAsync(frame, low == _meta.AudioStart, useTable, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<bool> DecodeUpToAsync(long frame, bool fromStart, bool mayFail, CancellationToken cancellationToken)
    {
        try
        {
            _frame = 0;
            while (true)
            {
                if (!await DecodeAsync(cancellationToken).ConfigureAwait(false)) return true; // the end of a stream of unknown length
                long first = fromStart && _frame == 0 ? 0 : _decoder.Header.FirstFrame;
                int count = _decoder.Header.BlockSize;
                _frame = first + count;
                if (frame < first && mayFail) return false;
                if (frame >= _frame) continue;
                _blockNext = (int)Math.Max(0, frame - first);
                _blockEnd = (int)Math.Min(count, (Length ?? long.MaxValue) - first);
                _frame = first + _blockNext;
                return true;
            }
        }
        catch (RaopException) when (mayFail)
        {
            return false;
        }
    }

    /// <summary>The first block that begins between two bytes. Decoded whole, so that chance bytes never pass for one.</summary>
    private async ValueTask<(long Position, long FirstFrame)?> FindBlockAsync(long start, long end, CancellationToken cancellationToken)
    {
        await _reader.SeekAsync(start, cancellationToken).ConfigureAwait(false);
        while (_reader.Position < end)
        {
            int available = await _reader.EnsureAsync(FlacFrameHeader.MaxSize, cancellationToken).ConfigureAwait(false);
            if (available < FlacFrameHeader.MaxSize) return null;
            int sync = _reader.Available.IndexOf((byte)0xFF);
            _reader.Advance(sync >= 0 ? sync : available);
            long position = _reader.Position;
            if (sync < 0) continue;
            if (position >= end) return null;
            if (await TryDecodeAsync(cancellationToken).ConfigureAwait(false) == FlacStatus.Decoded) return (position, _decoder.Header.FirstFrame);
            _reader.Advance(1);
        }

        return null;
    }
}
