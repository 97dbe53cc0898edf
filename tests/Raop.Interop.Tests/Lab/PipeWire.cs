namespace Raop.Interop.Tests.Lab;

/// <summary>PipeWire's RAOP sink.</summary>
internal static class PipeWire
{
    private const int Quantum = 1024;

    public static async Task PlayAsync(PeerLab lab, int port, byte[] pcm, PeerLink link)
    {
        Need.Programs("pipewire", "pw-cat", "wireplumber", "dbus-daemon", "sox");
        Need.File("libpipewire-0.3-modules", "/usr/lib", "libpipewire-module-raop-sink.so");
        string file = await lab.WriteAsync("pipewire.pcm", pcm);
        Dictionary<string, string> options = new()
        {
            ["PORT"] = $"{port}", ["PROTOCOL"] = link.Transport, ["ENCRYPTION"] = link.Encryption, ["PASSWORD"] = link.Password ?? "", ["QUANTUM"] = $"{Quantum}",
        };
        await lab.StartPeerAsync("pipewire", options);
        Assert.Equal(0, await lab.Play("pipewire", file).ExitAsync(TestContext.Current.CancellationToken));
    }

    /// <summary>
    /// Its graph now and then drops or inserts whole quanta before the RAOP sink gets them, with any receiver. Between these slips
    /// every frame must be right; a slip of another size, or many of them, is not PipeWire's.
    /// </summary>
    public static void AssertNothingLostButItsOwn(PcmComparison heard)
    {
        Assert.True(heard.Runs.Count > 0, heard.ToString());
        Assert.True(heard.LostBeforeFirst % Quantum == 0 && heard.LostAtEnd == 0, heard.ToString());
        Assert.All(heard.Gaps, gap => Assert.True(gap.Lost % Quantum == 0 && gap.Inserted % Quantum == 0, heard.ToString()));
        Assert.True(heard.Equal >= heard.SourceFrames * 0.8, heard.ToString());
    }
}
