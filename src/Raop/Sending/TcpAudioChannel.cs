using System.Buffers;
using System.IO.Pipelines;
using Raop.Network;
using Raop.Rtp;
using Raop.Security;

namespace Raop.Sending;

/// <summary>AirTunes v1's audio connection: `$` framing out, status blocks of an AirPort Express in, which are read and dropped.</summary>
internal sealed class TcpAudioChannel : IAsyncDisposable
{
    private readonly IStreamConnection _connection;
    private readonly PacketCipher? _cipher;
    private readonly uint _ssrc;
    private ushort _sequence;
    private uint _rtpTime;
    private bool _marker = true;

    public TcpAudioChannel(IStreamConnection connection, PacketCipher? cipher, ushort sequence, uint rtpTime, uint ssrc)
    {
        (_connection, _cipher, _sequence, _rtpTime, _ssrc) = (connection, cipher, sequence, rtpTime, ssrc);
        Closed = DiscardAsync(connection.Input);
    }

    /// <summary>Completes when the receiver has closed the connection or it broke.</summary>
    public Task Closed { get; }

    public long Packets { get; private set; }

    public long Bytes { get; private set; }

    /// <summary>Sequence number and RTP time of the next packet: what FLUSH says.</summary>
    public Rtsp.RtpInfoHeader Next => new(_sequence, _rtpTime);

    /// <summary>The next packet bears the marker: it is the first after a FLUSH.</summary>
    public void MarkNext() => _marker = true;

    /// <summary>Frames, encrypts and sends a packet; completes when the receiver has room for the next.</summary>
    /// <param name="payload">Encrypted in place.</param>
    /// <param name="frames">Frames in it.</param>
    public ValueTask<FlushResult> SendAsync(Span<byte> payload, int frames)
    {
        _cipher?.Encrypt(payload);
        int size = InterleavedFrame.HeaderSize + payload.Length;
        Span<byte> packet = _connection.Output.GetSpan(size);
        InterleavedFrame.WriteHeader(packet, payload.Length, _sequence, _rtpTime, _ssrc, _marker);
        payload.CopyTo(packet[InterleavedFrame.HeaderSize..]);
        _connection.Output.Advance(size);
        _sequence++;
        _rtpTime += (uint)frames;
        _marker = false;
        Packets++;
        Bytes += size;
        return _connection.Output.FlushAsync();
    }

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

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
