using Alac;
using Alac.Containers;
using Raop.Audio;
using Raop.Media;

namespace Raop.Cli;

/// <summary>Any lossless input to M4A or CAF.</summary>
internal sealed class AlacEncode(string input, string output, int frameLength, AlacEffort effort, PcmFormat? rawFormat, bool force, Reporter reporter)
{
    public async Task<int> RunAsync(CancellationToken stop)
    {
        SameFile.Refuse(input, output);
        await using IMediaSource source = await MediaSource.OpenAsync(input, new MediaSourceOptions { RawFormat = rawFormat, TimeProvider = reporter.Console.Time }, stop);
        PcmFormat format = source.Format;
        if (source.OriginalChannels > 2)
            throw new RaopException(RaopError.UnsupportedFormat, $"{input} has {source.OriginalChannels} channels; only mono and stereo are encoded.", "Mix it down to stereo first.");
        if (format.BitsPerSample is not (16 or 24))
            throw new RaopException(RaopError.UnsupportedFormat, $"{input} has {format.BitsPerSample} bits a sample; only 16 and 24 are encoded.", "Convert it to 24 bit first.");
        var config = new AlacConfig { FrameLength = frameLength, BitDepth = format.BitsPerSample, Channels = format.Channels, SampleRate = format.SampleRate };
        using var file = new NewFile(output, force);
        (long frames, long packets) = await file.GuardAsync(() => ProgressBar.RunAsync(reporter, Path.GetFileName(output), source.Length, async progress =>
        {
            using AlacWriter writer = Create(file.OpenWrite(), config, Tags(source));
            (long Frames, long Packets) count = await EncodeAsync(source, writer, new AlacEncoder(config, effort), progress, stop);
            if (count.Frames == 0) throw new RaopException(RaopError.UnsupportedFormat, $"{input} holds no sound.", "Encode a file that does.");
            writer.Finish();
            return count;
        }));
        long bytes = file.Keep();
        reporter.Tell(
            new ConvertedEvent(input, output, frames, format.SampleRate, format.BitsPerSample, format.Channels, packets, bytes), Events.Default.ConvertedEvent);
        reporter.Say($"{output}: {TimeText.Format(format.Duration(frames))}, {format}, {bytes} bytes, {100.0 * bytes / Math.Max(1, frames * format.BytesPerFrame):0} % of the samples' size");
        return ExitCode.Done;
    }

    private static async Task<(long Frames, long Packets)> EncodeAsync(
        IMediaSource source, AlacWriter writer, AlacEncoder encoder, Action<long> progress, CancellationToken stop)
    {
        AlacConfig config = encoder.Config;
        byte[] pcm = new byte[config.MaxPcmSize], packet = new byte[config.MaxPacketSize];
        long frames = 0, packets = 0;
        while (await FillAsync(source, pcm, stop) is > 0 and int filled)
        {
            int size = encoder.Encode(pcm.AsSpan(0, filled), packet), packetFrames = filled / config.BytesPerFrame;
            writer.WritePacket(packet.AsSpan(0, size), packetFrames);
            frames += packetFrames;
            packets++;
            progress(frames);
        }

        return (frames, packets);
    }

    /// <summary>Reads a whole packet, or what is left.</summary>
    private static async ValueTask<int> FillAsync(IPcmSource source, byte[] buffer, CancellationToken cancellationToken)
    {
        int filled = 0;
        while (filled < buffer.Length)
        {
            int read = await source.ReadAsync(buffer.AsMemory(filled), cancellationToken);
            if (read == 0) break;
            filled += read;
        }

        return filled;
    }

    private Dictionary<string, string> Tags(IMediaSource source)
    {
        var tags = new Dictionary<string, string>();
        if (source.Title != Path.GetFileNameWithoutExtension(input) && source.Title != Path.GetFileName(input)) tags["title"] = source.Title;
        if (source.Artist is { Length: > 0 } artist) tags["artist"] = artist;
        if (source.Album is { Length: > 0 } album) tags["album"] = album;
        return tags;
    }

    private AlacWriter Create(Stream stream, AlacConfig config, Dictionary<string, string> tags) =>
        Path.GetExtension(output).Equals(".caf", StringComparison.OrdinalIgnoreCase)
            ? new CafWriter(stream, config, tags)
            : new M4aWriter(stream, config, tags);
}
