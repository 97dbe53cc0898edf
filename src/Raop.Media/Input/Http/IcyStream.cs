namespace Raop.Media.Input.Http;

/// <summary>
/// Cuts the titles out of a radio stream. After every <c>icy-metaint</c> bytes of sound comes one byte, the text's length in units of 16, and the
/// text: <c>StreamTitle='Artist - Title';StreamUrl='…';</c>, padded with zeros. Mostly the length is 0.
/// </summary>
internal sealed class IcyStream(Stream inner, int interval) : ReadOnlyStream
{
    private readonly byte[] _text = new byte[255 * 16];
    private readonly int _interval = interval;
    private int _left = interval;
    private int _textLength = -1, _textRead; // -1: the length byte is next

    /// <summary>Called with each new title, by whoever reads.</summary>
    public Action<string>? TitleCame { get; set; }

    /// <summary>The title that came last, or null.</summary>
    public string? Title { get; private set; }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty) return 0;
        while (_left == 0)
        {
            if (!await ReadTextAsync(cancellationToken).ConfigureAwait(false)) return 0;
        }

        int read = await inner.ReadAsync(buffer[..Math.Min(buffer.Length, _left)], cancellationToken).ConfigureAwait(false);
        _left -= read;
        return read;
    }

    /// <summary>The title in a metadata block, or null when it holds none. Quotes are not escaped: only <c>';</c> ends it.</summary>
    public static string? ParseTitle(ReadOnlySpan<byte> block)
    {
        ReadOnlySpan<byte> key = "StreamTitle='"u8;
        int start = block.IndexOf(key);
        if (start < 0) return null;
        block = block[(start + key.Length)..];
        int end = block.IndexOf("';"u8);
        if (end < 0) end = block.LastIndexOf((byte)'\'');
        return MediaTags.Clean(Text.Decode(end < 0 ? block : block[..end]));
    }

    public override async ValueTask DisposeAsync()
    {
        await inner.DisposeAsync().ConfigureAwait(false);
        await base.DisposeAsync().ConfigureAwait(false);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) inner.Dispose();
        base.Dispose(disposing);
    }

    /// <summary>One step of a metadata block; a cancelled wait goes on where it was.</summary>
    private async ValueTask<bool> ReadTextAsync(CancellationToken cancellationToken)
    {
        Memory<byte> space = _textLength < 0 ? _text.AsMemory(0, 1) : _text.AsMemory(_textRead, _textLength - _textRead);
        if (!space.IsEmpty)
        {
            int read = await inner.ReadAsync(space, cancellationToken).ConfigureAwait(false);
            if (read == 0) return false;
            if (_textLength < 0) _textLength = _text[0] * 16;
            else _textRead += read;
            if (_textRead < _textLength) return true;
        }

        if (ParseTitle(_text.AsSpan(0, _textRead)) is { } title && title != Title)
        {
            Title = title;
            TitleCame?.Invoke(title);
        }

        _left = _interval;
        _textLength = -1;
        _textRead = 0;
        return true;
    }
}
