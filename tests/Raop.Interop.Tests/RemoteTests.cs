using Raop.Interop.Tests.Lab;

namespace Raop.Interop.Tests;

/// <summary>Remote control, DACP: other people's speakers command <c>raop play</c>, and <c>raop remote</c> commands other people's senders.</summary>
public class RemoteTests
{
    private const int Port = 5000, RemotePort = 3689;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public Task Shairport_sync_s_next_makes_raop_play_play_the_next() => PeerLab.RunAsync(async lab =>
    {
        Need.Programs("dbus-send");
        await ShairportSync.StartAsync(lab, Port);
        string first = await lab.WriteAsync("first.wav", Wav.Of(Mix.Seconds(60))), second = await lab.WriteAsync("second.wav", Wav.Of(Mix.Seconds(5)));
        Child play = lab.Raop("play", first, second, "--to", "127.0.0.1", "--port", $"{Port}", "--json", "-v");
        await play.EventAsync(ToolEvents.Playing);
        await RemoteAsync(lab, "Next", () => play.Events().Count(static e => e.Text("event") == ToolEvents.Playing) >= 2);
        Assert.EndsWith("second.wav", (await play.EventAsync(ToolEvents.Playing, 2)).Text("input"), StringComparison.Ordinal);
        play.Interrupt();
        Assert.Equal(130, await play.ExitAsync(Cancel));
    });

    [Fact]
    public Task Raop_remote_commands_a_sender_that_is_recorded() => PeerLab.RunAsync(async lab =>
    {
        Need.Programs("avahi-publish-service", "python3");
        await lab.StartBusAsync();
        string run = await lab.StartPeerAsync("dacp", null, NodeAirTunes2.DacpId, $"{RemotePort}");
        string name = Path.GetFileName(lab.Folder); // receivers of other labs are the same user's
        Child receive = await lab.ReceiveAsync(Port, "null", "--name", name);
        Task playing = NodeAirTunes2.PlayAsync(lab, Port, Mix.Seconds(30));
        await receive.EventAsync(ToolEvents.Playing);
        foreach (string command in (string[])["toggle", "next", "volume 50%", "mute"])
            await lab.Raop(["remote", .. command.Split(' '), "--to", name]).SucceedsAsync();

        string[] requests = await File.ReadAllLinesAsync(Path.Combine(run, "requests"), Cancel);
        Assert.Equal(
            ["/ctrl-int/1/playpause", "/ctrl-int/1/nextitem", "/ctrl-int/1/setproperty?dmcp.device-volume=-15.000000", "/ctrl-int/1/mutetoggle"],
            requests.Select(static request => request.Split(' ')[0]));
        Assert.Single(requests.Select(static request => request.Split(' ')[1]).Distinct()); // the token that it sent
        Assert.Matches("^[0-9]+$", requests[0].Split(' ')[1]);
        await lab.StopPeerAsync("node-airtunes2");
        await Task.WhenAny(playing);
        receive.Interrupt();
    });

    /// <summary>Presses a key of shairport-sync's remote control until it has the effect: it may not have found the sender yet.</summary>
    private static async Task RemoteAsync(PeerLab lab, string method, Func<bool> done)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        limit.CancelAfter(TimeSpan.FromSeconds(30));
        while (!done())
        {
            await lab.Program(
                "dbus-send", "--system", "--print-reply", "--dest=org.gnome.ShairportSync", "/org/gnome/ShairportSync", $"org.gnome.ShairportSync.RemoteControl.{method}").ExitAsync(limit.Token);
            for (int i = 0; i < 15 && !done(); i++) await Task.Delay(100, limit.Token);
        }
    }
}
