using Raop.Audio;
using Raop.Media;

namespace Raop.Cli;

/// <summary>ALAC in M4A or CAF to WAV or bare samples.</summary>
internal sealed class AlacDecode(string input, string output, bool force, Reporter reporter)
{
    private const int BlockFrames = 16_384;

    public async Task<int> RunAsync(CancellationToken stop)
    {
        SameFile.Refuse(input, output);
        await using IMediaSource source = await MediaSource.OpenAsync(input, new MediaSourceOptions { TimeProvider = reporter.Console.Time }, stop);
        if (source is not IAlacPacketSource alac)
            throw new RaopException(RaopError.UnsupportedFormat, $"{input} is {source.FormatName}, not ALAC.", "Give an Apple Lossless file; raop play plays the others.");
        using var file = new NewFile(output, force);
        bool isWav = Path.GetExtension(output).Equals(".wav", StringComparison.OrdinalIgnoreCase);
        long frames = await file.GuardAsync(() => ProgressBar.RunAsync(reporter, Path.GetFileName(output), source.Length, async progress =>
        {
            await using IPcmSink sink = MediaSink.Open($"{(isWav ? "wav" : "raw")}:{file.TemporaryPath}", reporter.Console.Time);
            return await CopyAsync(source, sink, progress, stop);
        }));
        long bytes = file.Keep();
        PcmFormat format = source.Format;
        long packets = (frames + alac.Config.FrameLength - 1) / alac.Config.FrameLength;
        reporter.Tell(
            new ConvertedEvent(input, output, frames, format.SampleRate, format.BitsPerSample, format.Channels, packets, bytes), Events.Default.ConvertedEvent);
        reporter.Say($"{output}: {TimeText.Format(format.Duration(frames))}, {format}, {bytes} bytes");
        return ExitCode.Done;
    }

    private static async Task<long> CopyAsync(IMediaSource source, IPcmSink sink, Action<long> progress, CancellationToken stop)
    {
        await sink.StartAsync(source.Format, stop);
        byte[] buffer = new byte[BlockFrames * source.Format.BytesPerFrame];
        long frames = 0;
        while (await source.ReadAsync(buffer, stop) is > 0 and int read)
        {
            await sink.WriteAsync(buffer.AsMemory(0, read), default, stop);
            frames += read / source.Format.BytesPerFrame;
            progress(frames);
        }

        await sink.DrainAsync(stop);
        return frames;
    }
}
