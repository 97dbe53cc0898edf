using System.Buffers;
using System.Globalization;
using System.Threading.Channels;
using Raop.Audio;
using Raop.Media.Input.Ffmpeg;

namespace Raop.Media.Packets;

/// <summary>
/// One stream through one ffmpeg: raw packets go in and PCM comes out as FLV, where each has its time; so what ffmpeg cannot decode leaves a gap in
/// the times and shifts nothing.
/// </summary>
/// <remarks>
/// ffmpeg 5.1 answers each packet before it has the next, the first one too if it has 32 bytes; eight of AAC-ELD's shortest, 4 bytes of silence,
/// must come before it begins. It must not get "-fflags nobuffer", with which it throws the
/// first packet away.
/// </remarks>
internal sealed class FfmpegPacketDecoder : IPacketDecoder
{
    /// <summary>Packets that ffmpeg has not answered; users keep to 64.</summary>
    private const int MaxQueue = 128;

    /// <summary>Most bytes that ffmpeg may say at once; PCM of a packet has 4096.</summary>
    private const int MaxTag = 64 * 1024;

    /// <summary>Times in what ffmpeg writes wrap after 31 bits.</summary>
    private const uint TimeMask = 0x7FFF_FFFF;

    private readonly PacketStream _stream;
    private readonly IPacketDecoderOutput _output;
    private readonly byte _pcmFormat; // FLV: linear PCM, 44.1 kHz, 16 bit, mono or stereo
    private readonly Channel<ArraySegment<byte>> _queue;
    private readonly Queue<(long Id, uint Time)> _owed = new(MaxQueue); // its own lock
    private readonly ChildProcess _child;
    private readonly Task _reading;
    private long _written; // packets
    private volatile bool _disposed;

    /// <exception cref="RaopException">UnsupportedFormat: there is no such stream, or ffmpeg does not start.</exception>
    public FfmpegPacketDecoder(string ffmpeg, PacketStream stream, IPacketDecoderOutput output)
    {
        (_stream, _output) = (stream, output);
        _pcmFormat = (byte)(stream.Format.Channels == 2 ? 0x3F : 0x3E);
        byte[] configuration = AudioSpecificConfig.For(stream);
        _queue = Channel.CreateBounded<ArraySegment<byte>>(new BoundedChannelOptions(MaxQueue) { SingleReader = true });
        string channels = stream.Format.Channels.ToString(CultureInfo.InvariantCulture);
        string rate = stream.Format.SampleRate.ToString(CultureInfo.InvariantCulture);
        string[] arguments =
        [
            "-nostdin", "-v", "error", "-protocol_whitelist", "pipe", "-probesize", "32", "-analyzeduration", "0", "-flags", "low_delay", "-threads", "1",
            "-f", "flv", "-i", "pipe:0", "-map", "0:a:0", "-ar", rate, "-ac", channels, "-c:a", "pcm_s16le", "-flush_packets", "1", "-f", "flv", "pipe:1",
        ];
        _child = ChildProcess.Start(ffmpeg, arguments, (input, stop) => WriteAsync(input, configuration, stop));
        _reading = Task.Run(ReadAsync);
    }

    public void Write(long id, ReadOnlySpan<byte> packet)
    {
        uint time = (uint)(_written++ * _stream.FramesPerPacket * 1000 / _stream.Format.SampleRate);
        lock (_owed)
        {
            if (_owed.Count == MaxQueue) return; // more than was agreed: it gets no answer
            _owed.Enqueue((id, time & TimeMask));
        }

        byte[] bytes = ArrayPool<byte>.Shared.Rent(FlvTag.AacSize(packet.Length));
        int length = FlvTag.WriteAac(bytes, FlvTag.AacPacket, time, packet);
        if (!_queue.Writer.TryWrite(new ArraySegment<byte>(bytes, 0, length))) ArrayPool<byte>.Shared.Return(bytes); // disposed
    }

    public async ValueTask DisposeAsync()
    {
        _disposed = true;
        _queue.Writer.TryComplete();
        await _child.DisposeAsync().ConfigureAwait(false);
        await _reading.ConfigureAwait(false);
        while (_queue.Reader.TryRead(out ArraySegment<byte> tag)) ArrayPool<byte>.Shared.Return(tag.Array!);
    }

    private async Task WriteAsync(Stream input, byte[] configuration, CancellationToken stop)
    {
        byte[] head = new byte[FlvTag.FileHeadSize + FlvTag.AacSize(configuration.Length)];
        FlvTag.FileHead.CopyTo(head);
        FlvTag.WriteAac(head.AsSpan(FlvTag.FileHeadSize), FlvTag.AacConfiguration, 0, configuration);
        await input.WriteAsync(head, stop).ConfigureAwait(false);
        await foreach (ArraySegment<byte> tag in _queue.Reader.ReadAllAsync(stop).ConfigureAwait(false))
        {
            await input.WriteAsync(tag, stop).ConfigureAwait(false);
            ArrayPool<byte>.Shared.Return(tag.Array!);
        }
    }

    /// <summary>Passes on what ffmpeg says until it ends, which must not be before it is disposed.</summary>
    private async Task ReadAsync()
    {
        string problem = "it says what is not FLV";
        try
        {
            byte[] buffer = new byte[MaxTag];
            if (await FillAsync(buffer.AsMemory(0, FlvTag.FileHeadSize)).ConfigureAwait(false))
            {
                while (await ReadTagAsync(buffer).ConfigureAwait(false))
                {
                }
            }

            if (!_disposed) problem = await _child.FinishAsync(CancellationToken.None).ConfigureAwait(false) ?? _child.Complaint() ?? "it ended";
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException or InvalidDataException)
        {
            problem = e.Message;
        }

        if (_disposed) return;
        _output.OnFailed(new RaopException(RaopError.UnsupportedFormat, $"ffmpeg, which decodes the stream, has failed: {problem}."));
    }

    /// <returns>False at the end.</returns>
    private async ValueTask<bool> ReadTagAsync(byte[] buffer)
    {
        if (!await FillAsync(buffer.AsMemory(0, FlvTag.HeadSize)).ConfigureAwait(false)) return false;
        (byte type, int length, uint time) = FlvTag.ReadHead(buffer);
        if (length + FlvTag.TailSize > buffer.Length) throw new InvalidDataException($"a tag of {length} bytes");
        if (!await FillAsync(buffer.AsMemory(0, length + FlvTag.TailSize)).ConfigureAwait(false)) return false;
        if (type == FlvTag.Audio && length > 1 && buffer[0] == _pcmFormat && IdOf(time) is { } id) _output.OnDecoded(id, buffer.AsSpan(1, length - 1));
        return true;
    }

    /// <summary>Whose time it is, within a half of a packet; those before it have no answer.</summary>
    private long? IdOf(uint time)
    {
        int half = _stream.FramesPerPacket * 500 / _stream.Format.SampleRate;
        lock (_owed)
        {
            while (_owed.TryPeek(out (long Id, uint Time) first))
            {
                int off = (int)((time - first.Time) << 1) >> 1; // 31 bits
                if (off < -half) return null;
                _owed.Dequeue();
                if (off <= half) return first.Id;
            }
        }

        return null;
    }

    private async ValueTask<bool> FillAsync(Memory<byte> buffer) =>
        await _child.Output.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false).ConfigureAwait(false) == buffer.Length;
}
