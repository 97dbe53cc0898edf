using System.Text.Json;
using Raop.Interop.Tests.Lab;

namespace Raop.Interop.Tests;

/// <summary><c>raop list</c> sees what other people's programs announce through Avahi, and <c>raop play</c> finds by name.</summary>
public sealed class ListPeersTests
{
    private const string Name = "Küche 2.0";
    private const string Appeared = "appeared", Changed = "changed", Gone = "gone";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public Task Sees_shairport_sync_and_shairplay_on_one_host() => PeerLab.RunAsync(async lab =>
    {
        await ShairportSync.StartAsync(lab, 5000);
        await Shairplay.StartAsync(lab, 5001);
        Child list = lab.Raop("list", "--json", "--timeout", "5");
        Assert.Equal(0, await list.ExitAsync(Cancel));
        IReadOnlyList<JsonElement> speakers = list.Events();
        JsonElement sync = Assert.Single(speakers, static speaker => speaker.GetProperty("port").GetInt32() == 5000);
        Assert.Equal("ShairportSync", sync.Text("model"));
        Assert.Contains("udp", Texts(sync, "transports"));
        Assert.Contains("ALAC", Texts(sync, "codecs"));
        Assert.Contains("RSA", Texts(sync, "encryption"));
        Assert.False(sync.GetProperty("password").GetBoolean());
        JsonElement shairplay = Assert.Single(speakers, static speaker => speaker.GetProperty("port").GetInt32() == 5001);
        Assert.Equal("485D607CEE22", shairplay.Text("deviceId"));
    });

    [Theory, InlineData(false), InlineData(true)]
    public Task Sees_a_speaker_of_another_machine_over_both_families_and_that_it_goes(bool throughAvahi) => PeerLab.RunAsync(
        async lab =>
        {
            Need.Programs("shairport-sync", "avahi-daemon", "dbus-daemon");
            Machines machines = await Machines.UpAsync(lab, "desk", "hall");
            string state = lab.PathOf(Path.GetFileName(lab.Folder) + "-net"), script = Repository.PeerScript("avahi");
            await lab.Script("netlab", "exec", state, "hall", script, "up", lab.PathOf("hall"), "hall").SucceedsAsync();
            if (throughAvahi) await lab.Script("netlab", "exec", state, "desk", script, "up", lab.PathOf("desk"), "desk", "alone").SucceedsAsync();
            string settings = await lab.WriteAsync(
                "hall.conf", System.Text.Encoding.UTF8.GetBytes($"general = {{ name = \"{Name}\"; output_backend = \"stdout\"; mdns_backend = \"avahi\"; port = 5000; }};"));
            lab.Script("netlab", "exec", state, "hall", "sh", "-c", $"echo $$ >{state}/peer; exec shairport-sync -c {settings} >/dev/null");

            Child watch = machines.Raop("desk", "list", "--json", "--watch", "-v");
            JsonElement speaker = await watch.EventAsync(Appeared);
            for (int i = 1; Texts(speaker, "addresses").Length < 2; i++) speaker = await watch.EventAsync(Changed, i);
            Assert.Equal(Name, speaker.Text("name"));
            Assert.Equal($"{machines.Address("hall")}:5000", Texts(speaker, "addresses")[0]);
            Assert.Matches(@"^\[fe80::[0-9a-f:]+%\d+\]:5000$", Texts(speaker, "addresses")[1]);
            Assert.Equal(throughAvahi, watch.Errors.Contains("through Avahi", StringComparison.Ordinal));

            await lab.Script("netlab", "exec", state, "hall", "sh", "-c", $"kill $(cat {state}/peer)").SucceedsAsync();
            Assert.Equal(Name, (await watch.EventAsync(Gone)).Text("name"));
            watch.Interrupt();
            Assert.Equal(130, await watch.ExitAsync(Cancel));
        },
        isolated: false);

    /// <summary>The search has begun before it starts, and it takes 0.75 s and more to be announced.</summary>
    [Fact]
    public Task Plays_to_one_that_is_switched_on_meanwhile() => PeerLab.RunAsync(async lab =>
    {
        byte[] source = Mix.Between(0.1, 0.5, 0.1);
        Child play = lab.Raop("play", await lab.WriteAsync("in.wav", Wav.Of(source)), "--to", Name, "--json");
        Child sockets;
        do
        {
            sockets = lab.Program("ss", "-Huln", "sport = :5353");
            await sockets.SucceedsAsync();
        }
        while (sockets.OutputText.Length == 0);
        Child receiver = lab.Raop("receive", "--name", Name, "--output", "raw:" + lab.PathOf("out.raw"), "--once", "--json");
        await play.SucceedsAsync();
        await receiver.SucceedsAsync();
        Assert.Equal(source, await File.ReadAllBytesAsync(lab.PathOf("out.raw"), Cancel));
    });

    private static string[] Texts(JsonElement speaker, string list) => [.. speaker.GetProperty(list).EnumerateArray().Select(static text => text.GetString()!)];
}
