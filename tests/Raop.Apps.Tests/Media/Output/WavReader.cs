using System.Buffers.Binary;
using System.Text;
using Raop.Audio;

namespace Raop.Apps.Tests.Media.Output;

/// <summary>A WAV file as a strict reader sees it: every length must fit the file.</summary>
internal sealed record WavReader(PcmFormat Format, byte[] Samples)
{
    public static WavReader Read(byte[] file)
    {
        Assert.Equal("RIFF", Encoding.ASCII.GetString(file, 0, 4));
        Assert.Equal("WAVE", Encoding.ASCII.GetString(file, 8, 4));
        Assert.Equal((uint)file.Length - 8, BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(4)));
        PcmFormat? format = null;
        byte[]? samples = null;
        int at = 12;
        while (at < file.Length)
        {
            string id = Encoding.ASCII.GetString(file, at, 4);
            int length = BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(at + 4));
            ReadOnlySpan<byte> body = file.AsSpan(at + 8, length);
            if (id == "fmt ") format = ReadFormat(body);
            else if (id == "data") samples = body.ToArray();
            at += 8 + length + (length % 2);
        }

        Assert.Equal(file.Length, at);
        return new WavReader(format ?? throw new InvalidDataException("no fmt chunk"), samples ?? throw new InvalidDataException("no data chunk"));
    }

    private static PcmFormat ReadFormat(ReadOnlySpan<byte> body)
    {
        Assert.Equal(1, BinaryPrimitives.ReadUInt16LittleEndian(body)); // PCM
        var format = new PcmFormat(
            BinaryPrimitives.ReadInt32LittleEndian(body[4..]),
            BinaryPrimitives.ReadUInt16LittleEndian(body[14..]),
            BinaryPrimitives.ReadUInt16LittleEndian(body[2..]));
        Assert.Equal(format.SampleRate * format.BytesPerFrame, BinaryPrimitives.ReadInt32LittleEndian(body[8..]));
        Assert.Equal(format.BytesPerFrame, BinaryPrimitives.ReadUInt16LittleEndian(body[12..]));
        return format;
    }
}
