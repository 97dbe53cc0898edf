using System.Text.Json;
using Raop.Interop.Tests.Lab;

namespace Raop.Interop.Tests;

/// <summary>Other people's senders play to <c>raop receive</c> over TCP, encrypted: every frame that they sent comes out.</summary>
public class ReceiveFromPeersTests
{
    private const string Password = "secret";

    // The senders flush what is still under way when their stream ends: a tail for them to cut.
    private const double Tail = 4;

    [Theory]
    [InlineData(null)]
    [InlineData(Password)] // asks for it on one connection, announces on a second with the same nonce
    public Task PulseAudio_is_heard_bit_exact(string? password) => PulseAudio.RunAsync(async lab =>
    {
        (Child receiver, string output) = await ReceiveAsync(lab, password);
        await PulseAudio.StartAsync(lab, 5000, PeerLink.Tcp(password));
        await PulseAudio.PlayAsync(lab, Mix.Seconds(10, Tail));
        await lab.StopPeerAsync("pulseaudio");
        PcmComparison heard = await EndedAsync(receiver, output, Mix.Seconds(10));
        Assert.True(heard.IsExact, heard.ToString());
    });

    [Theory]
    [InlineData(null)]
    [InlineData(Password)]
    public Task PipeWire_is_heard_bit_exact(string? password) => PeerLab.RunAsync(async lab =>
    {
        (Child receiver, string output) = await ReceiveAsync(lab, password);
        await PipeWire.PlayAsync(lab, 5000, Mix.Seconds(10, Tail), PeerLink.Tcp(password));
        await lab.StopPeerAsync("pipewire");
        PcmComparison heard = await EndedAsync(receiver, output, Mix.Seconds(10));
        PipeWire.AssertNothingLostButItsOwn(heard);
    });

    private static async Task<(Child Receiver, string Output)> ReceiveAsync(PeerLab lab, string? password)
    {
        string output = lab.PathOf("received.raw");
        string[] more = password is null ? ["--once"] : ["--once", "--password", password];
        return (await lab.ReceiveAsync(5000, "raw:" + output, more), output);
    }

    /// <summary>The receiver leaves by itself, has lost nothing, and has written what it says.</summary>
    private static async Task<PcmComparison> EndedAsync(Child receiver, string output, byte[] source)
    {
        await receiver.SucceedsAsync();
        JsonElement ended = await receiver.EventAsync(ToolEvents.Ended);
        byte[] pcm = await File.ReadAllBytesAsync(output, TestContext.Current.CancellationToken);
        Assert.Equal((0, 0, pcm.Length / Mix.FrameBytes), (ended.Count("lost"), ended.Count("concealed"), ended.Count("frames")));
        Assert.DoesNotContain(Password, receiver.OutputText + receiver.Errors, StringComparison.Ordinal);
        return PcmComparison.Compare(source, pcm);
    }
}
