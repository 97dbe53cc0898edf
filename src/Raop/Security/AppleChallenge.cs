using System.Net;
using System.Security.Cryptography;

namespace Raop.Security;

/// <summary>
/// Apple-Challenge and Apple-Response: a receiver shows that it holds the AirPort Express key by signing the challenge, its own
/// address on the connection, and its hardware address.
/// </summary>
/// <remarks>
/// The signed message is filled with zeros to 32 bytes on IPv4 and to 48 on IPv6, as captured from an AirPort Express; shairport-sync
/// and shairplay leave 38 bytes unfilled on IPv6.
/// </remarks>
internal static class AppleChallenge
{
    /// <summary>Bytes of a challenge.</summary>
    public const int Size = 16;

    private const int HardwareAddressSize = 6, IPv4Message = 32, IPv6Message = 48;

    /// <summary>Answers a challenge. False when it is not 16 bytes of base64: leave the header out then.</summary>
    /// <param name="challengeHeader">The value of Apple-Challenge.</param>
    /// <param name="local">The receiver's own address on this connection; IPv4 inside IPv6 counts as IPv4.</param>
    /// <param name="hardwareAddress">The six bytes of the service's name.</param>
    /// <param name="response">The value of Apple-Response; padded if the challenge was.</param>
    public static bool TryRespond(string challengeHeader, IPAddress local, ReadOnlySpan<byte> hardwareAddress, out string response)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(hardwareAddress.Length, HardwareAddressSize);
        response = "";
        if (Base64Text.Decode(challengeHeader) is not { Length: Size } challenge) return false;

        byte[] address = AddressBytes(local);
        var message = new byte[address.Length == 4 ? IPv4Message : IPv6Message];
        challenge.CopyTo(message, 0);
        address.CopyTo(message, Size);
        hardwareAddress.CopyTo(message.AsSpan(Size + address.Length));
        response = Base64Text.Encode(AirPortExpressKey.SignRaw(message), padded: challengeHeader.Contains('='));
        return true;
    }

    /// <summary>Makes a challenge.</summary>
    /// <param name="random">Where it comes from; null is the system's generator.</param>
    /// <returns>The value of Apple-Challenge, without padding as iTunes wrote it, and its 16 bytes.</returns>
    public static (string Header, byte[] Challenge) Create(RandomNumberGenerator? random = null)
    {
        var challenge = new byte[Size];
        if (random is null) RandomNumberGenerator.Fill(challenge);
        else random.GetBytes(challenge);
        return (Base64Text.Encode(challenge, padded: false), challenge);
    }

    /// <summary>Checks an answer. A wrong one does not mean that the device cannot play: many senders never look.</summary>
    /// <param name="responseHeader">The value of Apple-Response.</param>
    /// <param name="challenge">The bytes that were sent.</param>
    /// <param name="receiver">The address that was connected to.</param>
    /// <param name="whyNot">What is wrong with it, one sentence; null when it is right.</param>
    public static bool Verify(string responseHeader, ReadOnlySpan<byte> challenge, IPAddress receiver, out string? whyNot)
    {
        whyNot = Judge(responseHeader, challenge, AddressBytes(receiver));
        return whyNot is null;
    }

    private static string? Judge(string responseHeader, ReadOnlySpan<byte> challenge, ReadOnlySpan<byte> address)
    {
        if (Base64Text.Decode(responseHeader) is not { Length: AirPortExpressKey.Size } signature) return "Apple-Response is not 256 bytes of base64.";
        if (!AirPortExpressKey.TryRecover(signature, out byte[] recovered)) return "Apple-Response is not signed with the AirPort Express key.";
        ReadOnlySpan<byte> message = recovered;
        int signed = Size + address.Length + HardwareAddressSize;
        if (!message.StartsWith(challenge)) return "Apple-Response answers another challenge.";
        if (!message[challenge.Length..].StartsWith(address)) return "Apple-Response was signed for another address; is there address translation between?";
        int full = address.Length == 4 ? IPv4Message : IPv6Message;
        bool knownForm = (message.Length == signed || message.Length == full) && !message[signed..].ContainsAnyExcept((byte)0);
        return knownForm ? null : $"Apple-Response signs {message.Length} bytes of a form not known.";
    }

    private static byte[] AddressBytes(IPAddress address) => (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).GetAddressBytes();
}
