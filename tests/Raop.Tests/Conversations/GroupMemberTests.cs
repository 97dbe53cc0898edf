using System.Net;
using Raop.Rtsp;
using Raop.Tests.Fakes;
using Raop.Tests.Simulation;

namespace Raop.Tests.Conversations;

/// <summary>What becomes of members: over TCP, refused, silent, coming and going.</summary>
public sealed class GroupMemberTests(ITestOutputHelper output)
{
    private const int Second = 44_100;

    [Theory]
    [InlineData(RaopCodec.Alac, RaopEncryption.Rsa)]
    [InlineData(RaopCodec.Pcm, RaopEncryption.None)]
    public void Members_over_TCP_and_UDP_hear_the_same_and_begin_together(RaopCodec codec, RaopEncryption encryption)
    {
        var stage = new GroupStage(4);
        byte[] music = Music.Frames(Second * 9);
        TimeSpan? late = null;
        GroupTests.Run(stage, async group =>
        {
            await group.AddAsync(stage.Speakers[0].Speaker);
            var tcp = new RaopMemberOptions { Transport = RaopTransport.Tcp, Codec = codec, Encryption = encryption };
            RaopGroupMember member = await group.AddAsync(stage.Speakers[1].Speaker, tcp);
            await group.AddAsync(stage.Speakers[2].Speaker, tcp);
            Task playing = group.PlayAsync(new ArraySource(music));
            await stage.WaitAsync(3);
            Assert.All(group.Members, m => Assert.Equal(RaopMemberState.Playing, m.State));
            late = member.Status.Late;
            await group.AddAsync(stage.Speakers[3].Speaker, tcp); // late
            await playing;
            await stage.WaitAsync(2);
        });
        for (int i = 0; i < 3; i++) GroupTests.AssertSame(music, stage.Speakers[i]);
        byte[] tail = stage.Speakers[3].Heard;
        Assert.InRange(tail.Length / 4, Second * 3, Second * 8);
        Assert.Equal(music[^tail.Length..], tail);
        double first = (Began(stage.Speakers[1]) - Began(stage.Speakers[0])).TotalMilliseconds;
        output.WriteLine($"over TCP the first frame is heard {first:0.0} ms after UDP's; it left {late!.Value.TotalMilliseconds:0.00} ms after its instant");
        Assert.InRange(first, -50, 300);
    }

    [Fact]
    public void A_pause_is_the_same_over_TCP()
    {
        var stage = new GroupStage(2);
        byte[] music = Music.Frames(Second * 9);
        GroupTests.Run(stage, async group =>
        {
            await group.AddAsync(stage.Speakers[0].Speaker);
            await group.AddAsync(stage.Speakers[1].Speaker, new RaopMemberOptions { Transport = RaopTransport.Tcp });
            Task playing = group.PlayAsync(new ArraySource(music));
            await stage.WaitAsync(5);
            await group.PauseAsync();
            await stage.WaitAsync(10);
            await group.ResumeAsync();
            await playing;
            await stage.WaitAsync(2);
        });
        GroupTests.AssertSame(music, stage.Speakers[0]);
        byte[] heard = stage.Speakers[1].Heard;
        int before = heard.AsSpan().CommonPrefixLength(music) / 4, after = music.Length / 4;
        while (after > 0 && heard.AsSpan().EndsWith(music.AsSpan((after - 4410) * 4))) after -= 4410;
        Assert.InRange(before, Second * 2, Second * 4);
        Assert.InRange(before - after, -Second / 4, Second / 2); // v1 knows no instants: some of it twice, or not at all
    }

    [Fact]
    public void One_over_TCP_that_takes_nothing_is_dropped_and_the_others_play_on()
    {
        var stage = new GroupStage(2);
        byte[] music = Music.Frames(Second * 20);
        GroupTests.Run(stage, async group =>
        {
            await group.AddAsync(stage.Speakers[0].Speaker);
            RaopGroupMember member = await group.AddAsync(stage.Speakers[1].Speaker, new RaopMemberOptions { Transport = RaopTransport.Tcp });
            Task playing = group.PlayAsync(new ArraySource(music));
            await stage.WaitAsync(4);
            stage.Speakers[1].Host.Freeze();
            await stage.WaitForAsync(() => member.State == RaopMemberState.Retrying, 10);
            stage.Speakers[1].Host.Thaw();
            await stage.WaitForAsync(() => member.State == RaopMemberState.Playing, 10);
            await playing;
            await stage.WaitAsync(2);
        });
        GroupTests.AssertSame(music, stage.Speakers[0]);
        byte[] end = stage.Speakers[1].Heard[^(Second * 4 * 2)..];
        Assert.Equal(music[^end.Length..], end);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Whoever_comes_and_goes_disturbs_nobody(int seed)
    {
        var stage = new GroupStage(7, seed, path => (path.Delay, path.Jitter) = (TimeSpan.FromMilliseconds(3), TimeSpan.FromMilliseconds(2)));
        var random = new Random(seed);
        output.WriteLine($"seed {seed}");
        byte[] music = Music.Frames(Second * 25);
        GroupTests.Run(stage, async group =>
        {
            await group.AddAsync(stage.Speakers[0].Speaker);
            Task playing = group.PlayAsync(new ArraySource(music));
            var members = new RaopGroupMember?[stage.Speakers.Count];
            while (!playing.IsCompleted)
            {
                int i = random.Next(1, members.Length);
                if (members[i] is { } member)
                {
                    members[i] = null;
                    await group.RemoveAsync(member);
                }
                else
                {
                    members[i] = await group.AddAsync(stage.Speakers[i].Speaker, new RaopMemberOptions
                    {
                        Codec = random.Next(2) == 0 ? RaopCodec.Alac : RaopCodec.Pcm,
                        Encryption = random.Next(2) == 0 ? RaopEncryption.Rsa : RaopEncryption.None,
                        Transport = random.Next(4) == 0 ? RaopTransport.Tcp : RaopTransport.Udp,
                        Channel = (RaopChannel)random.Next(4),
                        Delay = TimeSpan.FromMilliseconds(random.Next(-500, 500)),
                    });
                }

                await stage.WaitAsync(random.NextDouble());
            }

            await playing;
        });
        GroupTests.AssertSame(music, stage.Speakers[0]);
        Assert.All(stage.Speakers[0].Errors(), error => Assert.InRange(error.Ms, -2, 2));
    }

    [Fact]
    public void Who_shows_no_sign_of_life_is_said_to_be_silent()
    {
        var stage = new GroupStage(1);
        var fake = new FakeUdpReceiver(stage.Speakers[0].Host, stage.SenderHost.Clock);
        stage.World.Run(async () =>
        {
            await using RaopGroup group = stage.Group();
            RaopGroupMember member = await group.AddAsync(stage.Speakers[0].Speaker);
            Task playing = group.PlayAsync(new ArraySource(Music.Frames(Second * 8)));
            await stage.WaitAsync(2);
            Assert.Equal((RaopMemberState.Ready, null), (member.State, member.Detail));
            await stage.WaitAsync(2);
            Assert.Equal((RaopMemberState.Ready, "no sign of life, but connected"), (member.State, member.Detail));
            fake.AskTheTime();
            await stage.WaitAsync(0.5);
            Assert.Equal((RaopMemberState.Playing, null), (member.State, member.Detail));
            await playing;
        });
        RtspRequest[] requests = [.. fake.Requests];
        Assert.Single(requests.Select(request => request.Headers["DACP-ID"]).Distinct());
        Assert.All(requests, request => Assert.Matches("^[0-9A-F]{16}$", request.Headers["DACP-ID"]));
        Assert.All(requests, request => Assert.Matches("^[0-9]+$", request.Headers["Active-Remote"]));
    }

    [Fact]
    public void A_password_is_not_tried_again_and_a_busy_speaker_is()
    {
        var stage = new GroupStage(2);
        var fake = new FakeUdpReceiver(stage.Speakers[0].Host, stage.SenderHost.Clock);
        int status = 453;
        fake.Answer = (request, response) => request.Method == "ANNOUNCE" && status != 200 ? RtspResponse.To(request, status) : response;
        stage.World.Run(async () =>
        {
            stage.Speakers[1].Receive(new RaopReceiverOptions { Password = "secret" });
            await using RaopGroup group = stage.Group();
            RaopException busy = await Assert.ThrowsAsync<RaopException>(() => group.AddAsync(stage.Speakers[0].Speaker));
            Assert.Equal((RaopError.Busy, 0), (busy.Error, group.Members.Count));
            RaopException locked = await Assert.ThrowsAsync<RaopException>(() => group.AddAsync(stage.Speakers[1].Speaker, new RaopMemberOptions { KeepTrying = true }));
            Assert.Equal((RaopError.PasswordRequired, 0), (locked.Error, group.Members.Count));
            await group.AddAsync(stage.Speakers[1].Speaker, new RaopMemberOptions { Password = "secret" });
            RaopGroupMember member = await group.AddAsync(stage.Speakers[0].Speaker, new RaopMemberOptions { KeepTrying = true });
            Assert.Equal((RaopMemberState.Retrying, RaopError.Busy), (member.State, member.Cause!.Error));
            status = 200;
            await stage.WaitAsync(1);
            Assert.Equal(RaopMemberState.Ready, member.State);
        });
    }

    [Fact]
    public void Volumes_keep_their_balance()
    {
        var stage = new GroupStage(3);
        stage.World.Run(async () =>
        {
            stage.Speakers.ForEach(speaker => speaker.Receive());
            await using RaopGroup group = stage.Group(new RaopGroupOptions { Volume = RaopVolume.FromPercent(80) });
            RaopGroupMember a = await group.AddAsync(stage.Speakers[0].Speaker);
            RaopGroupMember b = await group.AddAsync(stage.Speakers[1].Speaker, new RaopMemberOptions { Volume = RaopVolume.FromPercent(40) });
            RaopGroupMember c = await group.AddAsync(stage.Speakers[2].Speaker, new RaopMemberOptions { Muted = true });
            await Told(80, 40, 0);
            await group.SetVolumeAsync(RaopVolume.FromPercent(40));
            await Told(40, 20, 0);
            await c.SetMuteAsync(false);
            await Told(40, 20, 40);
            await b.SetVolumeAsync(RaopVolume.FromPercent(60)); // louder than the group
            await Told(40, 60, 40);
            Assert.Equal(60, RaopVolume.ToPercent(group.Volume), 6);
            await group.SetVolumeAsync(RaopVolume.FromPercent(30));
            await Told(20, 30, 20);
            await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => group.SetVolumeAsync(double.NaN));
            await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => b.SetVolumeAsync(double.NaN));
            await Told(20, 30, 20);
            Assert.Equal(20, RaopVolume.ToPercent(a.Volume), 6);

            async Task Told(params double[] percents)
            {
                await stage.WaitAsync(0.1);
                Assert.Equal(percents.Select(p => RaopVolume.FromPercent(p)), stage.Speakers.Select(s => s.Events.OfType<RaopVolumeChanged>().Last().Volume), (x, y) => Math.Abs(x - y) < 1e-5);
            }
        });
    }

    [Fact]
    public void Two_at_one_address_are_told_apart_by_their_ports()
    {
        var stage = new GroupStage(1);
        SimulatedHost host = stage.Speakers[0].Host;
        byte[] music = Music.Frames(Second * 6);
        FakeUdpReceiver[] fakes = [.. Enumerable.Range(0, 2).Select(i => new FakeUdpReceiver(
            host.Network, host.Clock, stage.SenderHost.Clock, new IPEndPoint(IPAddress.IPv6Any, 5000 + i), firstPort: 6100 + (10 * i)))];
        var random = new Random(9);
        foreach (FakeUdpReceiver fake in fakes) fake.Loses = _ => random.Next(20) == 0;
        stage.World.Run(async () =>
        {
            await using RaopGroup group = stage.Group(new RaopGroupOptions { UdpPorts = new RaopPortRange(6001, 6002) });
            for (int i = 0; i < 2; i++)
            {
                var options = new RaopMemberOptions { Codec = i == 0 ? RaopCodec.Alac : RaopCodec.Pcm, Encryption = RaopEncryption.None };
                await group.AddAsync(RaopSpeaker.At(new IPEndPoint(host.Addresses[0], 5000 + i)), options);
            }

            await group.PlayAsync(new ArraySource(music));
            Assert.All(group.Members, member => Assert.InRange(member.Status.Resent, 10, 100));
        });
        foreach (FakeUdpReceiver fake in fakes)
        {
            Assert.Equal(music, fake.InTime.DistinctBy(p => p.Header.Sequence).SelectMany(p => p.Pcm));
            Assert.Contains("control_port=6001;timing_port=6002", fake.Requests.Single(r => r.Method == "SETUP").Headers["Transport"], StringComparison.Ordinal);
        }
    }

    /// <summary>When the first frame of music came to the file.</summary>
    private static DateTimeOffset Began(GroupSpeaker speaker)
    {
        int frame = speaker.Sink.Pcm.AsSpan().IndexOfAnyExcept((byte)0) / 4;
        return speaker.Sink.Writes.Last(write => write.Frame <= frame).At;
    }
}
