using System.Text;
using Raop.Rtsp;
using Raop.Sending;
using Raop.Tests.Fakes;

namespace Raop.Tests.Conversations;

/// <summary>Groups whose members, callbacks and commands come at the wrong moment.</summary>
public sealed class GroupFaultTests(ITestOutputHelper output)
{
    private const int Second = 44_100;

    [Fact]
    public void A_search_that_fails_does_not_cost_the_speaker()
    {
        var stage = new GroupStage(1);
        int searches = 0;
        GroupTests.Run(stage, async group =>
        {
            RaopGroupMember member = await group.AddAsync(stage.Speakers[0].Speaker);
            stage.Speakers[0].Host.Kill();
            await stage.WaitForAsync(() => searches >= 2);
            stage.Speakers[0].Host.Restart();
            stage.Speakers[0].Receive();
            await stage.WaitForAsync(() => member.State == RaopMemberState.Ready);
            Assert.Null(member.Cause);
            await group.RemoveAsync(member);
        }, new RaopGroupOptions
        {
            FindAgain = (_, _) => searches++ == 0 ? throw new InvalidOperationException("A mistake.") : throw new OperationCanceledException("A limit of its own."),
        });
    }

    [Fact]
    public void Whom_all_have_left_for_good_it_plays_again_to_others()
    {
        var stage = new GroupStage(2);
        var fake = new FakeUdpReceiver(stage.Speakers[0].Host, stage.SenderHost.Clock);
        byte[] music = Music.Frames(Second * 3, 2);
        stage.World.Run(async () =>
        {
            stage.Speakers[1].Receive();
            await using RaopGroup group = stage.Group();
            RaopGroupMember gone = await group.AddAsync(stage.Speakers[0].Speaker);
            Task playing = group.PlayAsync(new ArraySource(Music.Frames(Second * 20)));
            await stage.WaitAsync(3);
            fake.Answer = (request, response) => request.Method switch
            {
                "SET_PARAMETER" => null,
                "ANNOUNCE" => RtspResponse.To(request, 403),
                _ => response,
            };
            await group.SetVolumeAsync(-10);
            Assert.Equal(RaopError.Rejected, (await Assert.ThrowsAsync<RaopException>(() => playing)).Error);
            Assert.Equal((RaopMemberState.Failed, RaopError.Rejected), (gone.State, gone.Cause!.Error));
            Assert.Equal(RaopError.Rejected, (await Assert.ThrowsAsync<RaopException>(() => group.PlayAsync(new ArraySource(music)))).Error);
            await group.SetVolumeAsync(RaopVolume.Full);
            RaopGroupMember other = await group.AddAsync(stage.Speakers[1].Speaker);
            await group.PlayAsync(new ArraySource(music));
            await stage.WaitAsync(1);

            playing = group.PlayAsync(new ArraySource(music)); // and ends when the last that was left is taken out
            await stage.WaitAsync(1);
            await group.RemoveAsync(other);
            await Assert.ThrowsAsync<RaopException>(() => playing);
        });
        Assert.Equal(music, stage.Speakers[1].Heard[..music.Length]);
    }

    [Fact]
    public void What_was_to_begin_later_and_failed_does_not_hold_up_what_comes_next()
    {
        var stage = new GroupStage(1);
        byte[] music = Music.Frames(Second);
        GroupTests.Run(stage, async group =>
        {
            await group.AddAsync(stage.Speakers[0].Speaker);
            DateTimeOffset later = stage.SenderHost.Clock.GetUtcNow().AddHours(1);
            await Assert.ThrowsAsync<RaopException>(() => group.PlayAsync(new ArraySource(music) { DamagedAt = 0 }, later));
            await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => group.PlayAsync(new ArraySource(music), DateTimeOffset.MaxValue));
            TimeSpan before = stage.World.Now;
            await group.PlayAsync(new ArraySource(music), DateTimeOffset.MinValue); // too early: as soon as can be
            Assert.InRange((stage.World.Now - before).TotalSeconds, 3, 4);
        });
        GroupTests.AssertSame(music, stage.Speakers[0]);
    }

    [Fact]
    public void Before_a_commanded_start_nothing_is_said_to_play_and_commands_do_not_move_it()
    {
        var stage = new GroupStage(1);
        var fake = new FakeUdpReceiver(stage.Speakers[0].Host, stage.SenderHost.Clock);
        stage.World.Run(async () =>
        {
            await using RaopGroup group = stage.Group();
            RaopGroupMember member = await group.AddAsync(stage.Speakers[0].Speaker);
            DateTimeOffset start = stage.SenderHost.Clock.GetUtcNow().AddSeconds(30);
            long instant = stage.SenderHost.Clock.GetTimestamp() + 30_000_000_000;
            Task playing = group.PlayAsync(new ArraySource(Music.Frames(Second * 5)), start);
            await stage.WaitAsync(10);
            Assert.Equal((RaopMemberState.Ready, null), (member.State, member.Detail));
            fake.AskTheTime();
            await stage.WaitAsync(1);
            Assert.Equal((RaopMemberState.Ready, null), (member.State, member.Detail));
            await group.SeekAsync(TimeSpan.FromSeconds(1));
            await group.PauseAsync();
            await group.ResumeAsync();
            await playing;
            Assert.InRange((fake.InTime[0].Due - instant) / 1e6, -0.1, 0.1);
            Assert.Equal(Second * 4 * 4, fake.Heard.Length);
        });
        Assert.Contains(stage.Events, happened => happened is RaopGroupMemberChanged { State: RaopMemberState.Playing });
    }

    [Theory]
    [InlineData(500)]
    [InlineData(-500)]
    public void The_end_is_that_of_the_most_delayed(int ms)
    {
        var stage = new GroupStage(1);
        var fake = new FakeUdpReceiver(stage.Speakers[0].Host, stage.SenderHost.Clock);
        stage.World.Run(async () =>
        {
            await using RaopGroup group = stage.Group();
            await group.AddAsync(stage.Speakers[0].Speaker, new RaopMemberOptions { Delay = TimeSpan.FromMilliseconds(ms) });
            await group.PlayAsync(new ArraySource(Music.Frames(Second * 2)));
            FakeUdpReceiver.Packet last = fake.InTime[^1];
            double after = (stage.SenderHost.Clock.GetTimestamp() - last.Due) / 1e9 - (last.Frames / (double)Second);
            output.WriteLine($"{after:0.000} s after the last frame was heard");
            Assert.InRange(after, 0.2, ms > 0 ? 0.5 : 1);
        });
    }

    [Fact]
    public void A_balance_outlives_a_group_that_is_silent()
    {
        var stage = new GroupStage(2);
        stage.World.Run(async () =>
        {
            stage.Speakers.ForEach(speaker => speaker.Receive());
            await using RaopGroup group = stage.Group();
            await group.AddAsync(stage.Speakers[0].Speaker);
            RaopGroupMember soft = await group.AddAsync(stage.Speakers[1].Speaker, new RaopMemberOptions { Volume = RaopVolume.FromPercent(30) });
            await group.SetVolumeAsync(RaopVolume.Mute);
            await soft.SetVolumeAsync(RaopVolume.Mute); // as a speaker may say of itself
            await group.SetVolumeAsync(RaopVolume.Full);
            Assert.Equal(30, RaopVolume.ToPercent(soft.Volume), 6);
        });
    }

    [Fact]
    public void A_volume_that_is_set_while_it_connects_is_told()
    {
        var stage = new GroupStage(1, path: path => path.Delay = TimeSpan.FromMilliseconds(300));
        var fake = new FakeUdpReceiver(stage.Speakers[0].Host, stage.SenderHost.Clock);
        stage.World.Run(async () =>
        {
            await using RaopGroup group = stage.Group();
            Task<RaopGroupMember> adding = group.AddAsync(stage.Speakers[0].Speaker);
            await stage.WaitForAsync(() => fake.Methods.Contains("SET_PARAMETER"));
            await group.SetVolumeAsync(-12);
            await adding;
            await stage.WaitAsync(1);
        });
        Assert.Contains("-12", Volumes(fake)[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void One_that_does_not_answer_holds_up_nobody()
    {
        var stage = new GroupStage(2);
        var fake = new FakeUdpReceiver(stage.Speakers[0].Host, stage.SenderHost.Clock);
        stage.World.Run(async () =>
        {
            stage.Speakers[1].Receive();
            await using RaopGroup group = stage.Group();
            RaopGroupMember hangs = await group.AddAsync(stage.Speakers[0].Speaker);
            await group.AddAsync(stage.Speakers[1].Speaker);
            int told = Volumes(fake).Count;
            fake.Ignores = request => request.Method != "OPTIONS";
            TimeSpan before = stage.World.Now;
            for (int i = 1; i <= 10; i++)
            {
                await group.SetVolumeAsync(-i);
                await stage.WaitAsync(0.01);
                Assert.Equal(-i, stage.Speakers[1].Events.OfType<RaopVolumeChanged>().Last().Volume, 4);
            }

            Assert.InRange((stage.World.Now - before).TotalSeconds, 0, 11);
            Assert.InRange(Volumes(fake).Count - told, 1, 3); // the latest, not all that came between
            before = stage.World.Now;
            await group.RemoveAsync(hangs);
            Assert.InRange((stage.World.Now - before).TotalSeconds, 0, 3.1);
        });
    }

    [Fact]
    public void A_speaker_is_a_member_once()
    {
        var stage = new GroupStage(1);
        GroupTests.Run(stage, async group =>
        {
            RaopSpeaker speaker = stage.Speakers[0].Speaker with { DeviceId = "0123456789AB" };
            await group.AddAsync(speaker);
            await Assert.ThrowsAsync<InvalidOperationException>(() => group.AddAsync(stage.Speakers[0].Speaker));
            await Assert.ThrowsAsync<InvalidOperationException>(() => group.AddAsync(speaker with { EndPoints = [stage.Speakers[0].Host.Addresses.Select(a => new System.Net.IPEndPoint(a, 5001)).First()] }));
            await group.RemoveAsync(Assert.Single(group.Members));
            await group.AddAsync(speaker);
        });
    }

    [Fact]
    public void One_that_begins_or_ends_at_this_moment_is_tried_again_and_the_cause_stays_until_it_is_back()
    {
        var stage = new GroupStage(1, path: path => path.Delay = TimeSpan.FromMilliseconds(100));
        var fake = new FakeUdpReceiver(stage.Speakers[0].Host, stage.SenderHost.Clock);
        stage.World.Run(async () =>
        {
            await using RaopGroup group = stage.Group();
            RaopGroupMember member = await group.AddAsync(stage.Speakers[0].Speaker);
            fake.Answer = static (_, _) => null; // accepts, and closes without an answer
            await group.SetVolumeAsync(-10);
            await stage.WaitForAsync(() => member.Cause is { Error: RaopError.NotRaopReceiver });
            await stage.WaitForAsync(() => member.State == RaopMemberState.Connecting);
            Assert.Equal(RaopError.NotRaopReceiver, member.Cause!.Error);
            fake.Answer = static (_, response) => response;
            await stage.WaitForAsync(() => member.State == RaopMemberState.Ready, 60);
            Assert.Null(member.Cause);
        });
    }

    [Fact]
    public void One_over_TCP_that_hangs_during_a_pause_is_dropped_when_the_music_goes_on()
    {
        var stage = new GroupStage(1);
        var fake = new FakeReceiver(stage.Speakers[0].Host);
        stage.World.Run(async () =>
        {
            await using RaopGroup group = stage.Group();
            RaopGroupMember member = await group.AddAsync(stage.Speakers[0].Speaker, new RaopMemberOptions { Transport = RaopTransport.Tcp, Codec = RaopCodec.Pcm });
            _ = group.PlayAsync(new ArraySource(Music.Frames(Second * 60)));
            await stage.WaitAsync(4);
            fake.Reads = false;
            await stage.WaitAsync(1.5);
            await group.PauseAsync();
            await stage.WaitAsync(20);
            Assert.Equal(RaopMemberState.Playing, member.State); // it need not take what is void
            await group.ResumeAsync();
            await stage.WaitForAsync(() => member.Cause is { Error: RaopError.Timeout }, 10);
            await group.DisposeAsync();
        });
    }

    [Fact]
    public void What_is_said_of_a_member_does_not_overtake_its_loss()
    {
        var stage = new GroupStage(1);
        stage.World.Run(async () =>
        {
            await using RaopGroup group = stage.Group();
            var member = new RaopGroupMember(group, stage.Speakers[0].Speaker, new RaopMemberOptions(), "1");
            MemberCondition ready = new(RaopMemberState.Ready), failed = new(RaopMemberState.Failed, new RaopException(RaopError.WrongPassword, "No."));
            Assert.True(member.Set(ready));
            MemberCondition seen = member.Condition;
            Assert.True(member.Set(failed));
            Assert.False(member.Set(new MemberCondition(RaopMemberState.Playing), seen));
            Assert.Equal((RaopMemberState.Failed, RaopError.WrongPassword), (member.State, member.Cause!.Error));
            Assert.False(member.Set(failed with { }));
        });
    }

    [Theory]
    [InlineData("closes")]
    [InlineData("refuses")]
    [InlineData("hangs")]
    [InlineData("is taken back")]
    public void Nothing_stays_open_of_an_attempt_that_fails(string how)
    {
        var stage = new GroupStage(1);
        var fake = new FakeUdpReceiver(stage.Speakers[0].Host, stage.SenderHost.Clock);
        stage.World.Run(async () =>
        {
            foreach (string method in (string[])["OPTIONS", "ANNOUNCE", "SETUP", "RECORD", "SET_PARAMETER"])
            {
                using var stop = new CancellationTokenSource();
                fake.Ignores = request => request.Method == method && how == "hangs";
                fake.Answer = (request, response) =>
                {
                    if (request.Method != method || how == "hangs") return response;
                    if (how == "is taken back") stop.Cancel();
                    return how == "closes" ? null : how == "refuses" ? RtspResponse.To(request, 403) : response;
                };
                await using RaopGroup group = stage.Group(new RaopGroupOptions { UdpPorts = new RaopPortRange(6001, 6002) });
                Task adding = group.AddAsync(stage.Speakers[0].Speaker, new RaopMemberOptions { Transport = RaopTransport.Udp }, stop.Token);
                bool works = how == "refuses" && method is "OPTIONS" or "SET_PARAMETER"; // a receiver that refuses its volume plays
                if (await Record.ExceptionAsync(() => adding) is not { } e) Assert.True(works, method);
                else Assert.True(e is OperationCanceledException == (how == "is taken back"), $"{method}: {e}");
                foreach (RaopGroupMember member in group.Members) await group.RemoveAsync(member);
                stage.SenderHost.Network.Bind(new System.Net.IPEndPoint(stage.SenderHost.Addresses[0], 6001)).Dispose(); // nobody has it
                stage.SenderHost.Network.Bind(new System.Net.IPEndPoint(stage.SenderHost.Addresses[0], 6002)).Dispose();
            }
        });
    }

    private static List<string> Volumes(FakeUdpReceiver fake) =>
        [.. fake.Requests.Select(static request => Encoding.ASCII.GetString(request.Body.Span)).Where(static body => body.StartsWith("volume", StringComparison.Ordinal))];
}
