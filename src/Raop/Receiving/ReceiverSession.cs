using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using Alac;
using Raop.Audio;
using Raop.Network;
using Raop.Rtp;
using Raop.Sdp;
using Raop.Security;

namespace Raop.Receiving;

/// <summary>
/// One stream of one sender, from ANNOUNCE until the last frame has been heard: the audio connection, the key, the decoder and the playout.
/// </summary>
internal sealed class ReceiverSession
{
    /// <summary>Reading what a sender left behind takes no longer; it is on this machine or in the network's buffers.</summary>
    private static readonly TimeSpan LongestRest = TimeSpan.FromSeconds(10);

    private readonly ReceiverContext _context;
    private readonly AnnounceSdp _sdp;
    private readonly AlacDecoder? _decoder;
    private readonly PacketCipher? _cipher;
    private readonly Playout _playout;
    private readonly FlushFilter _filter;
    private readonly int _maxBody;
    private readonly byte[] _packet;
    private readonly CancellationTokenSource _ending = new();
    private readonly CancellationTokenSource _abandoned = new(); // not even played out
    private readonly TaskCompletionSource _recorded;
    private readonly TaskCompletionSource _over;
    private readonly Lock _lock = new();
    private IStreamListener? _listener;
    private ITimer? _watch;
    private RaopEndCause? _cause;
    private string _detail = "";
    private bool _drain;
    private bool _finished;
    private bool _flushedLast;
    private long _lastActivity;
    private long _packets;
    private long _bytes;
    private long _concealed;
    private long _flushedInFlight;

    public ReceiverSession(ReceiverContext context, AnnounceSdp sdp, IPEndPoint client, string userAgent)
    {
        (_context, _sdp, Client, UserAgent) = (context, sdp, client, userAgent);
        Format = sdp.Codec == SdpCodec.AppleLossless
            ? new PcmFormat(sdp.SampleRate, sdp.Alac!.BitDepth == 20 ? 24 : sdp.Alac.BitDepth, sdp.Channels)
            : new PcmFormat(sdp.SampleRate, 16, sdp.Channels);
        _maxBody = Math.Max(InterleavedFrame.DefaultMaxBody, RtpHeader.Size + (sdp.Alac?.MaxPacketSize ?? 0));
        _packet = new byte[Math.Min(_maxBody, ushort.MaxValue)];
        _decoder = sdp.Codec == SdpCodec.AppleLossless ? new AlacDecoder(sdp.Alac!) : null;
        if (sdp.EncryptedKey is { } wrapped)
        {
            Span<byte> key = stackalloc byte[16];
            if (!AirPortExpressKey.TryUnwrapKey(wrapped, key)) throw new RaopException(RaopError.ProtocolViolation, "The stream's key cannot be unwrapped.");
            _cipher = new PacketCipher(key, sdp.Iv);
        }

        (_recorded, _over) = (new TaskCompletionSource(context.Network.Completions), new TaskCompletionSource(context.Network.Completions));
        PipeScheduler scheduler = context.Network.ResumesInPlace ? PipeScheduler.Inline : PipeScheduler.ThreadPool;
        _playout = new Playout(context.Sink, Format, context.Options.StartBuffer, Time, scheduler, () => context.Raise(new RaopPlaying(Number)));
        _playout.SetGain(context.GainDb);
        _filter = new FlushFilter(Time.TimestampFrequency);
        Touch();
    }

    /// <summary>Counted from 1 at SETUP; 0 before.</summary>
    public int Number { get; private set; }

    public IPEndPoint Client { get; }

    public string UserAgent { get; }

    public PcmFormat Format { get; }

    /// <summary>Fires when the session is ending, from whatever side; the RTSP connection goes with it.</summary>
    public CancellationToken Ending => _ending.Token;

    /// <summary>Whether the sender is gone and only what it sent is still being played.</summary>
    public bool IsEnding => _cause is not null;

    /// <summary>Completes when the sink is free again.</summary>
    public Task Over => _over.Task;

    private TimeProvider Time => _context.Options.TimeProvider;

    /// <summary>Opens the audio port and starts playing what comes.</summary>
    /// <returns>The port, or null when the session is over already.</returns>
    public int? Open(IPAddress local)
    {
        lock (_lock)
        {
            if (_cause is not null) return null;
            if (_listener is { } open) return open.LocalEndPoint.Port;
            _listener = _context.Network.Listen(new IPEndPoint(local, _context.Options.AudioPort));
            Number = _context.NextSession();
        }

        TimeSpan check = _context.Options.SessionTimeout / 8;
        _watch = Time.CreateTimer(_ => Watch(), null, check, check);
        _context.Raise(new RaopSessionStarted(
            Number, Client, UserAgent, _decoder is null ? "L16" : "ALAC", _cipher is not null, _sdp.FramesPerPacket, Format));
        _ = RunAsync(_listener);
        return _listener.LocalEndPoint.Port;
    }

    /// <summary>Something came from the sender: the session is alive.</summary>
    public void Touch() => Volatile.Write(ref _lastActivity, Time.GetTimestamp());

    /// <summary>RECORD: audio counts from here.</summary>
    public void Record(ushort? sequence)
    {
        lock (_lock) _filter.Record(sequence);
        _flushedLast = false;
        _recorded.TrySetResult();
    }

    /// <summary>FLUSH: what was sent before <paramref name="sequence"/> must not be heard.</summary>
    public void Flush(ushort? sequence)
    {
        long frames;
        lock (_lock)
        {
            _filter.Flush(sequence, Time.GetTimestamp());
            _flushedLast = true;
            frames = _playout.Flush();
        }

        _context.Raise(new RaopFlushed(Number, frames));
    }

    public void SetGain(double db) => _playout.SetGain(db);

    /// <summary>Ends the session; the first call counts.</summary>
    /// <param name="cause">Why.</param>
    /// <param name="drain">Whether what was sent and not voided by a FLUSH is still played.</param>
    /// <param name="detail">A sentence for people, or empty.</param>
    public void End(RaopEndCause cause, bool drain, string detail = "")
    {
        bool isOpen;
        lock (_lock)
        {
            bool first = _cause is null;
            if (first) (_cause, _detail) = (cause, detail);
            _drain = (first || _drain) && drain;
            isOpen = _listener is not null;
        }

        if (!isOpen) Finish(); // never set up: nothing runs
        if (!drain) Abandon();
        _ending.Cancel();
        _recorded.TrySetCanceled();
    }

    private void Abandon()
    {
        _playout.Stop();
        _abandoned.Cancel();
    }

    private async Task RunAsync(IStreamListener listener)
    {
        Task playing = _playout.RunAsync();
        Task receiving = ReceiveAsync(listener);
        try
        {
            if (await Task.WhenAny(playing, receiving).ConfigureAwait(false) == playing) End(RaopEndCause.OutputFailed, drain: false);
            await receiving.ConfigureAwait(false);
        }
        catch (RaopException e)
        {
            End(RaopEndCause.ProtocolViolation, drain: false, e.Message);
        }

        try
        {
            _playout.Complete();
            await playing.ConfigureAwait(false); // the sink is free only then
        }
        catch (Exception e)
        {
            RaopException error = e as RaopException ?? new RaopException(RaopError.OutputFailed, $"The output failed: {e.Message}", innerException: e);
            (_cause, _detail) = (RaopEndCause.OutputFailed, error.Message);
            if (error.Error != RaopError.UnsupportedFormat) _context.Fail(error); // a format that does not suit is this sender's alone
        }

        await listener.DisposeAsync().ConfigureAwait(false);
        Finish();
    }

    private void Finish()
    {
        if (Interlocked.Exchange(ref _finished, true)) return;
        _watch?.Dispose();
        _cipher?.Dispose();
        if (_listener is not null) _context.Raise(new RaopSessionEnded(Number, _cause ?? RaopEndCause.Stopped, Counts, _detail));
        _over.SetResult(); // the next session's events come after this one's
    }

    private RaopSessionCounts Counts => new(
        _packets, _bytes, _playout.FramesWritten, _playout.FramesFlushed + _flushedInFlight, 0, _concealed, _playout.FramesChanged, _playout.Underruns);

    private void Watch()
    {
        if (IsEnding || Time.GetElapsedTime(Volatile.Read(ref _lastActivity)) < _context.Options.SessionTimeout) return;
        End(RaopEndCause.Timeout, drain: true, $"Nothing came for {_context.Options.SessionTimeout.TotalSeconds:0} s.");
    }

    /// <summary>Takes the sender's audio connections, one after the other, until the session ends.</summary>
    private async Task ReceiveAsync(IStreamListener listener)
    {
        try
        {
            while (await listener.AcceptAsync(_ending.Token).ConfigureAwait(false) is { } connection)
            {
                await using (connection.ConfigureAwait(false))
                {
                    if (!connection.RemoteEndPoint.Address.Equals(Client.Address)) continue; // somebody else's
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
        Touch();
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
                _playout.Append(frames * Format.BytesPerFrame);
                return true;
            }
        }

        _flushedInFlight += frames;
        return false;
    }

    /// <summary>Decrypts in place and decodes into the playout's memory.</summary>
    /// <returns>Frames.</returns>
    private int Decode(Span<byte> payload)
    {
        _cipher?.Decrypt(payload);
        int most = Math.Max(_sdp.FramesPerPacket * Format.BytesPerFrame, payload.Length);
        Span<byte> pcm = _playout.GetMemory(most).Span;
        if (_decoder is null)
        {
            SwapBytes(payload, pcm);
            return payload.Length / Format.BytesPerFrame;
        }

        if (_decoder.Decode(payload, pcm, out int frames) == AlacStatus.Ok) return frames;
        frames = _sdp.FramesPerPacket;
        pcm[..(frames * Format.BytesPerFrame)].Clear();
        if (_concealed++ == 0) _context.Log.Undecodable(Number, Convert.ToHexString(payload[..Math.Min(4, payload.Length)]));
        return frames;
    }

    /// <summary>L16 is big-endian.</summary>
    private static void SwapBytes(ReadOnlySpan<byte> from, Span<byte> to)
    {
        for (int i = 0; i + 1 < from.Length; i += 2) (to[i], to[i + 1]) = (from[i + 1], from[i]);
    }
}
