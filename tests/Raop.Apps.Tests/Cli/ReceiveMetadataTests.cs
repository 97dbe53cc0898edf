using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Raop.Apps.Tests.Media.Output;
using Raop.Cli;
using Raop.Metadata;

namespace Raop.Apps.Tests.Cli;

/// <summary>What <c>raop receive</c> prints and keeps of what senders tell of their music.</summary>
public sealed class ReceiveMetadataTests
{
    /// <summary>The vector dmap-mlit: Café, Artist, Album, 215 s, the seventh.</summary>
    private const string Listing = "6d6c6974000000476d696b6400000001026d696e6d00000005436166c3a961736172000000064172746973746173616c00000005416c62756d"
        + "6173746d00000004000347d86173746e000000020007";

    private static readonly byte[] Jpeg = [0xFF, 0xD8, 0xFF, 0xE0, .. RandomNumberGenerator.GetBytes(50_000)], Png = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 1, 2, 3];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Track_cover_and_progress_are_lines_of_json()
    {
        using var scratch = new ScratchDirectory();
        string folder = scratch["covers/of today"];
        ToolRun receive = ToolRun.Start("receive", "--port", "0", "--bind", "127.0.0.1", "--output", "null", "--once", "--json", "--artwork-dir", folder);
        int port = (await receive.EventAsync("listening")).GetProperty("port").GetInt32();
        await SendAsync(port, (Listing, "application/x-dmap-tagged"), (Jpeg, "image/jpeg"), ("progress: 100/88300/9481600\r\n", "text/parameters"), (Png, "image/jpeg"), (Array.Empty<byte>(), "image/none"));
        (int code, string output, string error) = await receive.EndAsync();
        Assert.Equal((0, ""), (code, error));
        string name = Convert.ToHexStringLower(SHA256.HashData(Jpeg)), other = Convert.ToHexStringLower(SHA256.HashData(Png));
        string jpeg = Path.Combine(folder, name[..16] + ".jpg"), png = Path.Combine(folder, other[..16] + ".png");
        Assert.Contains(
            """{"event":"track","session":1,"title":"Café","artist":"Artist","album":"Album","albumArtist":null,"composer":null,"genre":null,"year":null,"trackNumber":"""
            + """7,"trackCount":null,"discNumber":null,"discCount":null,"seconds":215,"rtpTime":4711}""", output, StringComparison.Ordinal);
        Assert.Contains($$"""{"event":"artwork","session":1,"mediaType":"image/jpeg","bytes":50004,"sha256":"{{name}}","path":"{{jpeg}}","rtpTime":4711}""", output, StringComparison.Ordinal);
        Assert.Contains($$"""{"event":"artwork","session":1,"mediaType":"image/png","bytes":11,"sha256":"{{other}}","path":"{{png}}","rtpTime":4711}""", output, StringComparison.Ordinal);
        Assert.Contains("""{"event":"artwork","session":1,"mediaType":null,"bytes":0,"sha256":null,"path":null,"rtpTime":4711}""", output, StringComparison.Ordinal);
        Assert.Contains("""{"event":"progress","session":1,"position":2,"duration":215,"rtpTime":88300}""", output, StringComparison.Ordinal);
        Assert.Contains("\"clientName\":\"Annas Telefon\"", output, StringComparison.Ordinal);
        Assert.Equal(Jpeg, await File.ReadAllBytesAsync(jpeg, Cancel));
        Assert.Equal(Png, await File.ReadAllBytesAsync(png, Cancel));
        Assert.Equal(2, Directory.GetFileSystemEntries(folder).Length);
    }

    [Fact]
    public async Task People_read_it_without_what_would_move_their_cursor()
    {
        ToolRun receive = ToolRun.Start("receive", "--port", "0", "--bind", "127.0.0.1", "--output", "null", "--once");
        int port = int.Parse((await receive.Error.ReadLineAsync()).Split(' ')[3].TrimEnd('.').Split(':')[^1], CultureInfo.InvariantCulture);
        const string evil = "6d6c6974000000136d696e6d0000000b411b5b324a0d0a42e280ae"; // A, escape [2J, a line end, B, right to left
        await SendAsync(
            port, (Listing, "application/x-dmap-tagged"), ("progress: 100/88300/9481600\r\n", "text/parameters"), ("progress: 100/1000000/9481600\r\n", "text/parameters"),
            (Jpeg, "image/jpeg"), (evil, "application/x-dmap-tagged"), ("6d6c697400000000", "application/x-dmap-tagged"));
        (int code, _, string error) = await receive.EndAsync();
        Assert.Equal(0, code);
        string[] lines = error.Split('\n');
        Assert.Contains("Track: Café · Artist · Album (3:35)", lines);
        Assert.Single(lines, static line => line == "At 0:02 of 3:35");
        Assert.DoesNotContain("At 0:22", error, StringComparison.Ordinal); // told to be alive, not to be read
        Assert.Contains("Cover: image/jpeg, 50004 bytes", lines);
        Assert.Contains("Track: A [2J  B", lines);
        Assert.Contains("Track: nothing is known of it", lines);
        Assert.DoesNotContain('\u001b', error);
        Assert.DoesNotContain('\u202e', error);
    }

    [Fact]
    public async Task A_folder_that_cannot_be_is_said_at_once()
    {
        using var scratch = new ScratchDirectory();
        await File.WriteAllTextAsync(scratch["file"], "", Cancel);
        foreach (string folder in new[] { scratch["file"], scratch["file/below"], "/proc/none", "" })
        {
            (int code, _, string error) = await ToolRun.RunAsync("receive", "--port", "0", "--bind", "127.0.0.1", "--output", "null", "--artwork-dir", folder);
            Assert.NotEqual(0, code);
            ToolRun.AssertOneError(error, "output-failed");
            Assert.Contains("--artwork-dir", error, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_failure_that_stops_nothing_has_cause_code_and_remedy(bool json)
    {
        using var scratch = new ScratchDirectory();
        using LineWriter output = new(), error = new();
        var report = new ReceiverReport(new Reporter(new ToolConsole(output, error), json, verbose: false), new ArtworkFolder(scratch["covers"]));
        report.Tell(new RaopAdvertisingFailed(new RaopException(RaopError.AddressInUse, "Port 5353 is taken.", "Stop it.")));
        Directory.Delete(scratch["covers"]);
        report.Tell(new RaopArtworkChanged(1, new Artwork(Jpeg), null));
        report.Tell(new RaopArtworkChanged(1, new Artwork(Jpeg), null)); // said once
        if (json)
        {
            JsonElement[] warnings = [.. output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(ToolRun.Json).Where(static line => line.GetProperty("event").GetString() == "warning")];
            Assert.Equal(["address-in-use", "output-failed"], warnings.Select(static warning => warning.GetProperty("code").GetString()));
            Assert.All(warnings, static warning => Assert.NotEqual("", warning.GetProperty("remedy").GetString()));
            return;
        }

        string[] lines = error.ToString().Split('\n');
        Assert.Equal(["warning[address-in-use]: Senders do not see it by itself: Port 5353 is taken.", "  try: Stop it."], lines[..2]);
        Assert.StartsWith("warning[output-failed]: A cover is not kept: ", lines[2], StringComparison.Ordinal);
        Assert.StartsWith("  try: ", lines[3], StringComparison.Ordinal);
        Assert.Single(lines, static line => line.Contains("not kept", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Others_files_are_not_touched()
    {
        using var scratch = new ScratchDirectory();
        var covers = new ArtworkFolder(scratch.Path) { MostFiles = 2 };
        var cover = new Artwork(Jpeg);
        string name = ArtworkFolder.NameOf(cover);
        await File.WriteAllTextAsync(scratch[name], "somebody's", Cancel);
        await File.WriteAllTextAsync(scratch["0000000000000000.jpg"], "somebody's", Cancel);
        string kept = covers.Keep(cover);
        Assert.Equal(scratch[Path.GetFileNameWithoutExtension(name) + "-2.jpg"], kept);
        Assert.Equal(kept, covers.Keep(cover)); // once is enough
        Assert.Equal(kept, new ArtworkFolder(scratch.Path).Keep(cover)); // of an earlier run
        string[] more = [.. Enumerable.Range(0, 3).Select(i => covers.Keep(new Artwork((byte[])[.. Png, (byte)i])))];
        Assert.Equal(
            new[] { scratch[name], scratch["0000000000000000.jpg"], more[1], more[2] }.Order(StringComparer.Ordinal), Directory.GetFiles(scratch.Path).Order(StringComparer.Ordinal));
        Assert.Equal("somebody's", await File.ReadAllTextAsync(scratch[name], Cancel));
    }

    [Fact]
    public void Only_so_many_bytes_stay()
    {
        using var scratch = new ScratchDirectory();
        var covers = new ArtworkFolder(scratch.Path) { MostBytes = 120_000 };
        string[] kept = [.. Enumerable.Range(0, 4).Select(i => covers.Keep(new Artwork((byte[])[.. Jpeg, (byte)i])))];
        Assert.Equal(kept[2..].Order(StringComparer.Ordinal), Directory.GetFiles(scratch.Path).Order(StringComparer.Ordinal));
        Assert.Throws<DirectoryNotFoundException>(() =>
        {
            Directory.Delete(scratch.Path, recursive: true);
            try
            {
                covers.Keep(new Artwork(Png));
            }
            finally
            {
                Directory.CreateDirectory(scratch.Path);
            }
        });
    }

    /// <summary>One session in which this is told, hexadecimal digits as the bytes that they stand for.</summary>
    private static async Task SendAsync(int port, params (object Body, string Type)[] told)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port, Cancel);
        NetworkStream stream = client.GetStream();
        using var replies = new StreamReader(stream, Encoding.UTF8);
        const string sdp = "v=0\r\no=iTunes 1 0 IN IP4 127.0.0.1\r\ns=iTunes\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 0 RTP/AVP 96\r\n"
            + "a=rtpmap:96 AppleLossless\r\na=fmtp:96 352 0 16 40 10 14 2 255 0 0 44100\r\n";
        await AskAsync("ANNOUNCE", "Content-Type: application/sdp\r\nX-Apple-Client-Name: Annas Telefon\r\n", Encoding.ASCII.GetBytes(sdp));
        await AskAsync("SETUP", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1;mode=record\r\n", []);
        await AskAsync("RECORD", "RTP-Info: seq=1;rtptime=100\r\n", []);
        foreach ((object body, string type) in told)
        {
            byte[] bytes = body switch
            {
                byte[] raw => raw,
                string text when type == "text/parameters" => Encoding.ASCII.GetBytes(text),
                _ => Convert.FromHexString((string)body),
            };
            await AskAsync("SET_PARAMETER", $"Content-Type: {type}\r\nRTP-Info: rtptime=4711\r\n", bytes);
        }

        await AskAsync("TEARDOWN", "", []);

        async Task AskAsync(string method, string headers, byte[] body)
        {
            await stream.WriteAsync((byte[])[.. Encoding.UTF8.GetBytes($"{method} rtsp://127.0.0.1/1 RTSP/1.0\r\n{headers}Content-Length: {body.Length}\r\n\r\n"), .. body], Cancel);
            Assert.Equal("RTSP/1.0 200 OK", await replies.ReadLineAsync(Cancel));
            while (await replies.ReadLineAsync(Cancel) is { Length: > 0 })
            {
            }
        }
    }
}
