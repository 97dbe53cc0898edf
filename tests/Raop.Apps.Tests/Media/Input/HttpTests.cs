using System.Text;
using Raop.Audio;
using Raop.Media;
using Raop.Media.Input.Http;
using Raop.Metadata;

namespace Raop.Apps.Tests.Media.Input;

public sealed class HttpTests : IAsyncDisposable
{
    private readonly WebServer _server = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task A_WAV_or_FLAC_file_streams_without_ffmpeg()
    {
        Tools.Need("flac");
        using var folder = new TestFolder();
        byte[] pcm = Sound.Make("music", 30_000, 16, 2);
        byte[] wav = WavTests.Wav(WavTests.Format(1, 2, 44_100, 16), pcm, (uint)pcm.Length);
        await Tools.RunAsync("flac", "-s", folder.Write("a.wav", wav));
        _server.Answer("/My%20Song.wav", $"HTTP/1.1 200 OK|Content-Type: audio/wav|Content-Length: {wav.Length}", wav);
        byte[] flac = File.ReadAllBytes(folder["a.flac"]);
        _server.Answer("/b.flac", $"HTTP/1.1 200 OK|Content-Type: audio/flac|Connection: close", flac);
        foreach (string path in (string[])["/My%20Song.wav", "/b.flac"])
        {
            await using IMediaSource source = await MediaSource.OpenAsync(_server.Root + path, new() { FfmpegPath = "/nonexistent" }, Cancel);
            Assert.Equal(path == "/b.flac" ? "b" : "My Song", source.Title);
            Assert.False(source.CanSeek);
            Assert.Equal(30_000, source.Length);
            Assert.Equal(pcm, await source.ReadAllAsync());
        }
    }

    [Theory]
    [InlineData("HTTP/1.0 200 OK")]
    [InlineData("ICY 200 OK")]
    public async Task A_station_plays_and_its_titles_come(string status)
    {
        Tools.Need("ffmpeg");
        using var folder = new TestFolder();
        await Tools.FfmpegEncodeAsync(folder, Sound.Make("music", 441_000, 16, 2), "s16le", 44_100, 2, folder["a.mp3"], "-b:a", "128k");
        byte[] mp3 = File.ReadAllBytes(folder["a.mp3"]);
        byte[] body = WithTitles(mp3, 8192, ["StreamTitle='Ärzte - Zu spät';StreamUrl='';"u8.ToArray(), [], Encoding.Latin1.GetBytes("StreamTitle='Motörhead - Don't; stop';")]);
        _server.Answer("/live", status + "|icy-name: Radio Eins|icy-metaint: 8192|Content-Type: audio/mpeg", body);
        await using IMediaSource source = await MediaSource.OpenAsync(_server.Root + "/live", null, Cancel);
        var titles = new List<string>();
        source.TitleChanged += (_, _) =>
        {
            lock (titles) titles.Add($"{source.Artist}/{source.Title}");
        };
        Assert.Null(source.Length);
        Assert.Equal((new PcmFormat(44_100, 24, 2), "MP3", "Radio Eins"), (source.Format, source.FormatName, source.Album));
        byte[] heard = await source.ReadAllAsync();
        Assert.InRange(heard.Length / 6, 441_000, 441_000 + 2304); // nothing of the titles became sound, nothing is lost
        Assert.Equal(("Motörhead", "Don't; stop"), (source.Artist, source.Title));
        Assert.Equal(new TrackInfo { Title = "Don't; stop", Artist = "Motörhead", Album = "Radio Eins" }, source.Info);
        Assert.True(titles.TrueForAll(t => t is "Ärzte/Zu spät" or "Motörhead/Don't; stop"), string.Join('|', titles));
        Assert.Contains("Icy-MetaData: 1", _server.Requests[0], StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_stations_name_is_UTF8_or_Latin1(bool isUtf8)
    {
        byte[] wav = WavTests.Wav(WavTests.Format(1, 2, 44_100, 16), new byte[4000], 4000);
        Encoding encoding = isUtf8 ? Encoding.UTF8 : Encoding.Latin1;
        _server.Answer("/live", async (stream, cancel) =>
        {
            await stream.WriteAsync(encoding.GetBytes("HTTP/1.0 200 OK\r\nicy-name: Österreich 1\r\nicy-metaint: 8192\r\nContent-Type: audio/wav\r\n\r\n"), cancel);
            await stream.WriteAsync(wav, cancel);
        });
        await using IMediaSource source = await MediaSource.OpenAsync(_server.Root + "/live", null, Cancel);
        Assert.Equal("Österreich 1", source.Album);
    }

    [Fact]
    public async Task Titles_are_cut_out_whatever_the_pieces()
    {
        byte[] sound = new byte[1000];
        new Random(1).NextBytes(sound);
        byte[] body = WithTitles(sound, 64, ["StreamTitle='A';"u8.ToArray(), [], "StreamTitle='B';"u8.ToArray(), "StreamUrl='x';"u8.ToArray()]);
        for (int piece = 1; piece < 90; piece++)
        {
            var titles = new List<string>();
            await using var icy = new IcyStream(new Pieces(body, piece), 64) { TitleCame = titles.Add };
            var all = new MemoryStream();
            await icy.CopyToAsync(all, Cancel);
            Assert.Equal(sound, all.ToArray());
            Assert.Equal(["A", "B"], titles);
        }
    }

    [Theory]
    [InlineData("StreamTitle='A - B';StreamUrl='';\0\0", "A - B")]
    [InlineData("StreamTitle='It's';", "It's")]
    [InlineData("StreamTitle='cut", "cut")]
    [InlineData("StreamTitle='end'", "end")]
    [InlineData("StreamTitle='';", null)]
    [InlineData("StreamUrl='x';", null)]
    [InlineData("", null)]
    public void Reads_titles(string block, string? expected) => Assert.Equal(expected, IcyStream.ParseTitle(Encoding.UTF8.GetBytes(block)));

    [Theory]
    [InlineData("audio/x-scpls", "[playlist]\nNumberOfEntries=1\nFile1=ROOT/a.wav\nTitle1=x\n")]
    [InlineData("audio/x-mpegurl", "#EXTM3U\r\n#EXTINF:-1,x\r\nROOT/a.wav\r\n")]
    [InlineData("audio/mpegurl", "# comment\n\na.wav\n")]
    [InlineData("text/plain", "#EXTM3U\na.wav\n")]
    public async Task A_playlist_leads_to_its_stream(string type, string playlist)
    {
        ServeWav("/dir/a.wav");
        byte[] text = Encoding.UTF8.GetBytes(playlist.Replace("ROOT", _server.Root + "/dir", StringComparison.Ordinal));
        _server.Answer("/dir/list", $"HTTP/1.1 200 OK|Content-Type: {type}|Content-Length: {text.Length}", text);
        await using IMediaSource source = await MediaSource.OpenAsync(_server.Root + "/dir/list", null, Cancel);
        Assert.Equal("WAV", source.FormatName);
    }

    [Fact]
    public async Task Redirects_are_followed_but_not_for_ever()
    {
        ServeWav("/a.wav");
        _server.Answer("/1", "HTTP/1.1 302 Found|Location: /2|Content-Length: 0", []);
        _server.Answer("/2", $"HTTP/1.1 301 Moved|Location: {_server.Root}/a.wav|Content-Length: 0", []);
        await using IMediaSource source = await MediaSource.OpenAsync(_server.Root + "/1", null, Cancel);
        Assert.Equal("WAV", source.FormatName);
        _server.Answer("/loop", "HTTP/1.1 302 Found|Location: /loop|Content-Length: 0", []);
        _server.Answer("/file", "HTTP/1.1 302 Found|Location: file:///etc/passwd|Content-Length: 0", []);
        Assert.Equal(RaopError.Rejected, (await FailAsync("/loop")).Error);
        Assert.Equal(RaopError.Rejected, (await FailAsync("/file")).Error);
    }

    [Theory]
    [InlineData("/none", RaopError.FileNotFound)]
    [InlineData("/secret", RaopError.Rejected)]
    [InlineData("/page", RaopError.UnsupportedFormat)]
    [InlineData("/hls", RaopError.UnsupportedFormat)]
    [InlineData("/nothing", RaopError.UnsupportedFormat)]
    [InlineData("/text", RaopError.UnsupportedFormat)]
    [InlineData("/ssh", RaopError.ProtocolViolation)]
    [InlineData("/gone", RaopError.ProtocolViolation)]
    [InlineData("/emptylist", RaopError.UnsupportedFormat)]
    public async Task What_is_not_music_is_one_clear_error(string path, RaopError expected)
    {
        _server.Answer("/secret", "HTTP/1.1 401 Unauthorized|Content-Length: 0", []);
        _server.Answer("/page", "HTTP/1.1 200 OK|Content-Type: text/html|Connection: close", "<!DOCTYPE html><html></html>"u8.ToArray());
        _server.Answer("/hls", "HTTP/1.1 200 OK|Content-Type: application/vnd.apple.mpegurl|Connection: close", "#EXTM3U\n#EXT-X-TARGETDURATION:10\na.ts\n"u8.ToArray());
        _server.Answer("/emptylist", "HTTP/1.1 200 OK|Content-Type: audio/x-scpls|Connection: close", "[playlist]\nNumberOfEntries=0\n"u8.ToArray());
        _server.Answer("/nothing", "HTTP/1.1 200 OK|Content-Length: 0", []);
        _server.Answer("/text", "HTTP/1.1 200 OK|Connection: close", "Hello, world.\n"u8.ToArray());
        _server.Answer("/ssh", (stream, cancel) => stream.WriteAsync("SSH-2.0-OpenSSH_9.2\r\n"u8.ToArray(), cancel).AsTask());
        _server.Answer("/gone", (_, _) => Task.CompletedTask);
        RaopException e = await FailAsync(path);
        Assert.Equal(expected, e.Error);
        Assert.NotEmpty(e.Remedy);
    }

    [Fact]
    public async Task A_connection_that_breaks_is_an_error_after_what_came()
    {
        byte[] pcm = Sound.Make("music", 30_000, 16, 2);
        byte[] wav = WavTests.Wav(WavTests.Format(1, 2, 44_100, 16), pcm, (uint)pcm.Length);
        _server.Answer("/a.wav", $"HTTP/1.1 200 OK|Content-Length: {wav.Length}", wav[..50_044]);
        await using IMediaSource source = await MediaSource.OpenAsync(_server.Root + "/a.wav", null, Cancel);
        RaopException e = await Assert.ThrowsAsync<RaopException>(() => source.ReadAllAsync());
        Assert.Equal(RaopError.ConnectionLost, e.Error);
    }

    [Fact]
    public async Task Nobody_there_is_refused_and_no_such_host_is_unreachable()
    {
        string root = _server.Root;
        await _server.DisposeAsync();
        RaopException e = await Assert.ThrowsAsync<RaopException>(async () => await MediaSource.OpenAsync(root + "/a.wav", null, Cancel));
        Assert.Equal(RaopError.Refused, e.Error);
        e = await Assert.ThrowsAsync<RaopException>(async () => await MediaSource.OpenAsync("http://no-such-host.invalid/a.wav", null, Cancel));
        Assert.Equal(RaopError.Unreachable, e.Error);
    }

    [Fact]
    public async Task A_cancelled_open_leaves_at_once()
    {
        var asked = new TaskCompletionSource();
        _server.Answer("/silent", async (_, cancel) =>
        {
            asked.SetResult();
            await Task.Delay(Timeout.Infinite, cancel);
        });
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        Task opening = MediaSource.OpenAsync(_server.Root + "/silent", null, stop.Token).AsTask();
        await asked.Task;
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => opening);
    }

    [Fact]
    public async Task A_silent_server_is_a_timeout()
    {
        var asked = new TaskCompletionSource();
        _server.Answer("/silent", async (_, cancel) =>
        {
            asked.SetResult();
            await Task.Delay(Timeout.Infinite, cancel);
        });
        var time = new ManualTime();
        Task opening = MediaSource.OpenAsync(_server.Root + "/silent", new() { TimeProvider = time }, Cancel).AsTask();
        await asked.Task;
        time.FireAll();
        RaopException e = await Assert.ThrowsAsync<RaopException>(() => opening);
        Assert.Equal(RaopError.Timeout, e.Error);
    }

    [Fact]
    public async Task A_stream_that_stalls_is_a_timeout_after_what_came()
    {
        byte[] wav = WavTests.Wav(WavTests.Format(1, 2, 44_100, 16), new byte[40_000], 80_000);
        _server.Answer("/a.wav", async (stream, cancel) =>
        {
            await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\n\r\n"u8.ToArray(), cancel);
            await stream.WriteAsync(wav, cancel);
            await Task.Delay(Timeout.Infinite, cancel);
        });
        var time = new ManualTime();
        await using IMediaSource source = await MediaSource.OpenAsync(_server.Root + "/a.wav", new() { TimeProvider = time }, Cancel);
        var buffer = new byte[40_000];
        for (int got = 0; got < buffer.Length;) got += await source.ReadAsync(buffer.AsMemory(got), Cancel);
        Task<int> waiting = source.ReadAsync(buffer, Cancel).AsTask();
        time.FireAll(); // the read's own timer is among them: it is made before the read first waits
        RaopException e = await Assert.ThrowsAsync<RaopException>(() => waiting);
        Assert.Equal(RaopError.Timeout, e.Error);
        Assert.NotEmpty(e.Remedy);
    }

    [Fact]
    public async Task A_station_that_never_ends_is_left_in_the_middle()
    {
        Tools.Need("ffmpeg");
        using var folder = new TestFolder();
        await Tools.FfmpegEncodeAsync(folder, Sound.Make("music", 441_000, 16, 2), "s16le", 44_100, 2, folder["a.mp3"], "-b:a", "128k");
        byte[] mp3 = File.ReadAllBytes(folder["a.mp3"]);
        var left = new TaskCompletionSource();
        _server.Answer("/live", async (stream, cancel) =>
        {
            try
            {
                await stream.WriteAsync("ICY 200 OK\r\nContent-Type: audio/mpeg\r\n\r\n"u8.ToArray(), cancel);
                while (true) await stream.WriteAsync(mp3, cancel);
            }
            catch (IOException)
            {
                left.SetResult();
            }
        });
        IMediaSource source = await MediaSource.OpenAsync(_server.Root + "/live", null, Cancel);
        var buffer = new byte[60_000];
        for (int i = 0; i < 20; i++) Assert.NotEqual(0, await source.ReadAsync(buffer, Cancel));
        await source.DisposeAsync();
        await left.Task; // the connection is closed, or this waits for ever
    }

    private async Task<RaopException> FailAsync(string path) =>
        await Assert.ThrowsAsync<RaopException>(async () => await MediaSource.OpenAsync(_server.Root + path, null, Cancel));

    private void ServeWav(string path)
    {
        byte[] wav = WavTests.Wav(WavTests.Format(1, 2, 44_100, 16), new byte[4000], 4000);
        _server.Answer(path, $"HTTP/1.1 200 OK|Content-Length: {wav.Length}", wav);
    }

    private static byte[] WithTitles(byte[] sound, int interval, byte[][] titles)
    {
        var all = new MemoryStream();
        for (int at = 0, n = 0; at < sound.Length; at += interval, n++)
        {
            all.Write(sound.AsSpan(at, Math.Min(interval, sound.Length - at)));
            if (at + interval > sound.Length) break;
            byte[] text = n < titles.Length ? titles[n] : [];
            all.WriteByte((byte)((text.Length + 15) / 16));
            all.Write(text);
            all.Write(new byte[(16 - (text.Length % 16)) % 16]);
        }

        return all.ToArray();
    }

    private sealed class Pieces(byte[] content, int piece) : MemoryStream(content)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(piece, buffer.Length)], cancellationToken);
    }

    /// <summary>A clock whose timers fire when the test says so.</summary>
    private sealed class ManualTime : TimeProvider
    {
        private readonly List<Timer> _timers = [];

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = new Timer(() => callback(state));
            lock (_timers) _timers.Add(timer);
            return timer;
        }

        public void FireAll()
        {
            Timer[] timers;
            lock (_timers) timers = [.. _timers];
            foreach (Timer timer in timers) timer.Fire();
        }

        private sealed class Timer(Action fire) : ITimer
        {
            public void Fire() => fire();

            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
