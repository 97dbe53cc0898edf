using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Raop.Audio;
using Raop.Media;
using Raop.Media.Output;
using Raop.Tests;

namespace Raop.Apps.Tests.Media.Output;

public sealed partial class FileSinkTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<int, int, int> Formats => new() { { 44_100, 16, 2 }, { 48_000, 24, 1 }, { 96_000, 24, 2 }, { 22_050, 32, 2 }, { 8_000, 16, 1 } };

    public void Dispose() => _scratch.Dispose();

    [Theory, MemberData(nameof(Formats))]
    public async Task A_wav_file_holds_the_samples_to_the_bit(int rate, int bits, int channels)
    {
        var format = new PcmFormat(rate, bits, channels);
        byte[] samples = Noise(format.BytesPerFrame * 5_001); // an odd number of bytes for 24 bit mono
        await WriteAsync("wav:" + _scratch["a.wav"], format, samples, 352);
        WavReader wav = WavReader.Read(await File.ReadAllBytesAsync(_scratch["a.wav"], Cancel));
        Assert.Equal(format, wav.Format);
        Assert.Equal(samples, wav.Samples);
    }

    [Theory, MemberData(nameof(Formats))]
    public async Task Sox_and_ffmpeg_read_the_wav_file_alike(int rate, int bits, int channels)
    {
        Programs.Require("sox", "soxi", "ffmpeg", "ffprobe");
        var format = new PcmFormat(rate, bits, channels);
        byte[] samples = Noise(format.BytesPerFrame * 5_001);
        string path = _scratch["a.wav"];
        await WriteAsync("wav:" + path, format, samples, 4096);

        Assert.Equal(samples, await Programs.RunAsync("sox", path, "-t", "raw", "-"));
        Assert.Equal(samples, await Programs.RunAsync("ffmpeg", "-v", "error", "-i", path, "-c:a", $"pcm_s{bits}le", "-f", $"s{bits}le", "-"));
        Assert.Equal("5001\n", Encoding.ASCII.GetString(await Programs.RunAsync("soxi", "-s", path)));
        string probed = Encoding.ASCII.GetString(await Programs.RunAsync(
            "ffprobe", "-v", "error", "-show_entries", "stream=sample_rate,channels,duration_ts", "-of", "csv=p=0", path));
        Assert.Equal(string.Create(CultureInfo.InvariantCulture, $"{rate},{channels},5001\n"), probed);
    }

    [Fact]
    public async Task A_wav_file_is_valid_while_it_grows()
    {
        PcmFormat format = PcmFormat.AirTunes;
        byte[] second = Noise(44_100 * 4);
        await using IPcmSink sink = MediaSink.Open("wav:" + _scratch["a.wav"]);
        await sink.StartAsync(format, Cancel);
        Assert.Empty(WavReader.Read(await ReadSharedAsync(_scratch["a.wav"])).Samples);
        await sink.WriteAsync(second, default, Cancel);
        Assert.Equal(second, WavReader.Read(await ReadSharedAsync(_scratch["a.wav"])).Samples);
        await sink.WriteAsync(second.AsMemory(0, 400), default, Cancel);
        await sink.DrainAsync(Cancel);
        byte[] all = [.. second, .. second[..400]];
        Assert.Equal(all, WavReader.Read(await ReadSharedAsync(_scratch["a.wav"])).Samples);
    }

    [Fact]
    public async Task Frames_after_an_odd_drain_go_over_the_padding()
    {
        var format = new PcmFormat(8_000, 24, 1);
        await using (IPcmSink sink = MediaSink.Open("wav:" + _scratch["a.wav"]))
        {
            await sink.StartAsync(format, Cancel);
            await sink.WriteAsync(new byte[] { 1, 2, 3 }, default, Cancel);
            await sink.DrainAsync(Cancel);
            Assert.Equal([1, 2, 3], WavReader.Read(await ReadSharedAsync(_scratch["a.wav"])).Samples);
            await sink.WriteAsync(new byte[] { 4, 5, 6 }, default, Cancel);
        }

        Assert.Equal([1, 2, 3, 4, 5, 6], WavReader.Read(await File.ReadAllBytesAsync(_scratch["a.wav"], Cancel)).Samples);
    }

    [Fact]
    public async Task A_wav_file_without_any_stream_is_valid_and_empty()
    {
        await MediaSink.Open("wav:" + _scratch["a.wav"]).DisposeAsync();
        Assert.Empty(WavReader.Read(await File.ReadAllBytesAsync(_scratch["a.wav"], Cancel)).Samples);
    }

    [Theory, InlineData("wav"), InlineData("raw")]
    public async Task A_file_that_exists_stays_until_a_stream_starts_and_is_replaced_then(string kind)
    {
        byte[] before = Noise(5000);
        await File.WriteAllBytesAsync(_scratch["a"], before, Cancel);
        await MediaSink.Open($"{kind}:{_scratch["a"]}").DisposeAsync();
        Assert.Equal(before, await File.ReadAllBytesAsync(_scratch["a"], Cancel));
        await WriteAsync($"{kind}:{_scratch["a"]}", PcmFormat.AirTunes, before[..400], 100);
        byte[] file = await File.ReadAllBytesAsync(_scratch["a"], Cancel);
        Assert.Equal(before[..400], kind == "wav" ? WavReader.Read(file).Samples : file);
    }

    [Theory, InlineData("wav"), InlineData("raw")]
    public async Task Streams_of_the_same_format_follow_each_other_and_others_are_refused(string kind)
    {
        byte[] samples = Noise(400);
        IPcmSink sink = MediaSink.Open($"{kind}:{_scratch["a"]}");
        await sink.StartAsync(PcmFormat.AirTunes, Cancel);
        await sink.WriteAsync(samples, default, Cancel);
        await sink.StartAsync(PcmFormat.AirTunes, Cancel);
        await sink.WriteAsync(samples, default, Cancel);
        RaopException e = await Assert.ThrowsAsync<RaopException>(() => sink.StartAsync(new PcmFormat(48_000, 16, 2), Cancel).AsTask());
        Assert.Equal(RaopError.UnsupportedFormat, e.Error);
        await sink.DisposeAsync();
        byte[] file = await File.ReadAllBytesAsync(_scratch["a"], Cancel);
        byte[] twice = [.. samples, .. samples];
        Assert.Equal(twice, kind == "wav" ? WavReader.Read(file).Samples : file);
    }

    [Fact]
    public async Task Raw_data_can_be_read_at_once()
    {
        byte[] samples = Noise(1408);
        await using IPcmSink sink = MediaSink.Open("raw:" + _scratch["a.raw"]);
        Assert.False(sink.IsRealTime);
        Assert.Equal(TimeSpan.Zero, sink.Delay);
        await sink.StartAsync(PcmFormat.AirTunes, Cancel);
        await sink.WriteAsync(samples, default, Cancel);
        sink.Flush();
        Assert.Equal(samples, await ReadSharedAsync(_scratch["a.raw"]));
    }

    [Fact]
    public async Task A_wav_file_stops_where_its_length_field_ends()
    {
        var sink = new WavSink(OutputFile.Create(_scratch["a.wav"]), maxDataLength: 1000);
        await sink.StartAsync(PcmFormat.AirTunes, Cancel);
        await sink.WriteAsync(new byte[800], default, Cancel);
        RaopException e = await Assert.ThrowsAsync<RaopException>(() => sink.WriteAsync(new byte[204], default, Cancel).AsTask());
        Assert.Equal(RaopError.OutputFailed, e.Error);
        Assert.Contains("raw:", e.Remedy, StringComparison.Ordinal);
        await sink.DisposeAsync();
        Assert.Equal(new byte[800], WavReader.Read(await File.ReadAllBytesAsync(_scratch["a.wav"], Cancel)).Samples);
    }

    [Theory, InlineData("wav"), InlineData("raw")]
    public async Task A_full_disk_is_reported(string kind)
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "needs /dev/full");
        IPcmSink sink = MediaSink.Open(kind + ":/dev/full");
        RaopException e = await Assert.ThrowsAsync<RaopException>(async () =>
        {
            await sink.StartAsync(PcmFormat.AirTunes, Cancel);
            await sink.WriteAsync(new byte[4], default, Cancel);
        });
        Assert.Equal(RaopError.OutputFailed, e.Error);
        Assert.Contains("/dev/full", e.Message, StringComparison.Ordinal);
        Assert.NotEmpty(e.Remedy);
        await sink.DisposeAsync(); // said once, not twice
    }

    [Fact]
    public async Task A_full_disk_shows_on_dispose_when_no_stream_came()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "needs /dev/full");
        RaopException e = await Assert.ThrowsAsync<RaopException>(() => MediaSink.Open("wav:/dev/full").DisposeAsync().AsTask());
        Assert.Equal(RaopError.OutputFailed, e.Error);
    }

    [Fact]
    public void A_missing_directory_is_named()
    {
        RaopException e = Assert.Throws<RaopException>(() => MediaSink.Open("wav:" + _scratch["none/a.wav"]));
        Assert.Equal(RaopError.FileNotFound, e.Error);
        Assert.Contains(_scratch["none"], e.Message, StringComparison.Ordinal);
        Assert.Contains("mkdir", e.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void A_directory_is_no_file()
    {
        RaopException e = Assert.Throws<RaopException>(() => MediaSink.Open("raw:" + _scratch.Path));
        Assert.Equal(RaopError.FileNotFound, e.Error);
        Assert.Contains("is a directory", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_place_that_takes_no_files_is_reported()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs /proc, where not even root may create files");
        RaopException e = Assert.Throws<RaopException>(() => MediaSink.Open("raw:/proc/raop-test"));
        Assert.Equal(RaopError.FileNotFound, e.Error);
        Assert.Contains("permission", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wav_stream_into_a_pipe_has_open_lengths_and_is_not_patched()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "named pipes are files on Unix only");
        await Programs.RunAsync("mkfifo", _scratch["pipe"]);
        byte[] samples = Noise(44_100 * 4 * 2);
        Task<byte[]> reading = Task.Run(() => File.ReadAllBytes(_scratch["pipe"]), Cancel);
        await WriteAsync("wav:" + _scratch["pipe"], PcmFormat.AirTunes, samples, 4096);
        byte[] read = await reading;
        Assert.Equal(0xFFFFFFFF, BitConverter.ToUInt32(read, 4));
        Assert.Equal(0xFFFFFFFF, BitConverter.ToUInt32(read, 40));
        Assert.Equal(samples, read[44..]);
    }

    [Fact]
    public async Task A_descriptor_gets_every_byte_and_its_closed_reader_is_reported()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "descriptors are Unix only");
        int[] ends = new int[2];
        Assert.Equal(0, MakePipe(ends));
        using var writeEnd = new SafeFileHandle(ends[1], ownsHandle: true);
        byte[] samples = Noise(40_000);
        await using var sink = new FileSink(OutputFile.OpenDescriptor("the pipe", ends[1]));
        await sink.StartAsync(PcmFormat.AirTunes, Cancel);
        using (var reader = new FileStream(new SafeFileHandle(ends[0], ownsHandle: true), FileAccess.Read, 0))
        {
            await sink.WriteAsync(samples, default, Cancel);
            byte[] read = new byte[samples.Length];
            await reader.ReadExactlyAsync(read, Cancel);
            Assert.Equal(samples, read);
        }

        RaopException e = await Assert.ThrowsAsync<RaopException>(() => sink.WriteAsync(samples, default, Cancel).AsTask());
        Assert.Equal(RaopError.OutputFailed, e.Error);
        Assert.Contains("has ended", e.Message, StringComparison.Ordinal);
    }

    [Theory, InlineData("wav"), InlineData("raw"), InlineData("null")]
    public async Task Writing_allocates_nothing(string kind)
    {
        await using IPcmSink sink = MediaSink.Open(kind == "null" ? kind : $"{kind}:{_scratch["a"]}");
        byte[] packet = Noise(44_100 * 4);
        await sink.StartAsync(PcmFormat.AirTunes, Cancel);
        await sink.WriteAsync(packet, default, Cancel);
        Assert.Equal(0, Garbage.Of(() =>
        {
            ValueTask written = sink.WriteAsync(packet, default, Cancel);
            if (!written.IsCompletedSuccessfully) Assert.Fail("file sinks write at once");
        }));
    }

    [Theory, InlineData("wav"), InlineData("raw"), InlineData("null")]
    public async Task Half_frames_are_the_callers_mistake(string kind)
    {
        await using IPcmSink sink = MediaSink.Open(kind == "null" ? kind : $"{kind}:{_scratch["a"]}");
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await sink.WriteAsync(new byte[4], default, Cancel));
        await sink.StartAsync(PcmFormat.AirTunes, Cancel);
        await Assert.ThrowsAsync<ArgumentException>(async () => await sink.WriteAsync(new byte[6], default, Cancel));
    }

    private static byte[] Noise(int length)
    {
        byte[] bytes = new byte[length];
        new Random(1).NextBytes(bytes);
        return bytes;
    }

    private static async Task WriteAsync(string output, PcmFormat format, byte[] samples, int framesAtOnce)
    {
        await using IPcmSink sink = MediaSink.Open(output);
        await sink.StartAsync(format, Cancel);
        foreach (byte[] chunk in samples.Chunk(framesAtOnce * format.BytesPerFrame)) await sink.WriteAsync(chunk, default, Cancel);
        await sink.DrainAsync(Cancel);
    }

    private static async Task<byte[]> ReadSharedAsync(string path)
    {
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        byte[] bytes = new byte[file.Length];
        await file.ReadExactlyAsync(bytes, Cancel);
        return bytes;
    }

    [LibraryImport("libc", EntryPoint = "pipe")]
    private static partial int MakePipe([Out] int[] ends);
}
