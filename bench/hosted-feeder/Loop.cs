using Raop.Audio;

namespace HostedFeeder;

/// <summary>The same music again and again.</summary>
internal sealed class Loop(byte[] pcm, long at) : IPcmSource
{
    private int _at = (int)(at % pcm.Length & ~3L);

    public PcmFormat Format => PcmFormat.AirTunes;

    public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int count = Math.Min(buffer.Length, pcm.Length - _at);
        pcm.AsSpan(_at, count).CopyTo(buffer.Span);
        _at = (_at + count) % pcm.Length;
        return ValueTask.FromResult(count);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
