using Raop.Audio;

namespace Raop.Tests.Fakes;

/// <summary>PCM from memory that is held up once, as from a pipe or a station.</summary>
internal sealed class StutteringSource(byte[] pcm, int atFrame, Func<Task> wait) : IPcmSource
{
    private int _position;
    private bool _waited;

    public PcmFormat Format => PcmFormat.AirTunes;

    public long? Length => null;

    public bool CanSeek => false;

    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int limit = _waited ? pcm.Length : atFrame * 4;
        if (_position == limit && !_waited)
        {
            _waited = true;
            await wait();
            limit = pcm.Length;
        }

        int count = Math.Min(buffer.Length, limit - _position) / 4 * 4;
        pcm.AsSpan(_position, count).CopyTo(buffer.Span);
        _position += count;
        return count;
    }

    public ValueTask SeekAsync(long frame, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
