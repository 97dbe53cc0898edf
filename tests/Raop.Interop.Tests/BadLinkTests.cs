using Raop.Interop.Tests.Lab;

namespace Raop.Interop.Tests;

/// <summary>Two machines with a bad link between them: packets come late, in another order, or not at all.</summary>
[Collection(nameof(InRealTime))]
public class BadLinkTests
{
    private const double Delay = 20, Jitter = 8, Loss = 0.01; // milliseconds; the jitter overtakes packets of 8 ms

    [Theory]
    [InlineData("tcp")]
    [InlineData("udp")]
    public Task Every_frame_comes_out(string transport) => PeerLab.RunAsync(
        async lab =>
        {
            Machines machines = await Machines.UpAsync(lab, "sender", "receiver");
            await machines.SpoilAsync("receiver", Delay, Jitter, Loss);
            string output = lab.PathOf("received.raw"), input = await lab.WriteAsync("in.wav", Wav.Of(Mix.Seconds(4)));
            Child receiver = await machines.ReceiveAsync("receiver", "raw:" + output, "--port", "5000", "--once");
            await machines.Raop("sender", "play", input, "--to", machines.Address("receiver"), "--port", "5000", "--transport", transport).SucceedsAsync();
            await receiver.SucceedsAsync();
            Assert.Equal(Mix.Seconds(4), await File.ReadAllBytesAsync(output, TestContext.Current.CancellationToken));
        },
        isolated: false);
}
