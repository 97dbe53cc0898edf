using System.Diagnostics;
using System.Text.Json;
using Raop.Interop.Tests.Lab;

namespace Raop.Interop.Tests;

/// <summary><c>raop play</c> to several speakers at once: other people's and ours, and one that is killed in mid-song.</summary>
[Collection(nameof(InRealTime))]
public class GroupPeersTests
{
    // What shairport-sync itself mutes after a start are 72 ms; shairplay's ALSA file plug-in writes whole blocks only.
    private const double Lead = 0.2, Signal = 4, Tail = 1;

    private static readonly TimeSpan Back = TimeSpan.FromSeconds(10);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public Task Three_implementations_found_by_name_hear_every_frame() => PeerLab.RunAsync(async lab =>
    {
        string sync = await ShairportSync.StartAsync(lab, 5000, name: "Küche 2.0"), shairplay = await Shairplay.StartAsync(lab, 5001, name: "Hall"), ours = lab.PathOf("ours.raw");
        Child receiver = lab.Raop("receive", "--name", "Bath", "--port", "5002", "--output", "raw:" + ours, "--json", "-v");
        await receiver.EventAsync("advertised");
        await AnnouncedAsync(lab, 3);
        byte[] source = Mix.Between(Lead, Signal, Tail);
        Child play = lab.Raop("play", await lab.WriteAsync("in.wav", Wav.Of(source)), "--to", "küche", "--to", "Bath", "--to", "Hall", "--json", "-v");
        await play.SucceedsAsync();

        JsonElement[] members = [.. (await play.EventAsync(ToolEvents.Ended)).GetProperty("members").EnumerateArray()];
        Assert.Equal(["Küche 2.0", "Bath", "Hall"], members.Select(static member => member.Text("name")));
        PcmComparison heardBySync = await Heard.InFileAsync(sync, Mix.Seconds(Signal)), heardByShairplay = await Heard.InFileAsync(shairplay, Mix.Seconds(Signal));
        Assert.True(heardBySync.IsExact, $"shairport-sync: {heardBySync}");
        Assert.True(heardByShairplay.IsExact, $"shairplay: {heardByShairplay}");
        await receiver.EventAsync(ToolEvents.Ended);
        Assert.Equal(source, await File.ReadAllBytesAsync(ours, Cancel));
    });

    /// <summary>Avahi announces them some time after they listen.</summary>
    private static async Task AnnouncedAsync(PeerLab lab, int count)
    {
        Child list;
        do
        {
            list = lab.Raop("list", "--json");
            await list.ExitAsync(Cancel);
        }
        while (list.Events().Count < count);
    }

    [Fact]
    public Task A_killed_speaker_leaves_the_other_alone_and_comes_back_in_time() => PeerLab.RunAsync(async lab =>
    {
        byte[] source = Mix.Seconds(30);
        Child first = await SpeakerAsync(lab, "first", 5000), second = await SpeakerAsync(lab, "second", 5001);
        Child play = lab.Raop("play", await lab.WriteAsync("in.wav", Wav.Of(source)), "--to", "127.0.0.1:5000", "--to", "127.0.0.1:5001", "--json", "-v");
        await Task.WhenAll(first.EventAsync(ToolEvents.Playing), second.EventAsync(ToolEvents.Playing));
        await Task.Delay(TimeSpan.FromSeconds(2), Cancel); // in mid-song

        second.Kill();
        await second.ExitAsync(Cancel);
        Child again = await SpeakerAsync(lab, "again", 5001);
        long restarted = Stopwatch.GetTimestamp();
        await again.EventAsync(ToolEvents.Playing);
        TimeSpan back = Stopwatch.GetElapsedTime(restarted);
        await play.SucceedsAsync();
        await Task.WhenAll(first.EventAsync(ToolEvents.Ended), again.EventAsync(ToolEvents.Ended));
        foreach (Child speaker in (Child[])[first, again])
        {
            speaker.Interrupt(); // its log is complete then
            await speaker.ExitAsync(Cancel);
        }

        Assert.Equal(source, await File.ReadAllBytesAsync(lab.PathOf("first.raw"), Cancel));
        byte[] tail = await File.ReadAllBytesAsync(lab.PathOf("again.raw"), Cancel);
        PcmComparison heardAgain = PcmComparison.Compare(source, tail);
        Assert.True(heardAgain is { Runs.Count: 1, LostAtEnd: 0 }, heardAgain.ToString());
        double[] apart = [.. TimingLog.Apart(TimingLog.Read(lab.PathOf("first.csv")), TimingLog.Read(lab.PathOf("again.csv")))];
        Assert.True(apart.Length > 100, $"{apart.Length} frames were due at both.");
        TestContext.Current.TestOutputHelper?.WriteLine($"back after {back.TotalSeconds:0.00} s; due {apart[0]:0.000} ms apart at first, {apart.Max():0.000} ms at most, {apart.Length} writes");
        Assert.True(back <= Back, $"It was back after {back}, not within {Back}.");
        Assert.InRange(apart.Max(), 0, 1);
    });

    private static async Task<Child> SpeakerAsync(PeerLab lab, string name, int port)
    {
        string output = "raw:" + lab.PathOf(name + ".raw"), log = lab.PathOf(name + ".csv");
        return await lab.ReceiveAsync(port, output, "--name", name, "--timing-log", log, "--no-advertise");
    }
}
