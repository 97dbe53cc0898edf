using System.Diagnostics;

namespace Raop.Apps.Tests.Media.Output;

/// <summary>A sound server of a test's own with one null sink, whose name is "kitchen"; speaks PulseAudio's protocol on a socket in a scratch directory.</summary>
internal sealed class SoundServer : IAsyncDisposable
{
    private readonly ScratchDirectory _scratch = new();
    private readonly List<Process> _processes = [];
    private readonly int _rate;
    private Process? _server;

    private SoundServer(string socket, int rate)
    {
        Address = "unix:" + _scratch[socket];
        _rate = rate;
    }

    /// <summary>The server in libpulse's notation.</summary>
    public string Address { get; }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static async Task<SoundServer> StartPulseAudioAsync(string sink = "kitchen", string description = "Kitchen Speaker")
    {
        Programs.Require("pulseaudio", "pactl", "parec");
        var server = new SoundServer("native", 44_100);
        Process pulse = server._server = server.Start("pulseaudio",
            "-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1", "--disable-shm=yes", "--log-target=stderr", "-v",
            "-L", $"module-native-protocol-unix socket={server._scratch["native"]} auth-anonymous=1",
            "-L", $"module-null-sink sink_name={sink} format=s16le rate=44100 channels=2 sink_properties=\"device.description='{description}'\"");
        while (await pulse.StandardError.ReadLineAsync(Cancel) is { } line)
        {
            if (!line.Contains("Daemon startup complete", StringComparison.Ordinal)) continue;
            Discard(pulse.StandardError);
            return server;
        }

        await server.DisposeAsync();
        throw new InvalidOperationException("pulseaudio ended before it was ready");
    }

    /// <summary>PipeWire with its session manager and its server for PulseAudio's protocol, at 48,000 Hz, its own rate.</summary>
    public static async Task<SoundServer> StartPipeWireAsync()
    {
        Programs.Require("pipewire", "wireplumber", "pipewire-pulse", "pw-cli", "dbus-daemon", "pactl", "parec");
        var server = new SoundServer("pulse/native", 48_000);
        try
        {
            Process bus = server.Start("dbus-daemon", "--session", "--nofork", "--print-address=1", "--address=unix:path=" + server._scratch["bus"]);
            Assert.NotNull(await bus.StandardOutput.ReadLineAsync(Cancel)); // it listens
            Discard(bus.StandardError);
            Discard(server.Start("pipewire").StandardError);
            await server.UntilAsync("pw-cli", ["info", "0"], "pipewire");
            Discard(server.Start("wireplumber").StandardError);
            Discard((server._server = server.Start("pipewire-pulse")).StandardError);
            await server.UntilAsync("pactl", ["-s", server.Address, "info"], "PipeWire");
            await server.ControlAsync("load-module", "module-null-sink", "sink_name=kitchen", "sink_properties=device.description=Kitchen");
            await server.UntilAsync("pactl", ["-s", server.Address, "info"], "Default Sink: kitchen");
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Records what a sink plays: samples as 16 bit, stereo, in the server's rate. Ends with the server.</summary>
    public async Task<Stream> RecordAsync(string sink = "kitchen")
    {
        Process recorder = Start("parec",
            "-s", Address, "-d", sink + ".monitor", "--raw", "--format=s16le", $"--rate={_rate}", "--channels=2", "--latency-msec=20");
        Discard(recorder.StandardError);
        Stream recording = recorder.StandardOutput.BaseStream;
        await recording.ReadExactlyAsync(new byte[4], Cancel); // it runs
        return recording;
    }

    public Task<byte[]> ControlAsync(params string[] command) => Programs.RunAsync("pactl", ["-s", Address, .. command]);

    /// <summary>Ends the server as a crash would.</summary>
    public void Kill() => _server!.Kill();

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

    /// <summary>Asks a server again and again until its answer has the text; what it said of errors does not matter.</summary>
    private async Task UntilAsync(string program, string[] arguments, string expected)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        while (true)
        {
            using Process asking = Launch(program, arguments);
            Discard(asking.StandardError);
            string answer = await asking.StandardOutput.ReadToEndAsync(limit.Token);
            await asking.WaitForExitAsync(limit.Token);
            if (answer.Contains(expected, StringComparison.Ordinal)) return;
        }
    }

    private Process Start(string name, params string[] arguments)
    {
        Process process = Launch(name, arguments);
        _processes.Add(process);
        return process;
    }

    private Process Launch(string name, params string[] arguments)
    {
        var start = new ProcessStartInfo(name, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string variable in new[] { "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "PIPEWIRE_RUNTIME_DIR", "HOME" })
            start.Environment[variable] = _scratch.Path;
        start.Environment["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=" + _scratch["bus"];
        start.Environment.Remove("PULSE_SERVER");
        start.Environment.Remove("PULSE_RUNTIME_PATH");
        return Process.Start(start)!;
    }

    /// <summary>Keeps a pipe empty that nobody reads.</summary>
    private static void Discard(StreamReader reader) => _ = reader.ReadToEndAsync(Cancel);
}
