using Raop.Audio;

namespace Raop.Tests.Fakes;

/// <summary>PCM from memory. Remembers whether it was disposed.</summary>
internal sealed class ArraySource(byte[] pcm, PcmFormat? format = null) : IPcmSource
{
    private int _position;

    public PcmFormat Format { get; } = format ?? PcmFormat.AirTunes;

    public long? Length => pcm.Length / Format.BytesPerFrame;

    public long Position => _position / Format.BytesPerFrame;

    public bool CanSeek { get; init; } = true;

    public bool IsDisposed { get; private set; }

    /// <summary>The most bytes that one read gives, to cut where a caller does not expect it.</summary>
    public int MaxRead { get; init; } = int.MaxValue;

    /// <summary>Fails at this frame.</summary>
    public int DamagedAt { get; init; } = int.MaxValue;

    public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int size = Format.BytesPerFrame, left = (int)Math.Min(pcm.Length, (long)DamagedAt * size) - _position;
        if (left == 0 && DamagedAt != int.MaxValue) throw new RaopException(RaopError.CorruptFile, "The file is damaged.");
        int count = Math.Min(Math.Min(buffer.Length, MaxRead), left) / size * size;
        pcm.AsSpan(_position, count).CopyTo(buffer.Span);
        _position += count;
        return ValueTask.FromResult(count);
    }

    public ValueTask SeekAsync(long frame, CancellationToken cancellationToken = default)
    {
        if (!CanSeek) throw new NotSupportedException();
        _position = (int)Math.Min(frame * Format.BytesPerFrame, pcm.Length);
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        IsDisposed = true;
        return ValueTask.CompletedTask;
    }
}
