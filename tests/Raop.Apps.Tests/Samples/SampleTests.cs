using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Raop.Apps.Tests.Cli;
using Raop.Apps.Tests.Media.Output;

namespace Raop.Apps.Tests.Samples;

/// <summary>The programs in <c>samples</c>, each run as users run it.</summary>
public sealed class SampleTests
{
    [Fact]
    public async Task PlayFile_plays_every_bit_of_a_file()
    {
        using var scratch = new ScratchDirectory();
        await using var speaker = new Listener();
        byte[] samples = await Music.WriteWavAsync(scratch["in.wav"], 30_000);
        (int code, string output, string error) = await DotNet.RunAsync(DotNet.Sample("PlayFile"), scratch["in.wav"], speaker.Address);
        Assert.Equal((0, ""), (code, error));
        Assert.Equal($"in plays on {speaker.Address} at {speaker.Address}.", output.TrimEnd());
        Assert.Equal(samples, await speaker.SamplesAsync());
    }

    [Theory]
    [InlineData("PlayFile", "FILE", "ADDRESS")]
    [InlineData("PushPcm", "ADDRESS", "1")]
    [InlineData("GroupWithDelays", "FILE", "ADDRESS", "ADDRESS")]
    public async Task An_error_has_its_code_and_a_remedy(string sample, params string[] arguments)
    {
        using var scratch = new ScratchDirectory();
        await Music.WriteWavAsync(scratch["in.wav"], 1000);
        using var nobody = new Socket(SocketType.Stream, ProtocolType.Tcp); // bound, so that no other program gets the port, and never listens
        nobody.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        string[] real = [.. arguments.Select(text => text.Replace("FILE", scratch["in.wav"], StringComparison.Ordinal)
            .Replace("ADDRESS", $"127.0.0.1:{((IPEndPoint)nobody.LocalEndPoint!).Port}", StringComparison.Ordinal))];
        (int code, string output, string error) = await DotNet.RunAsync(DotNet.Sample(sample), real);
        Assert.Equal((1, ""), (code, output));
        Assert.StartsWith("Refused: ", error, StringComparison.Ordinal);
        Assert.EndsWith("Check the port, and that the receiver is running.", error.TrimEnd(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("PlayFile")]
    [InlineData("PushPcm")]
    [InlineData("GroupWithDelays")]
    public async Task Without_arguments_it_says_what_it_takes(string sample)
    {
        (int code, string output, string error) = await DotNet.RunAsync(DotNet.Sample(sample));
        Assert.Equal((2, ""), (code, output));
        Assert.StartsWith(sample + " ", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PushPcm_sends_its_tone_to_the_bit_and_says_what_it_is()
    {
        await using var speaker = new Listener();
        (int code, string output, string error) = await DotNet.RunAsync(DotNet.Sample("PushPcm"), speaker.Address, "0.7");
        Assert.Equal((0, "", ""), (code, output, error));
        short[] tone = new short[2 * 30_870];
        for (int i = 0; i < tone.Length; i++) tone[i] = (short)Math.Round(16_384 * Math.Sin(2 * Math.PI * 440 * (i / 2) / 44_100));
        byte[] heard = await speaker.SamplesAsync();
        Assert.Equal(tone, MemoryMarshal.Cast<byte, short>(heard).ToArray());
        Assert.Contains(speaker.Events, static happened => happened is RaopTrackChanged { Track: { Title: "440 Hz", Artist: "PushPcm" } });
    }

    [Fact]
    public async Task GroupWithDelays_plays_to_both_each_in_its_way()
    {
        using var scratch = new ScratchDirectory();
        await using Listener kitchen = new(), bath = new();
        byte[] samples = await Music.WriteWavAsync(scratch["in.wav"], 60_000);
        (int code, string output, string error) = await DotNet.RunAsync(DotNet.Sample("GroupWithDelays"), scratch["in.wav"], kitchen.Address, bath.Address);
        Assert.Equal((0, ""), (code, error));
        Assert.Equal($"The group is at 50 %, {bath.Address} at 20 %.", output.TrimEnd());
        Assert.Equal(samples, await kitchen.SamplesAsync());
        Assert.Equal(samples.Length, (await bath.SamplesAsync()).Length);
        Assert.Equal([0, -15, 0], Volumes(kitchen));
        Assert.Equal([-18, -24, -18], Volumes(bath));

        // The instants are of one clock here; that of the sender is estimated by both, through the same loopback.
        double due = (bath.Last.Due - kitchen.Last.Due) / (double)Stopwatch.Frequency;
        double between = due - ((int)(bath.Last.RtpTime - kitchen.Last.RtpTime) / 44_100.0);
        Assert.InRange(between, 0.015, 0.025);
    }

    [Fact]
    public async Task HostReceiver_hands_out_samples_and_logs_what_plays()
    {
        using var scratch = new ScratchDirectory();
        byte[] samples = await Music.WriteWavAsync(scratch["in.wav"], 30_000);
        using Process host = DotNet.Start(
            DotNet.Sample("HostReceiver"), "Name=Sample", "Listen=127.0.0.1:0", "Pcm=" + scratch["out.raw"]);
        try
        {
            string line = await DotNet.LineAsync(host.StandardOutput, "Sample listens on ");
            (int code, _, string error) = await DotNet.RunAsync(DotNet.Sample("PlayFile"), scratch["in.wav"], line.Split(' ')[^1]);
            Assert.Equal((0, ""), (code, error));
            await DotNet.LineAsync(host.StandardOutput, " plays by Udp");
            await DotNet.LineAsync(host.StandardOutput, ": in (");
            await DotNet.LineAsync(host.StandardOutput, "Over: Teardown, 30000 frames");
            if (OperatingSystem.IsWindows()) return;
            await Programs.RunAsync("kill", "-s", "INT", $"{host.Id}");
            Assert.Equal((0, "", ""), await DotNet.EndAsync(host));
            Assert.Equal(samples, await File.ReadAllBytesAsync(scratch["out.raw"], TestContext.Current.CancellationToken));
        }
        finally
        {
            if (!host.HasExited) host.Kill(entireProcessTree: true);
        }
    }

    [Fact]
    public async Task HostReceiver_ends_with_an_error_when_its_port_is_taken()
    {
        using var scratch = new ScratchDirectory();
        await using var other = new Listener();
        (int code, string output, _) = await DotNet.RunAsync(DotNet.Sample("HostReceiver"), "Listen=" + other.Address, "Pcm=" + scratch["out.raw"]);
        Assert.Equal(1, code);
        Assert.Contains("AddressInUse: ", output, StringComparison.Ordinal);
        Assert.Contains("Choose another port, or stop the other program.", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("NaN")]
    [InlineData("-1")]
    [InlineData("1e300")]
    [InlineData("five")]
    public async Task PushPcm_says_what_it_takes(string seconds)
    {
        (int code, string output, string error) = await DotNet.RunAsync(DotNet.Sample("PushPcm"), "127.0.0.1:5000", seconds);
        Assert.Equal((2, "", "PushPcm ADDRESS[:PORT] SECONDS (at most 86400)"), (code, output, error.TrimEnd()));
    }

    [Theory]
    [InlineData("Listen=kitchen", "Listen=kitchen is no address and port")]
    [InlineData("Pcm=/no/such/folder/out.raw", "Could not find a part of the path")]
    public async Task HostReceiver_ends_with_an_error_when_a_setting_is_wrong(string setting, string message)
    {
        using var scratch = new ScratchDirectory();
        (int code, string output, string error) = await DotNet.RunAsync(DotNet.Sample("HostReceiver"), "Listen=127.0.0.1:0", "Pcm=" + scratch["out.raw"], setting);
        Assert.Equal((1, ""), (code, error));
        Assert.Contains(message, output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Discover_says_what_it_found_and_whom_it_asked_and_ends_at_once()
    {
        (int code, string output, string error) = await DotNet.RunAsync(DotNet.Sample("Discover"));
        if (code == 0)
        {
            Assert.Equal("", error);
            Assert.Matches(@"(?m)^\d+ found, (asked on .+|no network interface is up)\. Enter ends it\.\r?$", output);
        }
        else
        {
            // Something else keeps port 5353 to itself, and offers nothing.
            Assert.Equal(1, code);
            Assert.StartsWith("AddressInUse: ", error, StringComparison.Ordinal);
        }
    }

    private static double[] Volumes(Listener speaker) => [.. speaker.Events.OfType<RaopVolumeChanged>().Select(static happened => Math.Round(happened.Volume, 3))];
}
