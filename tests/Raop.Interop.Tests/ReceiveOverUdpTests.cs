using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Raop.Interop.Tests.Lab;

namespace Raop.Interop.Tests;

/// <summary>Other people's senders play to <c>raop receive</c> over UDP: every frame that they sent comes out, from the first on.</summary>
[Collection(nameof(InRealTime))]
public class ReceiveOverUdpTests
{
    private const string Password = "secret";

    // PulseAudio flushes what is still under way when its stream ends: a tail for it to cut.
    private const double Signal = 4, Tail = 2.5;

    // PipeWire throws away what comes before RECORD is answered, a tenth of a second or more.
    private const double Lead = 1;

    [Theory]
    [InlineData("none", null)]
    [InlineData("RSA", null)]
    [InlineData("RSA", Password)] // announces on a second connection, without credentials
    public Task PulseAudio_is_heard_bit_exact(string encryption, string? password) => PulseAudio.RunAsync(async lab =>
    {
        (Child receiver, string output) = await ReceiveAsync(lab, password);
        await PulseAudio.StartAsync(lab, 5000, PeerLink.Udp(encryption, password));
        await PulseAudio.PlayAsync(lab, Mix.Seconds(Signal, Tail));
        await lab.StopPeerAsync("pulseaudio");
        PcmComparison heard = await EndedAsync(receiver, output);
        Assert.True(heard.IsExact, heard.ToString());
    });

    [Theory]
    [InlineData("none", null)]
    [InlineData("RSA", null)]
    [InlineData("RSA", Password)]
    public Task PipeWire_is_heard_bit_exact(string encryption, string? password) => PeerLab.RunAsync(async lab =>
    {
        (Child receiver, string output) = await ReceiveAsync(lab, password);
        await PipeWire.PlayAsync(lab, 5000, Mix.Between(Lead, Signal, Tail), PeerLink.Udp(encryption, password));
        await lab.StopPeerAsync("pipewire");
        PcmComparison heard = await EndedAsync(receiver, output);
        PipeWire.AssertNothingLostButItsOwn(heard);
        JsonElement ended = await receiver.EventAsync(ToolEvents.Ended);
        Assert.Equal(ended.Count("packets") * PacketFrames, ended.Count("frames") + ended.Count("flushed")); // all that it sent, from the first packet on
    });

    [Theory]
    [InlineData(null)]
    [InlineData(Password)] // prints its answer in upper case
    public Task NodeAirTunes2_is_heard_bit_exact(string? password) => PeerLab.RunAsync(async lab =>
    {
        (Child receiver, string output) = await ReceiveAsync(lab, password);
        await NodeAirTunes2.PlayAsync(lab, 5000, Mix.Seconds(Signal), password);
        PcmComparison heard = await EndedAsync(receiver, output, NodeAirTunes2.MostNeverSent);
        Assert.True(heard.IsExact, heard.ToString());
    });

    [Fact]
    public Task The_datagrams_come_to_the_ports_that_were_named() => PulseAudio.RunAsync(async lab =>
    {
        (Child receiver, _) = await ReceiveAsync(lab, null, "--udp-ports", "6100-6102");
        await PulseAudio.StartAsync(lab, 5000, PeerLink.Udp("none"));
        await PulseAudio.BeginAsync(lab, Mix.Seconds(Signal));
        await receiver.EventAsync(ToolEvents.Playing);
        string sockets = await File.ReadAllTextAsync($"/proc/{receiver.Id}/net/udp", TestContext.Current.CancellationToken); // of its namespace
        Assert.All([6100, 6101, 6102], port => Assert.Contains($":{port:X4} 00000000:0000", sockets, StringComparison.Ordinal));
    });

    /// <summary>Every datagram, of any kind, is lost with the same probability: all is asked for and sent again in time.</summary>
    [Fact]
    public Task PulseAudio_is_heard_bit_exact_in_spite_of_loss() => PeerLab.EachAtOnceAsync(PeerLab.Losses, probability => PulseAudio.RunAsync(async lab =>
    {
        (Child receiver, string output) = await ReceiveAsync(lab, null);
        await lab.LoseAsync(probability);
        await PulseAudio.StartAsync(lab, 5000, PeerLink.Udp("none"));
        Child pacat = await PulseAudio.BeginAsync(lab, Mix.Seconds(Signal, Tail));
        await receiver.EventAsync(ToolEvents.Session);
        TimeSpan start = await UntilHeardAsync(output);
        Assert.True(start < LatestStart, $"It began after {start}, not within {LatestStart}.");
        await pacat.SucceedsAsync();
        await lab.StopPeerAsync("pulseaudio");
        PcmComparison heard = await EndedAsync(receiver, output);
        Assert.True(heard.IsExact, heard.ToString());
    }));

    /// <summary>It has a quarter of a second, and sends nothing again: what is lost is filled, with something else than a hole, and counted.</summary>
    [Fact]
    public Task What_PipeWire_loses_is_concealed_and_counted() => PeerLab.RunAsync(async lab =>
    {
        (Child receiver, string output) = await ReceiveAsync(lab, null);
        await lab.LoseAsync(0.05);
        await PipeWire.PlayAsync(lab, 5000, Mix.Between(Lead, Signal, Tail), PeerLink.Udp("none"));
        await lab.StopPeerAsync("pipewire");
        await receiver.SucceedsAsync();
        JsonElement ended = await receiver.EventAsync(ToolEvents.Ended);
        byte[] pcm = await File.ReadAllBytesAsync(output, TestContext.Current.CancellationToken);
        PcmComparison heard = PcmComparison.Compare(Mix.Seconds(Signal), pcm);
        Assert.True(ended.Count("concealed") > 0 && ended.Count("frames") == pcm.Length / Mix.FrameBytes, $"{ended}\n{heard}");
        Assert.InRange(heard.Equal, heard.SourceFrames * 0.7, heard.SourceFrames * 0.99);
        int hole = heard.Runs.Count == 0 ? 0 : LongestSilence(pcm, heard.Runs[0].Output, heard.Runs[^1].OutputEnd);
        Assert.True(hole <= LongestHole, $"A hole of {hole} frames.\n{heard}");
    });

    /// <summary>What PulseAudio's slider says is what is heard, by the curve that was chosen.</summary>
    [Theory]
    [InlineData("decibel")]
    [InlineData("standard")]
    public Task Each_volume_of_PulseAudio_has_its_level(string curve) => PulseAudio.RunAsync(async lab =>
    {
        byte[] tone = new byte[20 * Mix.Rate * Mix.FrameBytes];
        for (int i = 0; i < tone.Length; i += 2) BinaryPrimitives.WriteInt16LittleEndian(tone.AsSpan(i), (short)Math.Round(30_000 * Math.Sin(i / Mix.FrameBytes * 0.1)));
        (Child receiver, string output) = await ReceiveAsync(lab, null, "--volume-curve", curve);
        await PulseAudio.StartAsync(lab, 5000, PeerLink.Udp("none"));
        Child pacat = await PulseAudio.BeginAsync(lab, tone);
        await receiver.EventAsync(ToolEvents.Playing);
        double full = await LevelAsync(output);
        Assert.Equal(tone[..4096], (await File.ReadAllBytesAsync(output, TestContext.Current.CancellationToken))[..4096]);
        foreach (string[] set in new string[][] { ["volume", "75%"], ["volume", "50%"], ["mute", "1"] })
        {
            await lab.Script("pulseaudio", set[0], lab.PathOf("pulseaudio"), set[1]).SucceedsAsync();
            double level = await LevelAsync(output) - full;
            JsonElement told = receiver.Events().Last(e => e.Text("event") == ToolEvents.Volume);
            if (told.GetProperty("gainDb").ValueKind == JsonValueKind.Null) Assert.Equal(double.NegativeInfinity, level);
            else Assert.Equal(told.GetProperty("gainDb").GetDouble() + Software(lab), level, 0.1);
        }

        await lab.StopPeerAsync("pulseaudio");
        await pacat.ExitAsync(TestContext.Current.CancellationToken);
    });

    /// <summary>The part of the last volume that PulseAudio applies itself, dB; the rest it leaves to the receiver.</summary>
    private static double Software(PeerLab lab)
    {
        string line = lab.Log("pulseaudio").Split('\n').Last(static line => line.Contains("Calculated software volume", StringComparison.Ordinal));
        return double.Parse(line.Split('/')[2].Split("dB")[0], CultureInfo.InvariantCulture);
    }

    /// <summary>Power of what comes in a moment, dB, once PulseAudio's own part of a change has come out, its latency later.</summary>
    private static async Task<double> LevelAsync(string output)
    {
        const int settled = 3 * 44_100 * Mix.FrameBytes, measured = 22_050 * Mix.FrameBytes;
        long from = new FileInfo(output).Length / Mix.FrameBytes * Mix.FrameBytes + settled;
        while (new FileInfo(output).Length < from + measured) await Task.Delay(20, TestContext.Current.CancellationToken);
        byte[] pcm = (await File.ReadAllBytesAsync(output, TestContext.Current.CancellationToken))[(int)from..(int)(from + measured)];
        double sum = 0;
        foreach (short sample in MemoryMarshal.Cast<byte, short>(pcm)) sum += (double)sample * sample;
        return 10 * Math.Log10(sum / pcm.Length);
    }

    private const int PacketFrames = 352;

    // Latency, and what a busy machine needs to begin.
    private static readonly TimeSpan LatestStart = TimeSpan.FromSeconds(3.5);

    // Four packets in a row are lost once in 160,000, and PipeWire's own slips are quanta of 1,024.
    private const int LongestHole = 4 * 1_024;

    private static async Task<(Child Receiver, string Output)> ReceiveAsync(PeerLab lab, string? password, params string[] more)
    {
        string output = lab.PathOf("received.raw");
        string[] withPassword = password is null ? [] : ["--password", password];
        return (await lab.ReceiveAsync(5000, "raw:" + output, ["--once", .. withPassword, .. more]), output);
    }

    /// <summary>The receiver leaves by itself, has lost nothing but what the sender announced and never sent, and has written what it says.</summary>
    private static async Task<PcmComparison> EndedAsync(Child receiver, string output, int mostNeverSent = 0)
    {
        await receiver.SucceedsAsync();
        JsonElement ended = await receiver.EventAsync(ToolEvents.Ended);
        byte[] pcm = await File.ReadAllBytesAsync(output, TestContext.Current.CancellationToken);
        Assert.InRange(ended.Count("lost"), 0, mostNeverSent);
        Assert.Equal((ended.Count("lost"), pcm.Length / Mix.FrameBytes), (ended.Count("concealed"), ended.Count("frames")));
        Assert.DoesNotContain(Password, receiver.OutputText + receiver.Errors, StringComparison.Ordinal);
        PcmComparison heard = PcmComparison.Compare(Mix.Seconds(Signal), pcm);
        Assert.True(heard.Runs.Count > 0 && heard.Runs[0].Output >= ended.Count("lost") * PacketFrames, $"What was lost does not stand before the music: {ended}\n{heard}");
        return heard;
    }

    /// <summary>How long it takes from now until something else than silence stands in a file.</summary>
    private static async Task<TimeSpan> UntilHeardAsync(string output)
    {
        long began = Stopwatch.GetTimestamp();
        while (!File.Exists(output) || !(await File.ReadAllBytesAsync(output, TestContext.Current.CancellationToken)).AsSpan().ContainsAnyExcept((byte)0))
        {
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        return Stopwatch.GetElapsedTime(began);
    }

    /// <summary>The longest run of zeros, in frames.</summary>
    private static int LongestSilence(byte[] pcm, int from, int to)
    {
        int longest = 0, run = 0;
        for (int frame = from; frame < to; frame++)
        {
            run = pcm.AsSpan(frame * Mix.FrameBytes, Mix.FrameBytes).ContainsAnyExcept((byte)0) ? 0 : run + 1;
            longest = Math.Max(longest, run);
        }

        return longest;
    }
}
