namespace Alac.Containers;

/// <summary>
/// Writes ALAC packets to a file: the packets as they come, then what must be known about them. The stream must be able to seek, because
/// sizes before the packets are filled in at the end; without <see cref="Finish"/> the file cannot be played.
/// </summary>
public abstract class AlacWriter : IDisposable
{
    private readonly bool _leaveOpen;
    private bool _isFinished;

    private protected AlacWriter(Stream stream, AlacConfig config, bool leaveOpen)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(config);
        config.ThrowIfInvalid(nameof(config));
        if (!stream.CanWrite || !stream.CanSeek) throw new ArgumentException("A stream that can write and seek is needed.", nameof(stream));
        (Stream, _leaveOpen, Packets, Origin) = (stream, leaveOpen, new PacketLog(config), stream.Position);
    }

    /// <summary>Frames written so far.</summary>
    public long Frames => Packets.Frames;

    private protected Stream Stream { get; }

    private protected PacketLog Packets { get; }

    /// <summary>Where the file begins in the stream.</summary>
    private protected long Origin { get; }

    /// <summary>Writes a packet.</summary>
    /// <param name="packet">The packet, as an encoder gave it.</param>
    /// <param name="frames">Frames in it, 1 to <see cref="AlacConfig.FrameLength"/>.</param>
    /// <exception cref="ArgumentException">No packet has that many bytes or frames.</exception>
    /// <exception cref="InvalidOperationException">The file is finished.</exception>
    /// <exception cref="IOException">The stream failed.</exception>
    public void WritePacket(ReadOnlySpan<byte> packet, int frames)
    {
        if (_isFinished) throw new InvalidOperationException("The file is finished.");
        Packets.Add(packet.Length, frames);
        Stream.Write(packet);
    }

    /// <summary>Writes what belongs behind the packets and fills sizes in. Nothing can be written afterwards.</summary>
    /// <exception cref="IOException">The stream failed.</exception>
    public void Finish()
    {
        if (_isFinished) return;
        _isFinished = true;
        WriteIndex();
        long end = Stream.Position;
        FillIn();
        Stream.Position = end;
        Stream.Flush();
    }

    /// <summary>Closes the stream, unless it is to stay open. Does not finish the file.</summary>
    public void Dispose()
    {
        if (!_leaveOpen) Stream.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Writes what belongs behind the packets.</summary>
    private protected abstract void WriteIndex();

    /// <summary>Writes what is known only now in front of the packets.</summary>
    private protected abstract void FillIn();
}
