using System.Buffers;
using System.IO.Pipelines;

namespace Raop.Rtsp;

/// <summary>
/// Cuts a byte stream into RTSP messages (RFC 2326 section 4), with the latitude that real peers need: lines end in CRLF, LF
/// or CR, headers may be folded, empty lines may stand between messages, and bytes may come in any segments.
/// </summary>
/// <remarks>
/// Bytes are taken from the pipe as they come and kept here until a message is whole, so a cancelled read loses nothing: the next
/// one goes on. After an error the stream's place is lost: answer <see cref="SuggestedStatus"/> and close.
/// </remarks>
/// <param name="input">Where the bytes come from; stays the caller's to complete.</param>
/// <param name="maxHead">Most bytes of start line and headers, the empty line included.</param>
/// <param name="maxBody">Most bytes of a body.</param>
internal sealed class RtspReader(PipeReader input, int maxHead = 16 * 1024, int maxBody = 1024 * 1024)
{
    private const int FirstBodyBuffer = 16 * 1024; // more is taken as the bytes come, not as they are promised

    private readonly RtspHeadCollector _head = new(maxHead);
    private RtspHead? _parsed;
    private byte[] _body = [];
    private int _bodyFilled, _bodyLength;
    private bool _isDropped;
    private bool _broken;

    /// <summary>
    /// After a read threw a <see cref="RaopException"/>: the status to answer a request with before closing (400, 413, 431, 501,
    /// 505), or 0 when the peer is gone.
    /// </summary>
    public int SuggestedStatus { get; private set; }

    /// <summary>Most bytes of a body from the next message on.</summary>
    public int MaxBody { get; set; } = maxBody;

    /// <summary>
    /// A request's body that is larger than <see cref="MaxBody"/> and not than this is read over and dropped, so that the stream's place is kept.
    /// Default 0: it is an error.
    /// </summary>
    public int MaxDropped { get; set; }

    /// <summary>The next request, or null when the peer closed between two messages.</summary>
    /// <exception cref="RaopException">ProtocolViolation, LimitExceeded, or ConnectionLost when the peer closed inside a message.</exception>
    public async ValueTask<RtspRequest?> ReadRequestAsync(CancellationToken cancellationToken = default)
    {
        if (!await ReadAsync(isRequest: true, cancellationToken).ConfigureAwait(false)) return null;
        bool isDropped = _isDropped;
        (RtspHead head, ReadOnlyMemory<byte> body) = TakeMessage();
        return new RtspRequest(head.Method, head.Uri, head.Headers, body) { Protocol = head.Protocol, IsBodyDropped = isDropped };
    }

    /// <summary>The next answer, or null when the peer closed between two messages.</summary>
    /// <exception cref="RaopException">ProtocolViolation, LimitExceeded, or ConnectionLost when the peer closed inside a message.</exception>
    public async ValueTask<RtspResponse?> ReadResponseAsync(CancellationToken cancellationToken = default)
    {
        if (!await ReadAsync(isRequest: false, cancellationToken).ConfigureAwait(false)) return null;
        (RtspHead head, ReadOnlyMemory<byte> body) = TakeMessage();
        return new RtspResponse(head.StatusCode, head.Reason, head.Headers, body) { Protocol = head.Protocol };
    }

    // True when a whole message is here, false when the peer closed between two.
    private async ValueTask<bool> ReadAsync(bool isRequest, CancellationToken cancellationToken)
    {
        if (_broken) throw new RaopException(RaopError.ProtocolViolation, "The RTSP stream broke before.");
        while (true)
        {
            ReadResult result;
            try
            {
                result = await input.ReadAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (IOException e)
            {
                throw Broken(0, new RaopException(RaopError.ConnectionLost, "The connection broke.", innerException: e));
            }

            bool whole;
            SequencePosition consumed = result.Buffer.Start;
            try
            {
                whole = Take(result.Buffer, isRequest, ref consumed);
            }
            finally
            {
                input.AdvanceTo(consumed);
            }

            if (whole) return true;
            if (result.IsCanceled) throw new OperationCanceledException("The pending read was cancelled.");
            if (!result.IsCompleted) continue;
            if (_head.IsEmpty && _parsed is null) return false;
            throw Broken(0, new RaopException(RaopError.ConnectionLost, "The peer closed the connection inside an RTSP message."));
        }
    }

    private bool Take(ReadOnlySequence<byte> buffer, bool isRequest, ref SequencePosition consumed)
    {
        var reader = new SequenceReader<byte>(buffer);
        try
        {
            if (_parsed is null)
            {
                if (!TakeHead(ref reader)) return false;
                (_parsed, int status, string why) = isRequest ? RtspHead.ParseRequest(_head.Lines) : RtspHead.ParseResponse(_head.Lines);
                if (_parsed is null) throw Broken(status, new RaopException(RaopError.ProtocolViolation, why));
                StartBody(_parsed.Headers, isRequest);
            }

            return TakeBody(ref reader);
        }
        finally
        {
            consumed = reader.Position;
        }
    }

    private bool TakeHead(ref SequenceReader<byte> reader)
    {
        while (reader.TryPeek(out byte next))
        {
            RtspHeadCollector.Outcome outcome = _head.Take(next);
            if (outcome != RtspHeadCollector.Outcome.CompleteBefore) reader.Advance(1);
            switch (outcome)
            {
                case RtspHeadCollector.Outcome.Complete or RtspHeadCollector.Outcome.CompleteBefore:
                    return true;
                case RtspHeadCollector.Outcome.TooLong:
                    throw Broken(RtspStatus.HeadTooLarge, RaopException.TooLong("An RTSP head", maxHead));
                case RtspHeadCollector.Outcome.BadByte:
                    throw Broken(RtspStatus.BadRequest, new RaopException(RaopError.ProtocolViolation, $"Byte 0x{next:X2} in an RTSP head."));
            }
        }

        return false;
    }

    private void StartBody(RtspHeaders headers, bool isRequest)
    {
        _bodyLength = headers.ContentLength;
        if (_bodyLength < 0)
        {
            throw Broken(RtspStatus.BadRequest, new RaopException(RaopError.ProtocolViolation, "Content-Length is no number, or is given twice."));
        }

        _isDropped = isRequest && _bodyLength > MaxBody && _bodyLength <= MaxDropped;
        if (_bodyLength > MaxBody && !_isDropped) throw Broken(RtspStatus.BodyTooLarge, RaopException.TooLong("An RTSP body", MaxBody));
        _body = _bodyLength == 0 || _isDropped ? [] : new byte[Math.Min(_bodyLength, FirstBodyBuffer)];
        _bodyFilled = 0;
    }

    private bool TakeBody(ref SequenceReader<byte> reader)
    {
        while (_bodyFilled < _bodyLength)
        {
            if (reader.End) return false;
            if (_isDropped)
            {
                int over = (int)Math.Min(_bodyLength - _bodyFilled, reader.Remaining);
                reader.Advance(over);
                _bodyFilled += over;
                continue;
            }

            if (_bodyFilled == _body.Length) Array.Resize(ref _body, (int)Math.Min(_bodyLength, _body.Length * 2L));
            int part = (int)Math.Min(_body.Length - _bodyFilled, reader.Remaining);
            reader.TryCopyTo(_body.AsSpan(_bodyFilled, part));
            reader.Advance(part);
            _bodyFilled += part;
        }

        return true;
    }

    private (RtspHead Head, ReadOnlyMemory<byte> Body) TakeMessage()
    {
        (RtspHead, ReadOnlyMemory<byte>) message = (_parsed!, _isDropped ? default : _body.AsMemory(0, _bodyLength));
        _head.Reset();
        _parsed = null;
        _body = [];
        return message;
    }

    private RaopException Broken(int status, RaopException error)
    {
        _broken = true;
        SuggestedStatus = status;
        return error;
    }
}
