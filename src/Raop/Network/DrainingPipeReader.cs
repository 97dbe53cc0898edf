using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace Raop.Network;

/// <summary>
/// Shows a fault only after the bytes that came before it. A pipe that is completed with an exception throws at once and loses
/// them: a receiver's last answer, when it answers and resets.
/// </summary>
/// <remarks>Whoever writes sets the fault first and then completes the pipe without one. One thread reads.</remarks>
internal sealed class DrainingPipeReader(PipeReader inner) : PipeReader
{
    private volatile Exception? _fault;
    private ReadOnlySequence<byte> _buffer;
    private long _seen; // bytes at the front of the pipe that were examined and not consumed

    /// <summary>What ends the stream instead of its orderly end. The first one counts.</summary>
    public Exception? Fault
    {
        get => _fault;
        set => Interlocked.CompareExchange(ref _fault, value, null);
    }

    public override bool TryRead(out ReadResult result)
    {
        if (!inner.TryRead(out result)) return false;
        result = Show(result);
        return true;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) =>
        Show(await inner.ReadAsync(cancellationToken).ConfigureAwait(false));

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        _seen = _buffer.Slice(consumed, examined).Length;
        _buffer = default;
        inner.AdvanceTo(consumed, examined);
    }

    public override void CancelPendingRead() => inner.CancelPendingRead();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    private ReadResult Show(ReadResult result)
    {
        _buffer = result.Buffer;
        if (!result.IsCompleted || _fault is not { } fault) return result;
        if (result.Buffer.Length > _seen) return new ReadResult(result.Buffer, result.IsCanceled, isCompleted: false);

        AdvanceTo(result.Buffer.Start, result.Buffer.End);
        ExceptionDispatchInfo.Throw(fault);
        return result;
    }
}
