using System.Net;
using System.Text;
using Raop.Metadata;
using Raop.Receiving;
using Raop.Rtsp;
using Raop.Tests.Fakes;
using Raop.Tests.Metadata;

namespace Raop.Tests.Conversations;

/// <summary>What senders tell our receiver of their music.</summary>
public sealed class ReceiverMetadataTests
{
    private const string Sdp = "v=0\r\no=iTunes 1 0 IN IP4 10.0.1.101\r\ns=iTunes\r\ni=From the SDP\r\nc=IN IP4 10.0.1.103\r\nt=0 0\r\nm=audio 0 RTP/AVP 96\r\n"
        + "a=rtpmap:96 AppleLossless\r\na=fmtp:96 4096 0 16 40 10 14 2 255 0 0 44100\r\n";

    private const string Set = "SET_PARAMETER rtsp://10.0.1.101/1 RTSP/1.0\nCSeq: 9\nRTP-Info: rtptime=1146549156\nContent-Type: ";

    private static readonly TrackInfo Track = new() { Title = "Café", Artist = "Artist", Album = "Album", Duration = TimeSpan.FromSeconds(215), TrackNumber = 7 };

    [Fact]
    public void Text_cover_and_progress_are_raised_with_their_RTP_time() => InSession(async (stage, client) =>
    {
        byte[] cover = MetadataVectors.Jpeg(100_000);
        Assert.Equal(200, await SetAsync(client, Dmap.MediaType, Dmap.Write(Track)));
        Assert.Equal(200, await SetAsync(client, "image/jpeg", cover));
        Assert.Equal(200, await SetAsync(client, "text/parameters", "progress: 1146221540/1146549156/1195701740\r\n"));
        RaopReceiverEvent[] events = [.. Metadata(stage)];
        Assert.Equal(new RaopTrackChanged(1, Track, 1_146_549_156), events[0]);
        Assert.Equal(new RaopArtworkChanged(1, new Artwork(cover), 1_146_549_156), events[1]);
        var progress = Assert.IsType<RaopProgressChanged>(events[2]);
        Assert.Equal((7.429, 1122.0, 1_146_549_156u), (Math.Round(progress.Position!.Value.TotalSeconds, 3), Math.Round(progress.Duration!.Value.TotalSeconds, 1), progress.RtpTime));
        Assert.Equal(3, events.Length);
    });

    [Fact]
    public void It_may_come_before_RECORD_as_pyatv_sends_it() => InSession(
        async (stage, client) =>
        {
            Assert.Equal(200, await SetAsync(client, Dmap.MediaType, Dmap.Write(Track)));
            Assert.Equal(200, await SetAsync(client, "image/png", MetadataVectors.Png(3_000_000)));
            Assert.Equal(2, Metadata(stage).Count());
        },
        record: false);

    [Fact]
    public void The_same_again_is_not_raised_again() => InSession(async (stage, client) =>
    {
        for (int i = 0; i < 3; i++)
        {
            await SetAsync(client, Dmap.MediaType, Dmap.Write(Track));
            await SetAsync(client, "image/jpeg", MetadataVectors.Jpeg(5000));
            await SetAsync(client, "text/parameters", "progress: 0/0/0\r\n");
        }

        Assert.Equal(3, Metadata(stage).Count());
        await SetAsync(client, Dmap.MediaType, Dmap.Write(Track with { Title = "Next" }));
        await SetAsync(client, "image/jpeg", MetadataVectors.Jpeg(5000, seed: 2));
        await SetAsync(client, "text/parameters", "progress: 0/1/44100\r\n");
        Assert.Equal(6, Metadata(stage).Count());
    });

    [Theory]
    [InlineData("image/none", 0)]
    [InlineData("image/none", 4)] // whatever it holds
    [InlineData("image/jpeg", 0)]
    public void A_cover_can_be_taken_away(string type, int length) => InSession(async (stage, client) =>
    {
        await SetAsync(client, "image/jpeg", MetadataVectors.Jpeg(5000));
        Assert.Equal(200, await SetAsync(client, type, new byte[length]));
        Assert.Null(Assert.IsType<RaopArtworkChanged>(Metadata(stage).Last()).Artwork);
        Assert.Equal(2, Metadata(stage).Count());
    });

    [Fact]
    public void The_first_bytes_count_and_not_what_the_sender_calls_them() => InSession(async (stage, client) =>
    {
        Assert.Equal(200, await SetAsync(client, "image/jpeg", MetadataVectors.Png(5000))); // iOS
        Assert.Equal("image/png", Assert.IsType<RaopArtworkChanged>(Metadata(stage).Single()).Artwork!.MediaType);
        Assert.Equal(415, await SetAsync(client, "image/jpeg", "GIF89a"u8.ToArray()));
        Assert.Equal(415, await SetAsync(client, "image/jpeg", "<script>"u8.ToArray()));
        Assert.Single(Metadata(stage));
    });

    [Fact]
    public void What_cannot_be_read_is_refused_and_the_session_goes_on() => InSession(async (stage, client) =>
    {
        Assert.Equal(400, await SetAsync(client, Dmap.MediaType, ""));
        Assert.Equal(400, await SetAsync(client, Dmap.MediaType, "\0\u0001\u0002"));
        Assert.Equal(413, await SetAsync(client, Dmap.MediaType, new byte[(64 * 1024) + 1]));
        Assert.Equal(413, await SetAsync(client, "text/parameters", new byte[(64 * 1024) + 1]));
        Assert.Equal(413, await SetAsync(client, "image/jpeg", MetadataVectors.Jpeg(Artwork.MaxSize + 1)));
        Assert.Equal(413, await SetAsync(client, "image/jpeg", MetadataVectors.Jpeg(Artwork.MaxSize * 3)));
        Assert.Equal(451, await SetAsync(client, "text/parameters", "progress: soon\r\n"));
        Assert.Equal(200, await SetAsync(client, "application/x-apple-binary-plist", "bplist00"));
        Assert.Empty(Metadata(stage));
        Assert.Equal(200, await SetAsync(client, "Image/JPEG; charset=x", MetadataVectors.Jpeg(Artwork.MaxSize)));
        Assert.Equal(200, await SetAsync(client, "text/parameters; charset=utf-8", "progress: 1/2/3\r\nvolume: -5\r\n"));
        Assert.Equal(2, Metadata(stage).Count());
        Assert.Equal(-5, stage.Events.OfType<RaopVolumeChanged>().Single().Volume);
        Assert.DoesNotContain(stage.Events, static e => e is RaopSessionEnded);
    });

    [Fact]
    public void Without_RTP_Info_the_time_is_not_known() => InSession(async (stage, client) =>
    {
        await client.SendAsync(Request("SET_PARAMETER rtsp://x/1 RTSP/1.0\nRTP-Info: seq=700000;rtptime=9999999999\nContent-Type: " + Dmap.MediaType, Dmap.Write(Track)));
        Assert.Equal(200, (await client.ReadAsync())!.StatusCode);
        Assert.Equal(new RaopTrackChanged(1, Track, null), Metadata(stage).Single());
    });

    [Fact]
    public void Outside_a_session_nobody_tells_us_anything()
    {
        var stage = new Stage();
        On(stage, async client =>
        {
            Assert.Equal(455, await SetAsync(client, Dmap.MediaType, Dmap.Write(Track)));
            Assert.Equal(200, await SetAsync(client, "text/parameters", "progress: 1/2/3\r\n"));
            await client.AskAsync("ANNOUNCE rtsp://10.0.1.101/1 RTSP/1.0\nContent-Type: application/sdp", Sdp);
            Assert.Equal(455, await SetAsync(client, "image/jpeg", MetadataVectors.Jpeg(100)));
            Assert.Equal(200, await SetAsync(client, "text/parameters", "progress: 1/2/3\r\n"));
            await client.AskAsync("SETUP rtsp://10.0.1.101/1 RTSP/1.0\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1;mode=record");
            Assert.Equal(200, await SetAsync(client, "image/jpeg", MetadataVectors.Jpeg(100)));
            Assert.Single(Metadata(stage));

            await using WireClient other = await WireClient.ConnectAsync(stage.SenderHost.Network, Stage.Address); // beside the session
            Assert.Equal(455, await SetAsync(other, Dmap.MediaType, Dmap.Write(Track)));
            Assert.Single(Metadata(stage));
        });
    }

    [Fact]
    public void The_next_session_knows_nothing_of_the_last()
    {
        var stage = new Stage();
        stage.World.Run(async () =>
        {
            await using RaopReceiver receiver = stage.Receive();
            for (int i = 1; i <= 2; i++)
            {
                await using WireClient client = await WireClient.ConnectAsync(stage.SenderHost.Network, Stage.Address);
                await OpenAsync(client);
                await SetAsync(client, Dmap.MediaType, Dmap.Write(Track));
                Assert.Equal(new RaopTrackChanged(i, Track, 1_146_549_156), Metadata(stage).Last());
                await client.AskAsync("TEARDOWN rtsp://10.0.1.101/1 RTSP/1.0");
                Assert.Equal(i, Metadata(stage).Count());
            }
        });
    }

    [Theory]
    [InlineData("", "From the SDP", null, null)]
    [InlineData("\nX-Apple-Client-Name: Anna’s iPhone\nDACP-ID: 95482F9B7AEACEB\nActive-Remote: 637581677584076950", "Anna’s iPhone", "95482F9B7AEACEB", "637581677584076950")]
    [InlineData("\nDACP-ID: 56B29BB6CB904862X\nActive-Remote: -1", "From the SDP", null, null)]
    [InlineData("\nDACP-ID: ../../etc\nActive-Remote: 123456789012345678901", "From the SDP", null, null)]
    [InlineData("\nDACP-ID: \nActive-Remote: ", "From the SDP", null, null)]
    public void The_sender_says_who_it_is(string headers, string? name, string? dacpId, string? activeRemote)
    {
        var stage = new Stage();
        ReceiverContext? context = null;
        stage.World.Run(async () =>
        {
            await using RaopReceiver receiver = stage.Receive(change: c => context = c);
            await using WireClient client = await WireClient.ConnectAsync(stage.SenderHost.Network, Stage.Address);
            await OpenAsync(client, headers);
            ReceiverSession session = context!.Player.Current!;
            Assert.Equal((dacpId, activeRemote), (session.DacpId, session.ActiveRemote));
            Assert.Equal(name, stage.Events.OfType<RaopSessionStarted>().Single().ClientName);
        });
    }

    [Fact]
    public void Nothing_is_told_of_a_session_after_its_end()
    {
        var stage = new Stage();
        ReceiverContext? context = null;
        stage.World.Run(async () =>
        {
            await using RaopReceiver receiver = stage.Receive(change: c => context = c);
            await using (WireClient client = await WireClient.ConnectAsync(stage.SenderHost.Network, Stage.Address))
            {
                await OpenAsync(client);
                await client.AskAsync("TEARDOWN rtsp://10.0.1.101/1 RTSP/1.0");
                await stage.WaitAsync(5);
            }

            Assert.IsType<RaopSessionEnded>(stage.Events[^1]);
            context!.Raise(new RaopTrackChanged(1, Track, null)); // what a request that came just before may still do
            Assert.IsType<RaopSessionEnded>(stage.Events[^1]);
            context.Raise(new RaopTrackChanged(2, Track, null));
            context.Raise(new RaopSenderRefused(Stage.Address, 453, "Busy."));
            Assert.Equal([2, 0], stage.Events.TakeLast(2).Select(static e => e.Session));
        });
    }

    [Fact]
    public void Nothing_that_is_printed_moves_a_cursor() => InSession(
        async (stage, client) =>
        {
            Assert.Equal(200, await SetAsync(client, Dmap.MediaType, Dmap.Write(Track with { Title = "A\u001b[2J\r\nB", Album = "\u009b1m🎵\u202e" })));
            TrackInfo told = stage.Events.OfType<RaopTrackChanged>().Single().Track;
            Assert.Equal(("A [2J  B", " 1m🎵\u202e"), (told.Title, told.Album));
            RaopSessionStarted started = stage.Events.OfType<RaopSessionStarted>().Single();
            Assert.Equal("iTunes 2J" + new string('i', 247), started.UserAgent);
        },
        headers: "\nUser-Agent: iTunes\u009b2J" + new string('i', 1000));

    [Fact]
    public void What_SETUP_says_of_the_sender_goes_before_what_ANNOUNCE_said()
    {
        SenderIdentity first = new SenderIdentity().With(new RtspHeaders { { "DACP-ID", "1" }, { "Active-Remote", "2" } }, "Kitchen");
        Assert.Equal(new SenderIdentity("Kitchen", "1", "2"), first);
        Assert.Equal(first, first.With(new RtspHeaders()));
        Assert.Equal(new SenderIdentity("A B", "1", "3"), first.With(new RtspHeaders { { "Active-Remote", "3" }, { "X-Apple-Client-Name", "A\u0085B" }, { "DACP-ID", "?" } }));
        string name = first.With(new RtspHeaders { { "X-Apple-Client-Name", string.Concat(Enumerable.Repeat("🎵", 500)) } }).ClientName!;
        Assert.Equal(string.Concat(Enumerable.Repeat("🎵", SenderIdentity.MaxName / 2)), name);
    }

    private static IEnumerable<RaopReceiverEvent> Metadata(Stage stage) => stage.Events.Where(static e => e is RaopTrackChanged or RaopArtworkChanged or RaopProgressChanged);

    private static Task<int> SetAsync(WireClient client, string type, string body) => SetAsync(client, type, Encoding.UTF8.GetBytes(body));

    private static async Task<int> SetAsync(WireClient client, string type, byte[] body)
    {
        await client.SendAsync(Request(Set + type, body));
        return (await client.ReadAsync())?.StatusCode ?? 0;
    }

    private static byte[] Request(string lines, byte[] body) => [.. Encoding.UTF8.GetBytes($"{lines}\nContent-Length: {body.Length}\n\n".ReplaceLineEndings("\r\n")), .. body];

    private static async Task OpenAsync(WireClient client, string headers = "", bool record = true)
    {
        Assert.Equal(200, (await client.AskAsync("ANNOUNCE rtsp://10.0.1.101/1 RTSP/1.0\nContent-Type: application/sdp" + headers, Sdp)).StatusCode);
        Assert.Equal(200, (await client.AskAsync("SETUP rtsp://10.0.1.101/1 RTSP/1.0\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1;mode=record")).StatusCode);
        if (record) Assert.Equal(200, (await client.AskAsync("RECORD rtsp://10.0.1.101/1 RTSP/1.0\nRTP-Info: seq=7;rtptime=100")).StatusCode);
    }

    private static void InSession(Func<Stage, WireClient, Task> conversation, bool record = true, string headers = "")
    {
        var stage = new Stage();
        On(stage, async client =>
        {
            await OpenAsync(client, headers, record);
            await conversation(stage, client);
        });
    }

    private static void On(Stage stage, Func<WireClient, Task> conversation) => stage.World.Run(async () =>
    {
        await using RaopReceiver receiver = stage.Receive();
        await using WireClient client = await WireClient.ConnectAsync(stage.SenderHost.Network, Stage.Address);
        await conversation(client);
    });
}
