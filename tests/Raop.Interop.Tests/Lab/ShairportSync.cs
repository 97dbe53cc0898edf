namespace Raop.Interop.Tests.Lab;

/// <summary>
/// shairport-sync, a receiver of UDP, with a clock: it plays on time, asks for lost packets, and fills with dithered silence. It writes
/// what it plays to a file, 0.15 s before it is due. In the place of the first nine packets after a start it plays silence.
/// </summary>
internal static class ShairportSync
{
    private const string Name = "shairport-sync";

    /// <returns>The file that gets raw 16-bit stereo.</returns>
    public static Task<string> StartAsync(PeerLab lab, int port, string? password = null, string name = "lab") => StartAsync(lab, port, password, name, metadata: false);

    /// <summary>Starts it with its metadata pipe open.</summary>
    public static async Task<MetadataPipe> StartWithMetadataAsync(PeerLab lab, int port)
    {
        await StartAsync(lab, port, null, "lab", metadata: true);
        return new MetadataPipe(Path.Combine(lab.PathOf(Name), "metadata.items"));
    }

    private static async Task<string> StartAsync(PeerLab lab, int port, string? password, string name, bool metadata)
    {
        Need.Programs(Name, "ss");
        await lab.StartBusAsync();
        string output = lab.PathOf(Name + ".pcm");
        Dictionary<string, string> options = new() { ["PORT"] = $"{port}", ["NAME"] = name, ["PASSWORD"] = password ?? "", ["METADATA"] = metadata ? "1" : "" };
        await lab.StartPeerAsync(Name, options, output);
        return output;
    }
}
