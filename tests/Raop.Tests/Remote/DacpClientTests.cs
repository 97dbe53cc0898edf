using System.Buffers;
using System.Net;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Raop.Network;
using Raop.Remote;
using Raop.Tests.Simulation;

namespace Raop.Tests.Remote;

/// <summary>Our speaker's remote control, against our sender and others.</summary>
public sealed class DacpClientTests
{
    [Fact]
    public void A_command_reaches_the_sender_that_is_announced()
    {
        var stage = new DacpStage();
        stage.Run(async () =>
        {
            string token = stage.Server.AddMember();
            Assert.Equal(new DacpOutcome(DacpResult.Done, 204, ""), await stage.Client.SendAsync(stage.Target(token), DacpCommand.Name(RaopRemoteCommand.Next)));
            Assert.Equal(DacpResult.Done, (await stage.Client.SendAsync(stage.Target(token), DacpCommand.SetVolume(-24.3012))).Result);
            Assert.Equal(
                [new(token, RemoteAction.Command, RaopRemoteCommand.Next, 0), new(token, RemoteAction.SpeakerVolume, default, -24.3012)], stage.Asked);
            Assert.Single(stage.Browsers);
            DacpOutcome refused = await stage.Client.SendAsync(stage.Target("1"), "play");
            Assert.Equal((DacpResult.Refused, 403), (refused.Result, refused.Status));
        });
    }

    [Fact]
    public void A_sender_that_is_announced_while_one_waits_is_found_whatever_its_zeros()
    {
        var stage = new DacpStage();
        stage.Run(async () =>
        {
            string token = stage.Server.AddMember();
            stage.Published.Clear();
            Task<DacpOutcome> sending = stage.Client.SendAsync(new DacpTarget(stage.Sender.Addresses[0], "00ab12", token), "play");
            await stage.WaitAsync(1.5);
            Assert.False(sending.IsCompleted);
            stage.See(new DacpSighting(false, "iTunes_Ctrl_0000AB12", stage.Server.EndPoint.Port, [])); // not resolved yet
            stage.See(new DacpSighting(false, "iTunes_Ctrl_AB12", stage.Server.EndPoint.Port, stage.Sender.Addresses));
            Assert.Equal(DacpResult.Done, (await sending).Result);

            stage.See(new DacpSighting(true, "iTunes_Ctrl_AB12", 0, []));
            DacpOutcome gone = await stage.Client.SendAsync(new DacpTarget(stage.Sender.Addresses[0], "00ab12", token), "play");
            Assert.Equal(DacpResult.NotFound, gone.Result);
        });
    }

    [Fact]
    public void An_announcement_that_points_elsewhere_is_not_followed()
    {
        var stage = new DacpStage();
        stage.Run(async () =>
        {
            string token = stage.Server.AddMember();
            stage.Published.Clear();
            IStreamListener trap = stage.Other.Network.Listen(new IPEndPoint(IPAddress.IPv6Any, 3689));
            Task<IStreamConnection?> trapped = trap.AcceptAsync().AsTask();
            stage.Directory.Begin();
            stage.See(new DacpSighting(false, $"iTunes_Ctrl_{stage.Server.Id}", 3689, stage.Other.Addresses));
            DacpOutcome outcome = await stage.Client.SendAsync(stage.Target(token), "play");
            Assert.Equal(DacpResult.NotFound, outcome.Result);
            Assert.Contains("not followed", outcome.Detail, StringComparison.Ordinal);
            Assert.False(trapped.IsCompleted);
            await trap.DisposeAsync();
            Assert.Null(await trapped);
        });
    }

    /// <summary>The id with other zeros is another name, so nobody contests it.</summary>
    [Fact]
    public void An_announcement_of_a_stranger_does_not_hide_the_sender()
    {
        var stage = new DacpStage();
        stage.Run(async () =>
        {
            string token = stage.Server.AddMember();
            stage.Directory.Begin();
            stage.See(new DacpSighting(true, $"iTunes_Ctrl_{stage.Server.Id}", 0, []));
            stage.See(new DacpSighting(false, $"iTunes_Ctrl_00{stage.Server.Id}", 3689, stage.Other.Addresses));
            stage.See(new DacpSighting(false, $"iTunes_Ctrl_{stage.Server.Id}", stage.Server.EndPoint.Port, stage.Sender.Addresses));
            Assert.Equal(DacpResult.Done, (await stage.Client.SendAsync(stage.Target(token), "play")).Result);
        });
    }

    [Fact]
    public void Over_the_loopback_only_a_service_of_this_machine_is_meant()
    {
        var stage = new DacpStage();
        stage.Run(async () =>
        {
            IPAddress[] ours = [.. stage.Sender.Addresses];
            var client = new DacpClient(stage.Sender.Network, stage.Sender.Clock, stage.Directory, ours.Contains, NullLogger.Instance);
            string token = stage.Server.AddMember();
            var target = new DacpTarget(IPAddress.Loopback, stage.Server.Id, token);
            Assert.Equal(DacpResult.Done, (await client.SendAsync(target, "play")).Result);
            stage.See(new DacpSighting(false, $"iTunes_Ctrl_{stage.Server.Id}", stage.Server.EndPoint.Port, stage.Other.Addresses));
            Assert.Equal(DacpResult.NotFound, (await client.SendAsync(target, "play")).Result);
        });
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\n\r\n", DacpResult.Done, 200)]
    [InlineData("HTTP/1.0 204\r\n\r\n", DacpResult.Done, 204)]
    [InlineData("HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nno!", DacpResult.Refused, 403)]
    [InlineData("HTTP/1.1 404 Not Found\r\n\r\n", DacpResult.Refused, 404)]
    [InlineData("HTTP/1.1 500 Oh\r\n\r\n", DacpResult.Refused, 500)]
    [InlineData("HTTP/1.1 999999 Oh\r\n\r\n", DacpResult.Unreachable, 0)]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n\r\n", DacpResult.Unreachable, 0)]
    [InlineData("HTTP/1.1 200 OK\r\n", DacpResult.Unreachable, 0)]
    [InlineData("", DacpResult.Unreachable, 0)]
    [InlineData(null, DacpResult.Unreachable, 0)]
    public void Every_answer_has_its_outcome(string? answer, object result, int status)
    {
        var stage = new DacpStage();
        stage.Run(async () =>
        {
            IStreamListener listener = stage.Sender.Network.Listen(new IPEndPoint(IPAddress.IPv6Any, 3689));
            Task<string> asked = AnswerAsync(listener, answer);
            TimeSpan began = stage.World.Now;
            DacpOutcome outcome = await stage.Client.SendAsync(stage.Target("637581677584076950") with { Port = 3689 }, "playpause");
            Assert.Equal(((DacpResult)result, status), (outcome.Result, outcome.Status));
            Assert.Equal(outcome.Result == DacpResult.Done, outcome.Detail.Length == 0);
            Assert.InRange(stage.World.Now - began, TimeSpan.Zero, TimeSpan.FromSeconds(2.1));
            Assert.Equal("GET /ctrl-int/1/playpause HTTP/1.1\r\nHost: 10.0.1.101:3689\r\nActive-Remote: 637581677584076950\r\n\r\n", await asked);
            await listener.DisposeAsync();
        });
    }

    [Fact]
    public void A_sender_that_is_gone_is_unreachable_within_half_a_second()
    {
        var stage = new DacpStage();
        stage.Run(async () =>
        {
            DacpOutcome outcome = await stage.Client.SendAsync(stage.Target("1") with { Port = 9 }, "play");
            Assert.Equal(DacpResult.Unreachable, outcome.Result);
            Assert.Contains("refused", outcome.Detail, StringComparison.Ordinal);
            stage.World.Partition(stage.Sender, stage.Speaker);
            TimeSpan began = stage.World.Now;
            outcome = await stage.Client.SendAsync(stage.Target("1") with { Port = stage.Server.EndPoint.Port }, "play");
            Assert.Equal((DacpResult.Unreachable, TimeSpan.FromSeconds(0.5)), (outcome.Result, stage.World.Now - began));
            using var stop = new CancellationTokenSource();
            Task<DacpOutcome> sending = stage.Client.SendAsync(stage.Target("1") with { Port = stage.Server.EndPoint.Port }, "play", stop.Token);
            stop.Cancel();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
            stage.World.Heal(stage.Sender, stage.Speaker);
        });
    }

    [Fact]
    public void What_a_sender_calls_itself_must_be_a_name()
    {
        Assert.Null(DacpTarget.From(IPAddress.Loopback, null, "1"));
        Assert.Null(DacpTarget.From(IPAddress.Loopback, "AB12", null));
        Assert.Null(DacpTarget.From(IPAddress.Loopback, "AB12", "1\tX"));
        Assert.Null(DacpTarget.From(IPAddress.Loopback, "no hex", "1"));
        Assert.Equal("01", DacpTarget.From(IPAddress.Loopback, "AB12", "01")!.Token);
    }

    [Fact]
    public void A_crowd_of_announcements_is_not_kept()
    {
        var stage = new DacpStage();
        stage.Run(async () =>
        {
            stage.Directory.Begin();
            for (int i = 0; i < 1000; i++) stage.See(new DacpSighting(false, $"iTunes_Ctrl_{i + 1:X}", 1, stage.Other.Addresses));
            Assert.Single(stage.Directory.Find("3F").Found);
            Assert.Empty(stage.Directory.Find("41").Found);
            string token = stage.Server.AddMember();
            Assert.Equal(DacpResult.Done, (await stage.Client.SendAsync(stage.Target(token), "play")).Result); // it was there before them
        });
    }

    private static async Task<string> AnswerAsync(IStreamListener listener, string? answer)
    {
        IStreamConnection connection = (await listener.AcceptAsync())!;
        System.IO.Pipelines.ReadResult request = await connection.Input.ReadAsync();
        string text = Encoding.ASCII.GetString(request.Buffer.ToArray());
        connection.Input.AdvanceTo(request.Buffer.End);
        if (answer is null) return text; // never
        connection.Output.Write(Encoding.ASCII.GetBytes(answer));
        await connection.Output.FlushAsync();
        await connection.Output.CompleteAsync();
        return text;
    }
}
