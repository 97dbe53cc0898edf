using Alac;
using Alac.Containers;
using Raop.Audio;

namespace Raop.Media.Input;

/// <summary>ALAC in an M4A or CAF file: as frames, or as the file's own packets.</summary>
internal sealed class AlacFileSource : InputSource, IAlacPacketSource
{
    private readonly InputReader _input;
    private readonly AlacReader _alac;
    private readonly AlacDecoder _decoder;
    private readonly byte[] _packet, _pcm;
    private int _next; // the packet to take next
    private int _skip; // frames of it to leave out
    private int _start, _end; // bytes of decoded frames not given yet
    private long _frame;

    private AlacFileSource(InputReader input, AlacReader alac)
        : base(input.Name, "ALAC")
    {
        _input = input;
        _alac = alac;
        _decoder = new AlacDecoder(alac.Config);
        _packet = new byte[alac.Config.MaxPacketSize];
        _pcm = new byte[alac.Config.MaxPcmSize];
        Format = new PcmFormat(Config.SampleRate, Config.BytesPerFrame / Config.Channels * 8, Config.Channels);
        (_next, _skip) = alac.Locate(0);
    }

    public AlacConfig Config => _alac.Config;

    public override PcmFormat Format { get; }

    public override long? Length => _alac.Length;

    public override long Position => _frame;

    public override bool CanSeek => true;

    /// <summary>Opens a file that can seek. Takes the reader over, unless it returns null.</summary>
    /// <returns>Null: MP4 or CAF with something else than ALAC of one or two channels.</returns>
    /// <exception cref="RaopException">CorruptFile.</exception>
    public static AlacFileSource? TryOpen(InputReader input)
    {
        try
        {
            return new AlacFileSource(input, AlacReader.Open(input.Stream, leaveOpen: true));
        }
        catch (AlacException e) when (e.Error is AlacError.NotAlac or AlacError.Unsupported or AlacError.UnknownContainer)
        {
            return null;
        }
        catch (AlacException e)
        {
            throw InputError.Corrupt(input.Name, Sentence(e), e);
        }
        catch (IOException e)
        {
            throw InputError.Unreadable(input.Name, e);
        }
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int bytes = FramesIn(buffer) * Format.BytesPerFrame;
        cancellationToken.ThrowIfCancellationRequested();
        if (_start == _end && !DecodeNext()) return ValueTask.FromResult(0);
        bytes = Math.Min(bytes, _end - _start);
        _pcm.AsSpan(_start, bytes).CopyTo(buffer.Span);
        _start += bytes;
        _frame += bytes / Format.BytesPerFrame;
        return ValueTask.FromResult(bytes);
    }

    public ValueTask<(int Bytes, int Frames)> ReadPacketAsync(Memory<byte> packet, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(packet.Length, Config.MaxPacketSize, nameof(packet));
        cancellationToken.ThrowIfCancellationRequested();
        if (_start != _end || _skip != 0 || _next >= _alac.PacketCount) return ValueTask.FromResult((0, 0));
        int frames = _alac.PacketFrames(_next);
        if (_frame + frames > _alac.Length) return ValueTask.FromResult((0, 0));
        int bytes = ReadPacket(packet.Span);
        _frame += frames;
        return ValueTask.FromResult((bytes, frames));
    }

    public override ValueTask SeekAsync(long frame, CancellationToken cancellationToken = default)
    {
        RefuseBadSeek(frame);
        cancellationToken.ThrowIfCancellationRequested();
        _frame = Math.Min(frame, _alac.Length);
        (_next, _skip) = _alac.Locate(_frame);
        _start = _end = 0;
        return ValueTask.CompletedTask;
    }

    public override async ValueTask DisposeAsync()
    {
        _alac.Dispose();
        await _input.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Decodes the next packet that has frames to be heard.</summary>
    private bool DecodeNext()
    {
        while (_frame < _alac.Length && _next < _alac.PacketCount)
        {
            int index = _next, skip = _skip, expected = _alac.PacketFrames(index);
            int bytes = ReadPacket(_packet);
            AlacStatus status = _decoder.Decode(_packet.AsSpan(0, bytes), _pcm, out int frames);
            if (status != AlacStatus.Ok || frames < expected)
                throw InputError.Corrupt(Name, $"packet {index}, after {Format.Duration(_frame):h\\:mm\\:ss\\.fff} of audio, does not decode ({(status == AlacStatus.Ok ? $"{frames} of {expected} frames" : status)})");
            long heard = Math.Min(expected - skip, _alac.Length - _frame);
            if (heard <= 0) continue;
            _start = skip * Format.BytesPerFrame;
            _end = _start + ((int)heard * Format.BytesPerFrame);
            return true;
        }

        return false;
    }

    private int ReadPacket(Span<byte> packet)
    {
        try
        {
            int bytes = _alac.ReadPacket(_next, packet);
            _next++;
            _skip = 0;
            return bytes;
        }
        catch (AlacException e)
        {
            throw InputError.Corrupt(Name, Sentence(e), e);
        }
        catch (IOException e)
        {
            throw InputError.Unreadable(Name, e);
        }
    }

    /// <summary>As the part of a sentence: "the file ends inside …".</summary>
    private static string Sentence(AlacException e) => char.ToLowerInvariant(e.Message[0]) + e.Message[1..].TrimEnd('.');
}
