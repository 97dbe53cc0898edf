namespace Raop.Interop.Tests.Lab;

/// <summary>Several machines on a network of their own, each with its own address, and bad links between them where a test wants some.</summary>
internal sealed class Machines
{
    private const string Script = "netlab";

    private readonly PeerLab _lab;
    private readonly string _state;

    private Machines(PeerLab lab)
    {
        _lab = lab;
        string name = Path.GetFileName(lab.Folder) + "-net"; // the namespaces' names begin with it
        _state = lab.PathOf(name);
    }

    /// <summary>Makes machines; they end with the lab.</summary>
    public static async Task<Machines> UpAsync(PeerLab lab, params string[] names)
    {
        Need.Programs("ip", "ethtool", "nsenter", "unshare", "python3");
        Need.Root("machines are made of network namespaces");
        Machines machines = new(lab);
        lab.AtEnd(() => machines.RunAsync(CancellationToken.None, "down"));
        await machines.RunAsync(TestContext.Current.CancellationToken, ["up", .. names]);
        return machines;
    }

    public string Address(string machine) => File.ReadAllText(Path.Combine(_state, machine + ".addr")).Trim();

    /// <summary>Makes a machine's link bad, both ways: delay and jitter in milliseconds, loss from 0 to 1.</summary>
    public Task SpoilAsync(string machine, double delay, double jitter = 0, double loss = 0) => RunAsync(
        TestContext.Current.CancellationToken,
        "wire", machine, "--delay-ms", FormattableString.Invariant($"{delay}"), "--jitter-ms", FormattableString.Invariant($"{jitter}"), "--loss", FormattableString.Invariant($"{loss}"));

    /// <summary>Starts our tool on a machine.</summary>
    public Child Raop(string machine, params string[] arguments) => _lab.Script(Script, ["exec", _state, machine, Repository.Tool, .. arguments]);

    /// <summary>Starts <c>raop receive --json</c> on a machine and waits until it listens.</summary>
    public async Task<Child> ReceiveAsync(string machine, string output, params string[] more)
    {
        Child receiver = Raop(machine, ["receive", "--bind", Address(machine), "--output", output, "--json", "-v", .. more]);
        await receiver.EventAsync(ToolEvents.Listening);
        return receiver;
    }

    private async Task RunAsync(CancellationToken cancel, params string[] arguments)
    {
        Child child = _lab.Script(Script, [arguments[0], _state, .. arguments[1..]]);
        int code = await child.ExitAsync(cancel);
        Assert.True(code == 0, $"netlab.sh {string.Join(' ', arguments)} ended with {code}: {child.Errors}{child.OutputText}");
    }
}
