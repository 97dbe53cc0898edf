using System.Diagnostics;

namespace Raop.Apps.Tests.Media.Output;

/// <summary>A sound server of a test's own with one null sink, whose name is "kitchen"; speaks PulseAudio's protocol on a socket in a scratch directory.</summary>
internal sealed class SoundServer : IAsyncDisposable
{
    private readonly ScratchDirectory _scratch = new();
    private readonly List<Process> _processes = [];

    private SoundServer()
    {
    }

    /// <summary>The server in libpulse's notation.</summary>
    public string Address => "unix:" + _scratch["native"];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static async Task<SoundServer> StartPulseAudioAsync(string sink = "kitchen", string description = "Kitchen Speaker")
    {
        Programs.Require("pulseaudio", "pactl", "parec");
        var server = new SoundServer();
        Process pulse = server.Start("pulseaudio", redirectErrors: true,
            "-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1", "--disable-shm=yes", "--log-target=stderr", "-v",
            "-L", $"module-native-protocol-unix socket={server._scratch["native"]} auth-anonymous=1",
            "-L", $"module-null-sink sink_name={sink} format=s16le rate=44100 channels=2 sink_properties=\"device.description='{description}'\"");
        while (await pulse.StandardError.ReadLineAsync(Cancel) is { } line)
        {
            if (!line.Contains("Daemon startup complete", StringComparison.Ordinal)) continue;
            _ = pulse.StandardError.ReadToEndAsync(Cancel); // keep its pipe empty
            return server;
        }

        await server.DisposeAsync();
        throw new InvalidOperationException("pulseaudio ended before it was ready");
    }

    /// <summary>Records what a sink plays; samples as 16 bit, 44,100 Hz, stereo. Ends with the server.</summary>
    public async Task<Stream> RecordAsync(string sink = "kitchen")
    {
        Process recorder = Start("parec", redirectErrors: false,
            "-s", Address, "-d", sink + ".monitor", "--raw", "--format=s16le", "--rate=44100", "--channels=2", "--latency-msec=20");
        Stream recording = recorder.StandardOutput.BaseStream;
        await recording.ReadExactlyAsync(new byte[4], Cancel); // it runs
        return recording;
    }

    public Task<byte[]> ControlAsync(params string[] command) => Programs.RunAsync("pactl", ["-s", Address, .. command]);

    /// <summary>Ends the server as a crash would.</summary>
    public void Kill() => _processes[0].Kill();

    public async ValueTask DisposeAsync()
    {
        foreach (Process process in Enumerable.Reverse(_processes))
        {
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
            process.Dispose();
        }

        _scratch.Dispose();
    }

    private Process Start(string name, bool redirectErrors, params string[] arguments)
    {
        var start = new ProcessStartInfo(name, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = redirectErrors };
        start.Environment["XDG_RUNTIME_DIR"] = _scratch.Path;
        start.Environment["PULSE_RUNTIME_PATH"] = _scratch.Path;
        start.Environment["HOME"] = _scratch.Path;
        start.Environment.Remove("PULSE_SERVER");
        Process process = Process.Start(start)!;
        _processes.Add(process);
        return process;
    }
}
