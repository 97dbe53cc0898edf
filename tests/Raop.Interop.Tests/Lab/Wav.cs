using System.Buffers.Binary;

namespace Raop.Interop.Tests.Lab;

/// <summary>Plain WAV files, made and read without any code of the product.</summary>
internal static class Wav
{
    private const int HeaderSize = 44;

    public static byte[] Of(byte[] pcm, int channels = 2, int bits = 16, int rate = Mix.Rate)
    {
        byte[] wav = new byte[HeaderSize + pcm.Length + (pcm.Length & 1)];
        int frame = channels * bits / 8;
        "RIFF"u8.CopyTo(wav);
        BinaryPrimitives.WriteInt32LittleEndian(wav.AsSpan(4), wav.Length - 8);
        "WAVEfmt "u8.CopyTo(wav.AsSpan(8));
        BinaryPrimitives.WriteInt32LittleEndian(wav.AsSpan(16), 16);
        BinaryPrimitives.WriteInt16LittleEndian(wav.AsSpan(20), 1); // integer PCM
        BinaryPrimitives.WriteInt16LittleEndian(wav.AsSpan(22), (short)channels);
        BinaryPrimitives.WriteInt32LittleEndian(wav.AsSpan(24), rate);
        BinaryPrimitives.WriteInt32LittleEndian(wav.AsSpan(28), rate * frame);
        BinaryPrimitives.WriteInt16LittleEndian(wav.AsSpan(32), (short)frame);
        BinaryPrimitives.WriteInt16LittleEndian(wav.AsSpan(34), (short)bits);
        "data"u8.CopyTo(wav.AsSpan(36));
        BinaryPrimitives.WriteInt32LittleEndian(wav.AsSpan(40), pcm.Length);
        pcm.CopyTo(wav, HeaderSize);
        return wav;
    }

    /// <summary>The samples of a whole WAV file.</summary>
    public static byte[] Samples(byte[] wav)
    {
        Assert.True(wav.AsSpan().StartsWith("RIFF"u8) && wav.AsSpan(8).StartsWith("WAVE"u8), "Not a WAV file.");
        for (int at = 12; at + 8 <= wav.Length;)
        {
            long length = BinaryPrimitives.ReadUInt32LittleEndian(wav.AsSpan(at + 4));
            if (wav.AsSpan(at).StartsWith("data"u8))
            {
                Assert.True(at + 8 + length <= wav.Length, $"The data chunk says {length} bytes, {wav.Length - at - 8} are there.");
                return wav[(at + 8)..(at + 8 + (int)length)];
            }

            at += 8 + (int)(length + (length & 1));
        }

        Assert.Fail("No data chunk.");
        return [];
    }

    public static async Task<byte[]> SamplesOfAsync(string path) => Samples(await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken));
}
