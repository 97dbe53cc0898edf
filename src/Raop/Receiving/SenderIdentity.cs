using Raop.Metadata;
using Raop.Rtsp;

namespace Raop.Receiving;

/// <summary>Who a sender says that it is, and where it takes commands.</summary>
/// <param name="ClientName">The name that its user gave it, or null.</param>
/// <param name="DacpId">Names its _dacp._tcp service: 1 to 16 hex digits as they came, leading zeros perhaps missing; or null.</param>
/// <param name="ActiveRemote">What commands to it must carry: a decimal number of at most 20 digits as it came, or null.</param>
internal sealed record SenderIdentity(string? ClientName = null, string? DacpId = null, string? ActiveRemote = null)
{
    /// <summary>Most characters of a name.</summary>
    public const int MaxName = 128;

    private const int MaxDacpId = 16, MaxToken = 20;

    /// <summary>What a request says, what was known before where it says nothing, or at last the name in the SDP.</summary>
    public SenderIdentity With(RtspHeaders headers, string? announcedName = null) => new(
        Name(headers["X-Apple-Client-Name"]) ?? ClientName ?? Name(announcedName),
        headers["DACP-ID"] is { Length: > 0 and <= MaxDacpId } id && id.All(char.IsAsciiHexDigit) ? id : DacpId,
        headers["Active-Remote"] is { Length: > 0 and <= MaxToken } token && token.All(char.IsAsciiDigit) ? token : ActiveRemote);

    private static string? Name(string? text) => string.IsNullOrWhiteSpace(text) ? null : PlainText.Of(text.Trim(), MaxName);
}
