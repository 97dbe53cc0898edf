namespace Raop.Media.Input.Http;

/// <summary>
/// A connection on which an old SHOUTcast server answers <c>ICY 200 OK</c> instead of <c>HTTP/1.0 200 OK</c>: the first word is replaced, so that an
/// HTTP client understands it. All else passes as it is.
/// </summary>
internal sealed class IcyGreeting(Stream inner) : Stream
{
    private readonly byte[] _first = new byte[64];
    private Memory<byte> _pending;
    private bool _isChecked;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty) return await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false); // waits for data
        if (!_isChecked)
        {
            int length = await inner.ReadAtLeastAsync(_first.AsMemory(8, 16), 4, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
            _isChecked = true;
            _pending = _first.AsMemory(8, length);
            if (_pending.Span.StartsWith("ICY "u8))
            {
                "HTTP/1.0"u8.CopyTo(_first.AsSpan(3)); // over the eight bytes that end with "ICY"
                _pending = _first.AsMemory(3, length + 5);
            }
        }

        if (_pending.IsEmpty) return await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        int count = Math.Min(buffer.Length, _pending.Length);
        _pending[..count].CopyTo(buffer);
        _pending = _pending[count..];
        return count;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => inner.WriteAsync(buffer, cancellationToken);

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        inner.WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Write(byte[] buffer, int offset, int count) => inner.Write(buffer, offset, count);

    public override void Flush() => inner.Flush();

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) inner.Dispose();
        base.Dispose(disposing);
    }
}
