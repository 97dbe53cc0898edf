using System.Diagnostics;
using System.Text.Json;
using Raop.Interop.Tests.Lab;

namespace Raop.Interop.Tests;

/// <summary>Over UDP one end is killed or hangs in mid-song: the other is free again in time, or the stream goes on.</summary>
public class HungTests
{
    private const int SessionTimeout = 3;

    // Two seconds that were already there are played out.
    private static readonly TimeSpan AtOnce = TimeSpan.FromSeconds(5), AfterTimeout = TimeSpan.FromSeconds(SessionTimeout) + AtOnce,
        Pause = TimeSpan.FromSeconds(3);

    [Fact]
    public Task A_killed_PulseAudio_leaves_the_receiver_free_at_once() => PulseAudio.RunAsync(async lab =>
    {
        Child receiver = await lab.ReceiveAsync(5000, "null");
        await BeginPulseAudioAsync(lab, receiver);
        using (Process pulseaudio = Process.GetProcessById(lab.PeerId("pulseaudio"))) pulseaudio.Kill();
        await AssertNextPlaysAsync(lab, receiver, TimeSpan.Zero, AtOnce);
    });

    [Fact]
    public Task A_killed_sender_leaves_the_receiver_free_at_once() => PeerLab.RunAsync(async lab =>
    {
        Child receiver = await lab.ReceiveAsync(5000, "null");
        Child sender = await BeginAsync(lab, receiver);
        sender.Kill();
        await AssertNextPlaysAsync(lab, receiver, TimeSpan.Zero, AtOnce);
    });

    [Fact]
    public Task A_hanging_PulseAudio_leaves_the_receiver_free_after_the_timeout() => PulseAudio.RunAsync(async lab =>
    {
        Child receiver = await lab.ReceiveAsync(5000, "null", "--session-timeout", $"{SessionTimeout}");
        await BeginPulseAudioAsync(lab, receiver);
        int id = lab.PeerId("pulseaudio");
        Child.Suspend(id);
        await AssertNextPlaysAsync(lab, receiver, TimeSpan.FromSeconds(SessionTimeout - 1), AfterTimeout);
        using (Process pulseaudio = Process.GetProcessById(id)) pulseaudio.Kill(); // it would not hear a polite request
    });

    [Fact]
    public Task A_hanging_sender_leaves_the_receiver_free_after_the_timeout() => PeerLab.RunAsync(async lab =>
    {
        Child receiver = await lab.ReceiveAsync(5000, "null", "--session-timeout", $"{SessionTimeout}");
        Child sender = await BeginAsync(lab, receiver);
        Child.Suspend(sender.Id);
        await AssertNextPlaysAsync(lab, receiver, TimeSpan.FromSeconds(SessionTimeout - 1), AfterTimeout);
    });

    /// <summary>The receiver stands still for a while: what is to be heard afterwards is heard, to the bit, in its place.</summary>
    [Fact]
    public Task A_stream_of_PulseAudio_goes_on_when_the_receiver_does() => PulseAudio.RunAsync(async lab =>
    {
        string output = lab.PathOf("received.raw");
        Child receiver = await lab.ReceiveAsync(5000, "raw:" + output, "--once");
        await PulseAudio.StartAsync(lab, 5000, PeerLink.Udp("none"));
        Child pacat = await PulseAudio.BeginAsync(lab, Mix.Seconds(10, 2.5));
        await receiver.EventAsync(ToolEvents.Playing);
        await PauseAsync(receiver);
        await pacat.SucceedsAsync();
        await lab.StopPeerAsync("pulseaudio");
        await receiver.SucceedsAsync();
        await AssertGoesOnAsync(output);
    });

    [Fact]
    public Task A_stream_of_ours_goes_on_when_the_receiver_does() => PeerLab.RunAsync(async lab =>
    {
        string output = lab.PathOf("received.raw");
        Child receiver = await lab.ReceiveAsync(5000, "raw:" + output, "--once");
        Child sender = lab.PlayOverUdpTo(5000, await lab.WriteAsync("in.wav", Wav.Of(Mix.Seconds(10))));
        await receiver.EventAsync(ToolEvents.Playing);
        await PauseAsync(receiver);
        await sender.SucceedsAsync();
        await receiver.SucceedsAsync();
        await AssertGoesOnAsync(output);
    });

    private static async Task BeginPulseAudioAsync(PeerLab lab, Child receiver)
    {
        await PulseAudio.StartAsync(lab, 5000, PeerLink.Udp("none"));
        await PulseAudio.BeginAsync(lab, Mix.Seconds(60));
        await receiver.EventAsync(ToolEvents.Playing);
    }

    private static async Task<Child> BeginAsync(PeerLab lab, Child receiver)
    {
        Child sender = lab.PlayOverUdpTo(5000, await lab.WriteAsync("long.wav", Wav.Of(Mix.Seconds(60))));
        await receiver.EventAsync(ToolEvents.Playing);
        return sender;
    }

    private static async Task PauseAsync(Child receiver)
    {
        Child.Suspend(receiver.Id);
        await Task.Delay(Pause, TestContext.Current.CancellationToken);
        Child.Resume(receiver.Id);
    }

    private static async Task AssertGoesOnAsync(string output)
    {
        byte[] pcm = await File.ReadAllBytesAsync(output, TestContext.Current.CancellationToken);
        PcmComparison heard = PcmComparison.Compare(Mix.Seconds(10), pcm);
        Assert.True(heard.Runs.Count > 0 && heard is { LostBeforeFirst: 0, LostAtEnd: 0 }, heard.ToString());
        Assert.True(heard.Equal >= heard.SourceFrames - ((Pause.TotalSeconds + 1) * Mix.Rate), heard.ToString());
    }

    /// <summary>The first session ends in time, and somebody else's plays to its end.</summary>
    private static async Task AssertNextPlaysAsync(PeerLab lab, Child receiver, TimeSpan earliest, TimeSpan latest)
    {
        long since = Stopwatch.GetTimestamp();
        JsonElement first = await receiver.EventAsync(ToolEvents.Ended);
        TimeSpan free = Stopwatch.GetElapsedTime(since);
        Assert.NotEqual("teardown", first.Text("cause"));
        Assert.True(free >= earliest && free <= latest, $"Free again after {free}, not between {earliest} and {latest}.");
        await lab.PlayOverUdpTo(5000, await lab.WriteAsync("next.wav", Wav.Of(Mix.Seconds(1)))).SucceedsAsync();
        JsonElement second = await receiver.EventAsync(ToolEvents.Ended, nth: 2);
        Assert.Equal(("teardown", Mix.Rate), (second.Text("cause"), second.Count("frames")));
    }
}
