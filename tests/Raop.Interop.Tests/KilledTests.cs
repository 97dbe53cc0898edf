using System.Diagnostics;
using System.Text.Json;
using Raop.Interop.Tests.Lab;

namespace Raop.Interop.Tests;

/// <summary>One end dies in mid-song: the other notices, says so once, and is free again.</summary>
public class KilledTests
{
    private static readonly TimeSpan FreeAgain = TimeSpan.FromSeconds(10), SenderNotices = TimeSpan.FromSeconds(5);

    [Fact]
    public Task A_killed_sender_leaves_the_receiver_free_for_the_next() => PeerLab.RunAsync(async lab =>
    {
        string output = lab.PathOf("received.raw");
        Child receiver = await lab.ReceiveAsync(5000, "raw:" + output);
        Child first = lab.PlayTo(5000, await lab.WriteAsync("long.wav", Wav.Of(Mix.Seconds(60))));
        await receiver.EventAsync(ToolEvents.Playing);
        long killed = Stopwatch.GetTimestamp();
        first.Kill();
        await AssertNextPlaysAsync(lab, receiver, killed);
    });

    [Fact]
    public Task A_killed_PulseAudio_leaves_the_receiver_free_for_the_next() => PulseAudio.RunAsync(async lab =>
    {
        Child receiver = await lab.ReceiveAsync(5000, "null");
        await PulseAudio.StartAsync(lab, 5000, PeerLink.Tcp());
        await PulseAudio.BeginAsync(lab, Mix.Seconds(60));
        await receiver.EventAsync(ToolEvents.Playing);
        long killed = Stopwatch.GetTimestamp();
        using (Process pulseaudio = Process.GetProcessById(lab.PeerId("pulseaudio"))) pulseaudio.Kill();
        await AssertNextPlaysAsync(lab, receiver, killed);
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task A_killed_receiver_gives_the_sender_one_clear_error(bool json) => PeerLab.RunAsync(async lab =>
    {
        Child receiver = await lab.ReceiveAsync(5000, "null");
        Child sender = await BeginToPlayAsync(lab, json);
        await receiver.EventAsync(ToolEvents.Playing);
        receiver.Kill();
        await AssertSenderGivesUpAsync(sender, json);
    });

    [Fact]
    public Task A_killed_shairplay_gives_the_sender_one_clear_error() => PeerLab.RunAsync(async lab =>
    {
        string output = await Shairplay.StartAsync(lab, 5000);
        Child sender = await BeginToPlayAsync(lab, json: false);
        await Heard.SomethingInAsync(output);
        using (Process shairplay = Process.GetProcessById(lab.PeerId("shairplay"))) shairplay.Kill();
        await AssertSenderGivesUpAsync(sender, json: false);
    });

    [Fact]
    public Task Ctrl_C_ends_the_session_in_order() => PeerLab.RunAsync(async lab =>
    {
        Child receiver = await lab.ReceiveAsync(5000, "null");
        Child sender = await BeginToPlayAsync(lab, json: false);
        await receiver.EventAsync(ToolEvents.Playing);
        sender.Interrupt();
        Assert.Equal(130, await sender.ExitAsync(TestContext.Current.CancellationToken));
        JsonElement ended = await receiver.EventAsync(ToolEvents.Ended);
        Assert.Equal("teardown", ended.Text("cause"));
    });

    private static async Task<Child> BeginToPlayAsync(PeerLab lab, bool json) =>
        lab.PlayTo(5000, await lab.WriteAsync("long.wav", Wav.Of(Mix.Seconds(60))), json ? ["--json"] : []);

    /// <summary>The first session ends in time, and somebody else's plays to its end.</summary>
    private static async Task AssertNextPlaysAsync(PeerLab lab, Child receiver, long killed)
    {
        JsonElement first = await receiver.EventAsync(ToolEvents.Ended);
        TimeSpan free = Stopwatch.GetElapsedTime(killed);
        Assert.NotEqual("teardown", first.Text("cause"));
        Assert.True(free <= FreeAgain, $"Free again after {free}, not within {FreeAgain}.");
        await lab.PlayTo(5000, await lab.WriteAsync("next.wav", Wav.Of(Mix.Seconds(1)))).SucceedsAsync();
        JsonElement second = await receiver.EventAsync(ToolEvents.Ended, nth: 2);
        Assert.Equal(("teardown", Mix.Rate), (second.Text("cause"), second.Count("frames")));
    }

    private static async Task AssertSenderGivesUpAsync(Child sender, bool json)
    {
        long killed = Stopwatch.GetTimestamp();
        await (json ? sender.FailsWithJsonAsync("connection-lost") : sender.FailsWithAsync("connection-lost"));
        TimeSpan noticed = Stopwatch.GetElapsedTime(killed);
        Assert.True(noticed <= SenderNotices, $"It ended after {noticed}, not within {SenderNotices}.");
    }
}
