using System.Net;
using Raop.Audio;
using Raop.Tests.Fakes;

namespace Raop.Tests.Conversations;

/// <summary>Our sender and our receiver, whole sessions on virtual time.</summary>
public sealed class PlayTests
{
    [Theory]
    [InlineData(RaopEncryption.Rsa, 300_000)]
    [InlineData(RaopEncryption.None, 300_000)]
    [InlineData(RaopEncryption.Auto, 4096 * 5)]
    [InlineData(RaopEncryption.Auto, 1)]
    public void Every_frame_is_heard_to_the_bit(RaopEncryption encryption, int frames)
    {
        var stage = new Stage();
        byte[] music = Music.Frames(frames);
        stage.World.Run(async () =>
        {
            await using RaopReceiver receiver = stage.Receive();
            await using (RaopSender sender = await stage.ConnectAsync(new RaopSenderOptions { Encryption = encryption }))
            {
                Assert.Equal(encryption != RaopEncryption.None, sender.Receiver.Encrypted);
                Assert.Equal(encryption == RaopEncryption.None ? null : true, sender.Receiver.HoldsAirPortKey);
                await sender.PlayAsync(new ArraySource(music));
            }

            await stage.WaitForAsync(() => stage.Events.OfType<RaopSessionEnded>().Any());
        });

        Assert.Equal(music, stage.Sink.Pcm);
        Assert.Equal(RaopEndCause.Teardown, stage.Ended.Cause);
        Assert.Equal(frames, stage.Ended.Counts.FramesWritten);
        Assert.Equal((frames + 4095) / 4096, stage.Ended.Counts.Packets);
        Assert.Equal((0, 0, 0, 0), (stage.Ended.Counts.FramesFlushed, stage.Ended.Counts.FramesChanged, stage.Ended.Counts.PacketsConcealed, stage.Ended.Counts.Underruns));
    }

    [Fact]
    public void Ipv6_works_as_ipv4_does()
    {
        var stage = new Stage();
        byte[] music = Music.Frames(50_000);
        stage.World.Run(async () =>
        {
            await using RaopReceiver receiver = stage.Receive();
            await using RaopSender sender = await stage.ConnectAsync(address: new IPEndPoint(IPAddress.Parse("fd00::103"), 5000));
            Assert.True(sender.Receiver.HoldsAirPortKey);
            await sender.PlayAsync(new ArraySource(music));
        });
        Assert.Equal(music, stage.Sink.Pcm);
    }

    [Fact]
    public void Sources_follow_each_other_without_a_gap_and_are_disposed()
    {
        var stage = new Stage();
        ArraySource[] sources = [.. Enumerable.Range(0, 5).Select(i => new ArraySource(Music.Frames(10_000 + i * 777, i)) { MaxRead = 1000 })];
        stage.World.Run(async () =>
        {
            await using RaopReceiver receiver = stage.Receive();
            await using RaopSender sender = await stage.ConnectAsync();
            await sender.PlayListAsync(sources.ToAsyncEnumerable());
        });
        Assert.Equal(Enumerable.Range(0, 5).SelectMany(i => Music.Frames(10_000 + i * 777, i)), stage.Sink.Pcm);
        Assert.All(sources, source => Assert.True(source.IsDisposed));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Pause_and_resume_lose_no_frame_and_repeat_none(bool canSeek)
    {
        var stage = new Stage();
        byte[] music = Music.Frames(44_100 * 8);
        stage.World.Run(async () =>
        {
            await using RaopReceiver receiver = stage.Receive(new RaopReceiverOptions { StartBuffer = TimeSpan.Zero });
            await using RaopSender sender = await stage.ConnectAsync();
            Task playing = sender.PlayAsync(new ArraySource(music) { CanSeek = canSeek });
            await stage.WaitAsync(3);
            await sender.PauseAsync();
            int heard = stage.Sink.Pcm.Length;
            Assert.InRange(heard / 4, 44_100 * 2.9, 44_100 * 3.1);
            await stage.WaitAsync(60);
            Assert.Equal(heard, stage.Sink.Pcm.Length);
            Assert.Equal(RaopSenderState.Paused, sender.Status.State);
            await sender.ResumeAsync();
            await playing;
        });

        // The receiver has heard up to 10 ms more than the sender reckons, or less: the seam may lie some frames beside.
        byte[] pcm = stage.Sink.Pcm;
        int seam = pcm.AsSpan().CommonPrefixLength(music) / 4;
        int rest = pcm.Length / 4 - seam;
        Assert.InRange(pcm.Length / 4, music.Length / 4 - 1000, music.Length / 4 + 1000);
        Assert.Equal(music[^(rest * 4)..], pcm[^(rest * 4)..]);
    }

    [Fact]
    public void Seek_goes_to_the_frame()
    {
        var stage = new Stage();
        byte[] music = Music.Frames(44_100 * 20);
        stage.World.Run(async () =>
        {
            await using RaopReceiver receiver = stage.Receive();
            await using RaopSender sender = await stage.ConnectAsync();
            Task playing = sender.PlayAsync(new ArraySource(music));
            await stage.WaitAsync(2);
            await sender.SeekAsync(TimeSpan.FromSeconds(17));
            await stage.WaitAsync(0.5);
            Assert.InRange(sender.Status.Position.TotalSeconds, 17.4, 17.6);
            await playing;
        });
        int end = 44_100 * 3 * 4;
        Assert.Equal(music[^end..], stage.Sink.Pcm[^end..]);
        Assert.InRange(stage.Sink.Pcm.Length / 4, 44_100 * 4.0, 44_100 * 5.1);
    }

    [Fact]
    public void Next_goes_to_the_next_source_and_ends_after_the_last()
    {
        var stage = new Stage();
        byte[] second = Music.Frames(44_100 * 10, 2);
        stage.World.Run(async () =>
        {
            await using RaopReceiver receiver = stage.Receive();
            await using RaopSender sender = await stage.ConnectAsync();
            ArraySource[] sources = [new(Music.Frames(44_100 * 10, 1)), new(second)];
            Task playing = sender.PlayListAsync(sources.ToAsyncEnumerable());
            await stage.WaitAsync(2);
            await sender.SkipAsync();
            await stage.WaitAsync(1);
            Assert.Same(sources[1], sender.Status.Source);
            await sender.SkipAsync();
            await playing;
        });
        Assert.InRange(stage.Sink.Pcm.Length / 4, 44_100 * 2.2, 44_100 * 3.2);
        int firstPart = stage.Sink.Pcm.AsSpan().IndexOf(second.AsSpan(0, 400));
        Assert.True(firstPart > 0);
        Assert.Equal(second[..(stage.Sink.Pcm.Length - firstPart)], stage.Sink.Pcm[firstPart..]);
    }

    [Fact]
    public void A_volume_below_zero_changes_samples_and_says_so()
    {
        var stage = new Stage();
        stage.World.Run(async () =>
        {
            await using RaopReceiver receiver = stage.Receive();
            await using (RaopSender sender = await stage.ConnectAsync(new RaopSenderOptions { Volume = -20 })) await sender.PlayAsync(new ArraySource(Music.Frames(44_100)));
            await stage.WaitForAsync(() => stage.Events.OfType<RaopSessionEnded>().Any());
        });
        Assert.Equal(44_100, stage.Ended.Counts.FramesChanged);
        Assert.Equal(-20, stage.Events.OfType<RaopVolumeChanged>().Single().Volume);
        Assert.InRange(Level(stage.Sink.Pcm) - Level(Music.Frames(44_100)), -20.1, -19.9);
    }

    [Fact]
    public void The_pace_is_that_of_the_clock()
    {
        var stage = new Stage();
        stage.World.Run(async () =>
        {
            await using RaopReceiver receiver = stage.Receive();
            await using RaopSender sender = await stage.ConnectAsync();
            await sender.PlayAsync(new ArraySource(Music.Frames(44_100 * 30)));
        });
        (long frame, DateTimeOffset at) = stage.Sink.Writes[^1];
        double seconds = (at - stage.Sink.Writes[0].At).TotalSeconds;
        Assert.InRange(frame / seconds, 44_100 * 0.999, 44_100 * 1.001);
    }

    [Theory]
    [InlineData(1.3, 0)] // shorter than what is ahead: not heard
    [InlineData(5, 1)] // longer: silence once
    public void A_network_that_stalls_loses_nothing(double seconds, int underruns)
    {
        var stage = new Stage();
        byte[] music = Music.Frames(44_100 * 12);
        stage.World.PartitionAt(stage.SenderHost, stage.ReceiverHost, TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(seconds));
        stage.World.Run(async () =>
        {
            await using RaopReceiver receiver = stage.Receive();
            await using (RaopSender sender = await stage.ConnectAsync()) await sender.PlayAsync(new ArraySource(music));
            await stage.WaitForAsync(() => stage.Events.OfType<RaopSessionEnded>().Any());
        });
        Assert.Equal(music, stage.Sink.Pcm);
        Assert.Equal(underruns, stage.Ended.Counts.Underruns);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(23)]
    public void The_same_seed_gives_the_same_history_whatever_the_clocks(int seed)
    {
        Assert.Equal(Fingerprint(), Fingerprint());

        ulong Fingerprint()
        {
            var stage = new Stage(seed);
            (stage.SenderHost.Clock.RatePpm, stage.ReceiverHost.Clock.RatePpm) = (250, -250);
            stage.World.Between(stage.SenderHost, stage.ReceiverHost, path => path.Jitter = TimeSpan.FromMilliseconds(20));
            byte[] music = Music.Frames(44_100 * 5);
            stage.World.Run(async () =>
            {
                await using RaopReceiver receiver = stage.Receive();
                await using (RaopSender sender = await stage.ConnectAsync(new RaopSenderOptions { Encryption = RaopEncryption.None })) await sender.PlayAsync(new ArraySource(music));
                await stage.WaitForAsync(() => stage.Events.OfType<RaopSessionEnded>().Any());
            });
            Assert.Equal(music, stage.Sink.Pcm);
            return stage.World.Fingerprint;
        }
    }

    [Fact]
    public void What_a_damaged_source_has_is_heard_before_its_error()
    {
        var stage = new Stage();
        byte[] music = Music.Frames(100_000);
        stage.World.Run(async () =>
        {
            await using RaopReceiver receiver = stage.Receive();
            await using RaopSender sender = await stage.ConnectAsync();
            var source = new ArraySource(music) { DamagedAt = 77_777 };
            Assert.Equal(RaopError.CorruptFile, (await Assert.ThrowsAsync<RaopException>(() => sender.PlayAsync(source))).Error);
        });
        Assert.Equal(music[..(77_777 * 4)], stage.Sink.Pcm);
    }

    private static double Level(byte[] pcm)
    {
        double sum = 0;
        for (int i = 0; i < pcm.Length; i += 2) sum += Math.Pow(BitConverter.ToInt16(pcm, i), 2);
        return 10 * Math.Log10(sum / pcm.Length * 2);
    }
}
