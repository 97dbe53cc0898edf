using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Raop.Discovery;
using Raop.Remote;
using Raop.Rtsp;
using Raop.Tests.Fakes;

namespace Raop.Tests.Conversations;

/// <summary>Our receiver tells the sender of its session what to do.</summary>
public sealed class ReceiverRemoteTests
{
    private const string Sdp = "v=0\r\no=iTunes 1 0 IN IP4 10.0.1.101\r\ns=iTunes\r\nc=IN IP4 10.0.1.103\r\nt=0 0\r\nm=audio 0 RTP/AVP 96\r\n"
        + "a=rtpmap:96 AppleLossless\r\na=fmtp:96 4096 0 16 40 10 14 2 255 0 0 44100\r\n";

    [Fact]
    public void The_sender_of_the_session_is_told_and_nobody_else()
    {
        var stage = new Stage();
        var asked = new List<RaopRemoteRequest>();
        var finder = new FakeFinder();
        stage.World.Run(async () =>
        {
            await using DacpServer server = DacpServer.Start(
                stage.SenderHost.Network, stage.SenderHost.Clock, new IPEndPoint(IPAddress.IPv6Any, 0), DacpIdentity.NewId(), Handle, static () => new DacpStatus(), null, NullLogger.Instance);
            finder.Services.Add(Service($"iTunes_Ctrl_{server.Id}", new IPEndPoint(stage.SenderHost.Addresses[0], server.EndPoint.Port)));
            string token = server.AddMember();
            await using (RaopReceiver receiver = stage.Receive(null, context => context.OpenFinder = () => finder))
            {
                await ThrowsAsync(RaopError.NoSender, receiver.SendRemoteAsync(RaopRemoteCommand.Pause));
                Assert.Equal(0, finder.Browsing);
                await using WireClient client = await WireClient.ConnectAsync(stage.SenderHost.Network, Stage.Address);
                await BeginAsync(client, $"DACP-ID: {server.Id.TrimStart('0').ToLowerInvariant()}\nActive-Remote: {token}");
                await receiver.SendRemoteAsync(RaopRemoteCommand.Next);
                await receiver.SetSenderVolumeAsync(-40);
                await receiver.SetSenderVolumeAsync(-12.5);
                await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => receiver.SetSenderVolumeAsync(double.NaN));
                Assert.Equal(1, finder.Browsing);
                server.RemoveMember(token);
                await ThrowsAsync(RaopError.Rejected, receiver.SendRemoteAsync(RaopRemoteCommand.Next));
                await client.AskAsync("TEARDOWN rtsp://x/1 RTSP/1.0\nCSeq: 9\nSession: 1");
                await ThrowsAsync(RaopError.NoSender, receiver.SendRemoteAsync(RaopRemoteCommand.Next));
            }

            Assert.Equal((0, true), (finder.Browsing, finder.IsDisposed));
            Assert.Equal(
                [
                    new(token, RemoteAction.Command, RaopRemoteCommand.Next, 0), new(token, RemoteAction.SpeakerVolume, default, -144),
                    new(token, RemoteAction.SpeakerVolume, default, -12.5),
                ],
                asked);
        });

        ValueTask<bool> Handle(RaopRemoteRequest request, CancellationToken stop)
        {
            asked.Add(request);
            return new(true);
        }
    }

    [Theory]
    [InlineData("User-Agent: nobody")]
    [InlineData("DACP-ID: AB12")]
    [InlineData("Active-Remote: 1")]
    [InlineData("DACP-ID: AB12\nActive-Remote: 1")] // not announced
    public void A_sender_without_a_remote_control_is_said(string headers)
    {
        var stage = new Stage();
        stage.World.Run(async () =>
        {
            await using RaopReceiver receiver = stage.Receive(null, static context => context.OpenFinder = static () => new FakeFinder());
            await using WireClient client = await WireClient.ConnectAsync(stage.SenderHost.Network, Stage.Address);
            await BeginAsync(client, headers);
            await ThrowsAsync(RaopError.NoRemoteControl, receiver.SendRemoteAsync(RaopRemoteCommand.PlayPause));
        });
    }

    private static async Task BeginAsync(WireClient client, string headers)
    {
        Assert.Equal(RtspStatus.Ok, (await client.AskAsync($"ANNOUNCE rtsp://10.0.1.101/1 RTSP/1.0\nCSeq: 1\n{headers}\nContent-Type: application/sdp", Sdp)).StatusCode);
        Assert.Equal(RtspStatus.Ok, (await client.AskAsync($"SETUP rtsp://10.0.1.101/1 RTSP/1.0\nCSeq: 2\n{headers}\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1;mode=record")).StatusCode);
    }

    private static async Task ThrowsAsync(RaopError error, Task task) => Assert.Equal(error, (await Assert.ThrowsAsync<RaopException>(() => task)).Error);

    private static ServiceChange Service(string instance, IPEndPoint at) =>
        new(ServiceChangeKind.Added, instance, "_dacp._tcp", "sender.local", at.Port, [at], new Dictionary<string, string>());

    private sealed class FakeFinder : IServiceFinder
    {
        public List<ServiceChange> Services { get; } = [];

        public int Browsing { get; private set; }

        public bool IsDisposed { get; private set; }

        public IReadOnlyList<string> Interfaces => [];

        public TaskCreationOptions Completions => TaskCreationOptions.None;

        public IDisposable Browse(string type, Action<ServiceChange> changed)
        {
            Assert.Equal("_dacp._tcp", type);
            Browsing++;
            Services.ForEach(changed);
            return new End(this);
        }

        public ValueTask DisposeAsync()
        {
            IsDisposed = true;
            return ValueTask.CompletedTask;
        }

        private sealed class End(FakeFinder finder) : IDisposable
        {
            public void Dispose() => finder.Browsing--;
        }
    }
}
