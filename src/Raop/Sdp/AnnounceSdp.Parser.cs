using System.Globalization;
using System.Net;
using System.Text;
using Alac;

namespace Raop.Sdp;

internal sealed partial record AnnounceSdp
{
    /// <summary>Goes through the lines once, then judges what it found.</summary>
    private sealed class Parser(Func<SdpCodec, bool>? decodes)
    {
        private string? _rtpmap, _fmtp, _key, _iv, _clientName;
        private string _sessionId = "";
        private IPAddress? _origin;
        private int? _minLatency, _maxLatency;
        private bool _fairPlay, _hasLines, _inOtherMedia, _hasAudio;

        public bool TryParse(ReadOnlySpan<byte> body, out AnnounceSdp? sdp, out int status, out string reason)
        {
            sdp = null;
            (status, reason) = body.Length > MaxLength ? (413, $"The SDP is longer than {MaxLength} bytes.")
                : body.Contains((byte)0) ? (400, "The SDP has a zero byte.")
                : (200, "");
            if (status != 200) return false;

            string text = Encoding.UTF8.GetString(body);
            foreach (ReadOnlySpan<char> line in text.AsSpan().EnumerateLines()) ReadLine(line.Trim());
            (sdp, status, reason) = Judge();
            return status == 200;
        }

        private void ReadLine(ReadOnlySpan<char> line)
        {
            if (line.Length < 2 || line[1] != '=') return;
            _hasLines = true;
            ReadOnlySpan<char> value = line[2..].Trim();
            switch (line[0])
            {
                case 'o':
                    ReadOrigin(value);
                    break;
                case 'i':
                    _clientName ??= value.ToString();
                    break;
                case 'm':
                    // Of several sections only the first audio one counts; m=video is screen mirroring.
                    bool audio = value.StartsWith("audio", StringComparison.OrdinalIgnoreCase);
                    _inOtherMedia = !audio || _hasAudio;
                    _hasAudio |= audio;
                    break;
                case 'a' when !_inOtherMedia:
                    ReadAttribute(value);
                    break;
            }
        }

        // "iTunes 3172942895 0 IN IP4 10.0.1.101"; TuneBlade writes the letter O for the second number, iTunes IP4 before IPv6.
        private void ReadOrigin(ReadOnlySpan<char> value)
        {
            Span<Range> parts = stackalloc Range[8];
            int count = value.SplitAny(parts, " \t", StringSplitOptions.RemoveEmptyEntries);
            if (count < 2 || _sessionId.Length > 0) return;
            _sessionId = value[parts[1]].ToString();
            if (count >= 3 && IPAddress.TryParse(value[parts[count - 1]], out IPAddress? address)) _origin = address;
        }

        private void ReadAttribute(ReadOnlySpan<char> attribute)
        {
            int colon = attribute.IndexOf(':');
            if (colon < 0) return;
            ReadOnlySpan<char> value = attribute[(colon + 1)..].Trim();
            switch (attribute[..colon].Trim())
            {
                case "rtpmap":
                    _rtpmap ??= value.ToString();
                    break;
                case "fmtp":
                    _fmtp ??= value.ToString();
                    break;
                case "rsaaeskey":
                    _key ??= value.ToString();
                    break;
                case "aesiv":
                    _iv ??= value.ToString();
                    break;
                case "fpaeskey":
                    _fairPlay = true;
                    break;
                case "min-latency":
                    _minLatency ??= Latency(value);
                    break;
                case "max-latency":
                    _maxLatency ??= Latency(value);
                    break;
            }
        }

        private (AnnounceSdp? Sdp, int Status, string Reason) Judge()
        {
            if (!_hasLines) return (null, 400, "The body is not SDP.");
            if (_rtpmap is null && _fmtp is null) return (null, 400, "The SDP describes no audio.");

            AlacConfig? alac = ParseFmtp(_fmtp, out string fmtpFault);
            (SdpCodec codec, int rate, int channels) = ParseRtpmap(alac);
            if (codec == SdpCodec.AppleLossless && alac is null) return (null, 400, fmtpFault);

            AnnounceSdp sdp = new()
            {
                Codec = codec,
                FmtpLine = _fmtp,
                Alac = codec is SdpCodec.AppleLossless or SdpCodec.L16 ? alac : null,
                SampleRate = rate,
                Channels = channels,
                Duration = DurationOf(_fmtp),
                EncryptedKey = Decode(_key, EncryptedKeyLength),
                Iv = Decode(_iv, IvLength),
                HasFairPlayKey = _fairPlay,
                MinLatency = _minLatency,
                MaxLatency = _maxLatency,
                SessionId = _sessionId,
                OriginAddress = _origin,
                ClientName = _clientName,
            };
            if (_fairPlay && sdp.EncryptedKey is null) return (sdp, 406, "The key is wrapped by FairPlay.");
            if (!IsPlayable(codec)) return (sdp, 415, $"The codec '{_rtpmap ?? _fmtp}' is not supported.");
            if (channels is not (1 or 2)) return (sdp, 415, $"{channels} channels are not supported, 1 and 2 are.");
            if (rate is < 8_000 or > 192_000) return (sdp, 415, $"A rate of {rate} Hz is not supported, 8,000 to 192,000 are.");
            if (codec is SdpCodec.Aac or SdpCodec.AacEld && rate != 44_100) return (sdp, 415, $"AAC of {rate} Hz is not supported, 44,100 is.");
            if (codec == SdpCodec.AacEld && sdp.Duration is not (480 or 512)) return (sdp, 415, "AAC-ELD has 480 or 512 frames in a packet.");
            if (_key is null != _iv is null) return (sdp, 456, $"{(_key is null ? "rsaaeskey" : "aesiv")} is missing.");

            // One text for both: a peer must not learn which half of its guess was wrong.
            bool bad = _key is not null && (sdp.EncryptedKey is null || sdp.Iv is null);
            return bad ? (sdp, 456, "The AES key or IV is damaged.") : (sdp, 200, "");
        }

        // "96 AppleLossless", "96 L16/44100/2", "96 mpeg4-generic/44100/2"
        private (SdpCodec Codec, int Rate, int Channels) ParseRtpmap(AlacConfig? alac)
        {
            if (_rtpmap is null) return alac is null ? (SdpCodec.Unknown, 0, 0) : (SdpCodec.AppleLossless, alac.SampleRate, alac.Channels);
            ReadOnlySpan<char> encoding = _rtpmap;
            encoding = encoding[(encoding.IndexOfAny(' ', '\t') + 1)..].Trim();
            Span<Range> parts = stackalloc Range[4];
            int count = encoding.Split(parts, '/');
            ReadOnlySpan<char> name = encoding[parts[0]].Trim();
            int rate = count > 1 && TryNumber(encoding[parts[1]], 1, 384_000, out uint r) ? (int)r : 44_100;
            int channels = count > 2 && TryNumber(encoding[parts[2]], 1, 255, out uint c) ? (int)c : count > 1 ? 1 : 2;

            if (name.Equals("AppleLossless", StringComparison.OrdinalIgnoreCase))
            {
                return (SdpCodec.AppleLossless, alac?.SampleRate ?? 0, alac?.Channels ?? 0);
            }

            if (name.Equals("L16", StringComparison.OrdinalIgnoreCase)) return (SdpCodec.L16, rate, channels);
            if (!name.Equals("mpeg4-generic", StringComparison.OrdinalIgnoreCase)) return (SdpCodec.Unknown, rate, channels);
            bool eld = _fmtp?.Contains("AAC-eld", StringComparison.OrdinalIgnoreCase) ?? false;
            bool other = !eld && (_fmtp?.Contains("mode=", StringComparison.OrdinalIgnoreCase) ?? false); // RFC 3640's have headers of their own
            return (eld ? SdpCodec.AacEld : other ? SdpCodec.Unknown : SdpCodec.Aac, rate, channels);
        }

        private bool IsPlayable(SdpCodec codec) => codec switch
        {
            SdpCodec.AppleLossless or SdpCodec.L16 => true,
            SdpCodec.Aac or SdpCodec.AacEld => decodes?.Invoke(codec) ?? false,
            _ => false,
        };

        // "96 mode=AAC-eld; constantDuration=480"; 0 when it is no number
        private static int DurationOf(string? fmtp)
        {
            const string name = "constantDuration=";
            if (fmtp is null || fmtp.IndexOf(name, StringComparison.OrdinalIgnoreCase) is var at && at < 0) return 480;
            ReadOnlySpan<char> text = fmtp.AsSpan(at + name.Length);
            int end = text.IndexOfAny(';', ' ');
            return TryNumber(end < 0 ? text : text[..end], 1, 65_535, out uint frames) ? (int)frames : 0;
        }

        // "96 4096 0 16 40 10 14 2 255 0 0 44100": payload type, then the fields of the ALAC cookie.
        private static AlacConfig? ParseFmtp(string? line, out string fault)
        {
            fault = "The ALAC fmtp line is missing.";
            if (line is null) return null;
            fault = "The ALAC fmtp line has fewer than 12 numbers.";
            ReadOnlySpan<char> text = line;
            Span<Range> parts = stackalloc Range[13];
            if (text.SplitAny(parts, " \t", StringSplitOptions.RemoveEmptyEntries) < 12) return null;

            Span<uint> n = stackalloc uint[12];
            ReadOnlySpan<uint> most = [127, 16_384, 0, 32, 255, 255, 31, 2, 65_535, uint.MaxValue, uint.MaxValue, 384_000];
            ReadOnlySpan<uint> least = [0, 1, 0, 16, 0, 0, 1, 1, 0, 0, 0, 1];
            for (int i = 0; i < 12; i++)
            {
                if (TryNumber(text[parts[i]], least[i], most[i], out n[i])) continue;
                fault = $"Number {i + 1} of the ALAC fmtp line must be from {least[i]} to {most[i]}.";
                return null;
            }

            fault = "Bits must be 16, 20, 24 or 32 in the ALAC fmtp line.";
            if (n[3] is not (16 or 20 or 24 or 32)) return null;
            return new AlacConfig
            {
                FrameLength = (int)n[1],
                BitDepth = (int)n[3],
                RiceHistoryMultiplier = (byte)n[4],
                RiceInitialHistory = (byte)n[5],
                RiceLimit = (byte)n[6],
                Channels = (int)n[7],
                MaxRun = (int)n[8],
                MaxFrameBytes = n[9],
                AverageBitRate = n[10],
                SampleRate = (int)n[11],
            };
        }

        private static bool TryNumber(ReadOnlySpan<char> text, uint least, uint most, out uint number) =>
            uint.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out number) && number >= least && number <= most;

        private static int? Latency(ReadOnlySpan<char> text) => TryNumber(text, 0, int.MaxValue, out uint frames) ? (int)frames : null;

        // iTunes, VLC and OwnTone leave the padding out, PulseAudio and iOS write it.
        private static byte[]? Decode(string? base64, int length)
        {
            if (base64 is null) return null;
            string bare = string.Concat(base64.Where(c => !char.IsWhiteSpace(c))).TrimEnd('=');
            var bytes = new byte[length];
            return bare.Length == ((length * 4) + 2) / 3
                && Convert.TryFromBase64String(bare.PadRight((bare.Length + 3) / 4 * 4, '='), bytes, out int written)
                && written == length ? bytes : null;
        }
    }
}
