using System.Net;
using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using Raop.Discovery;

namespace Raop.Tests.Discovery;

/// <summary>Speakers found through Avahi, over a bus of the test.</summary>
public sealed class AvahiFinderTests : IAsyncDisposable
{
    private const string Kitchen = "001122334455@Kitchen";

    private readonly TestBus _bus = new();
    private readonly Channel<ServiceChange> _changes = Channel.CreateUnbounded<ServiceChange>();
    private AvahiFinder? _finder;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        if (_finder is not null) await _finder.DisposeAsync();
        _bus.Dispose();
    }

    [Fact]
    public async Task A_service_comes_changes_and_goes()
    {
        await BrowseAsync();
        await ShowAsync();
        ServiceChange added = await ChangeAsync();
        Assert.Equal((ServiceChangeKind.Added, Kitchen, "one.local", 5000), (added.Kind, added.Instance, added.Host, added.Port));
        Assert.Equal([IPEndPoint.Parse("10.0.0.9:5000")], added.EndPoints);
        Assert.Equal("0,1", added.Txt["cn"]);
        _bus.Signal(TestBus.Avahi, TestBus.Found, TestBus.FoundItem(Kitchen, "10.0.0.10", txt: "cn=0,1"));
        Assert.Equal((ServiceChangeKind.Changed, IPEndPoint.Parse("10.0.0.10:5000")), await ChangeAsync() is { } changed ? (changed.Kind, changed.EndPoints[0]) : default);
        _bus.Signal(TestBus.Avahi, TestBus.ItemRemove, TestBus.Item(Kitchen));
        Assert.Equal(ServiceChangeKind.Removed, (await ChangeAsync()).Kind);
        await CallAsync("Free");
    }

    [Fact]
    public async Task Signals_of_others_on_the_bus_mean_nothing()
    {
        await BrowseAsync();
        _bus.Signal(TestBus.Stranger, TestBus.ItemNew, TestBus.Item("Liar"));
        _bus.Signal(TestBus.Stranger, TestBus.Found, TestBus.FoundItem("Liar"));
        _bus.Signal(TestBus.Stranger, "NameOwnerChanged", new DBusWriter().String("org.freedesktop.Avahi").String(TestBus.Avahi).String(TestBus.Stranger).ToArray());
        _bus.Signal(TestBus.Stranger, TestBus.Found, TestBus.FoundItem("Liar"));
        await ShowAsync();
        Assert.Equal(Kitchen, (await ChangeAsync()).Instance);
    }

    [Fact]
    public async Task When_Avahi_starts_again_it_is_asked_again()
    {
        await BrowseAsync();
        await ShowAsync();
        Assert.Equal(ServiceChangeKind.Added, (await ChangeAsync()).Kind);
        _bus.SetOwner(TestBus.Avahi, "");
        Assert.Equal(ServiceChangeKind.Removed, (await ChangeAsync()).Kind);
        _bus.SetOwner("", ":1.9");
        await CallAsync("ServiceBrowserNew");
        _bus.Signal(":1.9", TestBus.ItemNew, TestBus.Item(Kitchen));
        await CallAsync("ServiceResolverNew");
        _bus.Signal(":1.9", TestBus.Found, TestBus.FoundItem(Kitchen));
        Assert.Equal(ServiceChangeKind.Added, (await ChangeAsync()).Kind);
    }

    [Fact]
    public async Task When_the_bus_ends_nothing_is_known_any_more()
    {
        await BrowseAsync();
        await ShowAsync();
        Assert.Equal(ServiceChangeKind.Added, (await ChangeAsync()).Kind);
        _bus.HangUp();
        Assert.Equal(ServiceChangeKind.Removed, (await ChangeAsync()).Kind);
        using IDisposable later = _finder!.Browse(SpeakerTable.AirPlay, _ => { });
    }

    [Fact]
    public async Task What_goes_before_it_is_resolved_is_not_resolved_for_ever()
    {
        await BrowseAsync();
        _bus.Before = member =>
        {
            if (member == "ServiceResolverNew") _bus.Signal(TestBus.Avahi, TestBus.ItemRemove, TestBus.Item(Kitchen));
        };
        _bus.Signal(TestBus.Avahi, TestBus.ItemNew, TestBus.Item(Kitchen));
        Assert.Equal("/Client1/2", await CallAsync("Free")); // 1 is the browser
    }

    [Fact]
    public async Task Wrong_signals_change_nothing_and_the_right_ones_still_count()
    {
        int seed = Environment.TickCount;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        await BrowseAsync();
        byte[][] bodies = [TestBus.Item(Kitchen), TestBus.FoundItem(Kitchen, txt: ["cn=0,1", "pw=false"])];
        for (int i = 0; i < 2000; i++)
        {
            byte[] body = [.. bodies[i % 2]];
            if (random.Next(2) == 0) body = body[..random.Next(body.Length)];
            else for (int k = random.Next(1, 5); k > 0; k--) body[random.Next(4, body.Length)] ^= (byte)(1 << random.Next(8)); // never on the right interface
            if (body.Length > 0) body[0] = 3;
            _bus.Signal(TestBus.Avahi, i % 2 == 0 ? TestBus.ItemNew : TestBus.Found, body);
        }

        await ShowAsync();
        while ((await ChangeAsync()) is not { Instance: Kitchen, Host: "one.local" } change || !change.EndPoints.Contains(IPEndPoint.Parse("10.0.0.9:5000")))
        {
        }
    }

    private async Task BrowseAsync()
    {
        _finder = AvahiFinder.Open(_bus.Path, NullLogger.Instance);
        _finder.Browse(SpeakerTable.Raop, change => _changes.Writer.TryWrite(change));
        await CallAsync("ServiceBrowserNew");
    }

    private async Task ShowAsync()
    {
        _bus.Signal(TestBus.Avahi, TestBus.ItemNew, TestBus.Item(Kitchen));
        _bus.Signal(TestBus.Avahi, TestBus.Found, TestBus.FoundItem(Kitchen, txt: "cn=0,1"));
        await CallAsync("ServiceResolverNew");
    }

    private Task<ServiceChange> ChangeAsync() => _changes.Reader.ReadAsync(Cancel).AsTask().WaitAsync(TimeSpan.FromSeconds(20), Cancel);

    /// <summary>Waits for a call of this method.</summary>
    private async Task<string> CallAsync(string member)
    {
        while (true)
        {
            (string called, string path) = await _bus.Calls.Reader.ReadAsync(Cancel).AsTask().WaitAsync(TimeSpan.FromSeconds(20), Cancel);
            if (called == member) return path;
        }
    }
}
