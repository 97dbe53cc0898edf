namespace Raop.Interop.Tests.Lab;

/// <summary>shairplay, a receiver of TCP and UDP, encrypted only; writes what it hears to a file.</summary>
internal static class Shairplay
{
    /// <returns>The file that gets raw 16-bit stereo.</returns>
    public static async Task<string> StartAsync(PeerLab lab, int port, string? password = null, string name = "lab")
    {
        Need.Programs("shairplay", "shairport-sync", "strings", "stdbuf", "ss"); // shairport-sync: for the key in it
        Need.File("libavahi-compat-libdnssd1", "/usr/lib", "libdns_sd.so.1");
        await lab.StartBusAsync();
        string output = lab.PathOf("shairplay.pcm");
        Dictionary<string, string> options = new() { ["PORT"] = $"{port}", ["NAME"] = name, ["PASSWORD"] = password ?? "" };
        await lab.StartPeerAsync("shairplay", options, output);
        return output;
    }
}
