using System.Net;
using Raop.Network;
using Raop.Rtsp;
using Raop.Tests.Fakes;

namespace Raop.Tests.Conversations;

/// <summary>Pauses, seeks, late sources and a process that stands still.</summary>
public sealed partial class SenderUdpTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Pause_and_resume_lose_no_frame_and_repeat_none(bool canSeek)
    {
        (Stage stage, FakeUdpReceiver fake) = Set();
        byte[] music = Music.Frames(Second * 12);
        stage.World.Run(async () =>
        {
            await using RaopSender sender = await ConnectAsync(stage);
            Task playing = sender.PlayAsync(new ArraySource(music) { CanSeek = canSeek });
            await stage.WaitAsync(5);
            await sender.PauseAsync();
            int sent = fake.Packets.Count, syncs = fake.Syncs.Count;
            Assert.InRange(sender.Status.Position.TotalSeconds, 2.9, 3.1);
            await stage.WaitAsync(60);
            Assert.Equal((sent, syncs), (fake.Packets.Count, fake.Syncs.Count));
            await sender.ResumeAsync();
            await playing;
        });
        Assert.Equal(music, fake.Heard);
        Assert.InRange(Assert.Single(fake.Gaps) / (double)Second, 61.9, 62.2); // the pause, and the latency after it

        // FLUSH names the next packet; what follows has its number, the marker, a first sync, and RTP time that went on with the clock.
        RtpInfoHeader flush = fake.Info("FLUSH");
        int at = fake.Packets.FindIndex(p => p.Header.Sequence == flush.Seq);
        FakeUdpReceiver.Packet before = fake.Packets[at - 1], after = fake.Packets[at];
        Assert.Equal(flush.RtpTime, before.Header.Timestamp + 352);
        Assert.True(after.Header.Marker);
        Assert.InRange((after.Header.Timestamp - before.Header.Timestamp) / (double)Second, 59.95, 60.1); // the last one left up to 32 ms early
        Assert.Equal([true, true], fake.Syncs.Where(s => s.Packet.IsFirst).Select(s => s.Packet.IsFirst));
        Assert.Equal(after.Header.Timestamp, fake.Syncs.Last(s => s.Packet.IsFirst).Packet.Next);
        Assert.Equal([true, true], fake.Packets.Where(p => p.Header.Marker).Select(p => true));
        Assert.Equal(fake.Packets.Select((_, i) => (ushort)(fake.Packets[0].Header.Sequence + i)), fake.Packets.Select(p => p.Header.Sequence));
        AssertOneLine(fake);
    }

    [Fact]
    public void Seek_and_next_go_to_the_frame()
    {
        (Stage stage, FakeUdpReceiver fake) = Set();
        byte[] music = Music.Frames(Second * 20), other = Music.Frames(Second * 2, 2);
        stage.World.Run(async () =>
        {
            await using RaopSender sender = await ConnectAsync(stage);
            ArraySource[] sources = [new(music), new(other)];
            Task playing = sender.PlayListAsync(sources.ToAsyncEnumerable());
            await stage.WaitAsync(4);
            await sender.SeekAsync(TimeSpan.FromSeconds(10));
            await stage.WaitAsync(3);
            Assert.InRange(sender.Status.Position.TotalSeconds, 10.9, 11.1);
            await sender.SkipAsync();
            await stage.WaitAsync(2.5);
            Assert.Same(sources[1], sender.Status.Source);
            await playing;
        });
        byte[] heard = fake.Heard;
        int first = heard.AsSpan().CommonPrefixLength(music) / 4, start = heard.AsSpan().IndexOf(music.AsSpan(Second * 40, 400)) / 4;
        Assert.InRange(first / (double)Second, 1.95, 2.05);
        Assert.InRange(start - first, 0, 0);
        Assert.Equal(other, heard[^other.Length..]);
        Assert.InRange((heard.Length - other.Length) / 4 - start, Second * 0.95, Second * 1.05);
        AssertOneLine(fake);
    }

    [Fact]
    public void Sources_and_play_lists_follow_each_other()
    {
        (Stage stage, FakeUdpReceiver fake) = Set();
        byte[][] music = [.. Enumerable.Range(0, 4).Select(i => Music.Frames(10_000 + i * 777, i))];
        stage.World.Run(async () =>
        {
            await using RaopSender sender = await ConnectAsync(stage);
            await sender.PlayListAsync(new[] { new ArraySource(music[0]), new ArraySource(music[1]) }.ToAsyncEnumerable());
            await stage.WaitAsync(5);
            await sender.PlayListAsync(new[] { new ArraySource(music[2]), new ArraySource(music[3]) }.ToAsyncEnumerable());
        });
        Assert.Equal(music.SelectMany(static m => m), fake.Heard);
        Assert.Single(fake.Gaps); // between the lists alone
        Assert.Equal(2, fake.Syncs.Count(s => s.Packet.IsFirst));
        AssertOneLine(fake);
    }

    [Theory]
    [InlineData(0.9, 0)] // queued ahead: nobody notices
    [InlineData(1.8, 0)] // late, and sent at once
    [InlineData(6, 1)] // a gap, and all of the music
    public void A_source_that_is_late_loses_nothing(double seconds, int gaps)
    {
        (Stage stage, FakeUdpReceiver fake) = Set();
        byte[] music = Music.Frames(Second * 10);
        stage.World.Run(async () =>
        {
            await using RaopSender sender = await ConnectAsync(stage);
            Task playing = sender.PlayAsync(new StutteringSource(music, Second * 4, () => stage.WaitAsync(seconds)));
            await stage.WaitAsync(5.9);
            Assert.InRange(sender.Status.Position.TotalSeconds, 3.8, 4.01); // 4 of them when it is the gap
            await playing;
            Assert.Equal(gaps, sender.Status.Starved);
            Assert.Equal(10, sender.Status.PacketsSent * 352 / (double)Second, 1);
        });
        Assert.Equal(music, fake.Heard);
        Assert.Equal(gaps, fake.Gaps.Count());
        Assert.Equal(1 + gaps, fake.Packets.Count(p => p.Header.Marker));
        Assert.Equal(fake.Packets.Select((_, i) => (ushort)(fake.Packets[0].Header.Sequence + i)), fake.Packets.Select(p => p.Header.Sequence));
        AssertOneLine(fake);
    }

    [Theory]
    [InlineData(1.5)]
    [InlineData(3)]
    public void A_process_that_stands_still_goes_on_in_time(double seconds)
    {
        (Stage stage, FakeUdpReceiver fake) = Set();
        byte[] music = Music.Frames(Second * 12);
        stage.World.Run(async () =>
        {
            await using RaopSender sender = await ConnectAsync(stage);
            Task playing = sender.PlayAsync(new ArraySource(music));
            await stage.WaitAsync(5);
            stage.SenderHost.Freeze();
            await stage.WaitAsync(seconds);
            stage.SenderHost.Thaw();
            await playing;
            Assert.Equal(0, sender.Status.Starved);
        });
        Assert.Equal(music, fake.Packets.SelectMany(static p => p.Pcm)); // everything came, in order
        Assert.Equal(Enumerable.Range(0, fake.Packets.Count).Select(i => fake.Packets[0].Header.Timestamp + (uint)(i * 352)), fake.Packets.Select(p => p.Header.Timestamp));
        if (seconds < 2) AssertHeard(music, fake);
        AssertOneLine(fake);
    }

    [Fact]
    public void A_stop_is_silent_at_once()
    {
        (Stage stage, FakeUdpReceiver fake) = Set();
        stage.World.Run(async () =>
        {
            using var stop = new CancellationTokenSource();
            await using (RaopSender sender = await ConnectAsync(stage))
            {
                Task playing = sender.PlayAsync(new ArraySource(Music.Frames(Second * 9)), stop.Token);
                await stage.WaitAsync(4);
                stop.Cancel();
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => playing);
                await stage.WaitAsync(4);
            }
        });
        Assert.Equal(["FLUSH", "TEARDOWN"], fake.Methods.TakeLast(2));
        Assert.InRange(fake.Heard.Length / 4 / (double)Second, 1.95, 2.05);
        Assert.InRange(fake.Packets.Count * 352 / (double)Second, 3.9, 4.1);
    }

    [Fact]
    public void A_receiver_that_dies_gives_one_error()
    {
        (Stage stage, _) = Set();
        stage.World.Run(async () =>
        {
            await using RaopSender sender = await ConnectAsync(stage);
            Task playing = sender.PlayAsync(new ArraySource(Music.Frames(Second * 30)));
            await stage.WaitAsync(5);
            stage.ReceiverHost.Kill();
            Assert.Equal(RaopError.ConnectionLost, (await Assert.ThrowsAsync<RaopException>(() => playing)).Error);
            Assert.InRange(stage.World.Now.TotalSeconds, 5, 10);
        });
    }

    [Theory]
    [InlineData("127.0.0.1", RaopTransport.Auto)]
    [InlineData("::1", RaopTransport.Udp)]
    public async Task Real_sockets_and_the_real_clock_carry_every_packet(string address, RaopTransport transport)
    {
        TimeProvider time = TimeProvider.System;
        await using var fake = new FakeUdpReceiver(new SocketNetwork(time), time, time, new IPEndPoint(IPAddress.Parse(address), 0), firstPort: 0);
        byte[] music = Music.Frames(20_000);
        await using (RaopSender sender = await RaopSender.ConnectAsync(
            fake.EndPoint, new RaopSenderOptions { Transport = transport, Latency = TimeSpan.FromSeconds(0.2) }, TestContext.Current.CancellationToken))
        {
            fake.AskTheTime(99);
            await sender.PlayAsync(new ArraySource(music), TestContext.Current.CancellationToken);
            Assert.Equal(57, sender.Status.PacketsSent);
        }

        Assert.Equal(music, fake.Packets.SelectMany(static p => p.Pcm)); // on a busy machine they may be late, or overtake a sync
        Assert.Equal(fake.Info("RECORD").RtpTime, fake.Packets[0].Header.Timestamp);
        Assert.Equal(99ul, Assert.Single(fake.TimingReplies).Packet.Origin);
    }

    [Fact]
    public void The_same_seed_gives_the_same_history()
    {
        Assert.Equal(Fingerprint(), Fingerprint());

        static ulong Fingerprint()
        {
            var stage = new Stage(7);
            stage.SenderHost.Clock.RatePpm = 200;
            var fake = new FakeUdpReceiver(stage.ReceiverHost, stage.SenderHost.Clock) { AsksAgain = false };
            stage.World.Between(stage.SenderHost, stage.ReceiverHost, path => (path.Jitter, path.Loss) = (TimeSpan.FromMilliseconds(20), 0.05));
            stage.World.Run(async () =>
            {
                await using RaopSender sender = await ConnectAsync(stage, new RaopSenderOptions { Encryption = RaopEncryption.None });
                await sender.PlayAsync(new ArraySource(Music.Frames(Second * 5)));
            });
            Assert.NotEmpty(fake.Packets);
            return stage.World.Fingerprint;
        }
    }

    /// <summary>Every sync of the session, to a thousandth of a frame.</summary>
    private static void AssertOneLine(FakeUdpReceiver fake)
    {
        var first = fake.Syncs[0].Packet;
        Assert.All(fake.Syncs, s => Assert.InRange(s.Packet.Next - first.Next - ((s.Packet.NtpTime - first.NtpTime) / 4294967296.0 * Second), -0.001, 0.001));
    }
}
