using System.Net;
using Raop.Rtsp;
using Raop.Sdp;

namespace Raop.Receiving;

/// <summary>One stream of one sender, from ANNOUNCE until the last frame has been heard. How the audio comes is its <see cref="IReceiverStream"/>.</summary>
internal sealed class ReceiverSession
{
    private const int PausedFactor = 4;

    private readonly ReceiverContext _context;
    private readonly StreamDecoder _decoder;
    private readonly AnnounceSdp _sdp;
    private readonly SessionMetadata _metadata;
    private readonly CancellationTokenSource _ending = new();
    private readonly TaskCompletionSource _over;
    private readonly Lock _lock = new();
    private IReceiverStream? _stream;
    private ITimer? _watch;
    private RaopEndCause? _cause;
    private string _detail = "";
    private bool _drain;
    private bool _finished;
    private long _lastActivity;

    /// <exception cref="RaopException">ProtocolViolation: the key cannot be unwrapped.</exception>
    public ReceiverSession(ReceiverContext context, AnnounceSdp sdp, IPEndPoint client, string userAgent)
    {
        (_context, _sdp, Client, UserAgent) = (context, sdp, client, userAgent);
        _decoder = new StreamDecoder(sdp);
        _metadata = new SessionMetadata(context.Raise, sdp.SampleRate);
        _over = new TaskCompletionSource(context.Network.Completions);
        Touch();
    }

    /// <summary>Whether TCP is no way for it: its codec needs a decoder that works in its own time, and the clock of UDP to work against.</summary>
    public bool NeedsUdp => _decoder.Ahead is not null;

    /// <summary>Counted from 1 at SETUP; 0 before.</summary>
    public int Number { get; private set; }

    public IPEndPoint Client { get; }

    public string UserAgent { get; }

    /// <summary>Who the sender says that it is; ANNOUNCE and SETUP tell.</summary>
    public SenderIdentity Sender { get; private set; } = new();

    /// <summary>Names the sender's _dacp._tcp service (DACP-ID): 1 to 16 hex digits as they came, or null.</summary>
    public string? DacpId => Sender.DacpId;

    /// <summary>What commands to the sender must carry (Active-Remote): decimal digits as they came, or null. Never logged.</summary>
    public string? ActiveRemote => Sender.ActiveRemote;

    /// <summary>Fires when the session is ending, from whatever side; the RTSP connection goes with it.</summary>
    public CancellationToken Ending => _ending.Token;

    /// <summary>Whether the sender is gone and only what it sent is still being played.</summary>
    public bool IsEnding => _cause is not null;

    /// <summary>Completes when the sink is free again.</summary>
    public Task Over => _over.Task;

    private TimeProvider Time => _context.Options.TimeProvider;

    /// <summary>Opens the audio ports and starts playing what comes. A second SETUP gets the same ports.</summary>
    /// <returns>The Transport header of the reply, or null when the session is over already.</returns>
    /// <exception cref="RaopException">AddressInUse: no port is free.</exception>
    public TransportHeader? Open(TransportHeader asked, IPAddress local)
    {
        IReceiverStream stream;
        lock (_lock)
        {
            if (_cause is not null) return null;
            if (_stream is { } open) return open.Transport;
            _stream = stream = asked.IsTcp
                ? new TcpReceiverStream(_context, this, _decoder, local)
                : new UdpReceiverStream(_context, this, _decoder, _sdp, asked, local);
            Number = _context.NextSession();
        }

        TimeSpan check = _context.Options.SessionTimeout / 8;
        _watch = Time.CreateTimer(_ => Watch(), null, check, check);
        _context.Raise(new RaopSessionStarted(
            Number, Client, UserAgent, asked.IsTcp ? RaopTransport.Tcp : RaopTransport.Udp, _decoder.Codec, _decoder.IsEncrypted, _decoder.FramesPerPacket, _decoder.Format)
        {
            ClientName = Sender.ClientName,
        });
        _ = RunAsync(stream);
        return stream.Transport;
    }

    /// <summary>Something came from the sender: the session is alive.</summary>
    public void Touch() => Volatile.Write(ref _lastActivity, Time.GetTimestamp());

    /// <summary>The first frame goes to the sink after a start, a flush or a dry spell.</summary>
    public void TellPlaying() => _context.Raise(new RaopPlaying(Number));

    /// <summary>Learns from a request's headers who sends.</summary>
    public void Meet(RtspHeaders headers) => Sender = Sender.With(headers, _sdp.ClientName);

    /// <summary>Text or a cover has come: <see cref="SessionMetadata.Take"/>.</summary>
    public int TakeMetadata(string mediaType, uint? rtpTime, ReadOnlyMemory<byte> body) =>
        Number == 0 || IsEnding ? RtspStatus.MethodNotValidInThisState : _metadata.Take(Number, mediaType, rtpTime, body);

    /// <summary>The sender says where in the piece it is.</summary>
    /// <returns>Whether it can be read.</returns>
    public bool TakeProgress(string value) => Number == 0 || IsEnding || _metadata.TakeProgress(Number, value);

    /// <summary>RECORD: audio counts from here.</summary>
    public void Record(RtpInfoHeader info) => _stream?.Record(info);

    /// <summary>FLUSH: what was sent before must not be heard.</summary>
    /// <returns>RTP time of the first frame that has not been heard, where that is known.</returns>
    public uint? Flush(RtpInfoHeader info)
    {
        (long frames, uint? rtpTime) = _stream?.Flush(info) ?? default;
        _context.Raise(new RaopFlushed(Number, frames));
        return rtpTime;
    }

    public void SetGain(double db) => _stream?.SetGain(db);

    /// <summary>Ends the session; the first call counts.</summary>
    /// <param name="cause">Why.</param>
    /// <param name="drain">Whether what was sent and not voided by a FLUSH is still played.</param>
    /// <param name="detail">A sentence for people, or empty.</param>
    public void End(RaopEndCause cause, bool drain, string detail = "")
    {
        IReceiverStream? stream;
        lock (_lock)
        {
            if (_finished) return; // the sink is another session's by now
            bool first = _cause is null;
            if (first) (_cause, _detail) = (cause, detail);
            _drain = (first || _drain) && drain;
            stream = _stream;
        }

        if (stream is null) Finish(); // never set up: nothing runs
        else stream.End(_drain);
        _ending.Cancel();
    }

    private async Task RunAsync(IReceiverStream stream)
    {
        try
        {
            await stream.RunAsync().ConfigureAwait(false);
        }
        catch (RaopException e) when (e.Error == RaopError.ProtocolViolation)
        {
            _context.Log.Unplayable(Number, e);
            lock (_lock) (_cause, _detail) = (RaopEndCause.ProtocolViolation, e.Message);
            _ending.Cancel();
        }
        catch (Exception e)
        {
            RaopException error = e as RaopException ?? new RaopException(RaopError.OutputFailed, $"The output failed: {e.Message}", innerException: e);
            lock (_lock) (_cause, _detail) = (RaopEndCause.OutputFailed, error.Message);
            _ending.Cancel();
            if (error.Error != RaopError.UnsupportedFormat) _context.Fail(error); // a format that does not suit is this sender's alone
        }

        Finish();
    }

    private void Finish()
    {
        lock (_lock)
        {
            if (_finished) return;
            _finished = true;
        }

        _watch?.Dispose();
        _decoder.Dispose();
        if (_stream is { } stream) _context.Raise(new RaopSessionEnded(Number, _cause ?? RaopEndCause.Stopped, stream.Counts, _detail));
        _over.SetResult(); // the next session's events come after this one's
    }

    private void Watch()
    {
        TimeSpan limit = _context.Options.SessionTimeout * (_stream!.MayBeSilent ? PausedFactor : 1);
        if (IsEnding || Time.GetElapsedTime(Volatile.Read(ref _lastActivity)) < limit) return;
        End(RaopEndCause.Timeout, drain: true, $"Nothing came for {limit.TotalSeconds:0} s.");
    }
}
