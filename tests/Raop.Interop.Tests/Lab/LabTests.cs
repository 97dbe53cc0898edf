namespace Raop.Interop.Tests.Lab;

/// <summary>The lab itself, without a line of ours between sender and receiver: what fails here is not Raop's fault.</summary>
public class LabTests
{
    // shairport-sync plays silence in the place of the first 3,168 frames; PulseAudio cuts the end of a song.
    private const double Lead = 0.2, Tail = 3;

    [Fact]
    public Task PulseAudio_is_heard_by_shairplay() => PulseAudio.RunAsync(async lab =>
    {
        string output = await Shairplay.StartAsync(lab, port: 5000);
        byte[] source = Mix.Seconds(5);
        await PulseAudio.StartAsync(lab, port: 5000, PeerLink.Tcp());
        await PulseAudio.PlayAsync(lab, [.. source, .. new byte[3 * Mix.Rate * Mix.FrameBytes]]);
        PcmComparison heard = await Heard.InFileAsync(output, source);
        Assert.True(heard.IsExact, heard.ToString());
    });

    [Fact]
    public Task PipeWire_is_heard_by_shairplay() => PeerLab.RunAsync(async lab =>
    {
        string output = await Shairplay.StartAsync(lab, port: 5000);
        byte[] source = Mix.Seconds(5);
        await PipeWire.PlayAsync(lab, port: 5000, [.. source, .. new byte[3 * Mix.Rate * Mix.FrameBytes]], PeerLink.Tcp());
        PcmComparison heard = await Heard.InFileAsync(output, source);
        PipeWire.AssertNothingLostButItsOwn(heard);
    });

    [Fact]
    public Task PulseAudio_is_heard_by_shairport_sync() => PulseAudio.RunAsync(async lab =>
    {
        string output = await ShairportSync.StartAsync(lab, port: 5000);
        await PulseAudio.StartAsync(lab, port: 5000, PeerLink.Udp("none"));
        await PulseAudio.PlayAsync(lab, Mix.Between(Lead, 4, Tail));
        AssertIsExact(await Heard.InFileAsync(output, Mix.Seconds(4)));
    });

    [Fact]
    public Task PipeWire_is_heard_by_shairport_sync() => PeerLab.RunAsync(async lab =>
    {
        string output = await ShairportSync.StartAsync(lab, port: 5000);
        await PipeWire.PlayAsync(lab, port: 5000, Mix.Between(2.5, 4, Tail), PeerLink.Udp("RSA")); // it throws away what comes before RECORD is answered
        PipeWire.AssertNothingLostButItsOwn(await Heard.InFileAsync(output, Mix.Seconds(4)));
    });

    [Fact]
    public Task NodeAirTunes2_is_heard_by_shairport_sync() => PeerLab.RunAsync(async lab =>
    {
        string output = await ShairportSync.StartAsync(lab, port: 5000);
        await NodeAirTunes2.PlayAsync(lab, port: 5000, Mix.Between(Lead, 4, 0));
        AssertIsExact(await Heard.InFileAsync(output, Mix.Seconds(4)));
    });

    /// <summary>Without this the loss tests would be about nothing: node-airtunes2 sends nothing again.</summary>
    [Fact]
    public Task Loss_is_heard_where_nothing_is_sent_again() => PeerLab.RunAsync(async lab =>
    {
        string output = await ShairportSync.StartAsync(lab, port: 5000);
        await lab.LoseAsync(0.1);
        await NodeAirTunes2.PlayAsync(lab, port: 5000, Mix.Between(Lead, 4, 0));
        PcmComparison heard = await Heard.InFileAsync(output, Mix.Seconds(4));
        Assert.InRange(heard.Equal, heard.SourceFrames * 0.7, heard.SourceFrames * 0.98);
    });

    private static void AssertIsExact(PcmComparison heard) => Assert.True(heard.IsExact, heard.ToString());
}
