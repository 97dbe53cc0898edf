using System.Text.Json;
using Raop.Tests.Security;

namespace Raop.Tests.Metadata;

/// <summary>Vectors of metadata-vectors.json, and pieces and covers to send.</summary>
internal static class MetadataVectors
{
    private static readonly Lazy<JsonDocument> All = new(() => JsonDocument.Parse(Vectors.Bytes("metadata-vectors.json")));

    public static JsonElement Get(string id) => All.Value.RootElement.GetProperty("vectors").EnumerateArray().Single(v => v.GetProperty("id").ValueEquals(id));

    /// <summary>Bytes that begin as a JPEG does.</summary>
    public static byte[] Jpeg(int size, int seed = 1) => Picture([0xFF, 0xD8, 0xFF, 0xE0], size, seed);

    /// <summary>Bytes that begin as a PNG does.</summary>
    public static byte[] Png(int size, int seed = 1) => Picture([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], size, seed);

    private static byte[] Picture(byte[] magic, int size, int seed)
    {
        byte[] bytes = new byte[size];
        new Random(seed).NextBytes(bytes);
        magic.CopyTo(bytes, 0);
        return bytes;
    }
}
