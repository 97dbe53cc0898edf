using Raop.Receiving;

namespace Raop.Tests.Receiving;

/// <summary>Which packets a FLUSH voids, by what senders write. One tick is one millisecond.</summary>
public sealed class FlushFilterTests
{
    private readonly FlushFilter _filter = new(ticksPerSecond: 1000);

    [Fact]
    public void Without_a_flush_everything_is_heard() => Assert.Equal("11111", Heard(Enumerable.Range(1, 5).Select(i => ((ushort?)i, 10L * i))));

    [Theory]
    [InlineData(100)]
    [InlineData(65_533)] // wraps
    public void Packets_with_numbers_are_voided_up_to_the_flush(int first)
    {
        _filter.Record((ushort)first);
        Heard([((ushort)first, 0)]);
        _filter.Flush((ushort)(first + 4), 10);
        Assert.Equal("00011", Heard(Enumerable.Range(1, 5).Select(i => ((ushort?)(ushort)(first + i), 10L + i))));
    }

    [Fact]
    public void A_gap_does_not_bring_numbered_packets_back()
    {
        _filter.Record(1);
        _filter.Flush(3, 0);
        Assert.Equal("001", Heard([(1, 0), (2, 900), (3, 901)]));
    }

    [Fact]
    public void Packets_without_numbers_are_counted_from_RECORD() // iTunes 4.6: 40701, 40792 after 91 packets
    {
        _filter.Record(40_701);
        Heard(Enumerable.Range(0, 80).Select(i => ((ushort?)null, (long)i)));
        _filter.Flush(40_792, 100);
        Assert.Equal(new string('0', 11) + "11", Heard(Enumerable.Range(0, 13).Select(i => ((ushort?)null, 101L + i))));
    }

    [Fact]
    public void A_flush_after_the_last_packet_voids_none_that_follow()
    {
        _filter.Record(10);
        Heard([(null, 0), (null, 1)]);
        _filter.Flush(12, 2);
        Assert.Equal("11", Heard([(null, 3), (null, 4)]));
    }

    [Fact]
    public void A_flush_before_the_first_packet_voids_nothing()
    {
        _filter.Record(10);
        _filter.Flush(10, 2);
        Assert.Equal("11", Heard([(null, 3), (null, 4)]));
    }

    [Theory]
    [InlineData(0)] // VLC: seq=0 in RECORD and FLUSH
    [InlineData(null)] // PAUSE, or no RTP-Info
    [InlineData(50_000)] // nonsense
    public void Without_usable_numbers_a_pause_in_the_stream_ends_what_is_void(int? sequence)
    {
        _filter.Record(0);
        Heard([(null, 0), (null, 1)]);
        _filter.Flush((ushort?)sequence, 10);
        Assert.Equal("00011", Heard([(null, 20), (null, 30), (null, 279), (null, 600), (null, 601)]));
    }

    [Fact]
    public void A_wrong_count_is_given_up_at_a_pause_in_the_stream()
    {
        _filter.Record(0);
        _filter.Flush(1000, 10);
        Assert.Equal("00111", Heard([(null, 20), (null, 30), (null, 600), (null, 601), (null, 602)]));
    }

    [Fact]
    public void A_sender_without_numbers_that_does_not_pause_is_heard_again_after_a_second()
    {
        _filter.Record(0);
        _filter.Flush(null, 0);
        Assert.Equal(new string('0', 10) + "1111", Heard(Enumerable.Range(1, 14).Select(i => ((ushort?)null, 93L * i))));
    }

    private string Heard(IEnumerable<(ushort? Sequence, long Now)> packets) =>
        string.Concat(packets.Select(packet => _filter.Accept(packet.Sequence, packet.Now) ? '1' : '0'));
}
