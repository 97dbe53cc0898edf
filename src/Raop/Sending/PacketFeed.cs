using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Alac;
using Raop.Audio;

namespace Raop.Sending;

/// <summary>
/// Cuts a play list into packets, without a gap between sources, and can go back to what has been sent and not heard.
/// </summary>
/// <remarks>
/// Frames are numbered along what is heard: after a pause the frames that were voided come again under the same numbers.
/// Used by one caller at a time, but for <see cref="Where"/>. <see cref="NextAsync"/> may be cancelled and called again; no frame is lost.
/// </remarks>
internal sealed class PacketFeed : IAsyncDisposable
{
    private static readonly int FrameSize = PcmFormat.AirTunes.BytesPerFrame;

    private readonly IAsyncEnumerator<IPcmSource> _playlist;
    private readonly bool _owns;
    private readonly bool _passesThrough;
    private readonly AlacConfig _config;
    private readonly AlacDecoder _decoder;
    private readonly byte[] _pcm;
    private readonly byte[] _alac;
    private readonly SentFrames _sent;
    private readonly List<Track> _tracks = []; // opened, not wholly heard; in order
    private volatile Place[] _places = []; // where tracks begin in the numbering; replaced as a whole, for Where is asked from any thread
    private int _current; // index in _tracks of the one being read; its Count when the next is to be opened
    private int _filled; // frames in _pcm
    private int _again; // of these, frames that were sent before
    private long _nextFrame;
    private bool _ended;
    private ExceptionDispatchInfo? _failure; // of the play list

    private sealed record Place(long Frame, Track Track, long TrackFrame);

    /// <param name="playlist">The sources, in order.</param>
    /// <param name="owns">Whether sources are disposed once they have been heard.</param>
    /// <param name="config">The session's parameters.</param>
    /// <param name="keepFrames">Frames to keep for going back: at least what is sent and not heard.</param>
    /// <param name="passesThrough">Whether ALAC packets that sources bring are of use.</param>
    public PacketFeed(IAsyncEnumerator<IPcmSource> playlist, bool owns, AlacConfig config, int keepFrames, bool passesThrough = true)
    {
        (_playlist, _owns, _config, _passesThrough) = (playlist, owns, config, passesThrough);
        _decoder = new AlacDecoder(config);
        _pcm = new byte[config.FrameLength * FrameSize];
        _alac = new byte[config.MaxPacketSize];
        _sent = new SentFrames(keepFrames * FrameSize);
    }

    /// <summary>Number of the first frame of the packet that <see cref="NextAsync"/> will give.</summary>
    public long NextFrame
    {
        get => Volatile.Read(ref _nextFrame);
        private set => Volatile.Write(ref _nextFrame, value);
    }

    /// <summary>The packet that <see cref="NextAsync"/> made; valid until the next call.</summary>
    public SourcePacket Packet { get; private set; }

    /// <summary>Loudest sample of that packet, 0 to 1.</summary>
    public float Peak { get; private set; }

    /// <summary>Whether that packet came as it is from the source.</summary>
    public bool PassedThrough { get; private set; }

    /// <summary>Makes the next packet.</summary>
    /// <returns>Its frames; 0 at the end of the play list.</returns>
    /// <exception cref="RaopException">A source is damaged.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<int> NextAsync(CancellationToken cancellationToken)
    {
        PassedThrough = false;
        if (_filled == 0) _filled = _again = _sent.Read(NextFrame * FrameSize, _pcm) / FrameSize;
        while (_filled < _config.FrameLength)
        {
            if (_current == _tracks.Count && !await OpenNextAsync(cancellationToken).ConfigureAwait(false)) break;
            Track track = _tracks[_current];
            if (track.Packets is { } packets)
            {
                if (_filled > 0) break; // a short packet, then the file's own
                (int bytes, int frames) = await packets.ReadPacketAsync(_alac, cancellationToken).ConfigureAwait(false);
                if (frames > 0) return PassThrough(bytes, frames);
            }

            int read;
            try
            {
                read = await track.Pcm.ReadAsync(_pcm.AsMemory(_filled * FrameSize), cancellationToken).ConfigureAwait(false);
            }
            catch (RaopException) when (_filled > 0)
            {
                break; // what is there first; the source says it again
            }

            _filled += read / FrameSize;
            if (read == 0) _current++;
            else if (track.Packets is not null) break; // up to the file's next packet
        }

        int filled = _filled, again = _again;
        _filled = _again = 0;
        if (filled > 0) Advance(filled, again, default);
        return filled;
    }

    /// <summary>The next packet begins with this frame, which has been sent before: after a pause.</summary>
    public void GoBackTo(long frame)
    {
        _sent.Append(_pcm.AsSpan(_again * FrameSize, (_filled - _again) * FrameSize)); // read and not sent: comes after what was
        _filled = _again = 0;
        NextFrame = Math.Max(frame, _sent.Start / FrameSize);
    }

    /// <summary>The next packet continues at another place of a source that <see cref="Where"/> gave; it takes the number <paramref name="heard"/>.</summary>
    public async ValueTask SeekAsync(long heard, Track track, long trackFrame, CancellationToken cancellationToken)
    {
        await ContinueAsync(heard, _tracks.IndexOf(track), trackFrame, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The next packet is the first of the source after the one that is heard at <paramref name="heard"/>.</summary>
    public async ValueTask SkipAsync(long heard, CancellationToken cancellationToken)
    {
        (Track? track, _) = Where(heard);
        int next = track is null ? _current + 1 : _tracks.IndexOf(track) + 1;
        await ContinueAsync(heard, Math.Min(next, _tracks.Count), 0, cancellationToken).ConfigureAwait(false);
        if (_current == _tracks.Count) await OpenNextAsync(cancellationToken).ConfigureAwait(false); // its place exists for the next command
    }

    /// <summary>The source that a frame is from, and which of its frames it is. From any thread.</summary>
    public (Track? Track, long Frame) Where(long frame)
    {
        Place[] places = _places;
        for (int i = places.Length - 1; i >= 0; i--)
        {
            if (places[i].Frame <= frame) return (places[i].Track, places[i].TrackFrame + frame - places[i].Frame);
        }

        return (null, 0);
    }

    /// <summary>Sources that end before this frame are not needed any more.</summary>
    public async ValueTask ForgetBeforeAsync(long heard)
    {
        while (_places.Length > 1 && _places[1].Frame <= heard) _places = _places[1..];
        while (_current > 0 && _places.Length > 0 && _tracks[0] != _places[0].Track) await CloseFirstAsync().ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        while (_tracks.Count > 0) await CloseFirstAsync().ConfigureAwait(false);
        await _playlist.DisposeAsync().ConfigureAwait(false);
    }

    private async ValueTask CloseFirstAsync()
    {
        Track first = _tracks[0];
        _tracks.RemoveAt(0);
        _current--;
        if (_owns) await first.Original.DisposeAsync().ConfigureAwait(false);
    }

    private async ValueTask<bool> OpenNextAsync(CancellationToken cancellationToken)
    {
        if (_ended) return false;
        _failure?.Throw(); // an iterator that has thrown only says that it has ended
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            _ended = !await _playlist.MoveNextAsync().ConfigureAwait(false);
            if (_ended) return false;
            var track = Track.Open(_playlist.Current, _passesThrough ? _config : null);
            _tracks.Add(track);
            AddPlace(NextFrame + _filled, track, track.Pcm.Position);
            return true;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            _failure = ExceptionDispatchInfo.Capture(e);
            throw;
        }
    }

    /// <summary>What was sent from <paramref name="heard"/> on is void; reading goes on at a frame of a track.</summary>
    private async ValueTask ContinueAsync(long heard, int index, long trackFrame, CancellationToken cancellationToken)
    {
        _filled = _again = 0;
        _sent.Truncate(heard * FrameSize);
        _places = Array.FindAll(_places, place => place.Frame < heard);
        NextFrame = heard;
        for (int i = _tracks.Count - 1; i > index; i--)
        {
            if (_tracks[i].Pcm.CanSeek) await _tracks[i].Pcm.SeekAsync(0, cancellationToken).ConfigureAwait(false);
        }

        _current = index;
        if (index == _tracks.Count) return;
        if (_tracks[index].Pcm.CanSeek) await _tracks[index].Pcm.SeekAsync(trackFrame, cancellationToken).ConfigureAwait(false);
        long? length = _tracks[index].Pcm.Length;
        AddPlace(heard, _tracks[index], Math.Min(trackFrame, length ?? trackFrame));
    }

    private void AddPlace(long frame, Track track, long trackFrame) => _places = [.. _places, new Place(frame, track, trackFrame)];

    private int PassThrough(int bytes, int frames)
    {
        if (_decoder.Decode(_alac.AsSpan(0, bytes), _pcm, out int decoded) != AlacStatus.Ok || decoded != frames)
        {
            throw new RaopException(RaopError.CorruptFile, "An ALAC packet of the file cannot be decoded.", "Play another copy of the file.");
        }

        PassedThrough = true;
        Advance(frames, again: 0, _alac.AsMemory(0, bytes));
        return frames;
    }

    private void Advance(int frames, int again, ReadOnlyMemory<byte> alac)
    {
        Packet = new SourcePacket(_pcm.AsMemory(0, frames * FrameSize), alac, NextFrame, frames);
        Span<byte> pcm = _pcm.AsSpan(0, frames * FrameSize);
        _sent.Append(pcm[(again * FrameSize)..]);
        NextFrame += frames;
        int peak = 0;
        foreach (short sample in MemoryMarshal.Cast<byte, short>(pcm)) peak = Math.Max(peak, Math.Abs((int)sample));
        Peak = peak / 32768f;
    }
}
