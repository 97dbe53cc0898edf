using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Alac;

namespace Raop.Sdp;

/// <summary>What an ANNOUNCE says about the stream to come.</summary>
/// <remarks>Lines: RFC 4566 as far as RAOP uses it; what senders really write is in the notes beside the code that reads it.</remarks>
internal sealed partial record AnnounceSdp
{
    /// <summary>Most bytes of an announcement; real ones have under 1,000.</summary>
    public const int MaxLength = 16 * 1024;

    /// <summary>Length of a wrapped AES key: that of the RSA modulus.</summary>
    public const int EncryptedKeyLength = 256;

    /// <summary>Length of the IV.</summary>
    public const int IvLength = 16;

    /// <summary>The codec that rtpmap names; Apple Lossless when there is an ALAC fmtp line alone.</summary>
    public SdpCodec Codec { get; init; }

    /// <summary>The fmtp line after "a=fmtp:", payload type included, or null.</summary>
    public string? FmtpLine { get; init; }

    /// <summary>
    /// The parameters of an ALAC-style fmtp line. With L16 it may be there too (pyatv and node_airtunes2 write both) and then gives the
    /// packet's frames; null otherwise.
    /// </summary>
    public AlacConfig? Alac { get; init; }

    /// <summary>Frames a second: ALAC's from fmtp, others' from rtpmap.</summary>
    public int SampleRate { get; init; }

    /// <summary>1 or 2 for ALAC, what rtpmap says for others.</summary>
    public int Channels { get; init; }

    /// <summary>Frames of a full packet: from an ALAC-style fmtp line, AAC's own number, or 352.</summary>
    public int FramesPerPacket => Codec switch
    {
        SdpCodec.Aac => 1024,
        SdpCodec.AacEld => Duration,
        _ => Alac?.FrameLength ?? 352,
    };

    /// <summary>Frames of an AAC-ELD packet: constantDuration of fmtp, 480 or 512.</summary>
    private int Duration { get; init; } = 480;

    /// <summary>The AES key, still wrapped: 256 bytes, or null for a stream in clear.</summary>
    public byte[]? EncryptedKey { get; init; }

    /// <summary>The IV: 16 bytes, or null for a stream in clear.</summary>
    public byte[]? Iv { get; init; }

    /// <summary>Whether the sender offered a FairPlay key, which cannot be read here.</summary>
    public bool HasFairPlayKey { get; init; }

    /// <summary>Least latency in frames that the sender takes, or null.</summary>
    public int? MinLatency { get; init; }

    /// <summary>Most latency in frames that the sender takes, or null.</summary>
    public int? MaxLatency { get; init; }

    /// <summary>The session number of the o= line, as text; may be empty.</summary>
    public string SessionId { get; init; } = "";

    /// <summary>The address of the o= line, the sender's own, or null when it is none.</summary>
    public IPAddress? OriginAddress { get; init; }

    /// <summary>The sender's name of the i= line, or null.</summary>
    public string? ClientName { get; init; }

    /// <summary>Reads an announcement.</summary>
    /// <param name="body">The body of ANNOUNCE.</param>
    /// <param name="sdp">What it says. Also set, as far as understood, when the refusal is of the content and not of the text (406, 415, 456).</param>
    /// <param name="status">
    /// 200, or what to answer: 400 not SDP or impossible numbers, 406 FairPlay, 413 too long, 415 a codec that cannot be played, 456
    /// a wrong or missing half of key and IV.
    /// </param>
    /// <param name="reason">Why it was refused, one sentence; empty at 200.</param>
    /// <param name="decodes">Whether there is a decoder for AAC or AAC-ELD; null: for neither.</param>
    public static bool TryParse(
        ReadOnlySpan<byte> body, [NotNullWhen(true)] out AnnounceSdp? sdp, out int status, out string reason, Func<SdpCodec, bool>? decodes = null) =>
        new Parser(decodes).TryParse(body, out sdp, out status, out reason);

    /// <summary>Writes the announcement of an ALAC or L16 stream: CRLF after each line, base64 without padding, no latency lines.</summary>
    /// <param name="sessionId">The session number, as in the request URI.</param>
    /// <param name="sender">Our address on the connection.</param>
    /// <param name="receiver">The receiver's address on the connection.</param>
    /// <param name="config">The stream's parameters.</param>
    /// <param name="encryptedKey">The wrapped AES key, or empty for a stream in clear.</param>
    /// <param name="iv">The IV, or empty for a stream in clear.</param>
    /// <param name="codec">Apple Lossless, or L16, which has no fmtp line: then the parameters give rate and channels alone.</param>
    /// <exception cref="ArgumentException">Exactly one of key and IV is given, or another codec.</exception>
    public static byte[] Write(
        string sessionId,
        IPAddress sender,
        IPAddress receiver,
        AlacConfig config,
        ReadOnlySpan<byte> encryptedKey = default,
        ReadOnlySpan<byte> iv = default,
        SdpCodec codec = SdpCodec.AppleLossless)
    {
        if (codec is not (SdpCodec.AppleLossless or SdpCodec.L16)) throw new ArgumentException("Only ALAC and L16 are sent.", nameof(codec));
        if (encryptedKey.IsEmpty != iv.IsEmpty) throw new ArgumentException("Key and IV go together.", nameof(iv));
        var text = new StringBuilder(700);
        text.Append($"v=0\r\no=iTunes {sessionId} 0 IN {Address(sender)}\r\ns=iTunes\r\nc=IN {Address(receiver)}\r\nt=0 0\r\n");
        text.Append(codec == SdpCodec.L16
            ? $"m=audio 0 RTP/AVP 96\r\na=rtpmap:96 L16/{config.SampleRate}/{config.Channels}\r\n"
            : $"m=audio 0 RTP/AVP 96\r\na=rtpmap:96 AppleLossless\r\na=fmtp:96 {Fmtp(config)}\r\n");
        if (!iv.IsEmpty)
        {
            text.Append($"a=rsaaeskey:{Convert.ToBase64String(encryptedKey).TrimEnd('=')}\r\n");
            text.Append($"a=aesiv:{Convert.ToBase64String(iv).TrimEnd('=')}\r\n");
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>The numbers of an fmtp line after its payload type.</summary>
    private static string Fmtp(AlacConfig c) =>
        $"{c.FrameLength} 0 {c.BitDepth} {c.RiceHistoryMultiplier} {c.RiceInitialHistory} {c.RiceLimit} {c.Channels} {c.MaxRun} {c.MaxFrameBytes} {c.AverageBitRate} {c.SampleRate}";

    private static string Address(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        return address.AddressFamily == AddressFamily.InterNetworkV6
            ? $"IP6 {new IPAddress(address.GetAddressBytes())}" // made anew without the scope
            : $"IP4 {address}";
    }
}
