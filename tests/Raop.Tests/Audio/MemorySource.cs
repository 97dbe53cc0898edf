using Raop.Audio;

namespace Raop.Tests.Audio;

/// <summary>PCM in memory, given in pieces of stated sizes.</summary>
internal sealed class MemorySource(PcmFormat format, byte[] data, params int[] pieces) : IPcmSource
{
    private int _at, _piece;

    public PcmFormat Format => format;

    public long? Length { get; init; } = data.Length / format.BytesPerFrame;

    public bool CanSeek => true;

    public bool IsDisposed { get; private set; }

    public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int frames = Math.Min(buffer.Length, data.Length - _at) / format.BytesPerFrame;
        if (pieces.Length > 0) frames = Math.Min(frames, pieces[_piece++ % pieces.Length]);
        data.AsMemory(_at, frames * format.BytesPerFrame).CopyTo(buffer);
        _at += frames * format.BytesPerFrame;
        return ValueTask.FromResult(frames * format.BytesPerFrame);
    }

    public ValueTask SeekAsync(long frame, CancellationToken cancellationToken = default)
    {
        _at = (int)(Math.Min(frame, data.Length / format.BytesPerFrame) * format.BytesPerFrame);
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        IsDisposed = true;
        return ValueTask.CompletedTask;
    }
}
