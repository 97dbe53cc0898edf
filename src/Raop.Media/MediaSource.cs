using Raop.Media.Input;

namespace Raop.Media;

/// <summary>Opens music for a sender: files, standard input, web addresses.</summary>
public static class MediaSource
{
    /// <summary>
    /// Opens an input. WAV, AIFF, FLAC, ALAC in M4A or CAF, and stated raw PCM are read here; everything else goes through ffmpeg if that is installed.
    /// What a file is, its content says, not its name.
    /// </summary>
    /// <param name="input">A path, <c>-</c> for standard input, or an http or https address of a file, a station or a playlist (m3u, pls).</param>
    /// <param name="options">Settings, or null for the defaults.</param>
    /// <param name="cancellationToken">Stops the attempt; nothing stays open then.</param>
    /// <returns>The source at its first frame. The caller disposes it.</returns>
    /// <exception cref="RaopException">FileNotFound, UnsupportedFormat or CorruptFile; over the network also Unreachable, Refused, Timeout, ConnectionLost, Rejected.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> fired.</exception>
    public static async ValueTask<IMediaSource> OpenAsync(string input, MediaSourceOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(input);
        options ??= new MediaSourceOptions();
        if (input == "-") return await InputOpener.OpenStreamAsync(StandardInput.Open(), "standard input", options, cancellationToken).ConfigureAwait(false);
        if (input.StartsWith("http://", StringComparison.OrdinalIgnoreCase) || input.StartsWith("https://", StringComparison.OrdinalIgnoreCase))
        {
            return Uri.TryCreate(input, UriKind.Absolute, out Uri? address)
                ? await InputOpener.OpenAddressAsync(address, options, cancellationToken).ConfigureAwait(false)
                : throw new RaopException(RaopError.FileNotFound, $"{input} is not a valid address.", "Check the spelling.");
        }

        return await InputOpener.OpenFileAsync(input, options, cancellationToken).ConfigureAwait(false);
    }
}
