using Raop.Audio;

namespace Raop.Media;

/// <summary>PCM from a file, a pipe or a radio station, with what is known about it. Disposing it closes the file and ends any helper program.</summary>
public interface IMediaSource : IPcmSource
{
    /// <summary>The title as tagged or as the station announces it, else the file's name or the station's.</summary>
    string Title { get; }

    /// <summary>The artist, or null when not known.</summary>
    string? Artist { get; }

    /// <summary>The album or the radio station, or null when not known.</summary>
    string? Album { get; }

    /// <summary>What the input is, for people: "FLAC", "WAV", "MP3".</summary>
    string FormatName { get; }

    /// <summary>Channels of the input itself; more than the format's are mixed down to stereo.</summary>
    int OriginalChannels { get; }

    /// <summary>A station announced another title; <see cref="Title"/> and <see cref="Artist"/> have changed. Raised on any thread.</summary>
    event EventHandler? TitleChanged;
}
