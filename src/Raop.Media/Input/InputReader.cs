namespace Raop.Media.Input;

/// <summary>
/// A stream with a window: parsers look at <see cref="Available"/>, ask for more with <see cref="EnsureAsync"/> and move on with
/// <see cref="Advance"/>. A cancelled wait loses nothing. Owns the stream.
/// </summary>
internal sealed class InputReader(Stream stream, string name) : IAsyncDisposable
{
    private byte[] _buffer = new byte[64 * 1024];
    private int _start, _end;

    /// <summary>The input's name for messages.</summary>
    public string Name { get; } = name;

    /// <summary>The stream itself, for a reader that has its own way; the window knows nothing of it then.</summary>
    public Stream Stream { get; } = stream;

    public bool CanSeek { get; } = stream.CanSeek;

    /// <summary>Bytes in all, or null when not known.</summary>
    public long? Length => CanSeek ? Stream.Length : null;

    /// <summary>Bytes before the window.</summary>
    public long Position { get; private set; }

    /// <summary>What is read and not passed yet. Valid until the next call.</summary>
    public ReadOnlySpan<byte> Available => _buffer.AsSpan(_start, _end - _start);

    /// <summary>Reads until the window has this many bytes or the stream has ended.</summary>
    /// <returns>Bytes in the window: fewer than asked only at the end.</returns>
    public async ValueTask<int> EnsureAsync(int count, CancellationToken cancellationToken)
    {
        while (_end - _start < count)
        {
            MakeRoom(count);
            int read = await ReadAsync(_buffer.AsMemory(_end), cancellationToken).ConfigureAwait(false);
            if (read == 0) break;
            _end += read;
        }

        return _end - _start;
    }

    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _end - _start);
        _start += count;
        Position += count;
    }

    /// <summary>Passes over bytes, by seeking where that works.</summary>
    /// <returns>False when the stream ends before.</returns>
    public async ValueTask<bool> SkipAsync(long count, CancellationToken cancellationToken)
    {
        if (CanSeek)
        {
            long target = count > long.MaxValue - Position ? long.MaxValue : Position + count;
            await SeekAsync(Math.Min(target, Stream.Length), cancellationToken).ConfigureAwait(false);
            return target <= Stream.Length;
        }

        while (count > 0)
        {
            int step = await EnsureAsync(1, cancellationToken).ConfigureAwait(false);
            if (step == 0) return false;
            step = (int)Math.Min(step, count);
            Advance(step);
            count -= step;
        }

        return true;
    }

    /// <summary>
    /// Takes bytes out of the stream into an array of their own and moves on, so that the window stays small. Allocates for what is there, not for
    /// what somebody claims.
    /// </summary>
    /// <returns>Null when the stream ends before; one that can seek has not moved then.</returns>
    public async ValueTask<byte[]?> TakeAsync(int count, CancellationToken cancellationToken)
    {
        if (CanSeek && count > Stream.Length - Position) return null;
        var taken = new byte[CanSeek ? count : Math.Min(count, _buffer.Length)];
        for (int have = 0; have < count;)
        {
            if (have == taken.Length) Array.Resize(ref taken, (int)Math.Min(count, taken.Length * 2L));
            int step = Math.Min(taken.Length - have, _end - _start);
            if (step > 0)
            {
                Available[..step].CopyTo(taken.AsSpan(have));
                Advance(step);
            }
            else
            {
                _start = _end = 0;
                step = await ReadAsync(taken.AsMemory(have), cancellationToken).ConfigureAwait(false);
                if (step == 0) return null;
                Position += step;
            }

            have += step;
        }

        return taken;
    }

    /// <summary>Puts the window's start at a byte, beyond the end too: nothing is read there. Only when <see cref="CanSeek"/>, or forward inside the window.</summary>
    public ValueTask SeekAsync(long position, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        long ahead = position - Position;
        if (ahead >= -_start && ahead <= _end - _start)
        {
            _start += (int)ahead;
        }
        else
        {
            Stream.Position = Math.Min(position, Stream.Length);
            _start = _end = 0;
        }

        Position = position;
        return ValueTask.CompletedTask;
    }

    /// <summary>Copies what is left to another stream as it comes, for a program that reads by itself.</summary>
    public async Task CopyToAsync(Stream destination, CancellationToken cancellationToken)
    {
        while (await EnsureAsync(1, cancellationToken).ConfigureAwait(false) > 0)
        {
            int count = _end - _start;
            await destination.WriteAsync(_buffer.AsMemory(_start, count), cancellationToken).ConfigureAwait(false);
            await destination.FlushAsync(cancellationToken).ConfigureAwait(false);
            Advance(count);
        }
    }

    public ValueTask DisposeAsync() => Stream.DisposeAsync();

    private void MakeRoom(int count)
    {
        if (_end < _buffer.Length && _buffer.Length - _start >= count) return;
        byte[] target = _buffer.Length >= count && _start > 0 ? _buffer : new byte[Math.Max(count, _buffer.Length * 2)];
        _buffer.AsSpan(_start, _end - _start).CopyTo(target);
        _end -= _start;
        _start = 0;
        _buffer = target;
    }

    private async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            return await Stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw InputError.Unreadable(Name, e);
        }
    }
}
