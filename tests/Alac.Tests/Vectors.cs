using System.Text;

namespace Alac.Tests;

/// <summary>
/// Packets whose bytes were made by an encoder that shares no code with this one; the decoders of macosforge, of Hammerton and
/// of FFmpeg read them alike.
/// </summary>
internal static class Vectors
{
    private const string Body =
        "ff0ca4795f0ef056f867ae5be3de1adeeb4d56a894c68f10b9e165d49414bd1dc3702894845c3ca1b93673a5eb7b4eedbef08614c4d8831062"
        + "0c2d832fbbbed9b16b1a4e7d9764988e0f763516898401a0a83a157fc436b05a1b4568dd2825b4ca9b1392754f29e53ba744e29a9312574a09"
        + "111b229438830fcba6ddb26baa9e95a2274b2d528d35944661f03858503a4a5e66727c7c84c1e1301057c766e6458504032e";

    private static readonly AlacConfig Config16 = new() { FrameLength = 352 }, Config24 = Config16 with { BitDepth = 24 };

    public static readonly Dictionary<string, (AlacConfig Config, byte[] Packet, byte[] Pcm)> All = new()
    {
        ["escape, 4 frames"] = (Config16,
            Convert.FromHexString("2000120000000800020005fffffffcfffe000100000201c0"),
            Signals.Stereo16([1, -1, 32767, -32768], [2, -2, 0, 256])),
        ["compressed silence, 352 frames"] = (Config16,
            Convert.FromHexString("200000040013100981f8c1ff800000000000000000000013100981f8c1ff8000000000000000000000ff80afbfe02bfc"),
            new byte[352 * 4]),
        ["compressed, 16 bit, 64 frames"] = (Config16,
            Convert.FromHexString("20001000000080040213080981f8c1ff80000013080981f8c1ff800001" + Body), Sines(Config16, 0, 0, 0)),
        ["compressed, 24 bit, 64 frames"] = (Config24,
            Convert.FromHexString("20001400000080040213080981f8c1ff80000013080981f8c1ff800000"
                + new StringBuilder().Insert(0, "ab54", 63) + "ab55" + Body), Sines(Config24, 8, 0x55, 0xaa)),
    };

    public static TheoryData<string> Names => new(All.Keys);

    private static byte[] Sines(AlacConfig config, int shift, int lowLeft, int lowRight)
    {
        int[] left = new int[64], right = new int[64];
        for (int i = 0; i < 64; i++)
        {
            double phase = 2 * Math.PI * 441 * i / 44_100;
            left[i] = (int)Math.Round(12_000 * Math.Sin(phase)) << shift | lowLeft;
            right[i] = (int)Math.Round(9_000 * Math.Sin(phase + 0.5)) << shift | lowRight;
        }

        return Signals.Stereo(config, left, right);
    }
}
