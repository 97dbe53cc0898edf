using Raop.Media.Output.Alsa;
using Raop.Media.Output.Pulse;

namespace Raop.Media.Output;

/// <summary>Finds the sound systems of this machine and their devices: PulseAudio (also PipeWire) first, then ALSA.</summary>
internal static class SoundSystem
{
    private const string FileRemedy = "Write to a file with --output wav:PATH.";
    private const string DummySink = "auto_null"; // PulseAudio and PipeWire offer it when there is no device

    // Read here: libpulse would miss what this process itself set.
    private static string? PulseServer => Environment.GetEnvironmentVariable("PULSE_SERVER") is { Length: > 0 } server ? server : null;

    /// <summary>Opens a device by name, or the default one.</summary>
    public static IDeviceSink Open(string? name, TimeProvider time)
    {
        ThrowIfElsewhere();
        return OpenAsync(name, PulseServer, time).GetAwaiter().GetResult();
    }

    public static IReadOnlyList<SoundDevice> List(TimeProvider time)
    {
        ThrowIfElsewhere();
        return ListAsync(PulseServer, time).GetAwaiter().GetResult();
    }

    internal static async Task<IDeviceSink> OpenAsync(string? name, string? pulseServer, TimeProvider time)
    {
        PulseConnection? pulse = await PulseConnection.TryConnectAsync(pulseServer, time, CancellationToken.None).ConfigureAwait(false);
        try
        {
            List<SoundDevice> sinks = pulse is null ? [] : await pulse.ListAsync(CancellationToken.None).ConfigureAwait(false);
            List<SoundDevice> pcms = name is null ? [] : AlsaDevices.List();
            SoundDevice? chosen = name is null ? sinks.Find(d => d.IsDefault && d.Id != DummySink)
                : sinks.Concat(pcms).FirstOrDefault(d => d.Id == name) ?? Choose(sinks, name) ?? Choose(pcms, name);
            if (chosen is null) return name is null ? OpenAlsaDefault(pulse is not null, time) : OpenAlsa(name, [.. sinks, .. pcms], time);
            if (chosen.System == "ALSA") return new AlsaSink(chosen.Id, chosen.Description, time);
            var sink = new PulseSink(pulse!, pulseServer, name is null ? null : chosen.Id, chosen.Description, time);
            pulse = null; // the sink's now
            return sink;
        }
        finally
        {
            pulse?.Dispose();
        }
    }

    internal static async Task<List<SoundDevice>> ListAsync(string? pulseServer, TimeProvider time)
    {
        using PulseConnection? pulse = await PulseConnection.TryConnectAsync(pulseServer, time, CancellationToken.None).ConfigureAwait(false);
        List<SoundDevice> sinks = pulse is null ? [] : await pulse.ListAsync(CancellationToken.None).ConfigureAwait(false);
        bool hasDefault = sinks.Exists(d => d.IsDefault && d.Id != DummySink);
        return [.. sinks, .. AlsaDevices.List().Select(d => d with { IsDefault = d.IsDefault && !hasDefault })];
    }

    private static AlsaSink OpenAlsaDefault(bool serverAnswers, TimeProvider time)
    {
        try
        {
            return new AlsaSink(AlsaDevices.Default, "ALSA's default device", time);
        }
        catch (RaopException e) when (e.Error == RaopError.NoSuchDevice)
        {
            string pulse = !LibPulse.IsInstalled ? "libpulse.so.0 is not installed"
                : serverAnswers ? "the sound server has no device"
                : "no sound server (PulseAudio or PipeWire) answers";
            throw new RaopException(RaopError.NoSuchDevice, $"There is no sound device: {pulse}; {e.Message}", FileRemedy, e);
        }
    }

    // A name that is not listed may still be one of ALSA's, such as hw:0,0.
    private static AlsaSink OpenAlsa(string name, IReadOnlyList<SoundDevice> devices, TimeProvider time)
    {
        try
        {
            return new AlsaSink(name, name, time);
        }
        catch (RaopException e) when (e.Error == RaopError.NoSuchDevice)
        {
            string there = devices.Count == 0 ? "there are none at all" : "there are " + string.Join(", ", devices.Take(8).Select(d => d.Id));
            throw new RaopException(RaopError.NoSuchDevice, $"No sound device is called '{name}': {there}.",
                devices.Count == 0 ? FileRemedy : "Choose one of these, or " + char.ToLowerInvariant(FileRemedy[0]) + FileRemedy[1..], e);
        }
    }

    /// <summary>The device with this id, or the only one that has the text in its id or description; null if there is none.</summary>
    /// <exception cref="RaopException">Several fit.</exception>
    internal static SoundDevice? Choose(IReadOnlyList<SoundDevice> devices, string name)
    {
        if (devices.FirstOrDefault(d => d.Id == name) is { } exact) return exact;
        SoundDevice[] fitting = [.. devices.Where(d => Has(d.Description) || Has(d.Id))];
        if (fitting.Length > 1 && fitting.Where(d => d.Description.Equals(name, StringComparison.OrdinalIgnoreCase)).ToArray() is [var one]) return one;
        return fitting.Length switch
        {
            0 => null,
            1 => fitting[0],
            _ => throw new RaopException(RaopError.NoSuchDevice,
                $"'{name}' fits {fitting.Length} sound devices: {string.Join(", ", fitting.Select(d => d.Id))}.", "Give more of the name, or the id."),
        };

        bool Has(string text) => text.Contains(name, StringComparison.OrdinalIgnoreCase);
    }

    private static void ThrowIfElsewhere()
    {
        if (OperatingSystem.IsLinux()) return;
        throw new RaopException(RaopError.NoSuchDevice, "Sound devices work on Linux only in this version; files work everywhere.", FileRemedy);
    }
}
