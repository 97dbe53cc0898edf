using System.Text.Json;
using Raop.Apps.Tests.Media.Input;
using Raop.Apps.Tests.Media.Packets;

namespace Raop.Apps.Tests.Cli;

/// <summary>The whole path: datagrams to <c>raop receive</c>, ffmpeg, a file.</summary>
public sealed class ReceiveAacTests
{
    [Theory]
    [InlineData("lc", "AAC", 1024)]
    [InlineData("eld", "AAC-ELD", 480)]
    public async Task Each_frame_is_what_ffmpeg_makes_of_the_same_packets(string kind, string codec, int frames)
    {
        Tools.Need("ffmpeg");
        using var folder = new TestFolder();
        AacPackets music = kind == "lc" ? await AacPackets.LcAsync(folder, 44_100) : await AacPackets.EldAsync(folder, 100);
        ToolRun receive = ToolRun.Start("receive", "--port", "0", "--bind", "127.0.0.1", "--json", "--once", "--output", "raw:" + folder["out.raw"]);
        int port = (await receive.EventAsync("listening")).GetProperty("port").GetInt32();
        await using var sender = new AacSender();
        Assert.Equal(200, await sender.OpenAsync(port, music.Stream));
        JsonElement session = await receive.EventAsync("session");
        Assert.Equal((codec, frames), (session.GetProperty("codec").GetString(), session.GetProperty("framesPerPacket").GetInt32()));
        await sender.PlayAsync(music);
        await receive.EventAsync("playing");
        await sender.LeaveAsync();
        (int code, string output, string error) = await receive.EndAsync();
        Assert.Equal((0, ""), (code, error));
        Assert.Contains("\"cause\":\"teardown\"", output, StringComparison.Ordinal);
        Assert.Equal(music.Pcm, await File.ReadAllBytesAsync(folder["out.raw"], TestContext.Current.CancellationToken));
    }
}
