using System.Security.Cryptography;

namespace Raop.Remote;

/// <summary>The names by which a sender is found and a speaker is known: the headers DACP-ID and Active-Remote.</summary>
internal static class DacpIdentity
{
    /// <summary>What the instance's name in _dacp._tcp begins with; the DACP-ID follows.</summary>
    public const string InstancePrefix = "iTunes_Ctrl_";

    /// <summary>The service that a sender publishes.</summary>
    public const string ServiceType = "_dacp._tcp";

    private const int MostDigits = 32, MostToken = 64;

    /// <summary>
    /// A DACP-ID, one for each group: 16 upper-case hex digits, the first of them not 0. shairport-sync takes zeros off the front of the service's name, but
    /// not off the header, and finds no sender that has some.
    /// </summary>
    public static string NewId()
    {
        byte[] id = RandomNumberGenerator.GetBytes(8);
        id[0] |= 0x10;
        return Convert.ToHexString(id);
    }

    /// <summary>An Active-Remote, one for each member: 32 bits in decimal, as Apple's.</summary>
    public static string NewToken() => BitConverter.ToUInt32(RandomNumberGenerator.GetBytes(4)).ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>The TXT record of a sender's service: iTunes's.</summary>
    public static IReadOnlyList<string> Txt(string id) => ["txtvers=1", "Ver=131075", $"DbId={id}", "OSsi=0x1F5"];

    /// <summary>Whether a text may be a DACP-ID: hex digits.</summary>
    public static bool IsId(string? text) => text is { Length: > 0 and <= MostDigits } && text.All(char.IsAsciiHexDigit);

    /// <summary>Whether a text may be an Active-Remote. 64-bit ones occur, so nothing is asked but that it may stand in a header as it is.</summary>
    public static bool IsToken(string? text) => text is { Length: > 0 and <= MostToken } && text.All(static c => c is > ' ' and <= '~');

    /// <summary>Whether a service's instance is the one of a DACP-ID: whatever the case, and however many zeros it begins with.</summary>
    public static bool IsInstanceOf(string instance, string id) =>
        instance.StartsWith(InstancePrefix, StringComparison.OrdinalIgnoreCase)
        && instance.AsSpan(InstancePrefix.Length).TrimStart('0').Equals(id.AsSpan().TrimStart('0'), StringComparison.OrdinalIgnoreCase);
}
