using System.Text.Json;
using Raop.Apps.Tests.Media.Output;

namespace Raop.Apps.Tests.Cli;

public sealed class ReceiveTests
{
    private static readonly Dictionary<string, string[]> Shapes = new()
    {
        ["listening"] = ["event", "name", "address", "port"],
        ["session"] =
        [
            "event", "session", "client", "userAgent", "transport", "codec", "encrypted", "framesPerPacket", "sampleRate", "bitsPerSample", "channels", "clientName",
        ],
        ["volume"] = ["event", "session", "volume", "gainDb"],
        ["playing"] = ["event", "session"],
        ["track"] =
        [
            "event", "session", "title", "artist", "album", "albumArtist", "composer", "genre", "year", "trackNumber", "trackCount", "discNumber", "discCount", "seconds", "rtpTime",
        ],
        ["progress"] = ["event", "session", "position", "duration", "rtpTime"],
        ["ended"] =
        [
            "event", "session", "cause", "packets", "frames", "flushed", "lost", "concealed", "bytes", "changed", "underruns", "askedAgain", "recovered", "late", "resyncs", "detail",
        ],
    };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Once_takes_a_session_to_the_bit_and_tells_it_in_lines_of_json()
    {
        using var scratch = new ScratchDirectory();
        byte[] samples = await Music.WriteWavAsync(scratch["in.wav"], 30_000);
        ToolRun receive = Receive("--output", "raw:" + scratch["out.raw"], "--once", "--no-advertise", "--name", "Küche");
        JsonElement listening = await receive.EventAsync("listening");
        Assert.Equal(("Küche", "127.0.0.1"), (listening.GetProperty("name").GetString(), listening.GetProperty("address").GetString()));
        (int code, _, _) = await ToolRun.RunAsync("play", scratch["in.wav"], "--to", To(listening));
        Assert.Equal(0, code);
        (code, string output, string error) = await receive.EndAsync();
        Assert.Equal((0, ""), (code, error));
        Assert.Equal(samples, await File.ReadAllBytesAsync(scratch["out.raw"], Cancel));
        string?[] names = [.. ToolRun.Names(output)];
        Assert.Equal(["listening", "session", "volume", "playing", "ended"], names.Where(static name => name is not ("track" or "progress")));
        Assert.Equal(["progress", "track"], names.Where(static name => name is "track" or "progress").Order()); // told beside the audio
        Assert.All(output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(ToolRun.Json), static line =>
            Assert.Equal(Shapes[line.GetProperty("event").GetString()!], line.EnumerateObject().Select(static property => property.Name)));
        JsonElement ended = ToolRun.Json(output.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1]);
        Assert.Equal("teardown", ended.GetProperty("cause").GetString());
        Assert.Equal((86, 30_000), (ended.GetProperty("packets").GetInt64(), ended.GetProperty("frames").GetInt64()));
        Assert.Equal((0, 0), (ended.GetProperty("changed").GetInt64(), ended.GetProperty("concealed").GetInt64()));
    }

    [Fact]
    public async Task Tells_people_in_sentences()
    {
        using var scratch = new ScratchDirectory();
        await Music.WriteWavAsync(scratch["in.wav"], 10_000);
        ToolRun receive = ToolRun.Start("receive", "--port", "0", "--bind", "127.0.0.1", "--output", "null", "--once");
        string listening = await receive.Error.ReadLineAsync();
        Assert.StartsWith("Raop listens on 127.0.0.1:", listening, StringComparison.Ordinal);
        string to = listening.Split(' ')[3].TrimEnd('.');
        (int code, _, _) = await ToolRun.RunAsync("play", scratch["in.wav"], "--to", to, "--volume", "50%");
        Assert.Equal(0, code);
        (code, string output, string error) = await receive.EndAsync();
        Assert.Equal((0, ""), (code, output));
        Assert.Contains("ALAC, encrypted, 44100 Hz, 16 bit, stereo", error, StringComparison.Ordinal);
        Assert.Contains("Volume -15 dB", error, StringComparison.Ordinal);
        Assert.Contains("Session 1 ended (teardown): 10000 frames in 29 packets, 10000 frames changed.", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_password_is_asked_for_checked_and_never_printed()
    {
        using var scratch = new ScratchDirectory();
        await Music.WriteWavAsync(scratch["in.wav"], 1000);
        await File.WriteAllTextAsync(scratch["right"], "open sesame\nnot this\n", Cancel);
        ToolRun receive = ToolRun.StartWith("RAOP_PASSWORD", "open sesame", "receive", "--port", "0", "--bind", "127.0.0.1", "--output", "null", "--once", "--json", "-v");
        string[] play = ["play", scratch["in.wav"], "--to", To(await receive.EventAsync("listening")), "-v"];

        (int code, _, string error) = await ToolRun.RunAsync(play);
        Assert.Equal(1, code);
        ToolRun.AssertOneError(error, "password-required");
        (code, _, error) = await ToolRun.RunAsync([.. play, "--password", "close sesame"]);
        Assert.Equal(1, code);
        ToolRun.AssertOneError(error, "wrong-password");
        Assert.Equal(401, (await receive.EventAsync("refused")).GetProperty("status").GetInt32());
        (code, _, string said) = await ToolRun.StartWithInput("open sesame\n", [.. play, "--password", "-"]).EndAsync();
        Assert.Equal(0, code);
        (code, string output, string log) = await receive.EndAsync();
        Assert.Equal(0, code);
        Assert.DoesNotContain("sesame", string.Concat(error, said, output, log), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_sender_is_refused_while_one_plays_and_takes_over_when_told_so()
    {
        using var scratch = new ScratchDirectory();
        await Music.WriteWavAsync(scratch["long.wav"], 60 * 44_100);
        await Music.WriteWavAsync(scratch["short.wav"], 1000);
        foreach (string onBusy in new[] { "refuse", "take" })
        {
            ToolRun receive = Receive("--output", "null", "--on-busy", onBusy);
            string to = To(await receive.EventAsync("listening"));
            ToolRun first = ToolRun.Start("play", scratch["long.wav"], "--to", to, "--json");
            await first.EventAsync("playing");
            (int code, _, string error) = await ToolRun.RunAsync("play", scratch["short.wav"], "--to", to);
            if (onBusy == "refuse")
            {
                Assert.Equal(1, code);
                ToolRun.AssertOneError(error, "busy");
                Assert.Equal(453, (await receive.EventAsync("refused")).GetProperty("status").GetInt32());
                first.Interrupt();
                Assert.Equal(130, (await first.EndAsync()).Code);
            }
            else
            {
                Assert.Equal(0, code);
                Assert.Equal("taken-over", (await receive.EventAsync("ended")).GetProperty("cause").GetString());
                (code, _, error) = await first.EndAsync();
                Assert.Equal(1, code);
                ToolRun.AssertOneError(error, "connection-lost");
            }

            receive.Interrupt();
            Assert.Equal(130, (await receive.EndAsync()).Code);
        }
    }

    [Fact]
    public async Task A_receiver_that_is_ended_in_mid_play_leaves_a_whole_WAV_file_and_the_sender_says_why()
    {
        using var scratch = new ScratchDirectory();
        byte[] samples = await Music.WriteWavAsync(scratch["in.wav"], 60 * 44_100);
        ToolRun receive = Receive("--output", "wav:" + scratch["out.wav"]);
        ToolRun play = ToolRun.Start("play", scratch["in.wav"], "--to", To(await receive.EventAsync("listening")));
        await receive.EventAsync("playing");
        receive.Interrupt();
        (int code, string output, _) = await receive.EndAsync();
        Assert.Equal(130, code);
        JsonElement ended = ToolRun.Json(output.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1]);
        Assert.Equal(("ended", "stopped"), (ended.GetProperty("event").GetString(), ended.GetProperty("cause").GetString()));
        Assert.NotEqual(0, ended.GetProperty("frames").GetInt64());
        (code, _, string error) = await play.EndAsync();
        Assert.Equal(1, code);
        ToolRun.AssertOneError(error, "connection-lost");
        WavReader copy = WavReader.Read(await File.ReadAllBytesAsync(scratch["out.wav"], Cancel));
        Assert.Equal(samples[..copy.Samples.Length], copy.Samples);
    }

    [Fact]
    public async Task A_full_disk_ends_it_with_the_outputs_error()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "needs /dev/full");
        using var scratch = new ScratchDirectory();
        await Music.WriteWavAsync(scratch["in.wav"], 60 * 44_100);
        ToolRun receive = Receive("--output", "raw:/dev/full");
        ToolRun play = ToolRun.Start("play", scratch["in.wav"], "--to", To(await receive.EventAsync("listening")));
        (int code, string output, string error) = await receive.EndAsync();
        Assert.Equal(1, code);
        ToolRun.AssertOneError(error, "output-failed");
        Assert.Equal(1, ToolRun.Names(output).Count(static name => name == "error"));
        (code, _, error) = await play.EndAsync();
        Assert.Equal(1, code);
        ToolRun.AssertOneError(error, "connection-lost");
    }

    [Fact]
    public async Task A_port_that_is_taken_is_said()
    {
        ToolRun first = Receive("--output", "null");
        JsonElement listening = await first.EventAsync("listening");
        (int code, _, string error) = await ToolRun.RunAsync(
            "receive", "--output", "null", "--bind", "127.0.0.1", "--port", $"{listening.GetProperty("port").GetInt32()}");
        Assert.Equal(1, code);
        ToolRun.AssertOneError(error, "address-in-use");
        first.Interrupt();
        Assert.Equal(130, (await first.EndAsync()).Code);
    }

    private static ToolRun Receive(params string[] more) => ToolRun.Start(["receive", "--port", "0", "--bind", "127.0.0.1", "--json", .. more]);

    private static string To(JsonElement listening) => $"127.0.0.1:{listening.GetProperty("port").GetInt32()}";
}
