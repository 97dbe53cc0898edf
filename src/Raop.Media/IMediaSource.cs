using Raop.Audio;

namespace Raop.Media;

/// <summary>PCM from a file, a pipe or a radio station, with what is known about it. Disposing it closes the file and ends any helper program.</summary>
/// <remarks>
/// <see cref="IPcmSource.Info"/> is never null here: it has <see cref="Title"/>, <see cref="Artist"/> and <see cref="Album"/>, all else that the tags
/// say, the duration when <see cref="IPcmSource.Length"/> is known, and the cover: the file's own, else cover.jpg or the like beside it.
/// </remarks>
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

    /// <summary>A station announced another title; <see cref="Title"/>, <see cref="Artist"/> and Info have changed. Raised on any thread.</summary>
    event EventHandler? TitleChanged;
}
