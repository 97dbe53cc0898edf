using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Raop.Interop.Tests.Lab;

/// <summary>
/// Other people's programs and ours, in a folder and, as root, in a network namespace of their own, so that nothing leaves the
/// machine and every port is free. Whatever was started ends with it; when the test fails, all logs are in its output.
/// </summary>
internal sealed class PeerLab : IAsyncDisposable
{
    // Far more than any test here takes on a busy machine. Not [Fact(Timeout)]: that would swallow the logs.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    /// <summary>How much is lost where a test is about loss.</summary>
    public static readonly double[] Losses = [0.01, 0.05, 0.10];

    private const string BusVariable = "DBUS_SYSTEM_BUS_ADDRESS";

    private readonly Dictionary<string, string> _environment = new(StringComparer.Ordinal);
    private readonly Stack<Func<Task>> _stops = new();
    private readonly List<Child> _children = [];
    private string? _namespace;

    private PeerLab(string folder) => Folder = folder;

    /// <summary>A new folder under the temporary one; removed at the end.</summary>
    public string Folder { get; }

    /// <param name="test">The test.</param>
    /// <param name="isolated">False when servers inside the test's own process must be reached: the machine's loopback then.</param>
    public static async Task RunAsync(Func<PeerLab, Task> test, bool isolated = true)
    {
        await using PeerLab lab = new(Directory.CreateTempSubdirectory("raop-").FullName);
        try
        {
            if (isolated) await lab.EnterNamespaceAsync();
            await test(lab).WaitAsync(Limit, TestContext.Current.CancellationToken);
        }
        catch (Exception e) when (lab.WriteLogs(e))
        {
            throw; // not reached: the filter only writes, before anything is stopped
        }
    }

    /// <summary>Tests that mostly wait, each in a lab of its own, side by side.</summary>
    public static Task EachAtOnceAsync<T>(IEnumerable<T> cases, Func<T, Task> test) => Task.WhenAll(cases.Select(test));

    public string PathOf(string name) => Path.Combine(Folder, name);

    /// <summary>Our tool: which build of it.</summary>
    public string Tool { get; set; } = Repository.Tool;

    /// <summary>Writes a file into the lab's folder.</summary>
    /// <returns>Its path.</returns>
    public async Task<string> WriteAsync(string name, byte[] content)
    {
        string path = PathOf(name);
        await System.IO.File.WriteAllBytesAsync(path, content, TestContext.Current.CancellationToken);
        return path;
    }

    /// <summary>Something to be done at the end, before what was begun earlier is undone.</summary>
    public void AtEnd(Func<Task> stop) => _stops.Push(stop);

    /// <summary>A port that nobody listens on. Inside a namespace of our own they all are free.</summary>
    public static int FreePort()
    {
        using Socket probe = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)probe.LocalEndPoint!).Port;
    }

    /// <summary>Starts our tool.</summary>
    public Child Raop(params string[] arguments) => Raop(null, arguments);

    /// <summary>Starts our tool and gives it something to read.</summary>
    public Child Raop(Stream? stdin, params string[] arguments) => Start(
        Tool, arguments, new Dictionary<string, string> { ["XDG_CACHE_HOME"] = PathOf("cache"), ["XDG_CONFIG_HOME"] = PathOf("config") }, stdin); // the user's are the user's

    /// <summary>Starts a peer through its script and has it stopped at the end.</summary>
    /// <returns>The peer's run folder.</returns>
    public async Task<string> StartPeerAsync(string name, IReadOnlyDictionary<string, string>? options, params string[] arguments)
    {
        string run = PathOf(name);
        _stops.Push(() => StopPeerAsync(name));
        await ScriptAsync(name, options, TestContext.Current.CancellationToken, ["start", run, .. arguments]);
        return run;
    }

    public Task StopPeerAsync(string name) => ScriptAsync(name, null, CancellationToken.None, "stop", PathOf(name)); // also when the test has run out of time

    /// <summary>Starts a peer's <c>play</c> command.</summary>
    public Child Play(string name, string file) => Start(Repository.PeerScript(name), ["play", PathOf(name), file]);

    /// <summary>Starts a program of the system.</summary>
    public Child Program(string name, params string[] arguments) => Start(name, arguments);

    /// <summary>Starts one of the scripts, whatever it does.</summary>
    public Child Script(string name, params string[] arguments) => Start(Repository.PeerScript(name), arguments);

    /// <summary>From now on each datagram of this lab is lost with this probability.</summary>
    public async Task LoseAsync(double probability)
    {
        Need.Programs("iptables-legacy");
        Need.Root("datagrams are dropped by the packet filter");
        if (_namespace is null) Assert.Skip("Needs a network namespace of its own to lose datagrams in, and this system does not give one.");
        await ScriptAsync("loss", null, TestContext.Current.CancellationToken, "on", probability.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>The private D-Bus and Avahi that shairplay and shairport-sync need; one for all in a lab.</summary>
    public async Task StartBusAsync()
    {
        if (_environment.ContainsKey(BusVariable)) return;
        Need.Programs("dbus-daemon", "avahi-daemon", "unshare");
        Need.Root("avahi-daemon gets a private /run");
        if (_namespace is null) Assert.Skip("Needs a network namespace of its own for Avahi, and this system does not give one.");
        string run = await StartPeerAsync("bus", null);
        _environment[BusVariable] = $"unix:path={run}/bus";
    }

    /// <summary>The process that a peer's script has started, by its pid file.</summary>
    public int PeerId(string name, string? process = null) =>
        int.Parse(System.IO.File.ReadAllText(Path.Combine(PathOf(name), (process ?? name) + ".pid")), CultureInfo.InvariantCulture);

    /// <summary>A log that a peer has written so far; empty when there is none.</summary>
    public string Log(string peer)
    {
        string path = Path.Combine(PathOf(peer), peer + ".log");
        return System.IO.File.Exists(path) ? System.IO.File.ReadAllText(path) : "";
    }

    public async ValueTask DisposeAsync()
    {
        List<Exception> failures = [];
        foreach (Child child in Enumerable.Reverse(_children)) await child.DisposeAsync();
        while (_stops.TryPop(out Func<Task>? stop))
        {
            try
            {
                await stop();
            }
            catch (Exception failure) // the rest must stop all the same
            {
                failures.Add(failure);
            }
        }

        foreach (Child child in _children) await child.DisposeAsync(); // the scripts that stopped
        Directory.Delete(Folder, recursive: true);
        if (failures.Count > 0) throw new AggregateException(failures);
    }

    private Child Start(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? options = null, Stream? stdin = null)
    {
        Dictionary<string, string> environment = new(_environment, StringComparer.Ordinal);
        foreach ((string name, string value) in options ?? new Dictionary<string, string>()) environment[name] = value;
        // "ip netns exec" becomes the program: the process id is the program's.
        Child child = _namespace is null
            ? Child.Start(program, arguments, environment, stdin)
            : Child.Start("ip", ["netns", "exec", _namespace, program, .. arguments], environment, stdin);
        _children.Add(child);
        return child;
    }

    /// <summary>Runs one of the peers' scripts to its end (<c>start</c>, <c>stop</c>).</summary>
    private async Task ScriptAsync(string name, IReadOnlyDictionary<string, string>? options, CancellationToken cancel, params string[] arguments)
    {
        Child child = Start(Repository.PeerScript(name), arguments, options);
        int code = await child.ExitAsync(cancel);
        Assert.True(code == 0, $"{name}.sh {string.Join(' ', arguments)} ended with {code}: {child.Errors}{child.OutputText}");
    }

    private async Task EnterNamespaceAsync()
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess || Need.Find("ip") is null) return;
        string name = Path.GetFileName(Folder);
        Child up = Start(Repository.PeerScript("netns"), ["up", name]);
        if (await up.ExitAsync(TestContext.Current.CancellationToken) != 0) return; // a container without the right: plain loopback
        _namespace = name;
        _stops.Push(async () =>
        {
            _namespace = null;
            await ScriptAsync("netns", null, CancellationToken.None, "down", name);
        });
    }

    private bool WriteLogs(Exception failure)
    {
        ITestOutputHelper? output = TestContext.Current.TestOutputHelper;
        if (output is null || failure.Message.StartsWith(Xunit.v3.DynamicSkipToken.Value, StringComparison.Ordinal)) return false;
        foreach (Child child in _children)
            output.WriteLine($"--- {child.Command}\n{Tail(child.Errors)}{(child.Output.AsSpan().StartsWith("{"u8) ? Tail(child.OutputText) : "")}");
        foreach (string log in Directory.EnumerateFiles(Folder, "*.log", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
            output.WriteLine($"--- {Path.GetRelativePath(Folder, log)}\n{Tail(System.IO.File.ReadAllText(log))}");
        return false;
    }

    private static string Tail(string text) => text.Length <= 4_000 ? text : new StringBuilder("[…]").Append(text.AsSpan(text.Length - 4_000)).ToString();
}
