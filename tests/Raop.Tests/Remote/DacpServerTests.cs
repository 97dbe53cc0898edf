using System.Buffers;
using System.Text;
using Raop.Network;
using Raop.Remote;
using Raop.Tests.Simulation;

namespace Raop.Tests.Remote;

/// <summary>A sender's remote control against speakers, and others, that write what the test says.</summary>
public sealed class DacpServerTests
{
    [Fact]
    public void What_shairport_sync_and_libraop_ask_is_done_and_answered_with_204()
    {
        var stage = new DacpStage();
        stage.Run(async () =>
        {
            string token = stage.Server.AddMember();
            string answer = await stage.TalkAsync(stage.Speaker, DacpRequestTests.Shairport.Replace("1986535575", token, StringComparison.Ordinal));
            Assert.Equal("HTTP/1.1 204 No Content\r\nDAAP-Server: Raop\r\nContent-Length: 0\r\n\r\n", answer);
            answer = await stage.TalkAsync(stage.Speaker, DacpRequestTests.Libraop.Replace("1986535575", token, StringComparison.Ordinal), closes: false);
            Assert.Equal("HTTP/1.1 204 No Content\r\nDAAP-Server: Raop\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", answer);
            Assert.Equal(
                [new(token, RemoteAction.Command, RaopRemoteCommand.PlayPause, 0), new(token, RemoteAction.SpeakerVolume, default, -24.3012)], stage.Asked);
        });
    }

    [Fact]
    public void It_is_announced_as_iTunes_is_and_taken_back()
    {
        var stage = new DacpStage();
        stage.Run(async () =>
        {
            (string instance, int port, IReadOnlyList<string> txt) = Assert.Single(stage.Published);
            Assert.Equal(($"iTunes_Ctrl_{stage.Server.Id}", stage.Server.EndPoint.Port), (instance, port));
            Assert.Equal(["txtvers=1", "Ver=131075", $"DbId={stage.Server.Id}", "OSsi=0x1F5"], txt);
            await stage.Server.DisposeAsync();
            Assert.Empty(stage.Published);
            RaopException e = await Assert.ThrowsAsync<RaopException>(() => stage.TalkAsync(stage.Speaker, DacpStage.Get("play", "1")));
            Assert.Equal(RaopError.Refused, e.Error);
        });
    }

    [Fact]
    public void Wrong_and_missing_tokens_get_403_and_members_that_left_too()
    {
        var stage = new DacpStage();
        stage.Run(async () =>
        {
            string token = stage.Server.AddMember(), other = stage.Server.AddMember();
            Assert.NotEqual(token, other);
            foreach (string? wrong in new[] { null, "", "0", token + "0", "0" + token, token[..^1], "a b" })
                Assert.Equal([403], DacpStage.Statuses(await stage.TalkAsync(stage.Speaker, DacpStage.Get("play", wrong))));
            Assert.Equal([204], DacpStage.Statuses(await stage.TalkAsync(stage.Speaker, DacpStage.Get("play", other))));
            stage.Server.RemoveMember(other);
            Assert.Equal([403], DacpStage.Statuses(await stage.TalkAsync(stage.Speaker, DacpStage.Get("play", other))));
            stage.Server.IsOpen = false;
            Assert.Equal([403], DacpStage.Statuses(await stage.TalkAsync(stage.Speaker, DacpStage.Get("play", token))));
            stage.Server.IsOpen = true;
            Assert.Equal([204], DacpStage.Statuses(await stage.TalkAsync(stage.Speaker, DacpStage.Get("play", token))));
            Assert.Equal([other, token], stage.Asked.Select(static asked => asked.Member));
        });
    }

    [Fact]
    public void Guessing_is_slowed_by_address_and_a_stale_token_is_no_guess()
    {
        var stage = new DacpStage();
        stage.Run(async () =>
        {
            string token = stage.Server.AddMember();
            for (int i = 0; i < 30; i++) Assert.Equal([403], DacpStage.Statuses(await stage.TalkAsync(stage.Speaker, DacpStage.Get("play", "999999999999"))));
            Assert.Equal([204], DacpStage.Statuses(await stage.TalkAsync(stage.Speaker, DacpStage.Get("play", token))));

            for (int i = 0; i < 10; i++) await stage.TalkAsync(stage.Other, DacpStage.Get("play", $"99999999990{i}"));
            Assert.Equal([403], DacpStage.Statuses(await stage.TalkAsync(stage.Other, DacpStage.Get("play", token)))); // right, and too late
            Assert.Equal([204], DacpStage.Statuses(await stage.TalkAsync(stage.Speaker, DacpStage.Get("play", token))));
            await stage.WaitAsync(61);
            Assert.Equal([204], DacpStage.Statuses(await stage.TalkAsync(stage.Other, DacpStage.Get("play", token))));
        });
    }

    [Fact]
    public void Requests_follow_one_another_on_a_connection()
    {
        var stage = new DacpStage();
        stage.Run(async () =>
        {
            string token = stage.Server.AddMember();
            string answers = await stage.TalkAsync(
                stage.Speaker, DacpStage.Get("pause", token) + DacpStage.Get("play", token) + DacpStage.Get("sing", token) + DacpStage.Get("nextitem", token));
            Assert.Equal([204, 204, 404], DacpStage.Statuses(answers)); // what is refused ends the connection
            Assert.Equal([RaopRemoteCommand.Pause, RaopRemoteCommand.Play], stage.Asked.Select(static asked => asked.Command));
        });
    }

    [Fact]
    public void What_cannot_be_done_gets_404_and_what_takes_long_goes_on_behind_the_answer()
    {
        var stage = new DacpStage();
        stage.Run(async () =>
        {
            string token = stage.Server.AddMember();
            stage.Handle = static (_, _) => new(false);
            Assert.Equal([404], DacpStage.Statuses(await stage.TalkAsync(stage.Speaker, DacpStage.Get("previtem", token))));
            stage.Handle = static (_, _) => throw new RaopException(RaopError.ConnectionLost, "It is gone.");
            Assert.Equal([404], DacpStage.Statuses(await stage.TalkAsync(stage.Speaker, DacpStage.Get("previtem", token))));
            bool done = false;
            stage.Handle = async (_, _) =>
            {
                await stage.WaitAsync(2);
                return done = true;
            };
            Assert.Equal([204], DacpStage.Statuses(await stage.TalkAsync(stage.Speaker, DacpStage.Get("pause", token), seconds: 0.4)));
            Assert.False(done);
            await stage.WaitAsync(2);
            Assert.True(done);
        });
    }

    [Fact]
    public void The_status_is_told_at_once_and_then_when_it_changes()
    {
        var stage = new DacpStage();
        stage.Run(async () =>
        {
            string token = stage.Server.AddMember();
            (DacpStatus status, uint revision) = await AskAsync(1);
            Assert.Equal(("Song", DacpPlayState.Playing), (status.Track!.Title, status.State));

            Task<(DacpStatus Status, uint Revision)> waiting = AskAsync(revision);
            await stage.WaitAsync(3);
            Assert.False(waiting.IsCompleted);
            stage.Status = stage.Status with { State = DacpPlayState.Paused };
            stage.Server.StatusChanged();
            (status, uint next) = await waiting;
            Assert.Equal((DacpPlayState.Paused, revision + 1), (status.State, next));

            Assert.Equal(next, (await AskAsync(revision)).Revision); // too late for that one
            Assert.Equal(next, (await AskAsync(next)).Revision); // nothing new in 30 s

            string volume = await stage.TalkAsync(stage.Speaker, DacpStage.Get("getproperty?properties=dmcp.volume", token));
            Assert.Equal([200], DacpStage.Statuses(volume));
            Assert.True(DacpStatus.TryParse(Body(volume), out DacpStatus? said, out _));
            Assert.Equal(50, said.Volume);
            Assert.Equal([404, 400], DacpStage.Statuses(
                await stage.TalkAsync(stage.Speaker, DacpStage.Get("getproperty?properties=dacp.nowplaying", token))
                + await stage.TalkAsync(stage.Speaker, DacpStage.Get("playstatusupdate?revision-number=-1", token))));

            async Task<(DacpStatus Status, uint Revision)> AskAsync(uint known)
            {
                string answer = await stage.TalkAsync(stage.Speaker, DacpStage.Get($"playstatusupdate?revision-number={known}", token), seconds: 40);
                Assert.Contains("Content-Type: application/x-dmap-tagged\r\n", answer, StringComparison.Ordinal);
                Assert.True(DacpStatus.TryParse(Body(answer), out DacpStatus? now, out uint number));
                return (now, number);
            }
        });
    }

    [Fact]
    public void A_wait_for_the_status_ends_with_the_server()
    {
        var stage = new DacpStage();
        stage.Run(async () =>
        {
            string token = stage.Server.AddMember();
            Task<string> waiting = stage.TalkAsync(stage.Speaker, DacpStage.Get("playstatusupdate?revision-number=2", token), seconds: 60);
            await stage.WaitAsync(1);
            await stage.Server.DisposeAsync();
            Assert.Empty(DacpStage.Statuses(await waiting));
        });
    }

    [Fact]
    public void Who_leaves_while_it_waits_is_told_nothing()
    {
        var stage = new DacpStage();
        stage.Run(async () =>
        {
            string token = stage.Server.AddMember();
            Task<string> waiting = stage.TalkAsync(stage.Speaker, DacpStage.Get("playstatusupdate?revision-number=2", token), seconds: 60);
            await stage.WaitAsync(1);
            stage.Server.RemoveMember(token);
            stage.Server.StatusChanged();
            Assert.Equal([403], DacpStage.Statuses(await waiting));
        });
    }

    [Fact]
    public void Who_writes_slowly_or_not_at_all_is_dropped_and_others_are_heard()
    {
        var stage = new DacpStage();
        stage.Run(async () =>
        {
            string token = stage.Server.AddMember();
            var slow = new List<IStreamConnection>();
            for (int i = 0; i < 8; i++) slow.Add(await stage.Other.Network.ConnectAsync(stage.Address));
            Assert.Empty(DacpStage.Statuses(await stage.TalkAsync(stage.Other, DacpStage.Get("play", token)))); // the ninth of an address
            Assert.Equal([204], DacpStage.Statuses(await stage.TalkAsync(stage.Speaker, DacpStage.Get("play", token))));
            for (int second = 0; second < 6; second++)
            {
                foreach (IStreamConnection connection in slow) await DripAsync(connection);
                await stage.WaitAsync(1);
            }

            Assert.Equal([204], DacpStage.Statuses(await stage.TalkAsync(stage.Other, DacpStage.Get("play", token)))); // the others are gone
            foreach (IStreamConnection connection in slow) await connection.DisposeAsync();
        });
    }

    [Fact]
    public void A_flood_of_requests_leaves_the_server_as_it_was()
    {
        var stage = new DacpStage();
        stage.Run(async () =>
        {
            string token = stage.Server.AddMember(), flood = string.Concat(Enumerable.Repeat(DacpStage.Get("volumeup", token), 1100));
            Assert.Equal(1000, DacpStage.Statuses(await stage.TalkAsync(stage.Speaker, flood, closes: false)).Count);
            for (int i = 0; i < 300; i++) Assert.DoesNotContain(204, DacpStage.Statuses(await stage.TalkAsync(stage.Other, DacpStage.Get("play", $"{i}99999999999"))));
            Assert.Equal([204], DacpStage.Statuses(await stage.TalkAsync(stage.Speaker, DacpStage.Get("play", token))));
        });
    }

    [Fact]
    public void Noise_is_answered_with_an_error_or_nothing()
    {
        var random = new Random(11);
        var stage = new DacpStage();
        stage.Run(async () =>
        {
            string token = stage.Server.AddMember(), right = DacpStage.Get("setproperty?dmcp.volume=45", token);
            for (int i = 0; i < 500; i++)
            {
                var harmed = new StringBuilder(right);
                for (int n = random.Next(1, 5); n > 0; n--) harmed[random.Next(harmed.Length)] = (char)random.Next(128);
                Assert.All(DacpStage.Statuses(await stage.TalkAsync(stage.Speaker, harmed.ToString())), static status => Assert.Contains(status, (int[])[204, 400, 403, 404, 405, 431, 505]));
                if (i % 9 == 0) await stage.WaitAsync(61); // wrong tokens are among them
            }

            await stage.WaitAsync(61);
            Assert.Equal([204], DacpStage.Statuses(await stage.TalkAsync(stage.Speaker, right)));
        });
    }

    private static async Task DripAsync(IStreamConnection connection)
    {
        try
        {
            connection.Output.Write("G"u8);
            await connection.Output.FlushAsync();
        }
        catch (RaopException)
        {
            // dropped
        }
    }

    private static byte[] Body(string answer) => Encoding.Latin1.GetBytes(answer[(answer.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..]);
}
