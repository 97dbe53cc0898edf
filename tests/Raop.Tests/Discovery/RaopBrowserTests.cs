using Raop.Discovery;
using Raop.Tests.Simulation;
using static Raop.Tests.Discovery.FakeFinder;

namespace Raop.Tests.Discovery;

public sealed class RaopBrowserTests
{
    private readonly SimulatedWorld _world = new();
    private readonly FakeFinder _finder = new();
    private readonly List<RaopSpeakerChange> _changes = [];

    [Theory]
    [InlineData("5855CA1AE288@Küche 2.0", "5855CA1AE288", "Küche 2.0")]
    [InlineData("5855ca1ae288@a@b", "5855CA1AE288", "a@b")]
    [InlineData("Living room", null, "Living room")]
    [InlineData("me@home", null, "me@home")]
    [InlineData("5855CA1AE288@", null, "5855CA1AE288@")]
    [InlineData("5855CA1AE28X@Name", null, "5855CA1AE28X@Name")]
    public void An_instance_has_a_device_id_and_a_name(string instance, string? id, string name) => Assert.Equal((id, name), SpeakerTable.Split(instance));

    [Fact]
    public async Task Speakers_appear_change_and_go()
    {
        RaopBrowser browser = Start();
        _finder.Tell(Service("5855CA1AE288@Kitchen", txt: ("pw", "false")));
        _finder.Tell(Service("5855CA1AE288@Kitchen", ServiceChangeKind.Changed, txt: ("pw", "true")));
        Assert.True(Assert.Single(browser.Speakers).RequiresPassword);
        _finder.Tell(Service("5855CA1AE288@Kitchen", ServiceChangeKind.Removed));
        Assert.Empty(browser.Speakers);
        Assert.Equal([RaopSpeakerChangeKind.Appeared, RaopSpeakerChangeKind.Changed, RaopSpeakerChangeKind.Gone], _changes.Select(change => change.Kind));
        Assert.True(_changes[2].Speaker.RequiresPassword);
        await browser.DisposeAsync();
        Assert.True(_finder.IsDisposed);
    }

    [Fact]
    public void What_only_airplay_says_is_added_for_the_same_device()
    {
        RaopBrowser browser = Start();
        _finder.Tell(Service("5855CA1AE288@TV", txt: ("ft", "0x1")));
        Assert.Null(browser.Speakers[0].Model);
        _finder.Tell(Service("Other", type: SpeakerTable.AirPlay, txt: [("deviceid", "00:00:00:00:00:01"), ("model", "Other1,1")]));
        Assert.Single(_changes);
        _finder.Tell(Service("TV", type: SpeakerTable.AirPlay, txt: [("deviceid", "58:55:ca:1a:e2:88"), ("model", "AppleTV5,3"), ("features", "0x2"), ("flags", "0x20080")]));
        RaopSpeaker speaker = Assert.Single(browser.Speakers);
        Assert.Equal(("AppleTV5,3", 1ul, true, true), (speaker.Model, speaker.Features, speaker.RequiresPassword, speaker.IsBusy));
        Assert.Equal(RaopSpeakerChangeKind.Changed, _changes[^1].Kind);
        _finder.Tell(Service("TV", ServiceChangeKind.Removed, SpeakerTable.AirPlay));
        Assert.Null(browser.Speakers[0].Model);
        Assert.Equal(3, _changes.Count);
    }

    /// <summary>Anybody can announce hundreds of devices, and change them all the time.</summary>
    [Fact]
    public void What_airplay_says_costs_little_for_the_others()
    {
        RaopBrowser browser = Start();
        for (int i = 0; i < 500; i++)
        {
            _finder.Tell(Service($"5855CA1A{i:X4}@{i}"));
            _finder.Tell(Service($"{i}", type: SpeakerTable.AirPlay, txt: ("deviceid", $"58:55:CA:1B:{i / 256:X2}:{i % 256:X2}")));
        }

        ServiceChange change = Service("7", ServiceChangeKind.Changed, SpeakerTable.AirPlay, ("deviceid", "58:55:ca:1a:00:07"), ("model", "Seven1,1"));
        long before = GC.GetAllocatedBytesForCurrentThread();
        _finder.Tell(change);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 500_000);
        Assert.Equal(("7", "Seven1,1"), (_changes[^1].Speaker.Name, _changes[^1].Speaker.Model));
        _finder.Tell(Service("7", ServiceChangeKind.Changed, SpeakerTable.AirPlay, ("deviceid", "58:55:ca:1a:00:08"), ("model", "Eight1,1")));
        Assert.Equal(["Eight1,1"], browser.Speakers.Select(speaker => speaker.Model).OfType<string>());
    }

    [Theory]
    [InlineData("Kitchen", "Kitchen")]
    [InlineData(" kitchen ", "Kitchen")]
    [InlineData("KÜCHE", "Küche 2.0")]
    [InlineData("2.0", "Küche 2.0")]
    [InlineData("5855ca1ae288", "Kitchen")]
    [InlineData("58:55:CA:1A:E2:88", "Kitchen")]
    [InlineData("5855CA1AE288@Kitchen", "Kitchen")]
    [InlineData("old", "Kitchen (old)")]
    public void Any_part_that_no_other_has_names_a_speaker(string text, string name) => _world.Run(async () =>
    {
        RaopBrowser browser = Start();
        _finder.Tell(Service("5855CA1AE288@Kitchen"));
        _finder.Tell(Service("5855CA1AE289@Kitchen (old)"));
        _finder.Tell(Service("5855CA1AE290@Küche 2.0"));
        Assert.Equal(name, (await browser.FindAsync(text, TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken)).Name);
    });

    [Fact]
    public void One_that_is_called_so_ends_the_search_and_a_part_waits_for_others() => _world.Run(async () =>
    {
        RaopBrowser browser = Start();
        _world.At(TimeSpan.FromSeconds(0.2), () => _finder.Tell(Service("5855CA1AE289@Kitchen (old)")));
        _world.At(TimeSpan.FromSeconds(0.4), () => _finder.Tell(Service("5855CA1AE288@Kitchen")));
        Task<RaopSpeaker> part = browser.FindAsync("(", TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
        RaopSpeaker speaker = await browser.FindAsync("kitchen", TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
        Assert.Equal(("Kitchen", TimeSpan.FromSeconds(0.4)), (speaker.Name, _world.Now));
        Assert.Equal("Kitchen (old)", (await part).Name);
        Assert.Equal(TimeSpan.FromSeconds(1), _world.Now);
    });

    [Fact]
    public void Nobody_and_several_are_errors_that_say_more() => _world.Run(async () =>
    {
        RaopBrowser browser = Start();
        RaopException none = await Assert.ThrowsAsync<RaopException>(() => browser.FindAsync("x", TimeSpan.FromSeconds(1)));
        Assert.Equal(RaopError.SpeakerNotFound, none.Error);
        Assert.Contains("asked on eth0 (10.0.0.1) for 1 s", none.Message, StringComparison.Ordinal);
        Assert.Contains("5353", none.Remedy, StringComparison.Ordinal);
        RaopException still = await Assert.ThrowsAsync<RaopException>(() => browser.FindAsync("x", TimeSpan.FromSeconds(2)));
        Assert.Contains("for 3 s", still.Message, StringComparison.Ordinal); // as long as the browser has been there
        _finder.Tell(Service("5855CA1AE288@Kitchen"));
        _finder.Tell(Service("5855CA1AE289@Kitchen"));
        RaopException several = await Assert.ThrowsAsync<RaopException>(() => browser.FindAsync("kit", TimeSpan.FromSeconds(1)));
        Assert.Equal(RaopError.AmbiguousName, several.Error);
        Assert.Contains("'Kitchen' (5855CA1AE288), 'Kitchen' (5855CA1AE289)", several.Message, StringComparison.Ordinal);
        Assert.Contains("'Kitchen'", (await Assert.ThrowsAsync<RaopException>(() => browser.FindAsync("bath", TimeSpan.FromSeconds(1)))).Message, StringComparison.Ordinal);
    });

    [Fact]
    public void A_search_can_be_given_up() => _world.Run(async () =>
    {
        RaopBrowser browser = Start();
        using var stop = new CancellationTokenSource();
        _world.At(TimeSpan.FromSeconds(0.5), stop.Cancel);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => browser.FindAsync("x", TimeSpan.FromSeconds(1), stop.Token));
        Assert.Equal(TimeSpan.FromSeconds(0.5), _world.Now);
    });

    private RaopBrowser Start() => RaopBrowser.Start(_finder, new RaopBrowserOptions { TimeProvider = _world.Clock }, _changes.Add);
}
