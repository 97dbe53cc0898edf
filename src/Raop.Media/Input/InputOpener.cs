using Raop.Audio;
using Raop.Media.Input.Ffmpeg;
using Raop.Media.Input.Flac;
using Raop.Media.Input.Http;
using Raop.Media.Input.Tags;
using Raop.Metadata;

namespace Raop.Media.Input;

/// <summary>Chooses a reader by what an input contains.</summary>
internal static class InputOpener
{
    private const int MaxId3 = 64 * 1024 * 1024;

    public static async ValueTask<IMediaSource> OpenFileAsync(string path, MediaSourceOptions options, CancellationToken cancellationToken)
    {
        string name = Path.GetFileName(path);
        if (Directory.Exists(path))
            throw new RaopException(RaopError.FileNotFound, $"{path} is a directory.", "Name a file in it.");
        FileStream file;
        try
        {
            file = await OpenAsync(path, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new RaopException(RaopError.FileNotFound, $"There is no file {path}.", "Check the spelling and the folder.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw InputError.Unreadable(path, e);
        }

        return await OpenAsync(new InputReader(file, name.Length == 0 ? path : name), path, options, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Opens a file on another thread: a named pipe makes that wait until somebody writes to it.</summary>
    private static async Task<FileStream> OpenAsync(string path, CancellationToken cancellationToken)
    {
        Task<FileStream> opening = Task.Run(
            () => new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, FileOptions.Asynchronous), CancellationToken.None);
        try
        {
            return await opening.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            _ = opening.ContinueWith(static late => late.Result.Dispose(), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
            throw;
        }
    }

    /// <summary>Opens a stream that cannot seek, or a file in memory. Takes the stream over.</summary>
    public static async ValueTask<IMediaSource> OpenStreamAsync(Stream stream, string name, MediaSourceOptions options, CancellationToken cancellationToken)
    {
        var reader = new InputReader(stream, name);
        if (options.RawFormat is { } raw) return Raw(reader, raw);
        return await OpenAsync(reader, path: null, options, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Opens a web address: a file, a station, or a playlist that leads to one.</summary>
    public static async ValueTask<IMediaSource> OpenAddressAsync(Uri address, MediaSourceOptions options, CancellationToken cancellationToken)
    {
        (InputReader reader, IcyStream? titles, string? station) = await HttpInput.OpenAsync(address, options, cancellationToken).ConfigureAwait(false);
        IMediaSource source = await OpenAsync(reader, path: null, options, cancellationToken).ConfigureAwait(false);
        if (titles is not null && source is InputSource input)
        {
            void Change(string title) => input.ChangeTags(RadioTags(title, station));
            input.ChangeTags(new TrackInfo { Title = station, Album = station });
            titles.TitleCame = Change; // ffmpeg's feeder reads on its own task: a title may have come already
            if (titles.Title is { } now) Change(now);
        }

        return source;
    }

    /// <summary>Stations send "Artist - Title" as one text.</summary>
    internal static TrackInfo RadioTags(string title, string? station)
    {
        int dash = title.IndexOf(" - ", StringComparison.Ordinal);
        return dash > 0 && dash + 3 < title.Length
            ? new TrackInfo { Title = title[(dash + 3)..].Trim(), Artist = title[..dash].Trim(), Album = station }
            : new TrackInfo { Title = title, Album = station };
    }

    /// <param name="reader">The input; disposed on failure.</param>
    /// <param name="path">The file's path, or null when the input is a stream.</param>
    /// <param name="options">Settings.</param>
    /// <param name="cancellationToken">Stops it.</param>
    private static async ValueTask<IMediaSource> OpenAsync(InputReader reader, string? path, MediaSourceOptions options, CancellationToken cancellationToken)
    {
        InputSource? source = null;
        try
        {
            var tags = new InputTags();
            bool isFile = path is not null && reader.CanSeek; // before ffmpeg takes the file over
            source = await ChooseAsync(reader, path, tags, options, cancellationToken).ConfigureAwait(false);
            source.Tags = tags.Build(source.Tags);
            if (isFile && source.Tags.Artwork is null)
                source.Tags = source.Tags with { Artwork = await FolderCover.FindAsync(path!, cancellationToken).ConfigureAwait(false) };
            return source;
        }
        catch
        {
            if (source is not null) await source.DisposeAsync().ConfigureAwait(false);
            await reader.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static async ValueTask<InputSource> ChooseAsync(
        InputReader reader, string? path, InputTags tags, MediaSourceOptions options, CancellationToken cancellationToken)
    {
        string extension = Path.GetExtension(path ?? "").ToUpperInvariant();
        if (extension is ".RAW" or ".PCM") return Raw(reader, options.RawFormat ?? throw RawNeedsFormat(reader.Name));
        bool hadId3 = await PassId3Async(reader, tags, cancellationToken).ConfigureAwait(false);
        await reader.EnsureAsync(Signature.WantedBytes, cancellationToken).ConfigureAwait(false);
        var signature = Signature.Of(reader.Available, hadId3);
        long start = reader.Position;
        await tags.ReadAsync(reader, signature, cancellationToken).ConfigureAwait(false);
        if (await OpenOwnAsync(reader, signature, tags, cancellationToken).ConfigureAwait(false) is { } own) return own;
        if (signature.Container == Container.Unknown && options.RawFormat is { } raw) return Raw(reader, raw);
        return await OpenForeignAsync(reader, path, start, signature, options, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>By ffmpeg: a file by its name, so that it can seek, anything else through a pipe.</summary>
    private static async ValueTask<InputSource> OpenForeignAsync(
        InputReader reader, string? path, long start, Signature signature, MediaSourceOptions options, CancellationToken cancellationToken)
    {
        if (signature.Container is Container.Empty or Container.Text or Container.NotAudio)
            throw InputError.Unsupported(reader.Name, $"is not music: it is {signature.Name}", "Choose a file with sound.");
        bool isUnknown = signature.Container == Container.Unknown;
        if (FfmpegTools.Find(options) is not { } tools)
        {
            string cause = isUnknown ? "is of a format unknown here, and ffmpeg, which may know it, is not installed" : $"is {signature.Name}, which needs ffmpeg, and that is not installed";
            throw InputError.Unsupported(reader.Name, cause, FfmpegTools.HowToInstall);
        }

        if (path is not null && reader.CanSeek)
        {
            FfmpegSource file = await FfmpegSource.OpenFileAsync(tools, path, reader.Name, cancellationToken).ConfigureAwait(false);
            await reader.DisposeAsync().ConfigureAwait(false);
            return file;
        }

        if (reader.Position != start)
            throw InputError.Unsupported(reader.Name, $"is {signature.Name} of a kind that plays only from a file", "Save it as a file first.");
        return await FfmpegSource.OpenPipeAsync(tools, reader, isUnknown ? "unknown" : signature.Name, cancellationToken).ConfigureAwait(false);
    }

    private static async ValueTask<InputSource?> OpenOwnAsync(InputReader reader, Signature signature, InputTags tags, CancellationToken cancellationToken)
    {
        switch (signature.Container)
        {
            case Container.Wav:
            {
                (PcmLocation? location, _) = await WavHeader.ReadAsync(reader, tags.IsRead ? null : tags.Own, cancellationToken).ConfigureAwait(false);
                return location is null ? null : new PcmStreamSource(reader, "WAV", location);
            }

            case Container.Aiff:
            {
                (PcmLocation? location, _) = await AiffHeader.ReadAsync(reader, tags.IsRead ? null : tags.Own, cancellationToken).ConfigureAwait(false);
                return location is null ? null : new PcmStreamSource(reader, "AIFF", location);
            }

            case Container.Flac:
            {
                FlacMetadata meta = await FlacMetadata.ReadAsync(reader, tags.Own, cancellationToken).ConfigureAwait(false);
                return meta.Info.Channels > 2 ? null : new FlacSource(reader, meta);
            }

            case Container.Mp4 or Container.Caf when reader.CanSeek:
                return AlacFileSource.TryOpen(reader);
            default:
                return null;
        }
    }

    private static PcmStreamSource Raw(InputReader reader, PcmFormat format) => new(
        reader,
        "raw PCM",
        new PcmLocation(SampleLayout.Integer(format.BitsPerSample / 8, format.BitsPerSample, bigEndian: false), format.SampleRate, format.Channels, 0, null));

    /// <summary>Reads and passes ID3v2 tags: "ID3", version 2, flags 1, size in four bytes of seven bits (id3.org, ID3v2.4 structure 3.1).</summary>
    private static async ValueTask<bool> PassId3Async(InputReader reader, InputTags tags, CancellationToken cancellationToken)
    {
        bool any = false;
        while (await reader.EnsureAsync(10, cancellationToken).ConfigureAwait(false) >= 10 && reader.Available.StartsWith("ID3"u8))
        {
            if (IsBadId3(reader.Available, out int size)) break;
            if (size <= Id3v2.MaxSize && await reader.TakeAsync(size, cancellationToken).ConfigureAwait(false) is { } tag)
            {
                tags.AddFront(tag);
                size = 0;
            }

            if (!await reader.SkipAsync(size, cancellationToken).ConfigureAwait(false) || reader.Position > MaxId3)
                throw InputError.Truncated(reader.Name, "its ID3 tag", reader.Position);
            any = true;
        }

        return any;
    }

    private static bool IsBadId3(ReadOnlySpan<byte> s, out int size)
    {
        size = 10 + (s[6] << 21) + (s[7] << 14) + (s[8] << 7) + s[9] + ((s[5] & 0x10) != 0 ? 10 : 0);
        return ((s[6] | s[7] | s[8] | s[9]) & 0x80) != 0;
    }

    private static RaopException RawNeedsFormat(string name) =>
        InputError.Unsupported(name, "has no header, so its format must be stated", "State rate, bits and channels (raop: --raw-format 44100:16:2), or use WAV.");
}
