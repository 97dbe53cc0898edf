namespace Raop.Interop.Tests.Lab;

/// <summary>PulseAudio's RAOP sink.</summary>
internal static class PulseAudio
{
    private const string ItsOwnAbort = "Assertion 'pollfd' failed";
    private const int Attempts = 6;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>
    /// A test with PulseAudio in it. Version 16.1 now and then aborts on a busy machine, by an assertion of its own (pollfd in
    /// raop-sink.c): then, and only then, the test begins anew in a fresh lab.
    /// </summary>
    public static async Task RunAsync(Func<PeerLab, Task> test)
    {
        for (int attempt = 1; ; attempt++)
        {
            bool aborted = false;
            try
            {
                await PeerLab.RunAsync(async lab =>
                {
                    try
                    {
                        await test(lab).WaitAsync(Limit, TestContext.Current.CancellationToken);
                    }
                    finally
                    {
                        aborted = HasAborted(lab);
                    }
                });
                return;
            }
            catch (Exception) when (aborted && attempt < Attempts)
            {
                TestContext.Current.TestOutputHelper?.WriteLine($"Once more: PulseAudio aborted by itself ({ItsOwnAbort}).");
            }
        }
    }

    public static async Task StartAsync(PeerLab lab, int port, PeerLink link)
    {
        Need.Programs("pulseaudio", "pacat");
        Need.File("pulseaudio-module-raop", "/usr/lib", "module-raop-sink.so");
        await lab.StartPeerAsync("pulseaudio", Options(port, link));

        // Its sink is there before OPTIONS is answered, and a stream that begins in between is never announced: "Connection
        // already in progress".
        while (!lab.Log("pulseaudio").Contains("State change received", StringComparison.Ordinal))
        {
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Plays 16-bit stereo to the end through the sink that <see cref="StartAsync"/> has started.</summary>
    public static async Task PlayAsync(PeerLab lab, byte[] pcm)
    {
        int code = await (await BeginAsync(lab, pcm)).ExitAsync(TestContext.Current.CancellationToken);
        Assert.True(code == 0 && !HasAborted(lab), $"pacat ended with {code}:\n{lab.Log("pulseaudio")}");
    }

    /// <summary>Begins to play.</summary>
    public static async Task<Child> BeginAsync(PeerLab lab, byte[] pcm) => lab.Play("pulseaudio", await lab.WriteAsync("pulseaudio.pcm", pcm));

    private static bool HasAborted(PeerLab lab) => lab.Log("pulseaudio").Contains(ItsOwnAbort, StringComparison.Ordinal);

    private static Dictionary<string, string> Options(int port, PeerLink link) => new()
    {
        ["PORT"] = $"{port}", ["PROTOCOL"] = link.Transport.ToUpperInvariant(), ["ENCRYPTION"] = link.Encryption, ["PASSWORD"] = link.Password ?? "", ["PA_ARGS"] = "-vv",
    };
}
