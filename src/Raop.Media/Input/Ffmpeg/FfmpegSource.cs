using System.Globalization;
using Raop.Audio;

namespace Raop.Media.Input.Ffmpeg;

/// <summary>
/// Anything that ffmpeg decodes, at its own rate and at most two channels. ffmpeg writes WAV into a pipe, so that rate and channels come with it.
/// A seek starts ffmpeg anew. <see cref="Length"/> is the container's word; some MP3 files only allow an estimate.
/// </summary>
internal sealed class FfmpegSource : InputSource
{
    private readonly FfmpegTools _tools;
    private readonly string? _path; // null: fed through a pipe
    private readonly int _bits;
    private readonly bool _cutsTail;
    private ChildProcess? _child;
    private PcmStreamSource? _pcm;
    private long? _length;
    private int _channels; // of the file itself; 0: not said
    private long _frame;

    private FfmpegSource(FfmpegTools tools, string? path, string name, string formatName, int bits, bool cutsTail)
        : base(name, formatName)
    {
        _tools = tools;
        _path = path;
        _bits = bits;
        _cutsTail = cutsTail;
    }

    public override PcmFormat Format => _pcm!.Format;

    public override int OriginalChannels => Math.Max(_channels, Format.Channels);

    public override long? Length => _length;

    public override long Position => _frame;

    public override bool CanSeek => _path is not null;

    /// <summary>Opens a file.</summary>
    public static async ValueTask<FfmpegSource> OpenFileAsync(FfmpegTools tools, string path, string name, CancellationToken cancellationToken)
    {
        path = Path.GetFullPath(path);
        FfmpegProbe probe = await FfmpegProbe.RunAsync(tools, path, name, cancellationToken).ConfigureAwait(false);
        // AAC in MP4 ends with padding that ffmpeg leaves in; the container knows how long the music is.
        bool cutsTail = probe is { Codec: "aac", Duration: not null } && probe.Container.Contains("mp4", StringComparison.Ordinal);
        var source = new FfmpegSource(tools, path, name, probe.FormatName, probe.Bits, cutsTail) { _channels = probe.Channels, Tags = probe.Tags };
        await source.OpenOrDisposeAsync(feed: null, cancellationToken).ConfigureAwait(false);
        if (probe.Duration is { } seconds) source._length = (long)Math.Round(seconds * source.Format.SampleRate);
        return source;
    }

    /// <summary>Opens a stream; takes the reader over, also when it fails.</summary>
    public static async ValueTask<FfmpegSource> OpenPipeAsync(FfmpegTools tools, InputReader feed, string formatName, CancellationToken cancellationToken)
    {
        var source = new FfmpegSource(tools, path: null, feed.Name, formatName, bits: 24, cutsTail: false);
        await source.OpenOrDisposeAsync(feed, cancellationToken).ConfigureAwait(false);
        return source;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        long frames = Math.Min(FramesIn(buffer), _cutsTail ? Length!.Value - _frame : long.MaxValue);
        if (frames <= 0 || _pcm is null) return 0;
        int read = await _pcm.ReadAsync(buffer[..(int)(frames * Format.BytesPerFrame)], cancellationToken).ConfigureAwait(false);
        _frame += read / Format.BytesPerFrame;
        if (read == 0 && await _child!.FinishAsync(cancellationToken).ConfigureAwait(false) is { } complaint)
            throw InputError.Corrupt(Name, $"after {Format.Duration(_frame):h\\:mm\\:ss} of audio ffmpeg says \"{complaint}\"");
        return read;
    }

    public override async ValueTask SeekAsync(long frame, CancellationToken cancellationToken = default)
    {
        RefuseBadSeek(frame);
        frame = Math.Min(frame, Length ?? long.MaxValue / 1_000_000);
        PcmFormat before = Format;
        await CloseAsync().ConfigureAwait(false);
        _frame = frame;
        await StartAsync(feed: null, before.SampleRate, cancellationToken).ConfigureAwait(false);
        if (Format != before) throw InputError.Corrupt(Name, $"it changes from {before} to {Format}");
    }

    public override ValueTask DisposeAsync() => CloseAsync();

    private async ValueTask OpenOrDisposeAsync(InputReader? feed, CancellationToken cancellationToken)
    {
        try
        {
            await StartAsync(feed, rate: 1, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await CloseAsync().ConfigureAwait(false);
            throw;
        }
    }

    private async ValueTask StartAsync(InputReader? feed, int rate, CancellationToken cancellationToken)
    {
        List<string> arguments = ["-nostdin", "-v", "error", "-protocol_whitelist", "file,pipe"];
        if (_frame > 0) arguments.AddRange(["-ss", ((double)_frame / rate).ToString("F6", CultureInfo.InvariantCulture)]);
        arguments.AddRange(
        [
            "-i", feed is null ? "file:" + _path : "pipe:0",
            "-map", "0:a:0", "-map_metadata", "-1", "-af", "aformat=channel_layouts=mono|stereo",
            "-c:a", $"pcm_s{_bits}le", "-f", "wav", "pipe:1",
        ]);
        _child = ChildProcess.Start(_tools.Ffmpeg, arguments, feed);
        var reader = new InputReader(_child.Output, Name);
        PcmLocation? location = null;
        if (await reader.EnsureAsync(12, cancellationToken).ConfigureAwait(false) >= 12)
            (location, _) = await WavHeader.ReadAsync(reader, tags: null, cancellationToken).ConfigureAwait(false);
        // A header alone: MP4 whose index comes last, or CAF, needs to be seeked in, and through a pipe gives nothing; ffmpeg may call that success.
        bool isSilent = location is null || (_frame == 0 && await reader.EnsureAsync(location.BytesPerFrame, cancellationToken).ConfigureAwait(false) < location.BytesPerFrame);
        if (isSilent) throw await NoAudioAsync(isFed: feed is not null, cancellationToken).ConfigureAwait(false);

        _pcm = new PcmStreamSource(reader, FormatName, location!);
    }

    private async ValueTask<RaopException> NoAudioAsync(bool isFed, CancellationToken cancellationToken)
    {
        string complaint = await _child!.FinishAsync(cancellationToken).ConfigureAwait(false) ?? _child.Complaint() ?? "it gives no audio";
        return isFed
            ? InputError.Unsupported(Name, $"cannot be played as a stream ({FormatName}): ffmpeg says \"{complaint}\"", "Save it to a file first, and play that.")
            : InputError.Unsupported(Name, $"is not music that ffmpeg can read: {complaint}", "Check that it plays elsewhere; if not, get it again.");
    }

    /// <summary>Keeps <see cref="Format"/> answering.</summary>
    private async ValueTask CloseAsync()
    {
        if (_child is null) return;
        await _child.DisposeAsync().ConfigureAwait(false);
        _child = null;
    }
}
