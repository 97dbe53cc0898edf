using System.Collections.Concurrent;
using System.Net;
using Raop.Audio;

namespace Raop.Apps.Tests.Samples;

/// <summary>A receiver on a port of loopback that keeps what it hears of one session. It is not announced.</summary>
internal sealed class Listener : IPcmSink
{
    private readonly MemoryStream _samples = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly RaopReceiver _receiver;

    public Listener() => _receiver = RaopReceiver.Start(
        this, new RaopReceiverOptions { Advertise = false, Listen = new IPEndPoint(IPAddress.Loopback, 0) }, happened =>
        {
            Events.Enqueue(happened);
            if (happened is RaopSessionEnded) _ended.TrySetResult();
        });

    /// <summary>As a sample's argument.</summary>
    public string Address => $"{_receiver.EndPoint}";

    public ConcurrentQueue<RaopReceiverEvent> Events { get; } = [];

    /// <summary>RTP time and instant, in ticks of the machine's clock, of what was written last.</summary>
    public (uint RtpTime, long Due) Last { get; private set; }

    /// <summary>The samples, once the session is over.</summary>
    public async Task<byte[]> SamplesAsync()
    {
        await _ended.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        return _samples.ToArray();
    }

    public ValueTask StartAsync(PcmFormat format, CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

    public ValueTask WriteAsync(ReadOnlyMemory<byte> frames, FrameTime time, CancellationToken cancellationToken = default)
    {
        _samples.Write(frames.Span);
        if (time is { RtpTime: { } rtp, Due: { } due }) Last = (rtp, due);
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => _receiver.DisposeAsync();
}
