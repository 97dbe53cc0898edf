using Raop.Metadata;

namespace Raop.Audio;

/// <summary>Gives PCM to a sender: a file, a stream, a generator. Used by one caller at a time; disposed by whoever opened it.</summary>
public interface IPcmSource : IAsyncDisposable
{
    /// <summary>What <see cref="ReadAsync"/> gives. Does not change. A sender takes any rate, 16, 24 or 32 bit, one or two channels.</summary>
    PcmFormat Format { get; }

    /// <summary>Frames in all, or null, as unless said otherwise, when not known (a pipe, a radio station).</summary>
    long? Length => null;

    /// <summary>
    /// Number of the frame that the next read begins with. A sender asks once, before it reads: of a source that has been sought it then tells
    /// receivers where in the piece they are. Unless said otherwise 0.
    /// </summary>
    long Position => 0;

    /// <summary>Whether <see cref="SeekAsync"/> works. Unless said otherwise it does not.</summary>
    bool CanSeek => false;

    /// <summary>
    /// What plays, for receivers to show; null when nothing is known. May change while it plays, as a station's title does: senders look
    /// four times a second. Read from any thread.
    /// </summary>
    TrackInfo? Info => null;

    /// <summary>Reads whole frames, interleaved little-endian.</summary>
    /// <param name="buffer">At least one frame long; its length is rounded down to whole frames.</param>
    /// <param name="cancellationToken">Stops the wait; frames already taken are not lost.</param>
    /// <returns>Bytes read, a multiple of the frame size; 0 at the end and only there.</returns>
    /// <exception cref="RaopException">The file is damaged or the stream broke.</exception>
    ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default);

    /// <summary>Goes to a frame; the next read starts exactly there.</summary>
    /// <param name="frame">0 to <see cref="Length"/>; beyond the end is the end.</param>
    /// <param name="cancellationToken">Stops the wait.</param>
    /// <exception cref="NotSupportedException"><see cref="CanSeek"/> is false.</exception>
    ValueTask SeekAsync(long frame, CancellationToken cancellationToken = default) => throw new NotSupportedException("This source cannot seek.");
}
