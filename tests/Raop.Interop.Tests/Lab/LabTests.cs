namespace Raop.Interop.Tests.Lab;

/// <summary>The lab itself, without a line of ours between sender and receiver: what fails here is not Raop's fault.</summary>
public class LabTests
{
    [Fact]
    public Task PulseAudio_is_heard_by_shairplay() => PulseAudio.RunAsync(async lab =>
    {
        string output = await Shairplay.StartAsync(lab, port: 5000);
        byte[] source = Mix.Seconds(5);
        await PulseAudio.StartAsync(lab, port: 5000);
        await PulseAudio.PlayAsync(lab, [.. source, .. new byte[3 * Mix.Rate * Mix.FrameBytes]]);
        PcmComparison heard = await Heard.InFileAsync(output, source);
        Assert.True(heard.IsExact, heard.ToString());
    });

    [Fact]
    public Task PipeWire_is_heard_by_shairplay() => PeerLab.RunAsync(async lab =>
    {
        string output = await Shairplay.StartAsync(lab, port: 5000);
        byte[] source = Mix.Seconds(5);
        await PipeWire.PlayAsync(lab, port: 5000, [.. source, .. new byte[3 * Mix.Rate * Mix.FrameBytes]]);
        PcmComparison heard = await Heard.InFileAsync(output, source);
        PipeWire.AssertNothingLostButItsOwn(heard);
    });
}
