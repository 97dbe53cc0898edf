using System.Diagnostics;
using Raop.Interop.Tests.Lab;

namespace Raop.Interop.Tests;

/// <summary>What Avahi, on the same host or another, sees of our receiver.</summary>
public class AdvertiseTests
{
    private const string Type = "_raop._tcp", Advertised = "advertised";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20); // a busy machine's; it takes 2 s on an idle one

    [Fact]
    public Task Avahi_beside_it_resolves_it_and_loses_it() => PeerLab.RunAsync(async lab =>
    {
        await lab.StartBusAsync();
        Child receiver = lab.Raop("receive", "--name", "Küche 2.0", "--output", "null", "--json");
        await receiver.EventAsync(ToolEvents.Listening);
        long listening = Stopwatch.GetTimestamp();
        Assert.Equal("Küche 2.0", (await receiver.EventAsync(Advertised)).Text("name"));
        string seen = await BrowseUntilAsync(lab, IsSeen(@"K\195\188che\0322\.0"), "avahi", "browse", Type);
        TestContext.Current.TestOutputHelper?.WriteLine($"resolved after {Stopwatch.GetElapsedTime(listening).TotalSeconds:0.00} s");
        AssertHasEveryKey(seen);

        receiver.Interrupt();
        long gone = Stopwatch.GetTimestamp();
        await BrowseUntilAsync(lab, text => !text.Contains("che", StringComparison.Ordinal), "avahi", "browse", Type);
        TestContext.Current.TestOutputHelper?.WriteLine($"lost after {Stopwatch.GetElapsedTime(gone).TotalSeconds:0.00} s");
    });

    [Fact]
    public Task Another_machine_resolves_it_over_both_families() => PeerLab.RunAsync(
        async lab =>
        {
            Machines machines = await Machines.UpAsync(lab, "speaker", "listener");
            string state = lab.PathOf(Path.GetFileName(lab.Folder) + "-net");
            string script = Repository.PeerScript("avahi");
            await lab.Script("netlab", "exec", state, "listener", script, "up", lab.PathOf("listener"), "listener").SucceedsAsync();
            Child receiver = machines.Raop("speaker", "receive", "--name", "Küche 2.0", "--output", "null", "--json");
            await receiver.EventAsync(Advertised);
            string seen = await BrowseUntilAsync(
                lab, text => IsSeen(";IPv4;")(text) && IsSeen(";IPv6;")(text), "netlab", "exec", state, "listener", script, "browse", Type);
            AssertHasEveryKey(seen);
            Assert.Contains($";{machines.Address("speaker")};5000;", seen, StringComparison.Ordinal);
            string host = seen.Split('\n').First(static line => line.StartsWith('=')).Split(';')[6]; // a browser shows the first address that it knows
            Child address = lab.Script("netlab", "exec", state, "listener", script, "address", host, "6");
            await address.SucceedsAsync();
            Assert.Contains("\tfe80::", address.OutputText, StringComparison.Ordinal);

            receiver.Interrupt();
            await BrowseUntilAsync(
                lab, text => !text.Contains("che", StringComparison.Ordinal), "netlab", "exec", state, "listener", script, "browse", Type);
        },
        isolated: false);

    [Fact]
    public Task Of_two_with_one_name_the_second_is_renamed() => PeerLab.RunAsync(async lab =>
    {
        await lab.StartBusAsync();
        Child first = lab.Raop("receive", "--name", "Kitchen", "--output", "null", "--json");
        Assert.Equal("Kitchen", (await first.EventAsync(Advertised)).Text("name"));
        Child second = lab.Raop("receive", "--name", "Kitchen", "--port", "5001", "--output", "null", "--json");
        Assert.Equal("Kitchen (2)", (await second.EventAsync(Advertised)).Text("name"));
        await BrowseUntilAsync(lab, text => IsSeen(@"\064Kitchen;")(text) && IsSeen(@"\064Kitchen\032\0402\041;")(text), "avahi", "browse", Type);
    });

    [Fact]
    public Task A_name_that_avahi_has_is_left_to_it() => PeerLab.RunAsync(async lab =>
    {
        await lab.StartBusAsync();
        lab.Script("avahi", "publish", "001122334455@Kitchen", Type, "6000", "txtvers=1");
        await BrowseUntilAsync(lab, IsSeen(@"001122334455\064Kitchen;"), "avahi", "browse", Type);
        Child ours = lab.Raop("receive", "--name", "Kitchen", "--output", "null", "--json");
        Assert.Equal("Kitchen (2)", (await ours.EventAsync(Advertised)).Text("name"));
    });

    [Fact]
    public Task Who_wants_to_stay_unseen_does() => PeerLab.RunAsync(async lab =>
    {
        await lab.StartBusAsync();
        Child hidden = lab.Raop("receive", "--name", "Hidden", "--no-advertise", "--port", "5001", "--output", "null", "--json");
        await hidden.EventAsync(ToolEvents.Listening);
        Child seen = lab.Raop("receive", "--name", "Seen", "--output", "null", "--json");
        await seen.EventAsync(Advertised);
        Assert.DoesNotContain("Hidden", await BrowseUntilAsync(lab, IsSeen(@"\064Seen;"), "avahi", "browse", Type), StringComparison.Ordinal);
        Assert.DoesNotContain(hidden.Events(), e => e.Text("event") == Advertised);
    });

    /// <summary>A resolved line that has this in it.</summary>
    private static Func<string, bool> IsSeen(string part) => text =>
        text.Split('\n').Any(line => line.StartsWith('=') && line.Contains(part, StringComparison.Ordinal));

    private static void AssertHasEveryKey(string seen)
    {
        string line = seen.Split('\n').First(line => line.StartsWith('='));
        foreach (string key in (string[])["txtvers=1", "ch=2", "cn=0,1", "da=true", "ek=1", "et=0,1", "md=0,1,2", "pw=false", "sf=0x4", "sr=44100", "ss=16", "sv=false", "tp=TCP,UDP", "vn=65537", "vs=105.1", "am=Raop"])
            Assert.Contains($"\"{key}", line, StringComparison.Ordinal);
    }

    private static async Task<string> BrowseUntilAsync(PeerLab lab, Func<string, bool> enough, string script, params string[] arguments)
    {
        long begun = Stopwatch.GetTimestamp();
        while (true)
        {
            Child browse = lab.Script(script, arguments);
            await browse.ExitAsync(TestContext.Current.CancellationToken);
            if (enough(browse.OutputText)) return browse.OutputText;
            Assert.True(Stopwatch.GetElapsedTime(begun) < Limit, $"Avahi sees after {Limit}:\n{browse.OutputText}{browse.Errors}");
        }
    }
}
