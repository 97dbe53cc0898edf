using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Raop.Audio;
using Raop.Network;
using Raop.Rtp;
using Raop.Rtsp;

namespace Raop.Sending;

/// <summary>AirTunes v1's audio connection: `$` framing out, status blocks of an AirPort Express in, which are read and dropped.</summary>
internal sealed class TcpAudioChannel : IAudioChannel
{
    /// <summary>A lateness that may be heard; the first packets of a process come a little late by themselves.</summary>
    private static readonly TimeSpan WorthTelling = TimeSpan.FromMilliseconds(100);

    private readonly IStreamConnection _connection;
    private readonly PacketEncoding _encoding;
    private readonly uint _ssrc;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly SendClock _clock;
    private readonly int _framesPerPacket;
    private readonly TimeSpan _lead;
    private ushort _sequence;
    private uint _rtpTime;
    private long _nextFrame; // stands at _rtpTime
    private bool _marker = true;
    private long _packets, _bytes;
    private int _starved;

    /// <param name="connection">Disposed with this.</param>
    /// <param name="session">What the handshake came to: TCP.</param>
    /// <param name="encoding">Makes the payloads; disposed with this.</param>
    /// <param name="ssrc">The stream's number.</param>
    /// <param name="options">The sender's.</param>
    /// <param name="log">Where starvation is told.</param>
    public TcpAudioChannel(IStreamConnection connection, SenderSession session, PacketEncoding encoding, uint ssrc, RaopSenderOptions options, ILogger log)
    {
        (_connection, _encoding, _ssrc, _time, _log, _lead) = (connection, encoding, ssrc, options.TimeProvider, log, options.Lead);
        (_sequence, _rtpTime, _framesPerPacket) = (session.Sequence, session.RtpTime, session.Config.FrameLength);
        _clock = new SendClock(PcmFormat.AirTunes.SampleRate, PcmFormat.AirTunes.Frames(options.Lead), _time.TimestampFrequency);
        Closed = DiscardAsync(connection.Input);
    }

    public Task Closed { get; }

    public ChannelCounts Counts => new(_packets, _bytes, 0, _starved, null);

    public int KeepFrames => (int)PcmFormat.AirTunes.Frames(_lead * 2) + (_framesPerPacket * 2);

    public TimeSpan Tail => TimeSpan.FromSeconds(1);

    public void Start(long frame, long now)
    {
        _nextFrame = frame;
        _clock.Start(frame, now);
    }

    public long UntilDue(long frame, long now) => _clock.UntilDue(frame, now);

    /// <summary>Encodes, frames and sends a packet; completes when the network has taken it.</summary>
    public ValueTask SendAsync(in SourcePacket packet, long now)
    {
        Span<byte> bytes = _connection.Output.GetSpan(InterleavedFrame.HeaderSize + _encoding.MaxPayload);
        int length = _encoding.Encode(packet, bytes[InterleavedFrame.HeaderSize..]), size = InterleavedFrame.HeaderSize + length;
        InterleavedFrame.WriteHeader(bytes, length, _sequence, _rtpTime, _ssrc, _marker);
        _connection.Output.Advance(size);
        _sequence++;
        _rtpTime += (uint)packet.Frames;
        _nextFrame = packet.Frame + packet.Frames;
        _marker = false;
        _packets++;
        _bytes += size;
        return FlushAsync(packet.Frame);
    }

    /// <summary>The next packet bears the marker.</summary>
    public RtpInfoHeader Flush()
    {
        _marker = true;
        return new RtpInfoHeader(_sequence, _rtpTime);
    }

    public void Rest()
    {
        // The receiver plays what it has.
    }

    public long Heard(long now) => _clock.Heard(now);

    public long? FrameAt(uint rtpTime) => null; // receivers of v1 do not say

    /// <summary>Counted from the packet sent last: good enough to show.</summary>
    public uint RtpTimeAt(long frame) => unchecked(_rtpTime + (uint)(frame - _nextFrame));

    public long UntilHeard(long frame, long now) => _clock.UntilHeard(frame, now);

    public async ValueTask DisposeAsync()
    {
        await _connection.DisposeAsync().ConfigureAwait(false);
        _encoding.Dispose();
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask FlushAsync(long frame)
    {
        await _connection.Output.FlushAsync().ConfigureAwait(false);
        long late = _clock.Accepted(frame, _time.GetTimestamp());
        if (late == 0 || late < WorthTelling.TotalSeconds * _time.TimestampFrequency) return;
        _starved++;
        _log.Starved(late * 1000.0 / _time.TimestampFrequency);
    }

    private static async Task DiscardAsync(PipeReader input)
    {
        try
        {
            ReadResult result;
            do
            {
                result = await input.ReadAsync().ConfigureAwait(false);
                input.AdvanceTo(result.Buffer.End);
            }
            while (!result.IsCompleted);
        }
        catch (RaopException)
        {
            // Its end says the same.
        }
    }
}
