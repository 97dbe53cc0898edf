using Raop.Interop.Tests.Lab;

namespace Raop.Interop.Tests;

/// <summary><c>raop play</c> to receivers of UDP that are not ours: every frame comes out at 0 dB, on time.</summary>
[Collection(nameof(InRealTime))]
public class PlayOverUdpTests
{
    // What shairport-sync itself mutes after a start are 72 ms; shairplay's ALSA file plug-in writes whole blocks only.
    private const double Lead = 0.2, Signal = 4, Tail = 1;

    // Two seconds of latency, and half a second to begin in.
    private const double LatestStart = 2.5;

    [Theory]
    [InlineData("none", "alac", null)]
    [InlineData("none", "pcm", null)]
    [InlineData("rsa", "alac", null)]
    [InlineData("rsa", "pcm", null)]
    [InlineData("rsa", "alac", "secret")]
    [InlineData("auto", "auto", null)]
    public Task Shairport_sync_hears_every_frame(string encryption, string codec, string? password) => PeerLab.RunAsync(async lab =>
    {
        string output = await ShairportSync.StartAsync(lab, 5000, password);
        string[] more = password is null ? [] : ["--password", password];
        await lab.PlayOverUdpTo(5000, await InputAsync(lab), ["--encryption", encryption, "--codec", codec, .. more]).SucceedsAsync();
        AssertAllOnTime(await Heard.InFileAsync(output, Mix.Seconds(Signal)));
    });

    [Fact]
    public Task Shairplay_hears_every_frame() => PeerLab.RunAsync(async lab =>
    {
        string output = await Shairplay.StartAsync(lab, 5000);
        await lab.PlayOverUdpTo(5000, await InputAsync(lab), "--encryption", "rsa", "--codec", "alac").SucceedsAsync();
        PcmComparison heard = await Heard.InFileAsync(output, Mix.Seconds(Signal));
        Assert.True(heard.IsExact, heard.ToString());
    });

    [Fact]
    public Task Shairport_sync_refuses_a_wrong_password() => PeerLab.RunAsync(async lab =>
    {
        await ShairportSync.StartAsync(lab, 5000, "secret");
        string input = await lab.WriteAsync("in.wav", Wav.Of(Mix.Seconds(1)));
        await lab.PlayOverUdpTo(5000, input).FailsWithAsync("password-required");
        await lab.PlayOverUdpTo(5000, input, "--password", "guess-99").FailsWithAsync("wrong-password", "guess-99");
    });

    /// <summary>Every datagram, of any kind, is lost with the same probability: all is asked for and sent again in time.</summary>
    [Fact]
    public Task Shairport_sync_hears_every_frame_in_spite_of_loss() => PeerLab.EachAtOnceAsync(PeerLab.Losses, probability => PeerLab.RunAsync(async lab =>
    {
        string output = await ShairportSync.StartAsync(lab, 5000);
        await lab.LoseAsync(probability);
        await lab.PlayOverUdpTo(5000, await InputAsync(lab), "--encryption", "rsa").SucceedsAsync();
        AssertAllOnTime(await Heard.InFileAsync(output, Mix.Seconds(Signal)));
    }));

    private static Task<string> InputAsync(PeerLab lab) => lab.WriteAsync("in.wav", Wav.Of(Mix.Between(Lead, Signal, Tail)));

    /// <summary>It writes silence from the first packet on until the first frame is due.</summary>
    private static void AssertAllOnTime(PcmComparison heard)
    {
        Assert.True(heard.IsExact, heard.ToString());
        double start = ((double)heard.Runs[0].Output / Mix.Rate) - Lead;
        Assert.True(start <= LatestStart, $"It began after {start:F2} s, not within {LatestStart} s.");
    }
}
