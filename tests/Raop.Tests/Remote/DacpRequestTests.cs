using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using Raop.Remote;
using Raop.Tests.Rtsp;

namespace Raop.Tests.Remote;

public sealed class DacpRequestTests
{
    // As shairport-sync 3.3.8 and libraop write them.
    public const string Shairport = "GET /ctrl-int/1/playpause HTTP/1.1\r\nHost: 10.0.1.101:3689\r\nActive-Remote: 1986535575\r\n\r\n";
    public const string Libraop = "GET /ctrl-int/1/setproperty?dmcp.device-volume=-24.3012 HTTP/1.0\r\nActive-Remote: 1986535575\r\n\r\n";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Recorded_requests_are_understood()
    {
        DacpRequest request = Assert.Single(await ParseAllAsync(Shairport));
        Assert.Equal(("playpause", "1986535575", true), (request.Command, request.Token, request.StaysOpen));
        Assert.Equal([new RaopRemoteRequest("1986535575", RemoteAction.Command, RaopRemoteCommand.PlayPause, 0)], Understand(request));
        request = Assert.Single(await ParseAllAsync(Libraop));
        Assert.Equal(("setproperty", false), (request.Command, request.StaysOpen));
        Assert.Equal([new RaopRemoteRequest("1986535575", RemoteAction.SpeakerVolume, default, -24.3012)], Understand(request));
    }

    [Fact]
    public async Task Every_split_gives_the_same()
    {
        byte[] two = Encoding.ASCII.GetBytes(Shairport + Libraop);
        for (int at = 0; at <= two.Length; at++) Assert.Equal(["playpause", "setproperty"], (await ParseAllAsync(two, at)).Select(static r => r.Command));
        Assert.Equal(["playpause", "setproperty"], (await ParseAllAsync(two, [.. Enumerable.Repeat(1, two.Length)])).Select(static r => r.Command));
    }

    [Fact]
    public async Task Every_truncation_is_no_request()
    {
        byte[] bytes = Encoding.ASCII.GetBytes(Libraop);
        for (int length = 1; length < bytes.Length; length++)
        {
            RaopException e = await Assert.ThrowsAsync<RaopException>(() => ParseAllAsync(bytes[..length]));
            Assert.Equal(RaopError.ConnectionLost, e.Error);
        }

        Assert.Empty(await ParseAllAsync([]));
    }

    [Theory]
    [InlineData("GET /ctrl-int/1/play HTTP/1.1\nActive-Remote: 1", 0)] // LF alone
    [InlineData("GET /ctrl-int/1/play HTTP/1.1\r\nContent-Length: 0", 0)]
    [InlineData("GET /ctrl-int/1/play", 400)]
    [InlineData("GET  /ctrl-int/1/play HTTP/1.1", 400)]
    [InlineData("GET /ctrl-int/1/play now HTTP/1.1", 400)]
    [InlineData("GET /ctrl-int/1/play RTSP/1.0", 400)]
    [InlineData("GET /ctrl-int/1/play HTTP/2.0", 505)]
    [InlineData("GET /ctrl-int/1/play HTTP/1.1x", 505)]
    [InlineData("POST /ctrl-int/1/play HTTP/1.1", 405)]
    [InlineData("get /ctrl-int/1/play HTTP/1.1", 405)]
    [InlineData("GET / HTTP/1.1", 404)]
    [InlineData("GET /login HTTP/1.1", 404)]
    [InlineData("GET http://10.0.0.1/ctrl-int/1/play HTTP/1.1", 404)]
    [InlineData("GET /ctrl-int/1/play HTTP/1.1\r\nContent-Length: 5", 400)]
    [InlineData("GET /ctrl-int/1/play HTTP/1.1\r\nTransfer-Encoding: chunked", 400)]
    [InlineData("GET /ctrl-int/1/play HTTP/1.1\r\nActive-Remote: 1\r\nActive-Remote: 2", 400)]
    public async Task Heads_have_their_status(string head, int status) => Assert.Equal(status, DacpRequest.Parse(await HeadAsync(head + "\r\n\r\n"), out _));

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nno field\r\n\r\n", RaopError.ProtocolViolation)]
    [InlineData("GET / HTTP/1.1\r\n: value\r\n\r\n", RaopError.ProtocolViolation)]
    [InlineData("GET / HTTP/1.1\r\na : value\r\n\r\n", RaopError.ProtocolViolation)]
    [InlineData("GET / HTTP/1.1\r\na: 1\r\n folded\r\n\r\n", RaopError.ProtocolViolation)]
    [InlineData("GET /\0 HTTP/1.1\r\n\r\n", RaopError.ProtocolViolation)]
    [InlineData("GET / HTTP/1.1\rActive-Remote: 1\r\n\r\n", RaopError.ProtocolViolation)]
    public async Task Heads_that_are_none_are_refused(string head, RaopError error) =>
        Assert.Equal(error, (await Assert.ThrowsAsync<RaopException>(() => HeadAsync(head))).Error);

    [Fact]
    public async Task Heads_without_end_are_refused()
    {
        Assert.Equal(RaopError.LimitExceeded, (await Assert.ThrowsAsync<RaopException>(() => HeadAsync("GET /" + new string('a', 5000)))).Error);
        string fields = string.Concat(Enumerable.Range(0, 33).Select(static n => $"a{n}: 1\r\n"));
        Assert.Equal(RaopError.LimitExceeded, (await Assert.ThrowsAsync<RaopException>(() => HeadAsync($"GET / HTTP/1.1\r\n{fields}\r\n"))).Error);
        Assert.Equal(RaopError.LimitExceeded, (await Assert.ThrowsAsync<RaopException>(() => HeadAsync(new string('\n', 5000)))).Error);
    }

    [Theory]
    [InlineData("setproperty?dmcp.device-volume=-24.301200", RemoteAction.SpeakerVolume, -24.3012)]
    [InlineData("setproperty?dmcp.device-volume=-144", RemoteAction.SpeakerVolume, -144)]
    [InlineData("setproperty?dmcp.device-volume=-30.5", RemoteAction.SpeakerVolume, -144)]
    [InlineData("setproperty?dmcp.device-volume=7", RemoteAction.SpeakerVolume, 0)]
    [InlineData("setproperty?dmcp.volume=45.000000", RemoteAction.GroupVolume, 45)]
    [InlineData("setproperty?dmcp.volume=400", RemoteAction.GroupVolume, 100)]
    [InlineData("setproperty?dacp.device-prevent-playback=1", RemoteAction.Leave, 1)]
    [InlineData("setproperty?dacp.device-busy=0", RemoteAction.Leave, 0)]
    [InlineData("setproperty?dmcp%2Evolume=4%35", RemoteAction.GroupVolume, 45)]
    public async Task Properties_are_understood(string target, object action, double value)
    {
        DacpRequest request = Assert.Single(await ParseAllAsync($"GET /ctrl-int/1/{target} HTTP/1.1\r\nActive-Remote: 7\r\n\r\n"));
        Assert.Equal([new RaopRemoteRequest("7", (RemoteAction)action, default, value)], Understand(request));
    }

    [Theory]
    [InlineData("setproperty?dmcp.volume=loud", 400)]
    [InlineData("setproperty?dmcp.volume=", 400)]
    [InlineData("setproperty?dmcp.volume=1e3", 400)]
    [InlineData("setproperty?dmcp.device-volume=NaN", 400)]
    [InlineData("setproperty?dacp.playingtime=1000", 404)]
    [InlineData("setproperty", 404)]
    [InlineData("Play", 404)]
    [InlineData("play/", 404)]
    [InlineData("", 404)]
    public async Task What_is_not_known_has_its_status(string target, int status)
    {
        DacpRequest request = Assert.Single(await ParseAllAsync($"GET /ctrl-int/1/{target} HTTP/1.1\r\n\r\n"));
        Assert.Equal(status, request.Understand(out _));
    }

    [Fact]
    public void Every_command_has_its_name()
    {
        RaopRemoteCommand[] all = Enum.GetValues<RaopRemoteCommand>();
        Assert.Equal(
            ["play", "pause", "playpause", "stop", "playresume", "nextitem", "previtem", "beginff", "beginrew", "shuffle_songs", "volumeup", "volumedown", "mutetoggle"],
            all.Select(DacpCommand.Name));
        Assert.All(all, static command => Assert.True(DacpCommand.TryParse(DacpCommand.Name(command), out RaopRemoteCommand same) && same == command));
        Assert.Equal("setproperty?dmcp.device-volume=-24.301200", DacpCommand.SetVolume(-24.3012));
    }

    [Fact]
    public void Names_are_as_Apple_makes_them()
    {
        string[] ids = [.. Enumerable.Range(0, 300).Select(static _ => DacpIdentity.NewId())];
        Assert.All(ids, static id => Assert.Matches("^[1-9A-F][0-9A-F]{15}$", id)); // shairport-sync finds none that begins with 0
        Assert.Equal(300, ids.Distinct().Count());
        Assert.True(uint.TryParse(DacpIdentity.NewToken(), NumberStyles.None, CultureInfo.InvariantCulture, out _));
        Assert.True(DacpIdentity.IsInstanceOf("iTunes_Ctrl_00AB12", "ab12"));
        Assert.True(DacpIdentity.IsInstanceOf("itunes_ctrl_ab12", "0000AB12"));
        Assert.False(DacpIdentity.IsInstanceOf("iTunes_Ctrl_AB120", "AB12"));
        Assert.True(DacpIdentity.IsToken("637581677584076950"));
        Assert.All(["", "1 2", "1\r\nX: y", "é", new string('1', 65)], static token => Assert.False(DacpIdentity.IsToken(token)));
    }

    private static IReadOnlyList<RaopRemoteRequest> Understand(DacpRequest request)
    {
        Assert.Equal(0, request.Understand(out IReadOnlyList<RaopRemoteRequest> asked));
        return asked;
    }

    private static Task<List<DacpRequest>> ParseAllAsync(string text) => ParseAllAsync(Encoding.ASCII.GetBytes(text));

    private static async Task<List<DacpRequest>> ParseAllAsync(byte[] bytes, params int[] sizes)
    {
        Pipe pipe = Feed.NewPipe();
        Task<List<DacpRequest>> reading = ReadAsync();
        int at = 0;
        foreach (int size in sizes.Append(bytes.Length))
        {
            int part = Math.Min(size, bytes.Length - at);
            await pipe.Writer.WriteAsync(bytes.AsMemory(at, part), Cancel);
            at += part;
        }

        await pipe.Writer.CompleteAsync();
        return await reading;

        async Task<List<DacpRequest>> ReadAsync()
        {
            var requests = new List<DacpRequest>();
            while (await HttpHead.ReadAsync(pipe.Reader, Cancel) is { } head)
            {
                Assert.Equal(0, DacpRequest.Parse(head, out DacpRequest? request));
                requests.Add(request!);
            }

            return requests;
        }
    }

    private static async Task<HttpHead> HeadAsync(string text)
    {
        Pipe pipe = Feed.NewPipe();
        await pipe.Writer.WriteAsync(Encoding.Latin1.GetBytes(text), Cancel);
        await pipe.Writer.CompleteAsync();
        return await HttpHead.ReadAsync(pipe.Reader, Cancel) ?? throw new InvalidOperationException("There was none.");
    }
}
