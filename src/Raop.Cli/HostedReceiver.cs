using Raop.Audio;
using Raop.Media;

namespace Raop.Cli;

/// <summary>A running receiver, its output, and the socket for <c>raop remote</c>. Disposing it ends and closes all of that, once.</summary>
internal sealed class HostedReceiver : IAsyncDisposable
{
    private readonly IPcmSink _sink;
    private readonly Lazy<Task> _closing;
    private ControlServer? _control;

    private HostedReceiver(ReceiverPlan plan, IPcmSink sink, RaopReceiver receiver, ReceiverReport report, Reporter reporter)
    {
        (Plan, _sink, Receiver, Report, Reporter) = (plan, sink, receiver, report, reporter);
        _closing = new Lazy<Task>(CloseAsync);
    }

    public ReceiverPlan Plan { get; }

    public RaopReceiver Receiver { get; }

    public ReceiverReport Report { get; }

    public Reporter Reporter { get; }

    /// <summary>Opens the output and listens.</summary>
    /// <param name="plan">What it has of its own.</param>
    /// <param name="options">All the rest.</param>
    /// <param name="covers">Where covers are kept, or null.</param>
    /// <param name="reporter">Its own.</param>
    /// <exception cref="RaopException">The output cannot be opened, or the port is taken; nothing is open then.</exception>
    public static async Task<HostedReceiver> StartAsync(ReceiverPlan plan, RaopReceiverOptions options, ArtworkFolder? covers, Reporter reporter)
    {
        IPcmSink sink = OpenSink(plan, reporter);
        try
        {
            var report = new ReceiverReport(reporter, covers);
            return new HostedReceiver(plan, sink, RaopReceiver.Start(sink, options, report.Tell), report, reporter);
        }
        catch
        {
            await sink.DisposeAsync();
            throw;
        }
    }

    /// <summary>Lets <c>raop remote</c> speak to it, and says that it listens.</summary>
    /// <param name="isAlone">Whether no others are in this process.</param>
    public void Announce(bool isAlone)
    {
        _control = ControlServer.TryStart(Receiver, Reporter);
        Report.Listening(Plan.Name, Receiver.EndPoint, isAlone);
    }

    /// <summary>Waits for the receiver's end, or for the first session's.</summary>
    /// <exception cref="RaopException">What ended it was a failure.</exception>
    public async Task WaitAsync(bool forFirstSession, CancellationToken stop)
    {
        Task<RaopSessionEnded> once = forFirstSession ? Report.FirstEnd : new TaskCompletionSource<RaopSessionEnded>().Task;
        await Task.WhenAny(Receiver.Completion, once).WaitAsync(stop);
        if (Receiver.Completion.IsCompleted || (await once).Cause == RaopEndCause.OutputFailed) await Receiver.Completion.WaitAsync(stop);
        if (once.IsCompleted && (await once) is { Cause: RaopEndCause.DecoderFailed } undecoded)
            throw new RaopException(RaopError.UnsupportedFormat, undecoded.Detail, "Run it again with -v; let the sender send Apple Lossless if it can.");
        if (once.IsCompleted && (await once) is { Cause: RaopEndCause.ProtocolViolation } bad)
            throw new RaopException(RaopError.ProtocolViolation, bad.Detail, "Run it again with -v to see what the sender sent.");
    }

    public ValueTask DisposeAsync() => new(_closing.Value);

    private static IPcmSink OpenSink(ReceiverPlan plan, Reporter reporter)
    {
        IPcmSink sink = MediaSink.Open(plan.Output, reporter.Console.Time);
        if (plan.TimingLog is null) return sink;
        try
        {
            return new TimingLogSink(sink, new StreamWriter(plan.TimingLog), reporter.Console.Time, why => reporter.Warn($"The timing log ends here: {why}"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RaopException(RaopError.OutputFailed, $"The timing log cannot be written: {e.Message}", "Give a path that can be written.");
        }
    }

    private async Task CloseAsync()
    {
        if (_control is not null) await _control.DisposeAsync();
        await Receiver.DisposeAsync();
        await _sink.DisposeAsync();
    }
}
