using System.Text.Json;

namespace Raop.Tests.Security;

/// <summary>Files of testdata/, found by walking up to the solution.</summary>
internal static class Vectors
{
    private static readonly Lazy<JsonDocument> Raop = new(() => JsonDocument.Parse(Bytes("raop-vectors.json")));

    public static string Folder { get; } = Path.Combine(Root(), "testdata", "vectors");

    public static byte[] Bytes(string file) => File.ReadAllBytes(Path.Combine(Folder, file));

    /// <summary>A vector of raop-vectors.json.</summary>
    public static JsonElement Get(string id) => Raop.Value.RootElement.GetProperty("vectors").EnumerateArray().Single(v => v.GetProperty("id").ValueEquals(id));

    public static string Text(this JsonElement vector, string name) => vector.GetProperty(name).GetString()!;

    public static byte[] Hex(this JsonElement vector, string name) => Convert.FromHexString(vector.Text(name));

    private static string Root()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Raop.slnx"))) folder = folder.Parent;
        return folder?.FullName ?? throw new DirectoryNotFoundException("Raop.slnx is in no folder above the tests.");
    }
}
