using System.Runtime.CompilerServices;
using Raop.Audio;
using Raop.Media;

namespace Raop.Cli;

/// <summary>One input that was opened.</summary>
/// <param name="Input">As the user wrote it.</param>
/// <param name="Media">What it holds.</param>
/// <param name="Pcm">The same as the sender gets it: 44,100 Hz, 16 bit, stereo.</param>
internal sealed record PlayTrack(string Input, IMediaSource Media, IPcmSource Pcm)
{
    /// <summary>Its length, when known.</summary>
    public TimeSpan? Length => Media.Length is { } frames ? Media.Format.Duration(frames) : null;

    /// <summary>"Title — Artist", as it is now: radio stations change it.</summary>
    public string Name => Printable.Clean(string.IsNullOrEmpty(Media.Artist) ? Media.Title : $"{Media.Title} — {Media.Artist}");
}

/// <summary>Opens inputs one by one, each when it is due; the first one early, so that its faults show before anything is connected.</summary>
internal sealed class PlayList(PlayRequest request) : IAsyncDisposable
{
    private readonly List<PlayTrack> _opened = [];
    private PlayTrack? _waiting;

    /// <summary>
    /// What was wrong with the input that the list ended at. Kept until the ones before it have been heard to their ends.
    /// </summary>
    public Exception? Failure { get; private set; }

    /// <summary>Looks at every file and opens the first input.</summary>
    /// <exception cref="RaopException">A file does not exist, or the first input cannot be played.</exception>
    public async ValueTask OpenFirstAsync(CancellationToken cancellationToken)
    {
        foreach (string input in request.Inputs.Skip(1))
        {
            if (IsPath(input) && !File.Exists(input) && !Directory.Exists(input))
                throw new RaopException(RaopError.FileNotFound, $"There is no file {input}.", "Check the spelling and the folder.");
        }

        _waiting = await OpenAsync(request.Inputs[0], request.Start, cancellationToken);
    }

    /// <summary>The inputs in order. Whoever takes one disposes it.</summary>
    public async IAsyncEnumerable<IPcmSource> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (int i = 0; i < request.Inputs.Length; i++)
        {
            PlayTrack? track = _waiting;
            _waiting = null;
            try
            {
                track ??= await OpenAsync(request.Inputs[i], TimeSpan.Zero, cancellationToken);
            }
            catch (RaopException e)
            {
                Failure = e;
                yield break;
            }

            lock (_opened) _opened.Add(track);
            yield return track.Pcm;
        }
    }

    /// <summary>The input that a sender's source came from.</summary>
    public PlayTrack? Find(IPcmSource? source)
    {
        lock (_opened) return _opened.FindLast(track => track.Pcm == source);
    }

    public async ValueTask DisposeAsync()
    {
        if (_waiting is { } never) await never.Pcm.DisposeAsync();
    }

    private static bool IsPath(string input) => input != "-" && !input.Contains("://", StringComparison.Ordinal);

    private async ValueTask<PlayTrack> OpenAsync(string input, TimeSpan start, CancellationToken cancellationToken)
    {
        var options = new MediaSourceOptions { RawFormat = request.RawFormat, TimeProvider = request.Sender.TimeProvider };
        IMediaSource media = await MediaSource.OpenAsync(input, options, cancellationToken);
        try
        {
            IPcmSource pcm = PcmConverter.ToAirTunes(media);
            if (start > TimeSpan.Zero) await SkipToAsync(input, pcm, start, cancellationToken);
            return new PlayTrack(input, media, pcm);
        }
        catch
        {
            await media.DisposeAsync();
            throw;
        }
    }

    private static async ValueTask SkipToAsync(string input, IPcmSource pcm, TimeSpan start, CancellationToken cancellationToken)
    {
        if (!pcm.CanSeek) throw new UsageException($"--start: {input} can only be played from its beginning.", "Leave --start out, or save it to a file first.");
        if (pcm.Length is { } frames && pcm.Format.Frames(start) >= frames)
            throw new UsageException($"--start: {input} is only {TimeText.Format(pcm.Format.Duration(frames))} long.", "Give an earlier time.");
        await pcm.SeekAsync(pcm.Format.Frames(start), cancellationToken);
    }
}
