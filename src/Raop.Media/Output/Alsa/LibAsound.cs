using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Raop.Media.Output.Alsa;

/// <summary>The part of libasound 1.2 that the sink uses. Names and values: alsa/pcm.h, control.h, error.h. Negative results are errno values.</summary>
internal static unsafe partial class LibAsound
{
    private const string Library = "libasound.so.2";

    public const int Playback = 0, NonBlocking = 1, Interleaved = 3;
    public const int FormatS16 = 2, FormatS32 = 10, FormatS24In3 = 32;
    public const int StateRunning = 3, StateXrun = 4;
    public const int Interrupted = -4, Again = -11, NoAccess = -13, InUse = -16, BrokenPipe = -32, BadState = -77, StreamsPipe = -86;

    private static readonly Lazy<bool> _isInstalled = new(() =>
    {
        if (!NativeLibrary.TryLoad(Library, out _)) return false;
        SetErrorHandler(&Silence); // errors come as results; the library would print them on standard error as well
        return true;
    });

    /// <summary>Whether the library is there; ask before any call.</summary>
    public static bool IsInstalled => _isInstalled.Value;

    public static string Describe(int error) => Marshal.PtrToStringUTF8(ErrorText(error)) ?? $"error {error}";

    [LibraryImport(Library, EntryPoint = "snd_strerror")] private static partial nint ErrorText(int error);

    [LibraryImport(Library, EntryPoint = "snd_lib_error_set_handler")]
    private static partial int SetErrorHandler(delegate* unmanaged[Cdecl]<nint, int, nint, int, nint, void> handler);

    // The native handler is variadic; on Linux's calling conventions further arguments may be ignored.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Silence(nint file, int line, nint function, int error, nint format)
    {
    }

    [LibraryImport(Library, EntryPoint = "snd_pcm_open", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(out nint pcm, string name, int stream, int mode);

    [LibraryImport(Library, EntryPoint = "snd_pcm_close")] public static partial int Close(nint pcm);
    [LibraryImport(Library, EntryPoint = "snd_pcm_prepare")] public static partial int Prepare(nint pcm);
    [LibraryImport(Library, EntryPoint = "snd_pcm_resume")] public static partial int Resume(nint pcm);
    [LibraryImport(Library, EntryPoint = "snd_pcm_drop")] public static partial int Drop(nint pcm);
    [LibraryImport(Library, EntryPoint = "snd_pcm_drain")] public static partial int Drain(nint pcm);
    [LibraryImport(Library, EntryPoint = "snd_pcm_state")] public static partial int State(nint pcm);
    [LibraryImport(Library, EntryPoint = "snd_pcm_wait")] public static partial int Wait(nint pcm, int milliseconds);
    [LibraryImport(Library, EntryPoint = "snd_pcm_delay")] public static partial int Delay(nint pcm, out nint frames);
    [LibraryImport(Library, EntryPoint = "snd_pcm_writei")] public static partial nint Write(nint pcm, byte* frames, nuint count);

    [LibraryImport(Library, EntryPoint = "snd_pcm_hw_params_malloc")] public static partial int NewHardware(out nint parameters);
    [LibraryImport(Library, EntryPoint = "snd_pcm_hw_params_free")] public static partial void FreeHardware(nint parameters);
    [LibraryImport(Library, EntryPoint = "snd_pcm_hw_params_any")] public static partial int AnyHardware(nint pcm, nint parameters);
    [LibraryImport(Library, EntryPoint = "snd_pcm_hw_params_set_access")] public static partial int SetAccess(nint pcm, nint parameters, int access);
    [LibraryImport(Library, EntryPoint = "snd_pcm_hw_params_set_format")] public static partial int SetFormat(nint pcm, nint parameters, int format);
    [LibraryImport(Library, EntryPoint = "snd_pcm_hw_params_set_channels")] public static partial int SetChannels(nint pcm, nint parameters, uint channels);
    [LibraryImport(Library, EntryPoint = "snd_pcm_hw_params_set_rate_near")] public static partial int SetRate(nint pcm, nint parameters, ref uint rate, int* direction);
    [LibraryImport(Library, EntryPoint = "snd_pcm_hw_params_set_buffer_time_near")] public static partial int SetBufferTime(nint pcm, nint parameters, ref uint microseconds, int* direction);
    [LibraryImport(Library, EntryPoint = "snd_pcm_hw_params_set_period_time_near")] public static partial int SetPeriodTime(nint pcm, nint parameters, ref uint microseconds, int* direction);
    [LibraryImport(Library, EntryPoint = "snd_pcm_hw_params_get_buffer_size")] public static partial int BufferSize(nint parameters, out nuint frames);
    [LibraryImport(Library, EntryPoint = "snd_pcm_hw_params_get_period_size")] public static partial int PeriodSize(nint parameters, out nuint frames, int* direction);
    [LibraryImport(Library, EntryPoint = "snd_pcm_hw_params")] public static partial int ApplyHardware(nint pcm, nint parameters);

    [LibraryImport(Library, EntryPoint = "snd_pcm_sw_params_malloc")] public static partial int NewSoftware(out nint parameters);
    [LibraryImport(Library, EntryPoint = "snd_pcm_sw_params_free")] public static partial void FreeSoftware(nint parameters);
    [LibraryImport(Library, EntryPoint = "snd_pcm_sw_params_current")] public static partial int CurrentSoftware(nint pcm, nint parameters);
    [LibraryImport(Library, EntryPoint = "snd_pcm_sw_params_set_start_threshold")] public static partial int SetStartThreshold(nint pcm, nint parameters, nuint frames);
    [LibraryImport(Library, EntryPoint = "snd_pcm_sw_params_set_avail_min")] public static partial int SetAvailableMinimum(nint pcm, nint parameters, nuint frames);
    [LibraryImport(Library, EntryPoint = "snd_pcm_sw_params")] public static partial int ApplySoftware(nint pcm, nint parameters);

    [LibraryImport(Library, EntryPoint = "snd_device_name_hint", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Hints(int card, string kind, out nint* hints);

    [LibraryImport(Library, EntryPoint = "snd_device_name_free_hint")] public static partial int FreeHints(nint* hints);

    /// <summary>One text of a hint, or null.</summary>
    public static string? Hint(nint hint, string id)
    {
        nint text = HintText(hint, id);
        string? value = Marshal.PtrToStringUTF8(text);
        NativeMemory.Free((void*)text); // malloc'ed by the library
        return value;
    }

    [LibraryImport(Library, EntryPoint = "snd_device_name_get_hint", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint HintText(nint hint, string id);
}
