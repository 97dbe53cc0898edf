using System.Runtime.InteropServices;

namespace Raop.Media.Output.Pulse;

/// <summary>The part of libpulse 16 (also PipeWire's server speaks to it) that the sink uses. Names and values: pulse/def.h, stream.h, context.h.</summary>
internal static unsafe partial class LibPulse
{
    private const string Library = "libpulse.so.0";

    public const uint NoAutoSpawn = 1;
    public const int ContextReady = 4, ContextFailed = 5, ContextTerminated = 6;
    public const int StreamReady = 2, StreamFailed = 3, StreamTerminated = 4;
    public const uint DontMove = 0x200, AdjustLatency = 0x2000;
    public const uint SubscribeSinks = 0x1, EventFacilityMask = 0xF, EventTypeMask = 0x30, EventSink = 0, EventRemove = 0x20;
    public const int SampleS16 = 3, SampleFloat = 5, SampleS32 = 7, SampleS24 = 9, SampleS24In32 = 11;
    public const uint ServerDecides = uint.MaxValue;

    private static readonly Lazy<bool> _isInstalled = new(() => NativeLibrary.TryLoad(Library, out _));

    /// <summary>Whether the library is there; ask before any call.</summary>
    public static bool IsInstalled => _isInstalled.Value;

    public static string Describe(int error) => Marshal.PtrToStringUTF8(ErrorText(error)) ?? $"error {error}";

    [LibraryImport(Library, EntryPoint = "pa_threaded_mainloop_new")] public static partial nint NewLoop();
    [LibraryImport(Library, EntryPoint = "pa_threaded_mainloop_free")] public static partial void FreeLoop(nint loop);
    [LibraryImport(Library, EntryPoint = "pa_threaded_mainloop_start")] public static partial int StartLoop(nint loop);
    [LibraryImport(Library, EntryPoint = "pa_threaded_mainloop_stop")] public static partial void StopLoop(nint loop);
    [LibraryImport(Library, EntryPoint = "pa_threaded_mainloop_lock")] public static partial void LockLoop(nint loop);
    [LibraryImport(Library, EntryPoint = "pa_threaded_mainloop_unlock")] public static partial void UnlockLoop(nint loop);
    [LibraryImport(Library, EntryPoint = "pa_threaded_mainloop_get_api")] public static partial nint LoopApi(nint loop);
    [LibraryImport(Library, EntryPoint = "pa_strerror")] private static partial nint ErrorText(int error);

    [LibraryImport(Library, EntryPoint = "pa_context_new", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint NewContext(nint api, string name);

    [LibraryImport(Library, EntryPoint = "pa_context_connect", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Connect(nint context, string? server, uint flags, nint spawnApi);

    [LibraryImport(Library, EntryPoint = "pa_context_disconnect")] public static partial void Disconnect(nint context);
    [LibraryImport(Library, EntryPoint = "pa_context_unref")] public static partial void ReleaseContext(nint context);
    [LibraryImport(Library, EntryPoint = "pa_context_get_state")] public static partial int ContextState(nint context);
    [LibraryImport(Library, EntryPoint = "pa_context_errno")] public static partial int ContextError(nint context);

    [LibraryImport(Library, EntryPoint = "pa_context_set_state_callback")]
    public static partial void OnContextState(nint context, delegate* unmanaged[Cdecl]<nint, nint, void> callback, nint user);

    [LibraryImport(Library, EntryPoint = "pa_context_set_subscribe_callback")]
    public static partial void OnEvent(nint context, delegate* unmanaged[Cdecl]<nint, uint, uint, nint, void> callback, nint user);

    [LibraryImport(Library, EntryPoint = "pa_context_subscribe")]
    public static partial nint Subscribe(nint context, uint mask, nint callback, nint user);

    [LibraryImport(Library, EntryPoint = "pa_context_get_sink_info_list")]
    public static partial nint ListSinks(nint context, delegate* unmanaged[Cdecl]<nint, SinkInfo*, int, nint, void> callback, nint user);

    [LibraryImport(Library, EntryPoint = "pa_context_get_server_info")]
    public static partial nint GetServerInfo(nint context, delegate* unmanaged[Cdecl]<nint, ServerInfo*, nint, void> callback, nint user);

    [LibraryImport(Library, EntryPoint = "pa_operation_unref")] public static partial void ReleaseOperation(nint operation);
    [LibraryImport(Library, EntryPoint = "pa_operation_cancel")] public static partial void CancelOperation(nint operation);

    [LibraryImport(Library, EntryPoint = "pa_stream_new", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint NewStream(nint context, string name, in SampleSpec format, nint channelMap);

    [LibraryImport(Library, EntryPoint = "pa_stream_connect_playback", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int ConnectPlayback(nint stream, string? device, in BufferAttributes buffer, uint flags, nint volume, nint syncStream);

    [LibraryImport(Library, EntryPoint = "pa_stream_disconnect")] public static partial int DisconnectStream(nint stream);
    [LibraryImport(Library, EntryPoint = "pa_stream_unref")] public static partial void ReleaseStream(nint stream);
    [LibraryImport(Library, EntryPoint = "pa_stream_get_state")] public static partial int StreamState(nint stream);
    [LibraryImport(Library, EntryPoint = "pa_stream_get_device_index")] public static partial uint StreamDevice(nint stream);
    [LibraryImport(Library, EntryPoint = "pa_stream_writable_size")] public static partial nuint Writable(nint stream);

    [LibraryImport(Library, EntryPoint = "pa_stream_write")]
    public static partial int Write(nint stream, byte* bytes, nuint length, nint free, long offset, int seek);

    [LibraryImport(Library, EntryPoint = "pa_stream_flush")] public static partial nint Flush(nint stream, nint callback, nint user);
    [LibraryImport(Library, EntryPoint = "pa_stream_cork")] public static partial nint Cork(nint stream, int corked, nint callback, nint user);

    [LibraryImport(Library, EntryPoint = "pa_stream_drain")]
    public static partial nint Drain(nint stream, delegate* unmanaged[Cdecl]<nint, int, nint, void> callback, nint user);

    [LibraryImport(Library, EntryPoint = "pa_stream_get_latency")]
    public static partial int Latency(nint stream, out ulong microseconds, out int isNegative);

    [LibraryImport(Library, EntryPoint = "pa_stream_update_timing_info")] public static partial nint UpdateTiming(nint stream, nint callback, nint user);

    [LibraryImport(Library, EntryPoint = "pa_stream_set_latency_update_callback")]
    public static partial void OnTiming(nint stream, delegate* unmanaged[Cdecl]<nint, nint, void> callback, nint user);

    [LibraryImport(Library, EntryPoint = "pa_stream_set_started_callback")]
    public static partial void OnStarted(nint stream, delegate* unmanaged[Cdecl]<nint, nint, void> callback, nint user);

    [LibraryImport(Library, EntryPoint = "pa_stream_set_state_callback")]
    public static partial void OnStreamState(nint stream, delegate* unmanaged[Cdecl]<nint, nint, void> callback, nint user);

    [LibraryImport(Library, EntryPoint = "pa_stream_set_write_callback")]
    public static partial void OnWritable(nint stream, delegate* unmanaged[Cdecl]<nint, nuint, nint, void> callback, nint user);

    [LibraryImport(Library, EntryPoint = "pa_stream_set_underflow_callback")]
    public static partial void OnUnderflow(nint stream, delegate* unmanaged[Cdecl]<nint, nint, void> callback, nint user);

    public struct SampleSpec
    {
        public int Format;
        public uint Rate;
        public byte Channels;
    }

    /// <summary>Bytes; <see cref="ServerDecides"/> leaves a value to the server.</summary>
    public struct BufferAttributes
    {
        public uint MaxLength, TargetLength, Prebuffer, MinRequest, FragmentSize;
    }

    /// <summary>The beginning of pa_sink_info; more follows.</summary>
    public struct SinkInfo
    {
        public nint Name;
        public uint Index;
        public nint Description;
        public SampleSpec Format;
    }

    /// <summary>The beginning of pa_server_info; more follows.</summary>
    public struct ServerInfo
    {
        public nint UserName, HostName, Version, ServerName;
        public SampleSpec Format;
        public nint DefaultSink;
    }
}
