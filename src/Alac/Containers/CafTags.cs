using System.Buffers.Binary;

namespace Alac.Containers;

/// <summary>Texts of a CAF file: a count, then keys and values that end in zero bytes.</summary>
internal static class CafTags
{
    private const int CountSize = 4;

    public static Dictionary<string, string> Parse(ReadOnlySpan<byte> info)
    {
        var tags = new Dictionary<string, string>(StringComparer.Ordinal);
        if (info.Length < CountSize) return tags;
        uint count = BinaryPrimitives.ReadUInt32BigEndian(info);
        info = info[CountSize..];
        for (; count > 0 && TryReadText(ref info, out string key) && TryReadText(ref info, out string value); count--)
        {
            tags.TryAdd(key.ToLowerInvariant(), value);
        }

        return tags;
    }

    public static byte[] Write(IReadOnlyDictionary<string, string> tags)
    {
        var info = new BoxWriter();
        info.UInt32((uint)tags.Count);
        foreach ((string name, string text) in tags)
        {
            WriteText(info, name);
            WriteText(info, text);
        }

        return info.Written.ToArray();
    }

    private static void WriteText(BoxWriter info, string text) =>
        info.Bytes(System.Text.Encoding.UTF8.GetBytes(text.Replace("\0", "", StringComparison.Ordinal))).UInt8(0);

    private static bool TryReadText(ref ReadOnlySpan<byte> info, out string text)
    {
        int end = info.IndexOf((byte)0);
        text = end < 0 ? "" : System.Text.Encoding.UTF8.GetString(info[..end]);
        if (end < 0) return false;
        info = info[(end + 1)..];
        return true;
    }
}
