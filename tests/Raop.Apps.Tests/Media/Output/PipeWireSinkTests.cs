using Raop.Audio;
using Raop.Media;
using Raop.Media.Output;

namespace Raop.Apps.Tests.Media.Output;

/// <summary>The PulseAudio sink against PipeWire's server; 48,000 Hz is its rate, so that nothing is resampled.</summary>
public sealed class PipeWireSinkTests
{
    private static readonly PcmFormat _format = new(48_000, 16, 2);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory, InlineData(null), InlineData("itche")]
    public async Task Plays_every_frame_to_the_bit(string? device)
    {
        await using SoundServer server = await SoundServer.StartPipeWireAsync();
        Stream recording = await server.RecordAsync();
        byte[] samples = PulseSinkTests.Noise(48_000);
        await using IDeviceSink sink = await SoundSystem.OpenAsync(device, server.Address, TimeProvider.System);
        Assert.StartsWith("Kitchen", sink.Device, StringComparison.Ordinal);
        await sink.StartAsync(_format, Cancel);
        await sink.WriteAsync(samples, default, Cancel);
        Assert.InRange(sink.Delay, TimeSpan.FromTicks(1), TimeSpan.FromSeconds(1));
        await sink.DrainAsync(Cancel);
        await PulseSinkTests.AssertHeardAsync(recording, sink, samples);
    }

    [Fact]
    public async Task A_killed_server_wakes_the_writer()
    {
        await using SoundServer server = await SoundServer.StartPipeWireAsync();
        await using IDeviceSink sink = await SoundSystem.OpenAsync(null, server.Address, TimeProvider.System);
        await sink.StartAsync(_format, Cancel);
        Task writing = sink.WriteAsync(new byte[48_000 * 4 * 60], default, Cancel).AsTask();
        server.Kill();
        RaopException e = await Assert.ThrowsAsync<RaopException>(() => writing);
        Assert.Equal(RaopError.DeviceVanished, e.Error);
    }

    [Fact]
    public async Task A_removed_device_that_was_chosen_wakes_the_writer()
    {
        await using SoundServer server = await SoundServer.StartPipeWireAsync();
        await using IDeviceSink sink = await SoundSystem.OpenAsync("kitchen", server.Address, TimeProvider.System);
        await sink.StartAsync(_format, Cancel);
        Task writing = sink.WriteAsync(new byte[48_000 * 4 * 60], default, Cancel).AsTask();
        await server.ControlAsync("unload-module", "module-null-sink");
        RaopException e = await Assert.ThrowsAsync<RaopException>(() => writing);
        Assert.Equal(RaopError.DeviceVanished, e.Error);
    }
}
