using Raop.Audio;
using Raop.Media;
using Raop.Media.Output;
using Raop.Media.Output.Alsa;

namespace Raop.Apps.Tests.Media.Output;

public sealed class AlsaSinkTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new();

    public AlsaSinkTests() => AlsaConfiguration.Require();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<int, int, int> Formats => new() { { 44_100, 16, 2 }, { 48_000, 24, 2 }, { 96_000, 32, 1 } };

    public void Dispose() => _scratch.Dispose();

    [Theory, MemberData(nameof(Formats))]
    public async Task Every_frame_reaches_the_device_to_the_bit(int rate, int bits, int channels)
    {
        var format = new PcmFormat(rate, bits, channels);
        byte[] samples = new byte[format.BytesPerFrame * (rate + 17)];
        new Random(bits).NextBytes(samples);
        await using (var sink = new AlsaSink($"tofile:FILE={_scratch["a.raw"]}", "a file", TimeProvider.System))
        {
            Assert.True(sink.IsRealTime);
            await sink.StartAsync(format, Cancel);
            foreach (byte[] packet in samples.Chunk(352 * format.BytesPerFrame)) await sink.WriteAsync(packet, default, Cancel);
            await sink.DrainAsync(Cancel);
            Assert.Equal(0, sink.Underruns);
        }

        Assert.Equal(samples, await File.ReadAllBytesAsync(_scratch["a.raw"], Cancel));
    }

    [Fact]
    public async Task Another_stream_may_follow_in_the_same_or_another_format()
    {
        await using var sink = new AlsaSink("nothing", "nothing", TimeProvider.System);
        foreach (PcmFormat format in new PcmFormat[] { new(44_100, 16, 2), new(44_100, 16, 2), new(48_000, 24, 1) })
        {
            await sink.StartAsync(format, Cancel);
            await sink.WriteAsync(new byte[format.BytesPerFrame * format.SampleRate], default, Cancel);
            sink.Flush();
            await sink.WriteAsync(new byte[format.BytesPerFrame * 100], default, Cancel);
            await sink.DrainAsync(Cancel);
        }
    }

    [Fact]
    public async Task A_paced_device_makes_the_writer_wait_and_tells_its_delay()
    {
        await using SoundServer server = await SoundServer.StartPulseAudioAsync();
        Stream recording = await server.RecordAsync();
        byte[] samples = PulseSinkTests.Noise(44_100);
        await using IDeviceSink sink = await OpenPulsePluginAsync(server);
        await sink.StartAsync(PcmFormat.AirTunes, Cancel);
        Task writing = sink.WriteAsync(samples, default, Cancel).AsTask();
        Assert.False(writing.IsCompleted);
        await writing;
        Assert.InRange(sink.Delay, TimeSpan.FromTicks(1), TimeSpan.FromSeconds(3));
        await sink.DrainAsync(Cancel);
        await PulseSinkTests.AssertHeardAsync(recording, sink, samples);
    }

    [Fact]
    public async Task A_flush_drops_what_waits_and_cancelling_frees_the_writer()
    {
        await using SoundServer server = await SoundServer.StartPulseAudioAsync();
        _ = await server.RecordAsync();
        await using IDeviceSink sink = await OpenPulsePluginAsync(server);
        await sink.StartAsync(PcmFormat.AirTunes, Cancel);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        Task writing = sink.WriteAsync(new byte[44_100 * 4 * 60], default, stop.Token).AsTask();
        Assert.False(writing.IsCompleted);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writing);
        sink.Flush();
        await sink.WriteAsync(new byte[4 * 441], default, Cancel);
        await sink.DrainAsync(Cancel);
    }

    [Fact]
    public async Task A_device_that_goes_away_wakes_the_writer()
    {
        await using SoundServer server = await SoundServer.StartPulseAudioAsync();
        await using IDeviceSink sink = await OpenPulsePluginAsync(server);
        await sink.StartAsync(PcmFormat.AirTunes, Cancel);
        Task writing = sink.WriteAsync(new byte[44_100 * 4 * 60], default, Cancel).AsTask();
        server.Kill();
        RaopException e = await Assert.ThrowsAsync<RaopException>(() => writing);
        Assert.Equal(RaopError.DeviceVanished, e.Error);
        e = await Assert.ThrowsAsync<RaopException>(() => sink.WriteAsync(new byte[4], default, Cancel).AsTask());
        Assert.Equal(RaopError.DeviceVanished, e.Error);
        Assert.Equal(TimeSpan.Zero, sink.Delay);
        sink.Flush();
        await Assert.ThrowsAsync<RaopException>(() => sink.StartAsync(PcmFormat.AirTunes, Cancel).AsTask());
    }

    [Fact]
    public async Task Devices_are_listed_and_found_by_a_part_of_their_description()
    {
        List<SoundDevice> devices = await SoundSystem.ListAsync("unix:/nonexistent", TimeProvider.System);
        Assert.Equal([new SoundDevice("nothing", "Nothing at all", "ALSA", false, null)], devices);
        await using IDeviceSink sink = await SoundSystem.OpenAsync("at ALL", "unix:/nonexistent", TimeProvider.System);
        Assert.Equal("Nothing at all", sink.Device);
    }

    [Fact]
    public async Task A_name_that_only_alsa_knows_opens()
    {
        await using IDeviceSink sink = await SoundSystem.OpenAsync($"tofile:FILE={_scratch["b.raw"]}", "unix:/nonexistent", TimeProvider.System);
        Assert.IsType<AlsaSink>(sink);
    }

    [Fact]
    public async Task An_unknown_name_is_refused_with_the_names_there_are()
    {
        RaopException e = await Assert.ThrowsAsync<RaopException>(() => SoundSystem.OpenAsync("attic", "unix:/nonexistent", TimeProvider.System));
        Assert.Equal(RaopError.NoSuchDevice, e.Error);
        Assert.Contains("'attic': there are nothing", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_any_device_the_error_says_what_was_tried_and_how_to_go_on()
    {
        RaopException e = await Assert.ThrowsAsync<RaopException>(() => SoundSystem.OpenAsync(null, "unix:/nonexistent", TimeProvider.System));
        Assert.Equal(RaopError.NoSuchDevice, e.Error);
        Assert.Contains("no sound server", e.Message, StringComparison.Ordinal);
        Assert.Contains("ALSA", e.Message, StringComparison.Ordinal);
        Assert.Contains("--output wav:PATH", e.Remedy, StringComparison.Ordinal);
    }

    private static async Task<IDeviceSink> OpenPulsePluginAsync(SoundServer server)
    {
        try
        {
            return await SoundSystem.OpenAsync($"topulse:SERVER={server.Address}", "unix:/nonexistent", TimeProvider.System);
        }
        catch (RaopException e) when (e.Error == RaopError.NoSuchDevice)
        {
            Assert.Skip($"needs libasound2-plugins ({e.Message})");
            throw;
        }
    }
}
