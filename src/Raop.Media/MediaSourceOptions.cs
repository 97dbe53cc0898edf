using Raop.Audio;

namespace Raop.Media;

/// <summary>How <see cref="MediaSource"/> opens its input.</summary>
public sealed record MediaSourceOptions
{
    /// <summary>
    /// Format of PCM without a header: 16, 24 or 32 bit signed little-endian. Taken for standard input always when set, for *.raw and *.pcm, and for
    /// files in which nothing else is recognised. Null, the default, refuses such input.
    /// </summary>
    public PcmFormat? RawFormat
    {
        get;
        init
        {
            if (value is { } format)
            {
                ArgumentOutOfRangeException.ThrowIfLessThan(format.SampleRate, 1);
                if (format.BitsPerSample is not (16 or 24 or 32)) throw new ArgumentOutOfRangeException(nameof(value), "Bits must be 16, 24 or 32.");
                if (format.Channels is not (1 or 2)) throw new ArgumentOutOfRangeException(nameof(value), "Channels must be 1 or 2.");
            }

            field = value;
        }
    }

    /// <summary>The ffmpeg program; ffprobe is looked for beside it. Null, the default, searches PATH for both.</summary>
    public string? FfmpegPath { get; init; }

    /// <summary>The longest wait for a web server to answer, or to send more. Default 15 s, range 1 s to 5 min.</summary>
    public TimeSpan NetworkTimeout
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, TimeSpan.FromSeconds(1));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, TimeSpan.FromMinutes(5));
            field = value;
        }
    } = TimeSpan.FromSeconds(15);

    /// <summary>Clock for timeouts.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;
}
