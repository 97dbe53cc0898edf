using System.Buffers;
using System.Net;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Raop.Metadata;
using Raop.Network;
using Raop.Remote;
using Raop.Tests.Simulation;

namespace Raop.Tests.Remote;

/// <summary>A sender with a remote control and a speaker, in a simulated network.</summary>
internal sealed class DacpStage
{
    public DacpStage(int seed = 1)
    {
        World = new SimulatedWorld(seed);
        Sender = World.AddHost("sender", "10.0.1.101", "fd00::101");
        Speaker = World.AddHost("speaker", "10.0.1.103", "fd00::103");
        Other = World.AddHost("other", "10.0.1.66");
        Server = DacpServer.Start(
            Sender.Network, Sender.Clock, new IPEndPoint(IPAddress.IPv6Any, 0), DacpIdentity.NewId(), (request, stop) => Handle(request, stop), () => Status, Publish, NullLogger.Instance);
        Directory = new DacpDirectory(Browse, TaskCreationOptions.None);
        Client = new DacpClient(Speaker.Network, Speaker.Clock, Directory, static _ => false, NullLogger.Instance);
    }

    public SimulatedWorld World { get; }

    public SimulatedHost Sender { get; }

    public SimulatedHost Speaker { get; }

    public SimulatedHost Other { get; }

    public DacpServer Server { get; }

    public DacpDirectory Directory { get; }

    public DacpClient Client { get; }

    public IPEndPoint Address => new(Sender.Addresses[0], Server.EndPoint.Port);

    public DacpStatus Status { get; set; } = new() { State = DacpPlayState.Playing, Track = new TrackInfo { Title = "Song" }, Volume = 50 };

    /// <summary>What the server was asked to do.</summary>
    public List<RaopRemoteRequest> Asked { get; } = [];

    public DacpHandler Handle { get => field ?? Note; set; }

    /// <summary>What is announced: instance, port, TXT. Those that browse see it with the address of the sender.</summary>
    public List<(string Instance, int Port, IReadOnlyList<string> Txt)> Published { get; } = [];

    public List<Action<DacpSighting>> Browsers { get; } = [];

    public DacpTarget Target(string token) => new(Sender.Addresses[0], Server.Id.ToLowerInvariant(), token);

    /// <summary>Runs a test, and takes the server down.</summary>
    public void Run(Func<Task> test) => World.Run(async () =>
    {
        await test();
        await Server.DisposeAsync();
        Directory.Dispose();
    });

    public Task WaitAsync(double seconds) => Task.Delay(TimeSpan.FromSeconds(seconds), World.Clock);

    public void See(DacpSighting seen) => Browsers.ForEach(browser => browser(seen));

    /// <summary>Sends text as it is, from a host, and gives all that comes until the server closes or the time is over.</summary>
    public async Task<string> TalkAsync(SimulatedHost host, string text, double seconds = 1, bool closes = true)
    {
        IStreamConnection connection = await host.Network.ConnectAsync(Address);
        await using (connection)
        {
            connection.Output.Write(Encoding.ASCII.GetBytes(text));
            await connection.Output.FlushAsync();
            if (closes) await connection.Output.CompleteAsync();
            var all = new StringBuilder();
            try
            {
                while (true)
                {
                    System.IO.Pipelines.ReadResult result = await connection.Input.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(seconds), World.Clock);
                    all.Append(Encoding.Latin1.GetString(result.Buffer.ToArray()));
                    connection.Input.AdvanceTo(result.Buffer.End);
                    if (result.IsCompleted) return all.ToString();
                }
            }
            catch (Exception e) when (e is TimeoutException or RaopException)
            {
                return all.Append('…').ToString();
            }
        }
    }

    public static string Get(string command, string? token, string version = "HTTP/1.1") =>
        $"GET /ctrl-int/1/{command} {version}\r\nHost: x\r\n{(token is null ? "" : $"Active-Remote: {token}\r\n")}\r\n";

    /// <summary>The statuses of answers.</summary>
    public static List<int> Statuses(string answers) =>
        [.. answers.Split("HTTP/1.1 ").Skip(1).Select(static answer => int.Parse(answer.AsSpan(0, 3), System.Globalization.CultureInfo.InvariantCulture))];

    private ValueTask<bool> Note(RaopRemoteRequest request, CancellationToken stop)
    {
        Asked.Add(request);
        return new(true);
    }

    private Unpublish Publish(string instance, int port, IReadOnlyList<string> txt)
    {
        Published.Add((instance, port, txt));
        return new Unpublish(this);
    }

    private Unpublish Browse(Action<DacpSighting> seen)
    {
        Browsers.Add(seen);
        foreach ((string instance, int port, _) in Published) seen(new DacpSighting(false, instance, port, Sender.Addresses));
        return new Unpublish(this);
    }

    private sealed class Unpublish(DacpStage stage) : IAsyncDisposable, IDisposable
    {
        public ValueTask DisposeAsync()
        {
            stage.Published.Clear();
            return ValueTask.CompletedTask;
        }

        public void Dispose() => stage.Browsers.Clear();
    }
}
