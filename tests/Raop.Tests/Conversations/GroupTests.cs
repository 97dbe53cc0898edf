using System.Runtime.InteropServices;
using Raop.Rtp;
using Raop.Tests.Fakes;

namespace Raop.Tests.Conversations;

/// <summary>Groups of our receivers, whole sessions on virtual time: what each hears.</summary>
public sealed class GroupTests(ITestOutputHelper output)
{
    private const int Second = 44_100;

    [Theory]
    [InlineData(2)]
    [InlineData(8)]
    public void All_hear_every_frame_to_the_bit(int speakers)
    {
        var stage = new GroupStage(speakers);
        byte[] music = Music.Frames(Second * 5);
        Run(stage, async group =>
        {
            foreach (GroupSpeaker speaker in stage.Speakers) await group.AddAsync(speaker.Speaker);
            Assert.All(group.Members, member => Assert.Equal(RaopMemberState.Ready, member.State));
            Task playing = group.PlayAsync(new ArraySource(music));
            await stage.WaitAsync(2);
            Assert.All(group.Members, member => Assert.Equal(RaopMemberState.Playing, member.State));
            await playing;
            Assert.All(group.Members, member => Assert.Equal(RaopMemberState.Ready, member.State));
        });
        Assert.All(stage.Speakers, speaker => Assert.Equal(music, speaker.Heard));
        double worst = stage.Speakers.SelectMany(speaker => speaker.Errors()).Max(error => Math.Abs(error.Ms));
        output.WriteLine($"{speakers} speakers: {worst:0.0000} ms off the line at most");
        Assert.InRange(worst, 0, 0.1);
    }

    [Fact]
    public void Members_of_any_codec_encryption_and_address_hear_the_same_bits_and_share_what_they_can()
    {
        var stage = new GroupStage(6);
        byte[] music = Music.Frames(Second * 4);
        RaopMemberOptions[] kinds =
        [
            new() { Codec = RaopCodec.Alac, Encryption = RaopEncryption.Rsa }, new() { Codec = RaopCodec.Pcm, Encryption = RaopEncryption.None },
            new() { Codec = RaopCodec.Alac, Encryption = RaopEncryption.None }, new() { Codec = RaopCodec.Pcm, Encryption = RaopEncryption.Rsa },
            new() { Codec = RaopCodec.Alac, Encryption = RaopEncryption.Rsa }, new() { Codec = RaopCodec.Alac, Encryption = RaopEncryption.Rsa },
        ];
        var audio = new Dictionary<string, List<string>>();
        stage.Seen = (to, datagram) =>
        {
            if ((datagram[1] & 0x7F) != UdpTruth.Audio) return;
            if (!audio.TryGetValue($"{to.Address}", out List<string>? list)) audio.Add($"{to.Address}", list = []);
            list.Add(Convert.ToHexString(datagram));
        };
        Run(stage, async group =>
        {
            for (int i = 0; i < kinds.Length; i++)
            {
                RaopSpeaker speaker = i == 4 ? RaopSpeaker.At(new System.Net.IPEndPoint(stage.Speakers[i].Host.Addresses[1], 5000)) : stage.Speakers[i].Speaker;
                await group.AddAsync(speaker, kinds[i]);
            }

            await group.PlayAsync(new ArraySource(music));
        });
        Assert.All(stage.Speakers, speaker => Assert.Equal(music, speaker.Heard));
        Assert.Equal(6, audio.Count);
        Assert.Equal(audio["10.0.1.101"], audio["10.0.1.106"]); // byte for byte
        Assert.Equal(audio["10.0.1.101"], audio[$"{stage.Speakers[4].Host.Addresses[1]}"]);
        Assert.NotEqual(audio["10.0.1.101"], audio["10.0.1.103"]);
    }

    [Fact]
    public void Channels_are_exact()
    {
        var stage = new GroupStage(4);
        byte[] music = Music.Frames(Second * 3);
        RaopChannel[] channels = [RaopChannel.Stereo, RaopChannel.Left, RaopChannel.Right, RaopChannel.Mono];
        Run(stage, async group =>
        {
            for (int i = 0; i < channels.Length; i++) await group.AddAsync(stage.Speakers[i].Speaker, new RaopMemberOptions { Channel = channels[i] });
            await group.PlayAsync(new ArraySource(music));
        });
        for (int i = 0; i < channels.Length; i++) AssertSame(Pick(music, channels[i]), stage.Speakers[i]);
    }

    [Theory]
    [InlineData(100)]
    [InlineData(-100)]
    [InlineData(500)]
    [InlineData(-500)]
    public void A_delay_is_heard_as_such(int ms)
    {
        var stage = new GroupStage(2);
        byte[] music = Music.Frames(Second * 5);
        Run(stage, async group =>
        {
            await group.AddAsync(stage.Speakers[0].Speaker);
            await group.AddAsync(stage.Speakers[1].Speaker, new RaopMemberOptions { Delay = TimeSpan.FromMilliseconds(ms) });
            await group.PlayAsync(new ArraySource(music));
        });
        Assert.All(stage.Speakers, speaker => Assert.Equal(music, speaker.Heard));
        Assert.All(stage.Speakers[0].Errors(), error => Assert.InRange(error.Ms, -0.1, 0.1));
        Assert.All(stage.Speakers[1].Errors(), error => Assert.InRange(error.Ms - ms, -0.1, 0.1));
    }

    [Fact]
    public void A_member_that_needs_more_latency_gives_it_to_all()
    {
        var stage = new GroupStage(2);
        byte[] music = Music.Frames(Second * 3);
        Run(stage, async group =>
        {
            await group.AddAsync(stage.Speakers[0].Speaker);
            await group.AddAsync(stage.Speakers[1].Speaker, new RaopMemberOptions { Delay = TimeSpan.FromMilliseconds(-500) });
            Assert.Equal(750, group.Status.Latency.TotalMilliseconds, 0.1); // 250 ms are the receivers' own
            await group.PlayAsync(new ArraySource(music));
        }, new RaopGroupOptions { Latency = TimeSpan.FromSeconds(0.5) });
        Assert.All(stage.Speakers, speaker => AssertSame(music, speaker));
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 2)]
    public void Who_joins_late_is_in_time_from_the_first_frame(bool ofAnotherKind, int seed)
    {
        var stage = new GroupStage(3, seed, path => (path.Delay, path.Jitter) = (TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(0.05)), ppm: 100);
        byte[] music = Music.Frames(Second * 12);
        double asked = 0;
        Run(stage, async group =>
        {
            await group.AddAsync(stage.Speakers[0].Speaker);
            await group.AddAsync(stage.Speakers[1].Speaker);
            Task playing = group.PlayAsync(new ArraySource(music));
            await stage.WaitAsync(4);
            asked = stage.World.Now.TotalSeconds;
            await group.AddAsync(stage.Speakers[2].Speaker, ofAnotherKind ? new RaopMemberOptions { Codec = RaopCodec.Pcm } : null);
            await playing;
        });
        AssertSame(music, stage.Speakers[0]);
        AssertSame(music, stage.Speakers[1]);
        GroupSpeaker late = stage.Speakers[2];
        byte[] tail = music[^late.Heard.Length..];
        Assert.Equal(tail, late.Heard);
        (uint first, double error) = late.Errors().First();
        double heardAfter = (stage.DueNs(first) / 1e9) - asked;
        output.WriteLine($"first frame {error:0.0000} ms off, heard {heardAfter:0.00} s after it was asked to join; worst {late.Errors().Max(e => Math.Abs(e.Ms)):0.0000} ms; {late.Heard.Length / 4} frames");
        Assert.InRange(error, -1, 1);
        Assert.InRange(heardAfter, 1.9, ofAnotherKind ? 3.3 : 2.3);
        Assert.All(late.Errors(), e => Assert.InRange(e.Ms, -1, 1));
    }

    [Theory]
    [InlineData(5.0)]
    [InlineData(2.1234)]
    public void A_start_may_be_commanded(double after)
    {
        var stage = new GroupStage(2, 3, path => (path.Delay, path.Jitter) = (TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(0.05)), ppm: 50);
        byte[] music = Music.Frames(Second * 3);
        double[] errors = new double[2]; // the second time the line exists already
        Run(stage, async group =>
        {
            foreach (GroupSpeaker speaker in stage.Speakers) await group.AddAsync(speaker.Speaker);
            for (int i = 0; i < 2; i++)
            {
                uint? frame = null;
                stage.Seen = (_, datagram) =>
                {
                    if ((datagram[1] & 0x7F) == UdpTruth.Audio && RtpHeader.TryParse(datagram, out RtpHeader header)) frame ??= header.Timestamp;
                };
                DateTimeOffset at = stage.SenderHost.Clock.GetUtcNow() + TimeSpan.FromSeconds(after);
                await group.PlayAsync(new ArraySource(music), at);
                long due = stage.SenderHost.Clock.GetTimestamp() - (long)((stage.SenderHost.Clock.GetUtcNow() - at).TotalSeconds * 1e9);
                errors[i] = (stage.DueNs(frame!.Value) - stage.SenderHost.Clock.TrueTime(due)) / 1e6;
            }
        });
        output.WriteLine($"{errors[0]:0.0000} ms and {errors[1]:0.0000} ms from the commanded instant");
        Assert.All(errors, error => Assert.InRange(error, -0.2, 0.2));
        Assert.All(stage.Speakers, speaker => Assert.All(speaker.Errors(), error => Assert.InRange(error.Ms, -0.2, 0.2)));
    }

    [Theory]
    [InlineData(0.3)]
    [InlineData(9)]
    public void One_that_is_killed_comes_back_in_time_and_the_others_do_not_notice(double deadFor)
    {
        var stage = new GroupStage(3);
        byte[] music = Music.Frames(Second * 30);
        double restarted = 0;
        Run(stage, async group =>
        {
            foreach (GroupSpeaker speaker in stage.Speakers) await group.AddAsync(speaker.Speaker);
            Task playing = group.PlayAsync(new ArraySource(music));
            await stage.WaitAsync(4);
            stage.Speakers[1].Host.Kill();
            await stage.WaitAsync(0.1);
            Assert.Equal(RaopMemberState.Retrying, group.Members[1].State);
            await stage.WaitAsync(deadFor);
            stage.Speakers[1].Host.Restart();
            stage.Speakers[1].Receive();
            restarted = stage.World.Now.TotalSeconds;
            await stage.WaitForAsync(() => group.Members[1].State == RaopMemberState.Playing, 10);
            await playing;
            Assert.Equal(1, group.Members[1].Status.Rejoined);
        });
        AssertSame(music, stage.Speakers[0]);
        AssertSame(music, stage.Speakers[2]);
        GroupSpeaker back = stage.Speakers[1];
        Assert.Equal(music[^back.Heard.Length..], back.Heard);
        double after = (stage.DueNs(back.Errors().First().RtpTime) / 1e9) - restarted;
        output.WriteLine($"dead for {deadFor} s, heard {after:0.00} s after its restart, {back.Errors().First().Ms:0.0000} ms off");
        Assert.InRange(after, 0, 10);
        Assert.All(back.Errors(), e => Assert.InRange(e.Ms, -0.1, 0.1));
    }

    [Fact]
    public void Who_leaves_falls_silent_and_the_rest_play_on_to_the_last()
    {
        var stage = new GroupStage(2);
        byte[] music = Music.Frames(Second * 8);
        Run(stage, async group =>
        {
            RaopGroupMember a = await group.AddAsync(stage.Speakers[0].Speaker), b = await group.AddAsync(stage.Speakers[1].Speaker);
            Task playing = group.PlayAsync(new ArraySource(music));
            await stage.WaitAsync(4);
            await group.RemoveAsync(a);
            Assert.Equal((RaopMemberState.Removed, 1), (a.State, group.Members.Count));
            int heard = stage.Speakers[0].Heard.Length;
            await stage.WaitAsync(1);
            Assert.InRange(stage.Speakers[0].Heard.Length - heard, 0, Second * 4 / 10);
            await playing;
            Assert.Equal(RaopMemberState.Ready, b.State);
        });
        AssertSame(music, stage.Speakers[1]);
        Assert.InRange(stage.Speakers[0].Heard.Length / 4, Second * 1.8, Second * 2.3);
    }

    [Fact]
    public void Pause_resume_seek_and_skip_are_the_same_for_all()
    {
        var stage = new GroupStage(3);
        byte[] a = Music.Frames(Second * 8, 1), b = Music.Frames(Second * 4, 2);
        Run(stage, async group =>
        {
            foreach (GroupSpeaker speaker in stage.Speakers) await group.AddAsync(speaker.Speaker);
            Task playing = group.PlayListAsync(new[] { new ArraySource(a), new ArraySource(b) }.ToAsyncEnumerable());
            await stage.WaitAsync(4);
            await group.PauseAsync();
            Assert.Equal(RaopSenderState.Paused, group.Status.State);
            await stage.WaitAsync(20);
            await group.ResumeAsync();
            await stage.WaitAsync(3.5);
            await group.SkipAsync();
            await playing;
        });
        Assert.Equal(stage.Speakers[0].Heard, stage.Speakers[1].Heard);
        Assert.Equal(stage.Speakers[0].Heard, stage.Speakers[2].Heard);
        byte[] heard = stage.Speakers[0].Heard;
        Assert.Equal(b, heard[^b.Length..]);
        int same = heard.AsSpan().CommonPrefixLength(a) / 4;
        Assert.InRange(same, Second * 3, Second * 4); // over the pause, up to the skip
    }

    internal static void Run(GroupStage stage, Func<RaopGroup, Task> play, RaopGroupOptions? options = null) => stage.World.Run(async () =>
    {
        stage.Speakers.ForEach(speaker => speaker.Receive());
        await using (RaopGroup group = stage.Group(options)) await play(group);
        await stage.WaitAsync(3);
    }, TimeSpan.FromHours(3));

    internal static void AssertSame(byte[] music, GroupSpeaker speaker)
    {
        byte[] heard = speaker.Heard;
        int same = heard.AsSpan().CommonPrefixLength(music);
        Assert.True(same == music.Length && same == heard.Length, $"{speaker.Host.Name}: {heard.Length / 4} frames of {music.Length / 4}, the same up to {same / 4}");
    }

    private static byte[] Pick(byte[] music, RaopChannel channel)
    {
        short[] samples = MemoryMarshal.Cast<byte, short>(music).ToArray();
        for (int i = 0; i < samples.Length; i += 2)
        {
            (short left, short right) = (samples[i], samples[i + 1]);
            if (channel == RaopChannel.Left) samples[i + 1] = left;
            if (channel == RaopChannel.Right) samples[i] = right;
            if (channel == RaopChannel.Mono) samples[i] = samples[i + 1] = (short)Math.Floor((left + right) / 2.0);
        }

        return MemoryMarshal.AsBytes(samples.AsSpan()).ToArray();
    }
}
