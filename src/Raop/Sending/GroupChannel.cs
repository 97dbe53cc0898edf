using Raop.Rtsp;

namespace Raop.Sending;

/// <summary>The channel of a group: the line, for its members over UDP, and what members over TCP get of it.</summary>
/// <param name="udp">The line.</param>
/// <param name="mostDelay">How much later than the line says the last of all members hears it.</param>
internal sealed class GroupChannel(UdpAudioChannel udp, Func<TimeSpan> mostDelay) : IAudioChannel
{
    /// <summary>The line.</summary>
    public UdpAudioChannel Udp { get; } = udp;

    /// <summary>What members over TCP get.</summary>
    public TcpLine Tcp { get; } = new();

    public Task Closed => Udp.Closed;

    public ChannelCounts Counts => Udp.Counts;

    public int KeepFrames => Udp.KeepFrames;

    public TimeSpan Tail => Udp.Tail + mostDelay();

    public void Start(long frame, long now)
    {
        Udp.Start(frame, now);
        Tcp.Start(Udp.NextLine);
    }

    public long UntilDue(long frame, long now) => 0;

    public ValueTask SendAsync(in SourcePacket packet, long now)
    {
        ValueTask room = Udp.SendAsync(packet, now);
        Tcp.Append(Udp.NextLine - packet.Frames, packet.Pcm.Span);
        return room;
    }

    public RtpInfoHeader Flush()
    {
        Tcp.Stop();
        return Udp.Flush();
    }

    public void Rest()
    {
        Udp.Rest();
        Tcp.Rest();
    }

    public long Heard(long now) => Udp.Heard(now);

    public long? FrameAt(uint rtpTime) => Udp.FrameAt(rtpTime);

    public uint RtpTimeAt(long frame) => Udp.RtpTimeAt(frame);

    public long UntilHeard(long frame, long now) => Udp.UntilHeard(frame, now);

    public ValueTask DisposeAsync() => Udp.DisposeAsync();
}
