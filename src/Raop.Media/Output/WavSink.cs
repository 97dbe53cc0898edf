using System.Buffers.Binary;
using Raop.Audio;

namespace Raop.Media.Output;

/// <summary>
/// Appends every stream to one WAV file whose header is right after each second of audio, so that a killed process leaves
/// a file that plays. A pipe or device node gets lengths of 0xFFFFFFFF, "until the end", and is never patched.
/// </summary>
/// <remarks>RIFF with a 16-byte PCM format chunk: Multimedia Programming Interface and Data Specifications 1.0 (1991).</remarks>
internal sealed class WavSink(OutputFile file, long maxDataLength = WavSink.MaxDataLength) : FileSink(file)
{
    /// <summary>RIFF counts its bytes in 32 bits: 6.7 hours at 44,100 Hz, 16 bit, stereo.</summary>
    public const long MaxDataLength = uint.MaxValue - HeaderSize;

    private const int HeaderSize = 44;
    private const int RiffLengthOffset = 4, DataLengthOffset = 40;
    private const uint Unknown = uint.MaxValue;

    private PcmFormat _format;
    private bool _patch;
    private long _patchedLength;

    private long DataLength => File.Length - HeaderSize;

    protected override void Begin(PcmFormat format)
    {
        Span<byte> header = stackalloc byte[HeaderSize];
        WriteHeader(header, format);
        File.Append(header);
        _format = format;
        _patch = File.KeepsBytes();
        if (_patch) PatchLengths();
    }

    protected override void Take(ReadOnlySpan<byte> frames)
    {
        if (_patch && DataLength + frames.Length > maxDataLength)
        {
            throw new RaopException(RaopError.OutputFailed,
                $"{File.Name} is full: a WAV file holds {maxDataLength} bytes of samples ({_format.Duration(maxDataLength / _format.BytesPerFrame):hh\\:mm\\:ss}).",
                "Write raw:PATH for recordings of any length, or start again with another file.");
        }

        File.Append(frames);
        if (_patch && DataLength - _patchedLength >= (long)_format.SampleRate * _format.BytesPerFrame) PatchLengths();
    }

    protected override void Settle()
    {
        if (_format == default)
        {
            if (File.IsAsFound) return; // no stream came: another recording stays as it is
            Begin(PcmFormat.AirTunes);  // and a new file becomes a valid one of no frames
        }

        if (!_patch) return;
        if (DataLength % 2 != 0) File.Patch([0], File.Length); // chunks are padded; further frames overwrite it
        PatchLengths();
    }

    private void PatchLengths()
    {
        long padded = DataLength + (DataLength % 2);
        PatchLength(DataLength, DataLengthOffset);
        PatchLength(HeaderSize - 8 + padded, RiffLengthOffset);
        _patchedLength = DataLength;
    }

    private void PatchLength(long length, long offset)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, (uint)length);
        File.Patch(bytes, offset);
    }

    private static void WriteHeader(Span<byte> header, PcmFormat format)
    {
        const ushort pcm = 1;
        "RIFF"u8.CopyTo(header);
        BinaryPrimitives.WriteUInt32LittleEndian(header[RiffLengthOffset..], Unknown);
        "WAVEfmt "u8.CopyTo(header[8..]);
        BinaryPrimitives.WriteInt32LittleEndian(header[16..], 16);
        BinaryPrimitives.WriteUInt16LittleEndian(header[20..], pcm);
        BinaryPrimitives.WriteUInt16LittleEndian(header[22..], (ushort)format.Channels);
        BinaryPrimitives.WriteInt32LittleEndian(header[24..], format.SampleRate);
        BinaryPrimitives.WriteInt32LittleEndian(header[28..], format.SampleRate * format.BytesPerFrame);
        BinaryPrimitives.WriteUInt16LittleEndian(header[32..], (ushort)format.BytesPerFrame);
        BinaryPrimitives.WriteUInt16LittleEndian(header[34..], (ushort)format.BitsPerSample);
        "data"u8.CopyTo(header[36..]);
        BinaryPrimitives.WriteUInt32LittleEndian(header[DataLengthOffset..], Unknown);
    }
}
