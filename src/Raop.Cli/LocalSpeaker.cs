using System.Net;
using Raop.Audio;
using Raop.Media;

namespace Raop.Cli;

/// <summary>A receiver inside this process, on a free port of loopback: what <c>--to local</c> plays to.</summary>
internal sealed class LocalSpeaker : IAsyncDisposable
{
    private readonly IPcmSink _sink;
    private readonly RaopReceiver _receiver;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _hasStarted;

    /// <summary>Opens the output and listens.</summary>
    /// <exception cref="RaopException">The output cannot be opened.</exception>
    public LocalSpeaker(string output, RaopSenderOptions sender)
    {
        _sink = MediaSink.Open(output, sender.TimeProvider);
        var options = new RaopReceiverOptions
        {
            Name = "local",
            Advertise = false,
            Listen = new IPEndPoint(IPAddress.Loopback, 0),
            Password = sender.Password,
            TimeProvider = sender.TimeProvider,
            LoggerFactory = sender.LoggerFactory,
        };
        _receiver = RaopReceiver.Start(_sink, options, OnEvent);
    }

    public EndPoint EndPoint => _receiver.EndPoint;

    /// <summary>Waits until all that was sent has been heard, or is in the file. The sender must be closed.</summary>
    /// <exception cref="RaopException">The output failed: disk full, device gone.</exception>
    public async Task FinishAsync(CancellationToken cancellationToken)
    {
        if (_hasStarted) await Task.WhenAny(_ended.Task, _receiver.Completion).WaitAsync(cancellationToken);
        if (_receiver.Completion.IsFaulted) await _receiver.Completion;
    }

    public async ValueTask DisposeAsync()
    {
        await _receiver.DisposeAsync();
        await _sink.DisposeAsync();
    }

    private void OnEvent(RaopReceiverEvent happened)
    {
        if (happened is RaopSessionStarted) _hasStarted = true;
        if (happened is RaopSessionEnded) _ended.TrySetResult();
    }
}
