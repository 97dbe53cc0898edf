using System.Net;
using Raop.Rtsp;

namespace Raop.Sending;

/// <summary>What devices mean by their refusals (docs/protocol/devices.md).</summary>
internal static class DeviceErrors
{
    private const int Pairing = 470, OriginError = 520;

    /// <summary>An answer other than 200 to a request that matters.</summary>
    /// <param name="choice">How we went about it.</param>
    /// <param name="reply">The answer.</param>
    /// <param name="method">The request's method.</param>
    /// <param name="authSetup">Its answer to auth-setup, or null when it was not asked.</param>
    /// <param name="local">Our address.</param>
    public static RaopException Refusal(SenderChoice choice, RtspResponse reply, string method, int? authSetup, IPAddress local)
    {
        string said = $"The receiver answered {method} with {reply.StatusCode} {reply.Reason}";
        if (WantsPairing(choice, reply.StatusCode, method)) return Unpaired(choice, said);
        return reply.StatusCode switch
        {
            RtspStatus.NotEnoughBandwidth or RtspStatus.Conflict => new RaopException(
                RaopError.Busy, $"{said}: somebody else plays to it.", "Stop the other sender, or try again when it has finished."),
            RtspStatus.Forbidden => new RaopException(
                RaopError.Rejected, $"{said}: it does not let this sender in{(authSetup is null ? "" : $", though it was asked by auth-setup (answer {authSetup})")}.",
                choice.Device.Pairing == PairingHabit.Never
                    ? "Restart it; after too many wrong passwords wait a minute."
                    : "An Apple TV or HomePod must allow everyone on the same network; after too many wrong passwords wait a minute."),
            RtspStatus.NotAcceptable => new RaopException(
                RaopError.Rejected, $"{said}: it takes no RSA key.", "Play with --encryption none or auto."),
            RtspStatus.HeaderFieldNotValid when method == "ANNOUNCE" => new RaopException(
                RaopError.Rejected, $"{said}: it cannot read the key.", "Play with --encryption none or auto."),
            RtspStatus.InternalError when IsLinkLocal(local) => new RaopException(
                RaopError.Rejected, $"{said}; it may not take a sender with the address {local}.", "Give this computer an address of the network, by DHCP or by hand."),
            OriginError => new RaopException(
                RaopError.Rejected, $"{said}: it does not reach our clock.", "Open the UDP ports of this program in the firewall, or choose others with --udp-ports."),
            RtspStatus.InternalError when method == "SETUP" => new RaopException(
                RaopError.Rejected, $"{said}.",
                Remedy(choice, "See the receiver's log: it may have no port free for audio. A receiver in an odd state comes back when it is restarted.")),
            _ => new RaopException(RaopError.Rejected, $"{said}.", Remedy(choice, "Run again with -v to see the whole conversation.")),
        };
    }

    /// <summary>Nothing came back from SETUP.</summary>
    public static RaopException Silence(SenderChoice choice, RaopException inner) => choice.Device.Hint.Length == 0 ? inner
        : new RaopException(inner.Error, $"{inner.Message} This is a {choice.Device.Name}.", choice.Device.Hint, inner);

    /// <summary>It wants a password. An AirPort with one sets the flags of a PIN, which other senders then ask for.</summary>
    public static RaopException Password(SenderChoice choice, RaopException inner) =>
        choice.Device.Pairing == PairingHabit.Never && (choice.Speaker.StatusFlags & 0x208) != 0
            ? new RaopException(inner.Error, inner.Message, $"{inner.Remedy} It is the password of its settings, not a code.", inner)
            : inner;

    private static bool WantsPairing(SenderChoice choice, int status, string method) =>
        status == Pairing
        || (choice.IsKnown && method is "OPTIONS" or "ANNOUNCE" && choice.Device.WantsPairing(choice.Speaker)
            && status is RtspStatus.BadRequest or RtspStatus.Forbidden or RtspStatus.InternalError);

    private static RaopException Unpaired(SenderChoice choice, string said) => new(
        RaopError.PairingRequired, $"{said}: it plays only for those that it was paired with.",
        Remedy(choice, "Let everyone on the same network play to it, in its settings or in the Home app; Raop does not pair."));

    private static string Remedy(SenderChoice choice, string usual) =>
        choice.Device.Hint.Length > 0 ? choice.Device.Hint : usual;

    private static bool IsLinkLocal(IPAddress address) =>
        address.IsIPv6LinkLocal || (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).GetAddressBytes() is [169, 254, ..];
}
