using Raop.Metadata;

namespace Raop.Sending;

/// <summary>What is known of devices, as data. The first row that fits counts. docs/protocol/devices.md shows it to people.</summary>
internal static class DeviceTable
{
    private const MetadataKinds All = MetadataKinds.Text | MetadataKinds.Artwork | MetadataKinds.Progress;

    private const string AllowAppleTv =
        "On the Apple TV, under Settings, AirPlay and HomeKit, allow access to everyone on the same network, without a code or password.";

    private const string AllowHomePod =
        "In the Home app, under Home Settings, Speakers & TV, allow access to everyone on the same network, without a password.";

    private const string AllowMac =
        "On the Mac, under System Settings, General, AirDrop & Handoff, let the AirPlay Receiver take everyone on the same network, without a password.";

    /// <summary>A bare address: nothing is known but what it answers.</summary>
    public static readonly DeviceProfile Unasked = new("address alone", "", "")
    {
        Encryption = RaopEncryption.Rsa, Metadata = All,
    };

    /// <summary>A record that fits no other row.</summary>
    public static readonly DeviceProfile Unknown = new("anything else", "", "the record; senders agree on this");

    /// <summary>All rows, first to last; the last one fits everything.</summary>
    public static IReadOnlyList<DeviceProfile> Rows { get; } =
    [
        // Programs, before the devices whose names they bear.
        new("Raop", "am=Raop*", "this project") { Pairing = PairingHabit.Never },
        new("Airfoil Speakers", "rast", "record; shairport-sync issue 467") { Pairing = PairingHabit.Never },
        new("Kodi, XBMC", "am=Xbmc,*|Kodi,*", "record of version 13") { Pairing = PairingHabit.Never },
        new("shairport-sync", "am=ShairportSync*", "own measurements, docs/interop.md") { Pairing = PairingHabit.Never },
        new("shairplay", "am=AppleTV2,1; et~1", "its source; own measurements, docs/interop.md") { Pairing = PairingHabit.Never },
        new("UxPlay", "am=AppleTV3,2; vs=220.68", "its source")
        {
            Encryption = RaopEncryption.None, AuthSetup = false, Hint = "UxPlay lets in whom it knows: start it without -pin and -restrict.",
        },
        new("shairport 1.0", "!am; !vs; tp=UDP; et~1", "record") { Pairing = PairingHabit.Never },

        // AirPort Express. Text metadata gives an error from each (pyatv pull request 1098, OwnTone issue 577).
        new("AirPort Express of 2004", "!am; !tp; vn=3", "exchange of 2004, testdata/vectors")
        {
            Transport = RaopTransport.Tcp, Encryption = RaopEncryption.Rsa, AuthSetup = false, Metadata = MetadataKinds.None,
            Pairing = PairingHabit.Never, // it closes the connection on an announcement without key
        },
        new("AirPort Express 802.11g, later firmware", "!am; tp=TCP,UDP; vn=3", "record; OwnTone")
        {
            Encryption = RaopEncryption.Rsa, AuthSetup = false, Metadata = MetadataKinds.Progress, Pairing = PairingHabit.Never,
        },
        new("AirPort Express 802.11n, first", "am=AirPort4,*", "record; OwnTone, shairport-sync issue 816")
        {
            Metadata = MetadataKinds.Progress, Pairing = PairingHabit.Never,
        },
        new("AirPort Express of 2012, firmware 7.6", "am=AirPort10,*; vs=105.*", "record; OwnTone")
        {
            Encryption = RaopEncryption.None, Metadata = MetadataKinds.Progress, Pairing = PairingHabit.Never,
        },
        new("AirPort Express of 2012, firmware 7.8", "am=AirPort10,*", "pyatv pull request 1098; 403 without auth-setup, 406 with a key")
        {
            Encryption = RaopEncryption.AuthSetup, Metadata = MetadataKinds.Progress, Pairing = PairingHabit.Never,
        },
        new("AirPort of another kind", "am=AirPort*", "the rows above") { Metadata = MetadataKinds.Progress, Pairing = PairingHabit.Never },

        // Apple TV, HomePod, Mac. A challenge disturbs an Apple TV 3 with 6.0 or later (OwnTone), and none holds the AirPort key.
        new("Apple TV 1", "am=AppleTV1,*", "record") { Encryption = RaopEncryption.None, AuthSetup = false, Pairing = PairingHabit.Never },
        new("Apple TV 2", "am=AppleTV2,*", "capture of iTunes 10.6; OwnTone") { Encryption = RaopEncryption.None, AuthSetup = false, Hint = AllowAppleTv },
        new("Apple TV 3", "am=AppleTV3,*", "record; OwnTone") { Encryption = RaopEncryption.None, AuthSetup = false, Hint = AllowAppleTv },
        new("Apple TV 4", "am=AppleTV5,*", "record; libraop issues 8, 39, 44")
        {
            Encryption = RaopEncryption.None, AuthSetup = false, KeepAlive = KeepAliveHabit.Feedback, Pairing = PairingHabit.Always, Hint = AllowAppleTv,
        },
        new("Apple TV 4K", "am=AppleTV6,*|AppleTV11,*|AppleTV14,*", "record; OwnTone issue 734")
        {
            Encryption = RaopEncryption.None, AuthSetup = false, KeepAlive = KeepAliveHabit.Feedback, Pairing = PairingHabit.Always, Hint = AllowAppleTv,
        },
        new("HomePod, HomePod mini", "am=AudioAccessory*", "record; OwnTone issues 902, 1752; libraop issue 44")
        {
            Encryption = RaopEncryption.None, AuthSetup = false, KeepAlive = KeepAliveHabit.Feedback, PrefersIpv4 = true,
            Pairing = PairingHabit.Always, Hint = AllowHomePod,
        },
        new("Mac as receiver", "am=Mac*|iMac*", "pyatv issue 2347; otherwise as an Apple TV 4K (assumed)")
        {
            Encryption = RaopEncryption.None, AuthSetup = false, KeepAlive = KeepAliveHabit.Feedback, Pairing = PairingHabit.Always, Hint = AllowMac,
        },

        // Other makers. A challenge makes no sense where no key is used.
        new("Sonos", "am=One*|Beam*|Play*|Arc*|Amp*|Port*|Move*|Roam*|Five*|Era*|Ray*|Bookshelf*|Symfonisk*|Sonos*; et~4", "OwnTone issues 557, 1016, 1048")
        {
            Encryption = RaopEncryption.AuthSetup, KeepAlive = KeepAliveHabit.Feedback, Pairing = PairingHabit.Never,
            Hint = "A Sonos in an odd state comes back when it is restarted.",
        },
        new("Bose SoundTouch", "am=SoundTouch*|Bose*", "Music Assistant issue 6084; the model's name is assumed")
        {
            ReplyLimit = TimeSpan.FromSeconds(5), Pairing = PairingHabit.Never,
            Hint = "It announces AirPlay 1 and leaves SETUP without an answer; it plays by AirPlay 2 alone.",
        },
        new("Yamaha", "am=RX-*|HTR-*|TSR-*|R-N*|CRX-*|Yamaha*", "pyatv issues 134, 1134: mute after auth-setup")
        {
            AuthSetup = false, Pairing = PairingHabit.Never,
        },
        new("Pioneer", "am=PIONEER,*", "PulseAudio") { LeastLatency = TimeSpan.FromMilliseconds(2352), AuthSetup = false, Pairing = PairingHabit.Never },
        new("Marantz, Denon", "am=NR1*|SR*|NA-*|M-CR*|Marantz*|AVR-*|CEOL*|DNP-*|Denon*", "Music Assistant issue 6234, OwnTone issue 2002: 500 to auth-setup")
        {
            AuthSetup = false, Pairing = PairingHabit.Never,
        },
        new("Sony", "am=STR-*", "record; same platform as Yamaha") { AuthSetup = false, Pairing = PairingHabit.Never },
        new("JB2 streaming module", "am=JB2*", "record") { Pairing = PairingHabit.Never },
        new("Eufy Genie", "am=eufy*|Genie*", "OwnTone issue 1977; the model's name is assumed") { Pairing = PairingHabit.Never },
        new("AirPlay 2 speaker", "pk; et~4", "shairport-sync, OwnTone issue 557")
        {
            Encryption = RaopEncryption.AuthSetup, KeepAlive = KeepAliveHabit.Feedback,
            Hint = "In the Home app allow the speaker to everyone on the same network; some speakers play by AirPlay 2 alone.",
        },
        Unknown,
    ];

    /// <summary>The first row that fits.</summary>
    public static DeviceProfile Find(RaopSpeaker speaker) => speaker.Txt is { Count: > 0 } ? Rows.First(row => DeviceMatch.Fits(row.Match, speaker)) : Unasked;
}
