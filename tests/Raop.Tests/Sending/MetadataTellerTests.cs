using System.Text;
using Microsoft.Extensions.Logging;
using Raop.Metadata;
using Raop.Network;
using Raop.Rtsp;
using Raop.Sending;
using Raop.Tests.Conversations;
using Raop.Tests.Fakes;
using Raop.Tests.Metadata;

namespace Raop.Tests.Sending;

public sealed class MetadataTellerTests
{
    private const string Uri = "rtsp://10.0.1.101/1";
    private const MetadataKinds All = MetadataKinds.Text | MetadataKinds.Artwork | MetadataKinds.Progress;

    private const string Sdp = "v=0\r\no=iTunes 1 0 IN IP4 10.0.1.101\r\ns=iTunes\r\nc=IN IP4 10.0.1.103\r\nt=0 0\r\nm=audio 0 RTP/AVP 96\r\n"
        + "a=rtpmap:96 AppleLossless\r\na=fmtp:96 4096 0 16 40 10 14 2 255 0 0 44100\r\n";

    private static readonly byte[] Cover = MetadataVectors.Jpeg(70_000);
    private static readonly TrackInfo Track = new() { Title = "Title", Artist = "Artist", Album = "Album", Duration = TimeSpan.FromSeconds(215), Artwork = new Artwork(Cover) };

    private readonly CountingLog _log = new();

    [Fact]
    public void Text_comes_first_then_the_cover_then_progress_each_with_its_RTP_time() => Tell(All, async (teller, receiver) =>
    {
        await TellAllAsync(teller, Track);
        Assert.Equal([Dmap.MediaType, "image/jpeg", "text/parameters"], Types(receiver));
        Assert.All(receiver.Requests, static request => Assert.Equal(("SET_PARAMETER", Uri), (request.Method, request.Uri)));
        Assert.Equal(["rtptime=4294967295", "rtptime=4294967295", "rtptime=100"], receiver.Requests.Select(static request => request.Headers["RTP-Info"]));
        Assert.True(Dmap.TryParse(receiver.Requests[0].Body.Span, out TrackInfo? told));
        Assert.Equal(Track with { Artwork = null }, told);
        Assert.Equal(Cover, receiver.Requests[1].Body.ToArray());
        Assert.Equal("progress: 4294967295/100/44100\r\n", Encoding.ASCII.GetString(receiver.Requests[2].Body.Span));
        Assert.Equal(0, _log.Lines);
    });

    [Theory]
    [InlineData(MetadataKinds.None, "")]
    [InlineData(MetadataKinds.Text, Dmap.MediaType)]
    [InlineData(MetadataKinds.Artwork, "image/jpeg")]
    [InlineData(MetadataKinds.Progress, "text/parameters")]
    public void Only_what_the_receiver_takes_is_sent(MetadataKinds kinds, string types) => Tell(kinds, async (teller, receiver) =>
    {
        await TellAllAsync(teller, Track);
        Assert.Equal(types, string.Join(' ', Types(receiver)));
        if (kinds == MetadataKinds.Text) Assert.DoesNotContain("ased", Encoding.Latin1.GetString(receiver.Requests[0].Body.Span), StringComparison.Ordinal);
    });

    [Theory]
    [InlineData(MetadataKinds.Text, 456)] // an AirPort Express of firmware 7.8
    [InlineData(MetadataKinds.Artwork, 415)]
    [InlineData(MetadataKinds.Progress, 501)]
    public void A_kind_that_is_refused_is_not_sent_again_and_said_once(MetadataKinds kind, int status) => Tell(All, async (teller, receiver) =>
    {
        string type = kind switch { MetadataKinds.Text => Dmap.MediaType, MetadataKinds.Artwork => "image/jpeg", _ => "text/parameters" };
        receiver.Answer = (request, response) => request.Headers["Content-Type"] == type ? response with { StatusCode = status, Reason = "No" } : response;
        for (int i = 0; i < 3; i++) await TellAllAsync(teller, Track);
        Assert.Equal(7, receiver.Requests.Count);
        Assert.Single(Types(receiver), type);
        Assert.Equal((All & ~kind, 1), (teller.Kinds, _log.Lines));
        Assert.Contains($"{status} No", _log.Last, StringComparison.Ordinal);
    });

    [Fact]
    public void Without_a_cover_that_is_said_and_whoever_does_not_know_that_still_gets_covers() => Tell(All, async (teller, receiver) =>
    {
        receiver.Answer = static (request, response) => request.Headers["Content-Type"] == "image/none" ? response with { StatusCode = 415 } : response;
        await teller.TellTrackAsync(Track with { Artwork = null }, 1, CancellationToken.None);
        await teller.TellTrackAsync(null, 2, CancellationToken.None);
        await teller.TellTrackAsync(Track, 3, CancellationToken.None);
        Assert.Equal([Dmap.MediaType, "image/none", Dmap.MediaType, Dmap.MediaType, "image/jpeg"], Types(receiver));
        Assert.Equal(("0", 0), (receiver.Requests[1].Headers["Content-Length"], receiver.Requests[1].Body.Length));
        Assert.Equal(0, _log.Lines);
    });

    [Theory]
    [InlineData("GIF89a", 100)]
    [InlineData("\u00FF\u00D8\u00FF", Artwork.MaxSize + 1)]
    public void A_cover_that_no_receiver_shows_is_left_out(string magic, int size) => Tell(All, async (teller, receiver) =>
    {
        byte[] bytes = new byte[size];
        Encoding.Latin1.GetBytes(magic, bytes);
        await teller.TellTrackAsync(Track with { Artwork = new Artwork(bytes) }, 1, CancellationToken.None);
        Assert.Equal([Dmap.MediaType, "image/none"], Types(receiver));
        Assert.Equal(1, _log.Lines);
    });

    [Fact]
    public void A_receiver_that_does_not_answer_to_a_kind_is_not_bothered_with_it_again() => Tell(
        All, (_, _) => Task.CompletedTask, async (stage, client) =>
        {
            var teller = new MetadataTeller(client, Uri, All, _log);
            stage.World.Partition(stage.SenderHost, stage.ReceiverHost);
            await teller.TellTrackAsync(Track, 1, CancellationToken.None);
            stage.World.Heal(stage.SenderHost, stage.ReceiverHost);
            Assert.Equal((MetadataKinds.Progress, 2), (teller.Kinds, _log.Lines));
        });

    [Fact]
    public void A_lost_connection_is_the_sessions_affair() => Tell(All, async (teller, receiver) =>
    {
        receiver.Answer = static (_, _) => null;
        for (int i = 0; i < 3; i++) await TellAllAsync(teller, Track);
        Assert.Equal((All, 0), (teller.Kinds, _log.Lines));
        Assert.Single(receiver.Requests);
    });

    [Fact]
    public void The_cover_of_a_piece_that_has_gone_by_is_left_out() => Tell(All, async (teller, receiver) =>
    {
        Task first = teller.TellTrackAsync(Track, 1, CancellationToken.None).AsTask();
        await teller.TellTrackAsync(Track with { Artwork = new Artwork(MetadataVectors.Png(100)) }, 2, CancellationToken.None);
        await first;
        Assert.Equal([Dmap.MediaType, Dmap.MediaType, "image/png"], Types(receiver));
    });

    [Fact]
    public void A_caller_may_give_up() => Tell(All, async (teller, receiver) =>
    {
        using var stop = new CancellationTokenSource();
        Task telling = teller.TellTrackAsync(Track, 1, stop.Token).AsTask();
        stop.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => telling);
        await teller.TellProgressAsync(1, 2, 3, CancellationToken.None); // its answer, not the one before it
        Assert.Equal([Dmap.MediaType, "text/parameters"], Types(receiver));
        Assert.Equal((All, 0), (teller.Kinds, _log.Lines));
    });

    [Fact]
    public void Our_receiver_raises_what_is_told()
    {
        var stage = new Stage();
        stage.World.Run(async () =>
        {
            await using RaopReceiver receiver = stage.Receive();
            await using RtspClient client = await ConnectAsync(stage);
            await OpenAsync(client);
            var teller = new MetadataTeller(client, Uri, All, _log);
            TrackInfo second = new() { Title = "題名", AlbumArtist = "Various", Year = 1999, TrackNumber = 2, TrackCount = 12, DiscNumber = 1, DiscCount = 2 };
            await TellAllAsync(teller, Track);
            await teller.TellTrackAsync(second, 7, CancellationToken.None);
            await teller.TellProgressAsync(5, 5, 5, CancellationToken.None);
            await teller.TellTrackAsync(null, 8, CancellationToken.None);
        });
        Assert.Equal(
            [
                new RaopTrackChanged(1, Track with { Artwork = null }, uint.MaxValue),
                new RaopArtworkChanged(1, new Artwork(Cover), uint.MaxValue),
                new RaopProgressChanged(1, TimeSpan.FromSeconds(101.0 / 44_100), TimeSpan.FromSeconds(44_101.0 / 44_100), 100),
                new RaopTrackChanged(1, new() { Title = "題名", AlbumArtist = "Various", Year = 1999, TrackNumber = 2, TrackCount = 12, DiscNumber = 1, DiscCount = 2 }, 7),
                new RaopArtworkChanged(1, null, 7),
                new RaopProgressChanged(1, null, null, null),
                new RaopTrackChanged(1, new(), 8),
            ],
            stage.Events.Where(static e => e is RaopTrackChanged or RaopArtworkChanged or RaopProgressChanged));
        Assert.Equal(0, _log.Lines);
    }

    private static async Task TellAllAsync(MetadataTeller teller, TrackInfo track)
    {
        await teller.TellTrackAsync(track, uint.MaxValue, CancellationToken.None);
        await teller.TellProgressAsync(uint.MaxValue, 100, 44_100, CancellationToken.None);
    }

    private static IEnumerable<string?> Types(FakeReceiver receiver) => receiver.Requests.Select(static request => request.Headers["Content-Type"]);

    private static async Task OpenAsync(RtspClient client)
    {
        var announce = new RtspRequest("ANNOUNCE", Uri, new RtspHeaders { { "Content-Type", "application/sdp" } }, Encoding.ASCII.GetBytes(Sdp));
        var setUp = new RtspRequest("SETUP", Uri, new RtspHeaders { { "Transport", TransportHeader.Tcp().ToString() } });
        foreach (RtspRequest request in (RtspRequest[])[announce, setUp, new RtspRequest("RECORD", Uri, new RtspHeaders())])
        {
            Assert.Equal(200, (await client.SendAsync(request, CancellationToken.None)).StatusCode);
        }
    }

    private static async Task<RtspClient> ConnectAsync(Stage stage)
    {
        IStreamConnection connection = await stage.SenderHost.Network.ConnectAsync(Stage.Address);
        return new RtspClient(connection, new RaopSenderOptions { TimeProvider = stage.SenderHost.Clock }, TaskCreationOptions.None, new CountingLog());
    }

    private void Tell(MetadataKinds kinds, Func<MetadataTeller, FakeReceiver, Task> conversation, Func<Stage, RtspClient, Task>? more = null)
    {
        var stage = new Stage();
        stage.World.Run(async () =>
        {
            var receiver = new FakeReceiver(stage.ReceiverHost);
            await using RtspClient client = await ConnectAsync(stage);
            await conversation(new MetadataTeller(client, Uri, kinds, _log), receiver);
            if (more is not null) await more(stage, client);
        });
    }

    private sealed class CountingLog : ILogger
    {
        public int Lines { get; private set; }

        public string Last { get; private set; } = "";

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            Lines++;
            Last = formatter(state, exception);
        }
    }
}
