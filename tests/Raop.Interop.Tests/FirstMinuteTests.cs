using System.Text.Json;
using Raop.Interop.Tests.Lab;

namespace Raop.Interop.Tests;

/// <summary>The commands of the first minute: both ends in one process, no other machine, no sound hardware.</summary>
public class FirstMinuteTests
{
    [Fact]
    public Task The_shipped_music_comes_out_bit_exact() => PeerLab.RunAsync(async lab =>
    {
        byte[] source = await Tracks.DecodedByFfmpegAsync(Tracks.Music());
        string output = lab.PathOf("out.wav");
        await lab.Raop("play", Tracks.Music(), "--to", "local", "--output", "wav:" + output).SucceedsAsync();
        Assert.Equal(source, await Wav.SamplesOfAsync(output));
    });

    [Fact]
    public Task Several_files_play_without_a_gap() => PeerLab.RunAsync(async lab =>
    {
        byte[] source = Mix.Pcm(3 * Mix.Rate + 1_234);
        byte[][] parts = [source[..(4 * 50_001)], source[(4 * 50_001)..(4 * 50_777)], source[(4 * 50_777)..]];
        List<string> files = [];
        foreach (byte[] part in parts) files.Add(await lab.WriteAsync($"part{files.Count}.wav", Wav.Of(part)));
        string output = lab.PathOf("out.wav");
        await lab.Raop(["play", .. files, "--to", "local", "--output", "wav:" + output]).SucceedsAsync();
        Assert.Equal(source, await Wav.SamplesOfAsync(output));
    });

    [Fact]
    public Task Stdin_plays() => PeerLab.RunAsync(async lab =>
    {
        byte[] source = Mix.Seconds(2);
        string output = lab.PathOf("out.raw");
        await lab.Raop(new MemoryStream(Wav.Of(source)), "play", "-", "--to", "local", "--output", "raw:" + output).SucceedsAsync();
        Assert.Equal(source, await File.ReadAllBytesAsync(output, TestContext.Current.CancellationToken));
    });

    [Fact]
    public Task Stdout_gets_the_samples_and_nothing_else() => PeerLab.RunAsync(async lab =>
    {
        byte[] source = Mix.Seconds(2);
        string input = await lab.WriteAsync("in.wav", Wav.Of(source));
        Child tool = lab.Raop("play", input, "--to", "local", "--output", "-");
        await tool.SucceedsAsync();
        Assert.Equal(source, tool.Output);
    });

    [Fact]
    public Task Fitting_alac_goes_through_as_it_is() => PeerLab.RunAsync(async lab =>
    {
        byte[] source = Mix.Seconds(3);
        string m4a = await lab.EncodedByFfmpegAsync(await lab.WriteAsync("in.wav", Wav.Of(source)), "in.m4a");
        string output = lab.PathOf("out.wav");
        Child tool = lab.Raop("play", m4a, "--to", "local", "--transport", "tcp", "--output", "wav:" + output, "--json");
        await tool.SucceedsAsync();
        Assert.Equal(source, await Wav.SamplesOfAsync(output));

        // What went out are the file's own packets, as long as ffmpeg made them, each behind 16 bytes of framing.
        int[] packets = await Tracks.PacketSizesAsync(m4a);
        JsonElement ended = await tool.EventAsync(ToolEvents.Ended);
        Assert.Equal((packets.Length, packets.Sum() + (16 * packets.Length)), (ended.Count("packets"), ended.Count("bytes")));
    });

    [Fact]
    public Task Alac_of_352_frames_goes_through_over_udp() => PeerLab.RunAsync(async lab =>
    {
        byte[] source = Mix.Seconds(3);
        string m4a = lab.PathOf("in.m4a"), output = lab.PathOf("out.wav");
        await lab.Raop("alac", "encode", await lab.WriteAsync("in.wav", Wav.Of(source)), m4a, "--frames", "352").SucceedsAsync();
        Child tool = lab.Raop("play", m4a, "--to", "local", "--transport", "udp", "--output", "wav:" + output, "--json");
        await tool.SucceedsAsync();
        Assert.Equal(source, await Wav.SamplesOfAsync(output));
        int[] packets = await Tracks.PacketSizesAsync(m4a);
        JsonElement ended = await tool.EventAsync(ToolEvents.Ended);
        Assert.Equal((packets.Length, packets.Sum() + (12 * packets.Length)), (ended.Count("packets"), ended.Count("bytes")));
    });

    [Fact]
    public Task Playing_starts_where_told() => PeerLab.RunAsync(async lab =>
    {
        byte[] source = Mix.Seconds(4);
        string input = await lab.WriteAsync("in.wav", Wav.Of(source));
        string output = lab.PathOf("out.wav");
        await lab.Raop("play", input, "--start", "2", "--to", "local", "--output", "wav:" + output).SucceedsAsync();
        Assert.Equal(source[(2 * Mix.Rate * Mix.FrameBytes)..], await Wav.SamplesOfAsync(output));
    });
}
