namespace Alac.Tests.Containers;

/// <summary>A file of any length in memory: blocks of zeros take no room.</summary>
internal sealed class SparseStream : Stream
{
    private const int BlockSize = 4096;
    private readonly Dictionary<long, byte[]> _blocks = [];
    private long _length;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => true;

    public override long Length => _length;

    public override long Position { get; set; }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            (long block, int offset) = (Position / BlockSize, (int)(Position % BlockSize));
            ReadOnlySpan<byte> part = buffer[..Math.Min(buffer.Length, BlockSize - offset)];
            bool isKept = _blocks.TryGetValue(block, out byte[]? bytes);
            if (isKept || part.IndexOfAnyExcept((byte)0) >= 0) part.CopyTo((bytes ??= _blocks[block] = new byte[BlockSize]).AsSpan(offset));
            Position += part.Length;
            _length = Math.Max(_length, Position);
            buffer = buffer[part.Length..];
        }
    }

    public override int Read(Span<byte> buffer)
    {
        if (Position >= _length) return 0;
        (long block, int offset) = (Position / BlockSize, (int)(Position % BlockSize));
        int count = (int)Math.Min(Math.Min(buffer.Length, BlockSize - offset), _length - Position);
        if (_blocks.TryGetValue(block, out byte[]? bytes)) bytes.AsSpan(offset, count).CopyTo(buffer);
        else buffer[..count].Clear();
        Position += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override long Seek(long offset, SeekOrigin origin) =>
        Position = offset + (origin == SeekOrigin.Begin ? 0 : origin == SeekOrigin.Current ? Position : _length);

    public override void SetLength(long value) => _length = value;

    public override void Flush()
    {
    }
}
