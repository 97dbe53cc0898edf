using System.Globalization;

namespace Raop.Rtsp;

/// <summary>The RTP-Info header of RECORD and FLUSH: which packet is next. Either number may be missing.</summary>
/// <param name="Seq">Sequence number of the next packet.</param>
/// <param name="RtpTime">RTP time of the next packet, in frames.</param>
internal readonly record struct RtpInfoHeader(ushort? Seq, uint? RtpTime)
{
    /// <summary>Reads a header, numbers in any order. False when it has neither, or one that is no such number.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out RtpInfoHeader header)
    {
        header = default;
        ushort? seq = null;
        uint? rtpTime = null;
        foreach (Range range in text.SplitAny(';', ','))
        {
            ReadOnlySpan<char> token = text[range];
            int equals = token.IndexOf('=');
            if (equals < 0) continue;
            ReadOnlySpan<char> name = token[..equals].Trim(), value = token[(equals + 1)..].Trim();
            if (name.Equals("seq", StringComparison.OrdinalIgnoreCase))
            {
                if (!ushort.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out ushort number)) return false;
                seq ??= number;
            }
            else if (name.Equals("rtptime", StringComparison.OrdinalIgnoreCase))
            {
                if (!uint.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out uint number)) return false;
                rtpTime ??= number;
            }
        }

        header = new RtpInfoHeader(seq, rtpTime);
        return seq is not null || rtpTime is not null;
    }

    /// <summary>The header's text: seq=…;rtptime=…, what is null left out.</summary>
    public override string ToString() => (Seq, RtpTime) switch
    {
        (ushort seq, uint time) => $"seq={seq};rtptime={time}",
        (ushort seq, null) => $"seq={seq}",
        (null, uint time) => $"rtptime={time}",
        _ => "",
    };
}
