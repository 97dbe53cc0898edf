namespace Raop.Interop.Tests.Lab;

/// <summary>node-airtunes2, a sender of UDP, encrypted only; sends silence behind the signal, then TEARDOWN; sends nothing again.</summary>
internal static class NodeAirTunes2
{
    /// <summary>What it sends as DACP-ID, always. It announces no remote control of its own.</summary>
    public const string DacpId = "04F8191D99BEC6E9";

    /// <summary>
    /// Packets that RECORD names and that it never sends: 12 or 13 fall due each 100 ms, and those that do while RECORD is unanswered go nowhere.
    /// They are silence, before the music. Two such instants, for a busy machine.
    /// </summary>
    public const int MostNeverSent = 2 * 13;

    private const string Name = "node-airtunes2";

    /// <param name="lab">Where.</param>
    /// <param name="port">The receiver's.</param>
    /// <param name="pcm">What to play.</param>
    /// <param name="password">The receiver's, or null.</param>
    /// <param name="track">What to tell of it: TITLE, ARTIST, ALBUM, COVER, POSITION, DURATION (node-airtunes2.sh).</param>
    public static async Task PlayAsync(
        PeerLab lab, int port, byte[] pcm, string? password = null, params IEnumerable<KeyValuePair<string, string>> track)
    {
        Need.Programs("node");
        Need.File($"npm, and then {Repository.PeerScript(Name)} install", Path.Combine(Cache(), "raop", Name + "-2.5.0"), "*.node");
        string file = await lab.WriteAsync(Name + ".pcm", pcm);
        await lab.StartPeerAsync(Name, new Dictionary<string, string>([new("PORT", $"{port}"), new("PASSWORD", password ?? ""), .. track]));
        int code = await lab.Play(Name, file).ExitAsync(TestContext.Current.CancellationToken);
        Assert.True(code == 0, $"It ended with {code}:\n{lab.Log(Name)}");
    }

    /// <summary>Where its script looks for it.</summary>
    private static string Cache() => Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } folder
        ? folder
        : Path.Combine(Environment.GetEnvironmentVariable("HOME") is { Length: > 0 } home ? home : "/root", ".cache");
}
