using Raop.Audio;
using Raop.Media;
using Raop.Media.Output;

namespace Raop.Apps.Tests.Media.Output;

public sealed class PulseSinkTests
{
    /// <summary>Frames at a stream's beginning that a monitor may miss: PulseAudio mixes them into what it had rendered before, some 12 ms.</summary>
    private const int Missed = 2_205;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory, InlineData(null), InlineData("kitchen"), InlineData("en spea")]
    public async Task Plays_every_frame_to_the_bit(string? device)
    {
        await using SoundServer server = await SoundServer.StartPulseAudioAsync();
        Stream recording = await server.RecordAsync();
        byte[] samples = Noise(44_100 + 17);
        await using IDeviceSink sink = await OpenAsync(server, device);
        Assert.True(sink.IsRealTime);
        Assert.Equal("Kitchen Speaker", sink.Device);
        Assert.Equal(TimeSpan.Zero, sink.Delay);
        await sink.StartAsync(PcmFormat.AirTunes, Cancel);
        await sink.WriteAsync(samples, default, Cancel);
        Assert.InRange(sink.Delay, TimeSpan.FromTicks(1), TimeSpan.FromSeconds(3));
        await sink.DrainAsync(Cancel);
        await AssertHeardAsync(recording, sink, samples);
    }

    [Fact]
    public async Task Streams_shorter_than_the_buffer_are_heard_to_their_ends()
    {
        await using SoundServer server = await SoundServer.StartPulseAudioAsync();
        Stream recording = await server.RecordAsync();
        byte[] first = Noise(3_000), second = Noise(5_000), third = Noise(3_200);
        await using IDeviceSink sink = await OpenAsync(server, null);
        await sink.StartAsync(PcmFormat.AirTunes, Cancel);
        await sink.WriteAsync(first, default, Cancel);
        await sink.DrainAsync(Cancel);
        await AssertHeardAsync(recording, sink, first);
        await sink.WriteAsync(second, default, Cancel);
        await sink.DrainAsync(Cancel);
        await AssertHeardAsync(recording, sink, second);
        await sink.StartAsync(PcmFormat.AirTunes, Cancel);
        await sink.WriteAsync(third, default, Cancel);
        await sink.DrainAsync(Cancel);
        await AssertHeardAsync(recording, sink, third);
    }

    [Fact]
    public async Task What_is_flushed_before_it_sounds_is_never_heard()
    {
        await using SoundServer server = await SoundServer.StartPulseAudioAsync();
        Stream recording = await server.RecordAsync();
        byte[] dropped = [.. Enumerable.Repeat((byte)0x11, 1764 * 4)]; // 40 ms: the server waits for more before it begins
        byte[] played = Noise(20_000);
        await using IDeviceSink sink = await OpenAsync(server, null);
        await sink.StartAsync(PcmFormat.AirTunes, Cancel);
        await sink.WriteAsync(dropped, default, Cancel);
        sink.Flush();
        await sink.WriteAsync(played, default, Cancel);
        await sink.DrainAsync(Cancel);
        byte[] before = await AssertHeardAsync(recording, sink, played);
        Assert.Equal(-1, before.AsSpan().IndexOf(dropped.AsSpan(0, 32)));
    }

    [Fact]
    public async Task Another_format_opens_the_device_anew()
    {
        await using SoundServer server = await SoundServer.StartPulseAudioAsync();
        await using IDeviceSink sink = await OpenAsync(server, null);
        foreach (PcmFormat format in new PcmFormat[] { new(44_100, 16, 2), new(48_000, 24, 2), new(96_000, 32, 1) })
        {
            await sink.StartAsync(format, Cancel);
            await sink.WriteAsync(new byte[format.BytesPerFrame * format.SampleRate / 5], default, Cancel);
            await sink.DrainAsync(Cancel);
        }
    }

    [Fact]
    public async Task A_full_buffer_makes_the_writer_wait_and_cancelling_frees_it()
    {
        await using SoundServer server = await SoundServer.StartPulseAudioAsync();
        await using IDeviceSink sink = await OpenAsync(server, null);
        await sink.StartAsync(PcmFormat.AirTunes, Cancel);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        Task writing = sink.WriteAsync(new byte[44_100 * 4 * 60], default, stop.Token).AsTask();
        Assert.False(writing.IsCompleted);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writing);
    }

    [Fact]
    public async Task A_killed_server_wakes_the_writer_and_the_next_stream_says_that_it_is_gone()
    {
        await using SoundServer server = await SoundServer.StartPulseAudioAsync();
        await using IDeviceSink sink = await OpenAsync(server, null);
        await sink.StartAsync(PcmFormat.AirTunes, Cancel);
        Task writing = sink.WriteAsync(new byte[44_100 * 4 * 60], default, Cancel).AsTask();
        server.Kill();
        RaopException e = await Assert.ThrowsAsync<RaopException>(() => writing);
        Assert.Equal(RaopError.DeviceVanished, e.Error);
        Assert.Contains("sound server", e.Message, StringComparison.Ordinal);
        Assert.Equal(TimeSpan.Zero, sink.Delay);
        sink.Flush();
        e = await Assert.ThrowsAsync<RaopException>(() => sink.WriteAsync(new byte[4], default, Cancel).AsTask());
        Assert.Equal(RaopError.DeviceVanished, e.Error);
        e = await Assert.ThrowsAsync<RaopException>(() => sink.StartAsync(PcmFormat.AirTunes, Cancel).AsTask());
        Assert.Equal(RaopError.NoSuchDevice, e.Error);
    }

    [Theory, InlineData(null), InlineData("kitchen")]
    public async Task A_removed_device_wakes_the_writer_and_when_it_is_back_it_plays_again(string? device)
    {
        await using SoundServer server = await SoundServer.StartPulseAudioAsync();
        await using IDeviceSink sink = await OpenAsync(server, device);
        await sink.StartAsync(PcmFormat.AirTunes, Cancel);
        Task writing = sink.WriteAsync(new byte[44_100 * 4 * 60], default, Cancel).AsTask();
        await server.ControlAsync("unload-module", "module-null-sink");
        RaopException e = await Assert.ThrowsAsync<RaopException>(() => writing);
        Assert.Equal(RaopError.DeviceVanished, e.Error);
        Assert.Contains("Kitchen Speaker", e.Message, StringComparison.Ordinal);
        await server.ControlAsync("load-module", "module-null-sink", "sink_name=kitchen");
        await sink.StartAsync(PcmFormat.AirTunes, Cancel);
        await sink.WriteAsync(new byte[44_100], default, Cancel);
        await sink.DrainAsync(Cancel);
    }

    [Fact]
    public async Task A_removed_device_ends_a_drain()
    {
        await using SoundServer server = await SoundServer.StartPulseAudioAsync();
        await using IDeviceSink sink = await OpenAsync(server, null);
        await sink.StartAsync(PcmFormat.AirTunes, Cancel);
        await sink.WriteAsync(new byte[100 * 176], default, Cancel);
        await server.ControlAsync("suspend-sink", "kitchen", "1"); // so that the drain never ends by itself
        Task draining = sink.DrainAsync(Cancel).AsTask();
        server.Kill();
        RaopException e = await Assert.ThrowsAsync<RaopException>(() => draining);
        Assert.Equal(RaopError.DeviceVanished, e.Error);
    }

    [Fact]
    public async Task Lists_devices_with_the_default_one_marked()
    {
        await using SoundServer server = await SoundServer.StartPulseAudioAsync();
        await server.ControlAsync("load-module", "module-null-sink", "sink_name=bath", "rate=48000", "channels=1", "format=s32le");
        await server.ControlAsync("set-default-sink", "bath");
        List<SoundDevice> devices = await SoundSystem.ListAsync(server.Address, TimeProvider.System);
        SoundDevice[] pulse = [.. devices.Where(d => d.System == "PulseAudio")];
        Assert.Equal(new SoundDevice("kitchen", "Kitchen Speaker", "PulseAudio", false, PcmFormat.AirTunes), pulse[0]);
        Assert.Equal(("bath", true, new PcmFormat(48_000, 32, 1)), (pulse[1].Id, pulse[1].IsDefault, pulse[1].Format));
    }

    [Fact]
    public async Task A_name_that_fits_two_devices_is_refused_with_both()
    {
        await using SoundServer server = await SoundServer.StartPulseAudioAsync();
        await server.ControlAsync("load-module", "module-null-sink", "sink_name=kitchen2");
        RaopException e = await Assert.ThrowsAsync<RaopException>(() => OpenAsync(server, "KITCH"));
        Assert.Equal(RaopError.NoSuchDevice, e.Error);
        Assert.Contains("kitchen, kitchen2", e.Message, StringComparison.Ordinal);
        await using IDeviceSink exact = await OpenAsync(server, "kitchen");
        Assert.Equal("Kitchen Speaker", exact.Device);
    }

    [Fact]
    public async Task A_dummy_is_no_sound_device_unless_asked_for()
    {
        await using SoundServer server = await SoundServer.StartPulseAudioAsync("auto_null", "Dummy Output");
        RaopException e = await Assert.ThrowsAsync<RaopException>(() => OpenAsync(server, null));
        Assert.Equal(RaopError.NoSuchDevice, e.Error);
        Assert.Contains("wav:PATH", e.Remedy, StringComparison.Ordinal);
        await using IDeviceSink dummy = await OpenAsync(server, "auto_null");
        Assert.Equal("Dummy Output", dummy.Device);
    }

    private static Task<IDeviceSink> OpenAsync(SoundServer server, string? device) => SoundSystem.OpenAsync(device, server.Address, TimeProvider.System);

    /// <summary>
    /// Reads a recording until it has held what the sink was given; what came before it. On a machine too busy for real time a
    /// device or its recorder misses frames now and then: then plays again, a few times.
    /// </summary>
    internal static async Task<byte[]> AssertHeardAsync(Stream recording, IDeviceSink sink, byte[] stream)
    {
        const int attempts = 5;
        byte[] samples = stream[(Missed * 4)..];
        for (int attempt = 1; ; attempt++)
        {
            (byte[] before, byte[] heard) = await HearAsync(recording, samples);
            if (attempt == attempts) Assert.Equal(samples, heard);
            if (heard.AsSpan().SequenceEqual(samples)) return before;
            await sink.WriteAsync(stream, default, Cancel);
            await sink.DrainAsync(Cancel);
        }
    }

    /// <summary>Reads until as much as the samples have came after their beginning, or five seconds without them.</summary>
    private static async Task<(byte[] Before, byte[] Heard)> HearAsync(Stream recording, byte[] samples)
    {
        var heard = new List<byte>();
        byte[] chunk = new byte[4096];
        int at = -1;
        while (at < 0 || heard.Count < at + samples.Length)
        {
            if (at < 0 && heard.Count > 44_100 * 4 * 5) return ([], []);
            int read = await recording.ReadAsync(chunk, Cancel);
            Assert.True(read > 0, "the recording ended");
            heard.AddRange(chunk.AsSpan(0, read));
            if (at < 0) at = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(heard).IndexOf(samples.AsSpan(0, 64));
        }

        return ([.. heard.GetRange(0, at)], [.. heard.GetRange(at, samples.Length)]);
    }

    internal static byte[] Noise(int frames)
    {
        byte[] bytes = new byte[frames * 4];
        new Random(frames).NextBytes(bytes);
        return bytes;
    }
}
