using CsCheck;
using Raop.Sending;

namespace Raop.Tests.Sending;

public sealed class SentFramesTests
{
    [Fact]
    public void Gives_back_what_was_appended_last() => Gen.Select(Gen.Int[1, 64], Gen.Int[0, 63].Array[1, 40]).Sample((capacity, sizes) =>
    {
        var ring = new SentFrames(capacity);
        var all = new List<byte>();
        foreach (int size in sizes)
        {
            byte[] piece = [.. Enumerable.Range(0, size % (capacity + 1)).Select(i => (byte)(all.Count + i))];
            ring.Append(piece);
            all.AddRange(piece);
            Assert.Equal((Math.Max(0, all.Count - capacity), all.Count), (ring.Start, ring.End));
            for (long place = ring.Start; place < ring.End; place++)
            {
                byte[] read = new byte[capacity];
                int count = ring.Read(place, read);
                Assert.Equal(all.Skip((int)place), read.Take(count));
            }
        }
    });

    [Fact]
    public void Truncates_and_goes_on_there()
    {
        var ring = new SentFrames(8);
        ring.Append([1, 2, 3, 4, 5, 6]);
        ring.Truncate(4);
        ring.Append([50, 60]);
        byte[] read = new byte[8];
        Assert.Equal(6, ring.Read(0, read));
        Assert.Equal([1, 2, 3, 4, 50, 60], read[..6]);
        ring.Truncate(100); // a place it never had: begins anew there
        Assert.Equal(0, ring.Read(99, read));
        ring.Append([7]);
        Assert.Equal((100, 101), (ring.Start, ring.End));
        Assert.Equal(1, ring.Read(100, read));
    }
}
