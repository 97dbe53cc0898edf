using Alac;
using Raop.Audio;
using Raop.Sending;
using Raop.Tests.Fakes;

namespace Raop.Tests.Sending;

public sealed class PacketFeedTests
{
    private static readonly AlacConfig Config = new();
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task Packets_of_a_fitting_file_pass_through_as_they_are()
    {
        byte[] music = Music.Frames(4096 * 5 + 100);
        var source = new PacketSource(music);
        await using PacketFeed feed = Feed(source);
        List<byte[]> packets = [];
        List<byte> pcm = [];
        while (await feed.NextAsync(None) > 0)
        {
            Assert.True(feed.PassedThrough);
            packets.Add(feed.Packet.Alac.ToArray());
            pcm.AddRange(feed.Packet.Pcm.Span);
        }

        Assert.Equal(source.Packets, packets);
        Assert.Equal(music, pcm);
    }

    [Theory]
    [InlineData(352, 44_100)]
    [InlineData(4096, 48_000)]
    public async Task Packets_that_do_not_fit_are_encoded_anew(int frameLength, int rate)
    {
        var source = new PacketSource(Music.Frames(10_000), Config with { FrameLength = frameLength, SampleRate = rate });
        await using PacketFeed feed = Feed(source);
        while (await feed.NextAsync(None) > 0) Assert.Equal((false, true), (feed.PassedThrough, feed.Packet.Alac.IsEmpty));
        Assert.Empty(source.Taken);
    }

    [Theory]
    [InlineData(44_100, 1000)]
    [InlineData(22_050, 2000)]
    public async Task A_source_that_was_sought_is_where_it_is(int rate, long frame)
    {
        var source = new ArraySource(Music.Frames(10_000), PcmFormat.AirTunes with { SampleRate = rate });
        await source.SeekAsync(1000, None);
        await using PacketFeed feed = Feed(source);
        await feed.NextAsync(None);
        Assert.Equal(frame, feed.Where(0).Frame);
        await feed.SeekAsync(0, feed.Where(0).Track!, 500, None);
        Assert.Equal(500, feed.Where(0).Frame);
    }

    [Fact]
    public async Task Sources_are_joined_within_a_packet_unless_they_bring_their_own()
    {
        byte[] a = Music.Frames(5000, 1), b = Music.Frames(5000, 2), c = Music.Frames(5000, 3), d = Music.Frames(100, 4);
        await using PacketFeed feed = Feed(new ArraySource(a), new ArraySource(b), new PacketSource(c), new ArraySource(d));
        List<byte[]> packets = [];
        List<int> frames = [];
        while (await feed.NextAsync(None) is > 0 and int count)
        {
            frames.Add(count);
            packets.Add(feed.Packet.Pcm.ToArray());
        }

        Assert.Equal([4096, 4096, 1808, 4096, 904, 100], frames);
        Assert.Equal([.. a, .. b, .. c, .. d], Join(packets));
        Assert.Equal(0, feed.Where(0).Frame);
        Assert.Equal(1, feed.Where(5001).Frame);
        Assert.Equal(4, feed.Where(15_004).Frame);
    }

    [Fact]
    public async Task Goes_back_to_what_was_sent_and_on_with_what_was_not()
    {
        byte[] music = Music.Frames(4096 * 10);
        await using PacketFeed feed = Feed(new ArraySource(music) { CanSeek = false });
        for (int i = 0; i < 5; i++) await feed.NextAsync(None);
        feed.GoBackTo(9000);
        Assert.Equal(9000, feed.NextFrame);
        Assert.Equal(music[(9000 * 4)..], Join(await RestAsync(feed)));
    }

    [Fact]
    public async Task A_seek_into_a_packet_sends_its_rest_and_then_passes_through_again()
    {
        byte[] music = Music.Frames(4096 * 6);
        var source = new PacketSource(music);
        await using PacketFeed feed = Feed(source);
        await feed.NextAsync(None);
        await feed.NextAsync(None);
        await feed.SeekAsync(heard: 1000, feed.Where(1000).Track!, trackFrame: 4096 * 3 + 96, None);
        Assert.Equal(4000, await feed.NextAsync(None));
        Assert.False(feed.PassedThrough);
        Assert.Equal(4096, await feed.NextAsync(None));
        Assert.True(feed.PassedThrough);
        Assert.Equal((1000 + 4000 + 4096, 4096 * 5), (feed.NextFrame, feed.Where(feed.NextFrame).Frame));
    }

    [Fact]
    public async Task A_seek_back_over_the_border_of_two_sources_plays_both()
    {
        byte[] a = Music.Frames(20_000, 1), b = Music.Frames(20_000, 2);
        await using PacketFeed feed = Feed(new ArraySource(a), new ArraySource(b));
        for (int i = 0; i < 6; i++) await feed.NextAsync(None); // into b
        await feed.SeekAsync(heard: 15_000, feed.Where(15_000).Track!, trackFrame: 10_000, None);
        List<byte[]> rest = await RestAsync(feed);
        Assert.Equal([.. a[40_000..], .. b], Join(rest));
    }

    [Fact]
    public async Task A_skip_goes_to_the_source_after_the_one_that_is_heard()
    {
        byte[] a = Music.Frames(20_000, 1), b = Music.Frames(20_000, 2), c = Music.Frames(3000, 3);
        await using PacketFeed feed = Feed(new ArraySource(a), new ArraySource(b), new ArraySource(c));
        for (int i = 0; i < 6; i++) await feed.NextAsync(None); // reads b already, a is heard
        await feed.SkipAsync(heard: 15_000, None);
        List<byte[]> rest = await RestAsync(feed);
        Assert.Equal([.. b, .. c], Join(rest));
        await feed.SkipAsync(heard: feed.NextFrame, None);
        Assert.Equal(0, await feed.NextAsync(None));
    }

    [Fact]
    public async Task Skips_and_seeks_in_a_row_each_count()
    {
        byte[] a = Music.Frames(200_000, 1), b = Music.Frames(20_000, 2), c = Music.Frames(20_000, 3);
        await using PacketFeed feed = Feed(new ArraySource(a), new ArraySource(b), new ArraySource(c));
        for (int i = 0; i < 6; i++) await feed.NextAsync(None);
        await feed.SkipAsync(5000, None);
        await feed.SkipAsync(5000, None);
        await feed.SeekAsync(5000, feed.Where(5000).Track!, 100, None);
        List<byte[]> rest = await RestAsync(feed);
        Assert.Equal(c[400..], Join(rest));
    }

    [Fact]
    public async Task An_error_of_the_play_list_is_said_each_time()
    {
        await using var feed = new PacketFeed(Broken().GetAsyncEnumerator(), owns: true, Config, 88_200);
        for (int i = 0; i < 3; i++) await Assert.ThrowsAsync<RaopException>(() => feed.NextAsync(None).AsTask());

        static async IAsyncEnumerable<IPcmSource> Broken()
        {
            yield return new ArraySource(Music.Frames(100));
            await Task.CompletedTask;
            throw new RaopException(RaopError.FileNotFound, "The second is missing.");
        }
    }

    [Fact]
    public async Task The_place_may_be_asked_for_while_the_feed_moves()
    {
        await using PacketFeed feed = Feed([.. Enumerable.Range(0, 5_000).Select(_ => new ArraySource(new byte[4 * 64]))]);
        bool stop = false;
        Task asking = Task.Run(() =>
        {
            while (!Volatile.Read(ref stop)) _ = feed.Where(feed.NextFrame - 500);
        }, TestContext.Current.CancellationToken);
        while (await feed.NextAsync(None) > 0) await feed.ForgetBeforeAsync(feed.NextFrame - 1000);
        stop = true;
        await asking;
    }

    [Fact]
    public async Task Sources_are_disposed_once_they_have_been_heard()
    {
        ArraySource a = new(Music.Frames(5000)), b = new(Music.Frames(5000));
        PacketFeed feed = Feed(a, b);
        await feed.NextAsync(None);
        await feed.NextAsync(None); // a is read to its end
        await feed.ForgetBeforeAsync(4999);
        Assert.False(a.IsDisposed);
        await feed.ForgetBeforeAsync(5000);
        Assert.True(a.IsDisposed);
        Assert.False(b.IsDisposed);
        await feed.DisposeAsync();
        Assert.True(b.IsDisposed);
    }

    [Fact]
    public async Task The_peak_is_that_of_the_packet()
    {
        byte[] quiet = new byte[4096 * 4];
        quiet[1001] = 0xC0; // −16384
        await using PacketFeed feed = Feed(new ArraySource(quiet));
        await feed.NextAsync(None);
        Assert.Equal(0.5f, feed.Peak);
    }

    private static PacketFeed Feed(params IPcmSource[] sources) =>
        new(sources.ToAsyncEnumerable().GetAsyncEnumerator(), owns: true, Config, keepFrames: 88_200);

    private static async Task<List<byte[]>> RestAsync(PacketFeed feed)
    {
        List<byte[]> packets = [];
        while (await feed.NextAsync(None) > 0) packets.Add(feed.Packet.Pcm.ToArray());
        return packets;
    }

    private static byte[] Join(List<byte[]> packets) => [.. packets.SelectMany(static packet => packet)];
}
