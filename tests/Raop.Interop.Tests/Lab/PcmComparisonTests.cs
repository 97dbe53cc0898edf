namespace Raop.Interop.Tests.Lab;

public class PcmComparisonTests
{
    private static readonly byte[] Source = Mix.Pcm(20_000);

    [Fact]
    public void The_same_is_exact()
    {
        PcmComparison comparison = PcmComparison.Compare(Source, Source);
        Assert.True(comparison.IsExact);
        Assert.Equal(20_000, comparison.Equal);
    }

    [Fact]
    public void Silence_and_noise_around_it_do_not_matter()
    {
        byte[] output = [.. new byte[4 * 777], .. Mix.Pcm(300)[800..], .. Source, .. new byte[4 * 99]];
        PcmComparison comparison = PcmComparison.Compare(Source, output);
        Assert.True(comparison.IsExact, comparison.ToString());
        Assert.Equal(777 + 100, comparison.Runs[0].Output);
    }

    [Fact]
    public void A_missing_start_and_a_missing_end_are_counted()
    {
        PcmComparison comparison = PcmComparison.Compare(Source, Source.AsSpan(4 * 3_168, 4 * 10_000));
        Assert.False(comparison.IsExact);
        Assert.Equal((3_168, 0, 6_832), (comparison.LostBeforeFirst, comparison.LostInside, comparison.LostAtEnd));
    }

    [Fact]
    public void A_hole_is_found_where_it_is()
    {
        byte[] output = [.. Source[..(4 * 8_192)], .. Source[(4 * 12_288)..]];
        PcmComparison comparison = PcmComparison.Compare(Source, output);
        Assert.Equal(new PcmComparison.Gap(8_192, 4_096, 0, true), Assert.Single(comparison.Gaps));
        Assert.Equal(20_000 - 4_096, comparison.Equal);
    }

    [Fact]
    public void Silence_in_place_of_a_packet_and_an_inserted_block_are_told_apart()
    {
        byte[] output = [.. Source];
        output.AsSpan(4 * 352, 4 * 352).Clear();
        output = [.. output[..(4 * 5_000)], .. Mix.Pcm(30_000)[(4 * 29_000)..], .. output[(4 * 5_000)..]];
        PcmComparison comparison = PcmComparison.Compare(Source, output);
        Assert.Equal([new PcmComparison.Gap(352, 352, 352, true), new PcmComparison.Gap(5_000, 0, 1_000, false)], comparison.Gaps);
    }

    [Fact]
    public void One_wrong_bit_is_seen()
    {
        byte[] output = [.. Source];
        output[4 * 9_999] ^= 1;
        PcmComparison comparison = PcmComparison.Compare(Source, output);
        Assert.False(comparison.IsExact);
        Assert.Equal(new PcmComparison.Gap(9_999, 1, 1, false), Assert.Single(comparison.Gaps));
    }

    [Fact]
    public void Nothing_and_something_else_are_all_lost()
    {
        Assert.Equal(20_000, PcmComparison.Compare(Source, []).LostBeforeFirst);
        Assert.Equal(20_000, PcmComparison.Compare(Source, new byte[40_000]).LostBeforeFirst);
        Assert.False(PcmComparison.Compare(Source, new byte[40_000]).IsExact);
    }
}
