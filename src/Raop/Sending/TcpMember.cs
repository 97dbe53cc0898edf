using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Raop.Audio;
using Raop.Network;
using Raop.Rtp;
using Raop.Rtsp;
using Raop.Timing;

namespace Raop.Sending;

/// <summary>
/// A member of a group over TCP. Its first packet leaves at the instant at which the others hear those frames, for such receivers play what comes as it
/// comes; the next ones follow at once, up to a lead, against a network that stutters. From then on the connection's pressure holds the pace.
/// </summary>
internal sealed class TcpMember : IAsyncDisposable
{
    /// <summary>How far ahead of what is heard packets are sent, at most; and no further than the group queues.</summary>
    private static readonly TimeSpan MostLead = TimeSpan.FromSeconds(2);

    /// <summary>One that takes a packet so long after it should have been heard is of no use: it is dropped and begins anew, in time.</summary>
    private static readonly TimeSpan MostLate = TimeSpan.FromSeconds(1);

    /// <summary>The end of the music is a short packet: it is sent when so little is left.</summary>
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(250), Look = TimeSpan.FromMilliseconds(50);

    /// <summary>A wait that only another run ends.</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromMinutes(1);

    /// <summary>What such a receiver keeps before it plays, about, beyond what those over UDP have.</summary>
    public static readonly TimeSpan Buffer = TimeSpan.FromSeconds(0.7);

    private readonly Lock _writing = new(); // a flush, by the group's thread, comes between two packets
    private readonly IStreamConnection _connection;
    private readonly SenderMember _session;
    private readonly TcpLine _line;
    private readonly UdpAudioChannel _clock;
    private readonly TimeProvider _time;
    private readonly EncodingKey _key;
    private readonly CancellationTokenSource _closing = new();
    private readonly Bell _bell; // rings for another run, the end, and a packet that has left
    private readonly Completion _sending;
    private readonly Task _running;
    private readonly uint _ssrc = BinaryPrimitives.ReadUInt32BigEndian(RandomNumberGenerator.GetBytes(4));
    private ushort _sequence;
    private uint _rtpTime;
    private bool _marker = true;
    private long _packets, _bytes;

    /// <param name="open">An open session over TCP; its audio connection is disposed with this.</param>
    /// <param name="key">What packets it takes.</param>
    /// <param name="line">What plays.</param>
    /// <param name="clock">When it is heard.</param>
    /// <param name="delay">Frames that it is to begin later.</param>
    /// <param name="time">The clock.</param>
    /// <param name="completions">As the network says.</param>
    public TcpMember(OpenSession open, EncodingKey key, TcpLine line, UdpAudioChannel clock, int delay, TimeProvider time, TaskCreationOptions completions)
    {
        (_connection, _session, _key, _line, _clock, _time) = (open.Audio!, open.Member, key, line, clock, time);
        (_sequence, _rtpTime) = (open.Member.Session.Sequence, open.Member.Session.RtpTime);
        _bell = new Bell(completions, time);
        _sending = new Completion(_bell);
        Delay = delay;
        line.Enter(key, open.Member.Session.Config, clock.Secrets, clock.KeepFrames + (PcmFormat.AirTunes.SampleRate * 2), _bell.Rung);
        _ = WatchAsync();
        _running = RunAsync();
    }

    /// <summary>Frames that it begins later than the others, at its next start.</summary>
    public int Delay { get; set; }

    /// <summary>By how much its first packet left after the others had heard it, in ticks; null before.</summary>
    public long? Late { get; private set; }

    /// <summary>Whether it takes what it is sent.</summary>
    public bool IsAlive => Volatile.Read(ref _packets) > 0;

    public ChannelCounts Counts => new(Volatile.Read(ref _packets), Volatile.Read(ref _bytes), 0, 0, null);

    private int FrameLength => _session.Session.Config.FrameLength;

    /// <summary>Its next packet, which bears the marker: for FLUSH.</summary>
    public RtpInfoHeader Flush()
    {
        lock (_writing)
        {
            _marker = true;
            return new RtpInfoHeader(_sequence, _rtpTime);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _closing.Cancel();
        _bell.Ring();
        await _connection.DisposeAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        _line.Exit(_key, FrameLength, _bell.Rung);
        _closing.Dispose();
        _bell.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            while (!_closing.IsCancellationRequested)
            {
                int run = _line.Run;
                if (_line.IsPlaying) await PlayAsync(run).ConfigureAwait(false);
                else if (run == _line.Run) await _bell.WaitAsync(Quiet).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // It leaves.
        }
        catch (Exception e)
        {
            _session.Lose(e as RaopException ?? new RaopException(RaopError.ConnectionLost, e.Message, innerException: e));
        }
    }

    /// <summary>Sends one run to its end, or until there is another.</summary>
    private async ValueTask PlayAsync(int run)
    {
        long cursor = Begin();
        bool begun = false;
        while (run == _line.Run && !_closing.IsCancellationRequested)
        {
            long now = _time.GetTimestamp(), heard = _clock.InstantOf(cursor + Delay), lead = begun ? Lead() : 0;
            int frames = _line.Available(cursor, FrameLength);
            bool isShort = frames < FrameLength && Span(_clock.InstantOf(cursor + frames + Delay) - now) > Rest;
            if (heard - lead > now || isShort || frames == 0)
            {
                bool isOver = frames == 0 && _line.IsWhole;
                await _bell.WaitAsync(heard - lead > now ? Span(heard - lead - now) : isOver ? Quiet : Look).ConfigureAwait(false);
                continue;
            }

            if (!begun) Late = now - heard;
            begun = true;
            if (!Write(run, cursor, frames))
            {
                if (run != _line.Run) return;
                throw TooLate();
            }

            await SendAsync(run, cursor).ConfigureAwait(false);
            cursor += frames;
        }
    }

    /// <summary>The first packet of the grid whose instant is still to come.</summary>
    private long Begin()
    {
        long origin = _line.Origin, first = Math.Max(_line.First, _clock.HeardLine(_time.GetTimestamp()) - Delay + 1);
        long packets = Math.Max(0, (first - origin + FrameLength - 1) / FrameLength);
        return origin + (packets * FrameLength);
    }

    /// <returns>False when these frames are not there any more, or void.</returns>
    private bool Write(int run, long cursor, int frames)
    {
        using Lock.Scope scope = _writing.EnterScope();
        if (run != _line.Run) return false;
        Span<byte> bytes = _connection.Output.GetSpan(InterleavedFrame.HeaderSize + _session.Session.Config.MaxPacketSize);
        int length = _line.Encode(_key, FrameLength, cursor, frames, bytes[InterleavedFrame.HeaderSize..]), size = InterleavedFrame.HeaderSize + length;
        if (length == 0) return false;
        InterleavedFrame.WriteHeader(bytes, length, _sequence++, _rtpTime, _ssrc, _marker);
        _rtpTime += (uint)frames;
        _marker = false;
        _connection.Output.Advance(size);
        Volatile.Write(ref _bytes, _bytes + size);
        return true;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask SendAsync(int run, long cursor)
    {
#pragma warning disable CA2012 // it is asked for its result once, when it is complete
        ValueTask<FlushResult> sending = _connection.Output.FlushAsync(_closing.Token);
        if (_sending.Begin(sending.IsCompleted)) sending.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(_sending.Over);
        long voidSince = 0; // its run is over, and another plays
        while (!_sending.IsOver)
        {
            long now = _time.GetTimestamp();
            if (run == _line.Run || !_line.IsPlaying) voidSince = now;
            TimeSpan patience = run == _line.Run
                ? Span(_clock.InstantOf(cursor + Delay) - now) + MostLate
                : (MostLead * 2) - Span(now - voidSince);
            if (patience <= TimeSpan.Zero) throw TooLate();
            await _bell.WaitAsync(patience).ConfigureAwait(false);
        }

        _sending.Take();
        sending.GetAwaiter().GetResult();
#pragma warning restore CA2012
        Volatile.Write(ref _packets, _packets + 1);
    }

    private async Task WatchAsync()
    {
        try
        {
            ReadResult result;
            do
            {
                result = await _connection.Input.ReadAsync().ConfigureAwait(false); // status blocks of an AirPort Express
                _connection.Input.AdvanceTo(result.Buffer.End);
            }
            while (!result.IsCompleted);
        }
        catch (RaopException)
        {
            // Its end says the same.
        }

        if (!_closing.IsCancellationRequested) _session.Lose(SenderMember.Closed("audio"));
    }

    private long Lead() => Math.Min((long)(MostLead.TotalSeconds * _time.TimestampFrequency), UdpSendPlan.TicksOf(_clock.Latency, _time.TimestampFrequency));

    private TimeSpan Span(long ticks) => new((long)((Int128)ticks * TimeSpan.TicksPerSecond / _time.TimestampFrequency));

    private static RaopException TooLate() => new(
        RaopError.Timeout, "The receiver takes audio too slowly: it is more than a second behind.", "See whether its network is good enough; its sound device may hang.");
}
