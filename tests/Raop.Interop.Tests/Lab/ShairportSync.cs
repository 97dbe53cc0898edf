namespace Raop.Interop.Tests.Lab;

/// <summary>
/// shairport-sync, a receiver of UDP, with a clock: it plays on time, asks for lost packets, and fills with dithered silence. It writes
/// what it plays to a file, 0.15 s before it is due. In the place of the first nine packets after a start it plays silence.
/// </summary>
internal static class ShairportSync
{
    /// <returns>The file that gets raw 16-bit stereo.</returns>
    public static async Task<string> StartAsync(PeerLab lab, int port, string? password = null)
    {
        Need.Programs("shairport-sync", "ss");
        await lab.StartBusAsync();
        string output = lab.PathOf("shairport-sync.pcm");
        Dictionary<string, string> options = new() { ["PORT"] = $"{port}", ["PASSWORD"] = password ?? "" };
        await lab.StartPeerAsync("shairport-sync", options, output);
        return output;
    }
}
