using Raop.Audio;

namespace Raop.Media.Output.Alsa;

/// <summary>
/// One open PCM in non-blocking mode. Not thread-safe, but for <see cref="Wait"/>, which may run beside the others.
/// Errors that mean the device is gone become <see cref="RaopException"/>; underruns and suspends are mended here.
/// </summary>
internal sealed unsafe class AlsaPcm : IDisposable
{
    private const uint BufferMicroseconds = 150_000, PeriodMicroseconds = 25_000;
    private const int MendingAttempts = 3;

    private readonly string _name;
    private readonly nint _pcm;
    private PcmFormat _format;

    private AlsaPcm(string name, nint pcm) => (_name, _pcm) = (name, pcm);

    /// <summary>How often the device ran out of frames.</summary>
    public long Underruns { get; private set; }

    /// <exception cref="RaopException">No such device, or another program has it.</exception>
    public static AlsaPcm Open(string name)
    {
        if (!LibAsound.IsInstalled)
            throw new RaopException(RaopError.NoSuchDevice, "The ALSA library libasound.so.2 is not installed.", "Install it: sudo apt install libasound2.");
        int result = LibAsound.Open(out nint pcm, name, LibAsound.Playback, LibAsound.NonBlocking);
        return result switch
        {
            >= 0 => new AlsaPcm(name, pcm),
            LibAsound.InUse => throw new RaopException(RaopError.OutputFailed, $"The sound device {name} is in use by another program.", "End that program, or choose another device."),
            LibAsound.NoAccess => throw new RaopException(RaopError.NoSuchDevice, $"No permission to use the sound device {name}.", "Add the user to the group audio."),
            _ => throw new RaopException(RaopError.NoSuchDevice, $"ALSA has no device '{name}': {LibAsound.Describe(result)}.", "Choose another device: raop devices lists them."),
        };
    }

    /// <exception cref="RaopException">The device does not take this format.</exception>
    public void Configure(PcmFormat format)
    {
        _format = format;
        Check(LibAsound.NewHardware(out nint hardware), format);
        try
        {
            (nuint buffer, nuint period) = ConfigureHardware(hardware, format);
            ConfigureSoftware(buffer, period, format);
        }
        finally
        {
            LibAsound.FreeHardware(hardware);
        }
    }

    /// <summary>Writes as many frames as there is room for; the count in bytes, 0 when full.</summary>
    public int Write(ReadOnlySpan<byte> frames)
    {
        fixed (byte* bytes = frames)
        {
            for (int attempt = 0; ; attempt++)
            {
                nint result = LibAsound.Write(_pcm, bytes, (nuint)(frames.Length / _format.BytesPerFrame));
                if (result >= 0) return (int)result * _format.BytesPerFrame;
                if (result == LibAsound.Again || !Mend((int)result, attempt)) return 0;
            }
        }
    }

    /// <summary>Waits until there is room, an error, or the time is over. May run beside other calls.</summary>
    /// <returns>Above 0: look again. 0: time is over. Below: an error, which the next write shows.</returns>
    public int Wait(int milliseconds) => LibAsound.Wait(_pcm, milliseconds);

    public TimeSpan Delay() => LibAsound.Delay(_pcm, out nint frames) >= 0 && frames > 0 ? _format.Duration(frames) : TimeSpan.Zero;

    public void Drop()
    {
        _ = LibAsound.Drop(_pcm);
        _ = LibAsound.Prepare(_pcm); // an error shows at the next write
    }

    /// <summary>Lets the device play out; call until it is true, then frames may be written again.</summary>
    public bool IsDrained()
    {
        if (LibAsound.State(_pcm) == LibAsound.StateXrun || LibAsound.Drain(_pcm) != LibAsound.Again)
        {
            _ = LibAsound.Prepare(_pcm);
            return true;
        }

        return false;
    }

    public void Dispose() => _ = LibAsound.Close(_pcm);

    private (nuint Buffer, nuint Period) ConfigureHardware(nint hardware, PcmFormat format)
    {
        uint rate = (uint)format.SampleRate, bufferTime = BufferMicroseconds, periodTime = PeriodMicroseconds;
        int sample = format.BitsPerSample switch { 16 => LibAsound.FormatS16, 24 => LibAsound.FormatS24In3, _ => LibAsound.FormatS32 };
        Check(LibAsound.AnyHardware(_pcm, hardware), format);
        Check(LibAsound.SetAccess(_pcm, hardware, LibAsound.Interleaved), format);
        Check(LibAsound.SetFormat(_pcm, hardware, sample), format);
        Check(LibAsound.SetChannels(_pcm, hardware, (uint)format.Channels), format);
        Check(LibAsound.SetRate(_pcm, hardware, ref rate, null), format);
        if (Math.Abs(rate - format.SampleRate) > format.SampleRate / 1000) // cards name 44,099 and mean 44,100
            throw Unsupported(format, $"its nearest rate is {rate} Hz");
        Check(LibAsound.SetBufferTime(_pcm, hardware, ref bufferTime, null), format);
        Check(LibAsound.SetPeriodTime(_pcm, hardware, ref periodTime, null), format);
        Check(LibAsound.ApplyHardware(_pcm, hardware), format);
        Check(LibAsound.BufferSize(hardware, out nuint buffer), format);
        Check(LibAsound.PeriodSize(hardware, out nuint period, null), format);
        return (buffer, period);
    }

    private void ConfigureSoftware(nuint buffer, nuint period, PcmFormat format)
    {
        Check(LibAsound.NewSoftware(out nint software), format);
        try
        {
            Check(LibAsound.CurrentSoftware(_pcm, software), format);
            Check(LibAsound.SetStartThreshold(_pcm, software, Math.Max(buffer / 2, 1)), format);
            Check(LibAsound.SetAvailableMinimum(_pcm, software, Math.Max(period, 1)), format);
            Check(LibAsound.ApplySoftware(_pcm, software), format);
        }
        finally
        {
            LibAsound.FreeSoftware(software);
        }
    }

    /// <summary>Whether to try again at once; if not, later.</summary>
    private bool Mend(int error, int attempt)
    {
        if (attempt >= MendingAttempts) throw Gone(error);
        switch (error)
        {
            case LibAsound.Interrupted:
                return true;
            case LibAsound.StreamsPipe: // suspended, as when a laptop slept
                int resumed = LibAsound.Resume(_pcm);
                if (resumed == LibAsound.Again) return false;
                if (resumed < 0) Prepare();
                return true;
            case LibAsound.BrokenPipe:
                Underruns++;
                Prepare();
                return true;
            case LibAsound.BadState:
                Prepare();
                return true;
            default:
                throw Gone(error);
        }
    }

    private void Prepare()
    {
        int result = LibAsound.Prepare(_pcm);
        if (result < 0) throw Gone(result);
    }

    private void Check(int result, PcmFormat format)
    {
        if (result < 0) throw Unsupported(format, LibAsound.Describe(result));
    }

    private RaopException Unsupported(PcmFormat format, string cause) => new(RaopError.UnsupportedFormat,
        $"The sound device {_name} does not take {format}: {cause}.",
        _name.StartsWith("hw:", StringComparison.Ordinal) ? $"Use plug{_name}, which converts." : "Choose another device: raop devices lists them.");

    private RaopException Gone(int error) => new(RaopError.DeviceVanished,
        $"The sound device {_name} is gone: {LibAsound.Describe(error)}.", "Connect it again, or choose another one: raop devices lists them.");
}
