using Raop.Interop.Tests.Lab;

namespace Raop.Interop.Tests;

/// <summary><c>raop play</c> to a TCP receiver that is not ours, encrypted: every frame comes out at 0 dB.</summary>
public class PlayToPeersTests
{
    // shairplay's ALSA file plug-in writes whole blocks only: silence behind the signal, so that no frame of it stays inside.
    private const double Tail = 1;

    [Theory]
    [InlineData(null)]
    [InlineData("secret")]
    public Task Shairplay_hears_every_frame(string? password) => PeerLab.RunAsync(async lab =>
    {
        string output = await Shairplay.StartAsync(lab, 5000, password);
        string input = await lab.WriteAsync("in.wav", Wav.Of(Mix.Seconds(8, Tail)));
        string[] more = password is null ? [] : ["--password", password];
        await lab.PlayTo(5000, input, ["--encryption", "rsa", .. more]).SucceedsAsync();
        PcmComparison heard = await Heard.InFileAsync(output, Mix.Seconds(8));
        Assert.True(heard.IsExact, heard.ToString());
    });

    [Fact]
    public Task Shairplay_hears_alac_that_goes_through() => PeerLab.RunAsync(async lab =>
    {
        string output = await Shairplay.StartAsync(lab, 5000);
        string m4a = await lab.EncodedByFfmpegAsync(await lab.WriteAsync("in.wav", Wav.Of(Mix.Seconds(5, Tail))), "in.m4a");
        await lab.PlayTo(5000, m4a).SucceedsAsync();
        PcmComparison heard = await Heard.InFileAsync(output, Mix.Seconds(5));
        Assert.True(heard.IsExact, heard.ToString());
    });

    [Fact]
    public Task Shairplay_refuses_a_wrong_password() => PeerLab.RunAsync(async lab =>
    {
        await Shairplay.StartAsync(lab, 5000, "secret");
        string input = await lab.WriteAsync("in.wav", Wav.Of(Mix.Seconds(1)));
        await lab.PlayTo(5000, input).FailsWithAsync("password-required");
        await lab.PlayTo(5000, input, "--password", "guess-99").FailsWithAsync("wrong-password", "guess-99");
    });
}
