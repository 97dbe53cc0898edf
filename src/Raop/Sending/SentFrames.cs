namespace Raop.Sending;

/// <summary>A ring of the PCM that was sent last, by its place in the stream, in bytes.</summary>
internal sealed class SentFrames(int capacity)
{
    private readonly byte[] _ring = new byte[capacity];

    /// <summary>Place of the first byte kept.</summary>
    public long Start { get; private set; }

    /// <summary>Place behind the last byte kept.</summary>
    public long End { get; private set; }

    public void Append(ReadOnlySpan<byte> pcm)
    {
        if (pcm.Length > _ring.Length) throw new ArgumentException("More than the ring holds.", nameof(pcm));
        int at = (int)(End % _ring.Length), first = Math.Min(pcm.Length, _ring.Length - at);
        pcm[..first].CopyTo(_ring.AsSpan(at));
        pcm[first..].CopyTo(_ring);
        End += pcm.Length;
        Start = Math.Max(Start, End - _ring.Length);
    }

    /// <summary>Copies what is kept from a place on.</summary>
    /// <returns>Bytes copied; 0 at the end.</returns>
    public int Read(long place, Span<byte> destination)
    {
        if (place < Start || place >= End) return 0;
        int count = (int)Math.Min(destination.Length, End - place), at = (int)(place % _ring.Length), first = Math.Min(count, _ring.Length - at);
        _ring.AsSpan(at, first).CopyTo(destination);
        _ring.AsSpan(0, count - first).CopyTo(destination[first..]);
        return count;
    }

    /// <summary>Forgets everything from a place on; the next bytes appended stand there.</summary>
    public void Truncate(long place)
    {
        End = Math.Min(End, place);
        if (place > End || Start > End) Start = End = place;
    }

    /// <summary>Forgets everything; the next bytes appended stand at this place.</summary>
    public void Restart(long place) => Start = End = place;
}
