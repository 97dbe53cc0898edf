using System.Collections.Concurrent;
using System.Diagnostics;
using Raop.Apps.Tests.Media.Input;
using Raop.Audio;
using Raop.Media;

namespace Raop.Apps.Tests.Media.Packets;

public sealed class FfmpegPacketDecoderTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("lc")]
    [InlineData("eld")]
    public async Task Each_packet_is_answered_before_the_next_with_what_ffmpeg_makes_of_the_file(string kind)
    {
        Tools.Need("ffmpeg");
        using var folder = new TestFolder();
        AacPackets music = kind == "lc" ? await AacPackets.LcAsync(folder, 44_100) : await AacPackets.EldAsync(folder, 60);
        var output = new Collected();
        var pcm = new MemoryStream();
        await using (IPacketDecoder decoder = PacketDecoders.Find()!.Open(music.Stream, output))
        {
            for (int i = 0; i < music.Packets.Length; i++)
            {
                decoder.Write(100 + (i * 3), music.Packets[i]);
                (long id, byte[] block) = await output.NextAsync();
                Assert.Equal(100 + (i * 3), id);
                pcm.Write(block);
            }
        }

        Assert.Contains(music.Pcm, static value => value != 0);
        Assert.Equal(music.Packets.Length * music.Stream.FramesPerPacket * 4, music.Pcm.Length);
        Assert.Equal(music.Pcm, pcm.ToArray());
        Assert.Null(output.Error);
    }

    [Fact]
    public async Task What_cannot_be_decoded_has_no_answer_and_shifts_nothing()
    {
        Tools.Need("ffmpeg");
        using var folder = new TestFolder();
        AacPackets music = await AacPackets.LcAsync(folder, 44_100);
        int[] bad = [0, 1, 20, 21, 30];
        var output = new Collected();
        await using IPacketDecoder decoder = PacketDecoders.Find()!.Open(music.Stream, output);
        var answered = new List<long>();
        for (int i = 0; i < 40; i++)
        {
            decoder.Write(i, bad.Contains(i) ? [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF] : music.Packets[i]);
            if (bad.Contains(i)) continue;
            (long id, byte[] block) = await output.NextAsync();
            Assert.Equal(4096, block.Length);
            answered.Add(id);
        }

        Assert.Equal(Enumerable.Range(0, 40).Except(bad).Select(static i => (long)i), answered);
    }

    [Fact]
    public async Task Rubbish_of_every_kind_ends_nothing()
    {
        Tools.Need("ffmpeg");
        using var folder = new TestFolder();
        AacPackets music = await AacPackets.LcAsync(folder, 44_100);
        var random = new Random(5);
        var output = new Collected();
        await using IPacketDecoder decoder = PacketDecoders.Find()!.Open(music.Stream, output);
        int id = 0;
        for (int round = 0; round < 40; round++)
        {
            for (int i = 0; i < 30; i++)
            {
                byte[] packet = [.. music.Packets[i]];
                if (i % 2 == 0) random.NextBytes(packet);
                else packet[random.Next(packet.Length)] ^= (byte)(1 << random.Next(8));
                decoder.Write(id++, packet.AsSpan(0, random.Next(1, packet.Length)));
            }

            decoder.Write(id, music.Packets[0]);
            while (await output.NextAsync() is var answer && answer.Id != id)
            {
            }

            id++;
        }

        Assert.Null(output.Error);
    }

    [Fact]
    public async Task A_child_that_ends_is_a_failure_that_says_what_it_said()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The stand-in is a shell script.");
        using var folder = new TestFolder();
        var output = new Collected();
        string script = Script(folder, "echo 'no such codec' >&2; exit 3");
        await using IPacketDecoder decoder = PacketDecoders.Find(script)!.Open(new PacketStream(PacketCodec.Aac, PcmFormat.AirTunes, 1024), output);
        RaopException error = await output.FailedAsync();
        Assert.Contains("no such codec", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("exec head -c 100000 /dev/zero")]
    [InlineData("exec yes FLV")]
    [InlineData("head -c 13 /dev/zero; printf '\\010\\377\\377\\377\\000\\000\\000\\000\\000\\000\\000'; exec sleep 100")]
    public async Task A_child_that_talks_nonsense_does_no_harm(string command)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The stand-in is a shell script.");
        using var folder = new TestFolder();
        var output = new Collected();
        await using IPacketDecoder decoder =
            PacketDecoders.Find(Script(folder, command))!.Open(new PacketStream(PacketCodec.Aac, PcmFormat.AirTunes, 1024), output);
        decoder.Write(1, [1, 2, 3]);
        Assert.Contains("ffmpeg", (await output.FailedAsync()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Disposing_ends_a_child_that_hangs_and_takes_nothing()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The stand-in is a shell script.");
        using var folder = new TestFolder();
        var output = new Collected();
        string script = Script(folder, $"echo $$ > '{folder["new"]}'; mv '{folder["new"]}' '{folder["pid"]}'; exec sleep 1000");
        IPacketDecoder decoder = PacketDecoders.Find(script)!.Open(new PacketStream(PacketCodec.Aac, PcmFormat.AirTunes, 1024), output);
        for (int i = 0; i < 10_000; i++) decoder.Write(i, new byte[1500]); // far more than is agreed, and than a pipe takes
        while (!File.Exists(folder["pid"])) await Task.Yield();
        int pid = int.Parse(await File.ReadAllTextAsync(folder["pid"], Cancel), System.Globalization.CultureInfo.InvariantCulture);
        using (Process child = Process.GetProcessById(pid)) Assert.False(child.HasExited);
        await decoder.DisposeAsync();
        Assert.Throws<ArgumentException>(() => Process.GetProcessById(pid));
        Assert.Null(output.Error);
    }

    [Theory]
    [InlineData(PacketCodec.Aac, 48_000, 2, 1024)]
    [InlineData(PacketCodec.Aac, 44_100, 2, 960)]
    [InlineData(PacketCodec.AacEld, 44_100, 6, 480)]
    public void A_stream_that_AirTunes_has_not_is_refused(PacketCodec codec, int rate, int channels, int frames)
    {
        Tools.Need("ffmpeg");
        var stream = new PacketStream(codec, new PcmFormat(rate, 16, channels), frames);
        Assert.Equal(RaopError.UnsupportedFormat, Assert.Throws<RaopException>(() => PacketDecoders.Find()!.Open(stream, new Collected())).Error);
    }

    [Fact]
    public void Nothing_is_found_where_nothing_is() => Assert.Null(PacketDecoders.Find("/nowhere/ffmpeg"));

    private static string Script(TestFolder folder, string command)
    {
        string path = folder["ffmpeg"];
        File.WriteAllText(path, $"#!/bin/sh\n{command}\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }

    private sealed class Collected : IPacketDecoderOutput
    {
        private readonly BlockingCollection<(long Id, byte[] Pcm)> _blocks = [];
        private readonly TaskCompletionSource<RaopException> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public RaopException? Error => _failed.Task.IsCompleted ? _failed.Task.Result : null;

        public Task<RaopException> FailedAsync() => _failed.Task.WaitAsync(TimeSpan.FromSeconds(60), Cancel);

        public Task<(long Id, byte[] Pcm)> NextAsync() => Task.Run(() =>
            _blocks.TryTake(out (long, byte[]) block, 60_000, Cancel) ? block : throw new TimeoutException($"No answer. {Error?.Message}"));

        public void OnDecoded(long id, ReadOnlySpan<byte> pcm) => _blocks.Add((id, pcm.ToArray()));

        public void OnFailed(RaopException error) => _failed.TrySetResult(error);
    }
}
