using Raop.Audio;

namespace Raop.Media.Output;

/// <summary>Checks that all sinks make.</summary>
internal static class PcmFormats
{
    public static void ThrowIfInvalid(PcmFormat format)
    {
        if (format.SampleRate is < 1 or > 768_000 || format.BitsPerSample is not (16 or 24 or 32) || format.Channels is < 1 or > 8)
            throw new RaopException(RaopError.UnsupportedFormat, $"No output takes {format}: expected 16, 24 or 32 bit.");
    }

    public static void ThrowIfNotWhole(PcmFormat? format, int length)
    {
        if (format is not { } f) throw new InvalidOperationException("StartAsync comes before WriteAsync.");
        if (length % f.BytesPerFrame != 0) throw new ArgumentException($"{length} bytes are not whole frames of {f.BytesPerFrame} bytes.", nameof(length));
    }
}
