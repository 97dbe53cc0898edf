using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Raop.Audio;

namespace Raop.Media.Output.Pulse;

/// <summary>
/// A connection to a PulseAudio or PipeWire server with libpulse's own thread. Every libpulse call on the context or its streams
/// happens between <see cref="Enter"/> and the end of its scope, or inside a callback, where the thread holds the lock itself.
/// </summary>
internal sealed class PulseConnection : IDisposable
{
    private static readonly TimeSpan _answerTimeout = TimeSpan.FromSeconds(5);

    private readonly nint _loop;
    private readonly TimeProvider _time;
    private readonly TaskCompletionSource<bool> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private GCHandle _self;
    private volatile bool _isLost;
    private bool _disposed;

    private unsafe PulseConnection(string? server, TimeProvider time)
    {
        _time = time;
        _self = GCHandle.Alloc(this);
        _loop = LibPulse.NewLoop();
        Context = LibPulse.NewContext(LibPulse.LoopApi(_loop), "Raop");
        LibPulse.OnContextState(Context, &ContextStateChanged, GCHandle.ToIntPtr(_self));
        LibPulse.OnEvent(Context, &EventCame, GCHandle.ToIntPtr(_self));
        if (LibPulse.Connect(Context, server, LibPulse.NoAutoSpawn, 0) < 0) _ready.TrySetResult(false);
        _ = LibPulse.StartLoop(_loop);
    }

    public nint Context { get; }

    /// <summary>Whether the server is gone.</summary>
    public bool IsLost => _isLost;

    /// <summary>Called on libpulse's thread when the server is gone. Set before the first stream.</summary>
    public Action? Lost { get; set; }

    /// <summary>Called on libpulse's thread with a sink's index when that sink is gone.</summary>
    public Action<uint>? SinkRemoved { get; set; }

    /// <summary>Connects, or gives null when no server answers.</summary>
    /// <param name="server">A server in libpulse's notation; null is the user's own.</param>
    /// <param name="time">Clock for the timeout.</param>
    /// <param name="cancellationToken">Stops the attempt.</param>
    public static async Task<PulseConnection?> TryConnectAsync(string? server, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!LibPulse.IsInstalled) return null;
        var connection = new PulseConnection(server, time);
        try
        {
            if (await connection._ready.Task.WaitAsync(_answerTimeout, time, cancellationToken).ConfigureAwait(false)) return connection;
        }
        catch (TimeoutException)
        {
        }
        catch
        {
            connection.Dispose();
            throw;
        }

        connection.Dispose();
        return null;
    }

    /// <summary>Takes libpulse's lock until the scope is disposed, on this thread: no await inside.</summary>
    public Scope Enter() => new(_loop);

    /// <summary>Text of the last error; call inside <see cref="Enter"/>.</summary>
    public string LastError() => LibPulse.Describe(LibPulse.ContextError(Context));

    /// <summary>The sinks of the server, the default one marked.</summary>
    /// <exception cref="RaopException">The server does not answer.</exception>
    public async Task<List<SoundDevice>> ListAsync(CancellationToken cancellationToken)
    {
        var asked = new Question();
        GCHandle handle = GCHandle.Alloc(asked);
        (nint info, nint list) = Ask(GCHandle.ToIntPtr(handle));

        try
        {
            if (info == 0 || list == 0) throw new TimeoutException();
            await asked.Done.Task.WaitAsync(_answerTimeout, _time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException e)
        {
            throw new RaopException(RaopError.NoSuchDevice, "The sound server does not answer.", "Restart it, or write to a file with --output wav:PATH.", e);
        }
        finally
        {
            using (Enter())
            {
                Finish(info);
                Finish(list);
            }

            handle.Free();
        }

        return asked.Devices.ConvertAll(device => device with { IsDefault = device.Id == asked.Default });
    }

    public unsafe void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        using (Enter())
        {
            LibPulse.OnContextState(Context, null, 0);
            LibPulse.OnEvent(Context, null, 0);
            LibPulse.Disconnect(Context);
            LibPulse.ReleaseContext(Context);
        }

        LibPulse.StopLoop(_loop);
        LibPulse.FreeLoop(_loop);
        _self.Free();
    }

    private unsafe (nint Info, nint List) Ask(nint question)
    {
        using Scope _ = Enter();
        return (LibPulse.GetServerInfo(Context, &ServerInfoCame, question), LibPulse.ListSinks(Context, &SinkInfoCame, question));
    }

    private static void Finish(nint operation)
    {
        if (operation == 0) return;
        LibPulse.CancelOperation(operation); // done already, as a rule
        LibPulse.ReleaseOperation(operation);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void ContextStateChanged(nint context, nint user)
    {
        var me = (PulseConnection)GCHandle.FromIntPtr(user).Target!;
        switch (LibPulse.ContextState(context))
        {
            case LibPulse.ContextReady:
                nint subscribing = LibPulse.Subscribe(context, LibPulse.SubscribeSinks, 0, 0);
                if (subscribing != 0) LibPulse.ReleaseOperation(subscribing);
                me._ready.TrySetResult(true);
                break;
            case LibPulse.ContextFailed or LibPulse.ContextTerminated:
                me._isLost = true;
                me._ready.TrySetResult(false);
                me.Lost?.Invoke();
                break;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void EventCame(nint context, uint what, uint index, nint user)
    {
        if ((what & LibPulse.EventFacilityMask) != LibPulse.EventSink || (what & LibPulse.EventTypeMask) != LibPulse.EventRemove) return;
        ((PulseConnection)GCHandle.FromIntPtr(user).Target!).SinkRemoved?.Invoke(index);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static unsafe void ServerInfoCame(nint context, LibPulse.ServerInfo* info, nint user)
    {
        if (info is not null) ((Question)GCHandle.FromIntPtr(user).Target!).Default = Marshal.PtrToStringUTF8(info->DefaultSink);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static unsafe void SinkInfoCame(nint context, LibPulse.SinkInfo* info, int end, nint user)
    {
        var asked = (Question)GCHandle.FromIntPtr(user).Target!;
        if (end != 0 || info is null)
        {
            asked.Done.TrySetResult(); // the last answer: replies come in the order of the questions
            return;
        }

        string name = Marshal.PtrToStringUTF8(info->Name) ?? "";
        asked.Devices.Add(new SoundDevice(name, Marshal.PtrToStringUTF8(info->Description) ?? name, "PulseAudio", false, FormatOf(info->Format)));
    }

    private static PcmFormat? FormatOf(in LibPulse.SampleSpec format)
    {
        int bits = format.Format switch
        {
            LibPulse.SampleS16 => 16,
            LibPulse.SampleS24 or LibPulse.SampleS24In32 => 24,
            LibPulse.SampleS32 or LibPulse.SampleFloat => 32,
            _ => 0,
        };
        return bits == 0 ? null : new PcmFormat((int)format.Rate, bits, format.Channels);
    }

    internal readonly ref struct Scope
    {
        private readonly nint _loop;

        public Scope(nint loop)
        {
            _loop = loop;
            LibPulse.LockLoop(loop);
        }

        public void Dispose() => LibPulse.UnlockLoop(_loop);
    }

    private sealed class Question
    {
        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public List<SoundDevice> Devices { get; } = [];

        public string? Default { get; set; }
    }
}
