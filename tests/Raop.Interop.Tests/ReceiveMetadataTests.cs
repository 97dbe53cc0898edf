using System.Security.Cryptography;
using System.Text.Json;
using Raop.Interop.Tests.Lab;

namespace Raop.Interop.Tests;

/// <summary>What other people's senders tell of their music, as <c>raop receive --json</c> prints it.</summary>
public class ReceiveMetadataTests
{
    private const string Track = "track", Artwork = "artwork", Progress = "progress";

    [Theory]
    [InlineData("jpg", "FFD8FFE0", "image/jpeg")]
    [InlineData("png", "89504E470D0A1A0A", "image/png")]
    public Task NodeAirTunes2_tells_title_cover_progress_and_volume(string ending, string magic, string mediaType) => PeerLab.RunAsync(async lab =>
    {
        byte[] cover = [.. Convert.FromHexString(magic), .. RandomNumberGenerator.GetBytes(150_000)];
        string folder = lab.PathOf("covers");
        Child receiver = await lab.ReceiveAsync(5000, "null", "--once", "--artwork-dir", folder);
        await NodeAirTunes2.PlayAsync(
            lab, 5000, Mix.Seconds(4), null, new("TITLE", "Café 🎵"), new("ARTIST", "Jemand"), new("ALBUM", "Das Album"), new("COVER", await lab.WriteAsync("cover." + ending, cover)),
            new("POSITION", "30"), new("DURATION", "215"));
        await receiver.SucceedsAsync();

        JsonElement track = await receiver.EventAsync(Track);
        Assert.Equal(("Café 🎵", "Jemand", "Das Album"), (track.Text("title"), track.Text("artist"), track.Text("album")));
        Assert.True(track.GetProperty("rtpTime").GetUInt32() > 0);

        JsonElement artwork = await receiver.EventAsync(Artwork);
        Assert.Equal((mediaType, cover.Length, Convert.ToHexStringLower(SHA256.HashData(cover))), (artwork.Text("mediaType"), artwork.Count("bytes"), artwork.Text("sha256")));
        Assert.Equal([artwork.Text("path")], Directory.GetFiles(folder));
        Assert.EndsWith("." + ending, artwork.Text("path"), StringComparison.Ordinal);
        Assert.Equal(cover, await File.ReadAllBytesAsync(artwork.Text("path"), TestContext.Current.CancellationToken));

        Assert.Equal(10, (await receiver.EventAsync(Progress)).GetProperty("position").GetDouble(), 0.1); // its first one is made up
        JsonElement progress = await receiver.EventAsync(Progress, nth: 2);
        Assert.Equal(30, progress.GetProperty("position").GetDouble(), 0.1);
        Assert.Equal(215, progress.GetProperty("duration").GetDouble(), 0.1);
        Assert.Equal(0, (await receiver.EventAsync(ToolEvents.Volume)).GetProperty("volume").GetDouble());
    });

    [Fact]
    public Task PulseAudio_tells_each_volume_and_nothing_else() => PulseAudio.RunAsync(async lab =>
    {
        Child receiver = await lab.ReceiveAsync(5000, "null");
        await PulseAudio.StartAsync(lab, 5000, PeerLink.Udp("none"));
        Child pacat = await PulseAudio.BeginAsync(lab, Mix.Seconds(20));
        await receiver.EventAsync(ToolEvents.Playing);
        List<double> volumes = [];
        foreach (string[] set in new string[][] { ["volume", "75%"], ["volume", "50%"], ["mute", "1"] })
        {
            int before = receiver.Events().Count(static e => e.Text("event") == ToolEvents.Volume);
            await lab.Script("pulseaudio", set[0], lab.PathOf("pulseaudio"), set[1]).SucceedsAsync();
            volumes.Add((await receiver.EventAsync(ToolEvents.Volume, before + 1)).GetProperty("volume").GetDouble());
        }

        Assert.Equal([-4.884975, -10.902028, -144], volumes); // as in the recorded session
        Assert.DoesNotContain(receiver.Events(), static e => e.Text("event") is Track or Artwork or Progress);
        await lab.StopPeerAsync("pulseaudio");
        await pacat.ExitAsync(TestContext.Current.CancellationToken);
    });

    [Fact]
    public Task PipeWire_says_that_it_does_not_know_where_it_is() => PeerLab.RunAsync(async lab =>
    {
        Child receiver = await lab.ReceiveAsync(5000, "null", "--once");
        await PipeWire.PlayAsync(lab, 5000, Mix.Seconds(2, 1), PeerLink.Udp("none"));
        JsonElement progress = await receiver.EventAsync(Progress);
        Assert.Equal((JsonValueKind.Null, JsonValueKind.Null), (progress.GetProperty("position").ValueKind, progress.GetProperty("duration").ValueKind));
        await lab.StopPeerAsync("pipewire");
        await receiver.SucceedsAsync();
        Assert.Single(receiver.Events(), static e => e.Text("event") == Progress);
    });
}
