using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Runtime.CompilerServices;
using Raop.Network;
using Raop.Rtp;
using Raop.Rtsp;

namespace Raop.Receiving;

/// <summary>AirTunes v1: packets in `$` frames on a connection of their own, played as they come.</summary>
internal sealed class TcpReceiverStream : IReceiverStream
{
    /// <summary>Reading what a sender left behind takes no longer; it is on this machine or in the network's buffers.</summary>
    private static readonly TimeSpan LongestRest = TimeSpan.FromSeconds(10);

    private readonly ReceiverContext _context;
    private readonly ReceiverSession _session;
    private readonly StreamDecoder _decoder;
    private readonly Playout _playout;
    private readonly FlushFilter _filter;
    private readonly IStreamListener _listener;
    private readonly int _maxBody;
    private readonly byte[] _packet;
    private readonly CancellationTokenSource _ending = new();
    private readonly CancellationTokenSource _abandoned = new(); // not even played out
    private readonly TaskCompletionSource _recorded;
    private readonly Lock _lock = new();
    private volatile bool _drain;
    private bool _flushedLast;
    private long _packets;
    private long _bytes;
    private long _concealed;
    private long _flushedInFlight;

    /// <param name="context">The receiver's.</param>
    /// <param name="session">Whose audio it is.</param>
    /// <param name="decoder">Stays the session's.</param>
    /// <param name="local">Where to listen.</param>
    /// <exception cref="RaopException">The audio port is taken.</exception>
    public TcpReceiverStream(ReceiverContext context, ReceiverSession session, StreamDecoder decoder, IPAddress local)
    {
        (_context, _session, _decoder) = (context, session, decoder);
        _maxBody = Math.Max(InterleavedFrame.DefaultMaxBody, RtpHeader.Size + decoder.MaxPayload);
        _packet = new byte[Math.Min(_maxBody, ushort.MaxValue)];
        _recorded = new TaskCompletionSource(context.Network.Completions);
        _playout = new Playout(context.Sink, decoder.Format, context.Options.StartBuffer, Time, context.Network.Completions, session.TellPlaying);
        _playout.SetGain(context.GainDb);
        _filter = new FlushFilter(Time.TimestampFrequency);
        _listener = context.Network.Listen(new IPEndPoint(local, context.Options.AudioPort));
        Transport = TransportHeader.Tcp(_listener.LocalEndPoint.Port);
    }

    public TransportHeader Transport { get; }

    public RaopSessionCounts Counts => new()
    {
        Packets = _packets,
        Bytes = _bytes,
        FramesWritten = _playout.FramesWritten,
        FramesFlushed = _playout.FramesFlushed + _flushedInFlight,
        PacketsConcealed = _concealed,
        FramesChanged = _playout.FramesChanged,
        Underruns = _playout.Underruns,
    };

    public bool MayBeSilent => _flushedLast;

    private TimeProvider Time => _context.Options.TimeProvider;

    public void Record(RtpInfoHeader info)
    {
        lock (_lock) _filter.Record(info.Seq);
        _flushedLast = false;
        _recorded.TrySetResult();
    }

    public (long Frames, uint? RtpTime) Flush(RtpInfoHeader info)
    {
        lock (_lock)
        {
            _filter.Flush(info.Seq, Time.GetTimestamp());
            _flushedLast = true;
            return (_playout.Flush(), null);
        }
    }

    public void SetGain(double db) => _playout.SetGain(db);

    public void End(bool drain)
    {
        _drain = drain;
        if (!drain)
        {
            _playout.Stop();
            _abandoned.Cancel();
        }

        _ending.Cancel();
        _recorded.TrySetCanceled();
    }

    public async Task RunAsync()
    {
        Task playing = _playout.RunAsync();
        Task receiving = ReceiveAsync();
        try
        {
            if (await Task.WhenAny(playing, receiving).ConfigureAwait(false) == playing) _session.End(RaopEndCause.OutputFailed, drain: false);
            await receiving.ConfigureAwait(false);
        }
        catch (RaopException e)
        {
            _session.End(RaopEndCause.ProtocolViolation, drain: false, e.Message);
        }

        try
        {
            _playout.Complete();
            await playing.ConfigureAwait(false); // the sink is free only then
        }
        finally
        {
            await _listener.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Takes the sender's audio connections, one after the other, until the session ends.</summary>
    private async Task ReceiveAsync()
    {
        try
        {
            while (await _listener.AcceptAsync(_ending.Token).ConfigureAwait(false) is { } connection)
            {
                await using (connection.ConfigureAwait(false))
                {
                    if (!connection.RemoteEndPoint.Address.Equals(_session.Client.Address)) continue; // somebody else's
                    await ReadStreamAsync(connection.Input).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (_ending.IsCancellationRequested)
        {
        }
    }

    private async Task ReadStreamAsync(PipeReader input)
    {
        try
        {
            await _recorded.Task.ConfigureAwait(false);
            while (!await ReadSomeAsync(input, _ending.Token).ConfigureAwait(false))
            {
            }
        }
        catch (OperationCanceledException) when (_ending.IsCancellationRequested)
        {
            if (!_drain || _flushedLast || !_recorded.Task.IsCompletedSuccessfully) return;
            await ReadRestAsync(input).ConfigureAwait(false);
        }
        catch (RaopException e) when (e.Error == RaopError.ConnectionLost)
        {
            // The control connection says how the session ends.
        }
    }

    /// <summary>The sender is gone: reads what it had sent, until the end or a pause.</summary>
    private async Task ReadRestAsync(PipeReader input)
    {
        using var limit = new CancellationTokenSource(LongestRest, Time);
        try
        {
            while (true)
            {
                long packets = _packets; // only audio keeps it going
                using var idle = new CancellationTokenSource(FlushFilter.Idle, Time);
                using var any = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, idle.Token, _abandoned.Token);
                while (_packets == packets)
                {
                    if (await ReadSomeAsync(input, any.Token).ConfigureAwait(false)) return;
                }
            }
        }
        catch (OperationCanceledException)
        {
        }
        catch (RaopException e) when (e.Error == RaopError.ConnectionLost)
        {
        }
    }

    /// <summary>Reads and plays the packets that have come.</summary>
    /// <returns>True at the end of the stream.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> ReadSomeAsync(PipeReader input, CancellationToken cancellationToken)
    {
        ReadResult result = await input.ReadAsync(cancellationToken).ConfigureAwait(false);
        ReadOnlySequence<byte> rest = result.Buffer;
        while (InterleavedFrame.TryRead(ref rest, out byte channel, out ReadOnlySequence<byte> body, _maxBody))
        {
            if (channel == 0 && Take(body) && !await _playout.PushAsync().ConfigureAwait(false)) return true;
        }

        input.AdvanceTo(rest.Start, rest.End);
        return result.IsCompleted;
    }

    /// <summary>Decrypts and decodes a packet, and queues it unless a FLUSH has voided it.</summary>
    /// <returns>Whether it was queued.</returns>
    private bool Take(in ReadOnlySequence<byte> body)
    {
        _session.Touch();
        _packets++;
        _bytes += body.Length;
        Span<byte> packet = _packet.AsSpan(0, (int)body.Length);
        body.CopyTo(packet);
        ushort? sequence = RtpHeader.TryParse(packet, out RtpHeader header) ? header.Sequence : null;
        int frames = Decode(packet[RtpHeader.Size..]);
        lock (_lock) // with the FLUSH: it comes before or after this packet, not in between
        {
            if (_filter.Accept(sequence, Time.GetTimestamp()))
            {
                _flushedLast = false;
                _playout.Append(frames * _decoder.Format.BytesPerFrame);
                return true;
            }
        }

        _flushedInFlight += frames;
        return false;
    }

    /// <summary>Decodes into the playout's memory; what cannot be decoded becomes silence.</summary>
    /// <returns>Frames.</returns>
    private int Decode(Span<byte> payload)
    {
        Span<byte> pcm = _playout.GetMemory(_decoder.MaxPcm(payload.Length)).Span;
        int frames = _decoder.Decode(payload, pcm);
        if (frames >= 0) return frames;
        frames = _decoder.FramesPerPacket;
        pcm[..(frames * _decoder.Format.BytesPerFrame)].Clear();
        if (_concealed++ == 0) _context.Log.Undecodable(_session.Number, Convert.ToHexString(payload[..Math.Min(4, payload.Length)]));
        return frames;
    }
}
