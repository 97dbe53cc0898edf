using System.Net;
using Raop.Audio;
using Raop.Rtp;
using Raop.Tests.Simulation;
using Raop.Timing;

namespace Raop.Tests.Fakes;

/// <summary>
/// Stands at the sender's door: its sync packets tell its line, and its host's clock the true time of each frame. Loses the datagrams that a test
/// picks.
/// </summary>
internal sealed class UdpTruth
{
    public const byte Audio = 0x60, Sync = 0x54, Resent = 0x56;
    private const int Rate = 44_100, FixedLatency = 11_025;

    private readonly SimulatedHost _sender;
    private readonly SimulatedPath _path;
    private readonly Dictionary<byte, int> _counts = [];
    private SyncPacket? _first;

    public UdpTruth(SimulatedWorld world, SimulatedHost sender, SimulatedHost receiver)
    {
        (_sender, _path) = (sender, world.Path(sender, receiver));
        world.Tap = Take;
    }

    /// <summary>Picks what is lost, by the payload type and the number of those before: nothing else is.</summary>
    public Func<byte, int, bool>? Loses { get; set; }

    /// <summary>Frames from a packet's turn to its sound.</summary>
    public int Latency => (int)(_first!.Value.Next - _first.Value.PlayNow) + FixedLatency;

    /// <summary>RTP time of the first frame.</summary>
    public uint FirstFrame => _first!.Value.Next;

    /// <summary>When a frame is to be heard, ns of true time.</summary>
    public double DueNs(uint rtpTime)
    {
        SyncPacket sync = _first!.Value;
        long at = NtpTime.Ticks(sync.NtpTime, NtpTime.FromTimestamp(0, 1_000_000_000), 1_000_000_000);
        double seconds = ((double)unchecked((int)(rtpTime - sync.Next)) + Latency) / Rate;
        return _sender.Clock.TrueTime(at) + (seconds * 1e9 / (1 + (_sender.Clock.RatePpm / 1e6)));
    }

    /// <summary>How much too late each run of frames was said to be due, ms.</summary>
    /// <param name="times">What the sink was told.</param>
    /// <param name="receiver">Whose clock it was told in.</param>
    /// <param name="fromSeconds">After the first frame: what comes before is left out.</param>
    public IEnumerable<double> Errors(IEnumerable<FrameTime> times, SimulatedHost receiver, double fromSeconds = 0) => times
        .Where(time => time.Due is not null && time.RtpTime is { } frame && unchecked((int)(frame - FirstFrame)) >= fromSeconds * Rate)
        .Select(time => (receiver.Clock.TrueTime(time.Due!.Value) - DueNs(time.RtpTime!.Value)) / 1e6);

    private void Take(SimulatedHost from, IPEndPoint to, ReadOnlySpan<byte> datagram)
    {
        if (from != _sender) return;
        if (SyncPacket.TryParse(datagram, out SyncPacket sync)) _first ??= sync;
        if (Loses is not { } loses || datagram.Length < 2) return;
        byte type = (byte)(datagram[1] & 0x7F);
        int count = _counts.GetValueOrDefault(type);
        _counts[type] = count + 1;
        _path.Loss = loses(type, count) ? 1 : 0;
    }
}
