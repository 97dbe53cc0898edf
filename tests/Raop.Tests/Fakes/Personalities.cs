using Raop.Metadata;
using Raop.Security;

namespace Raop.Tests.Fakes;

/// <summary>Devices as they announce themselves and behave, as far as somebody saw it (docs/protocol/devices.md).</summary>
internal static class Personalities
{
    private const MetadataKinds All = MetadataKinds.Text | MetadataKinds.Artwork | MetadataKinds.Progress;
    private const string Key = "pk=b07727d6f6cd6e08b58ede525ec3cdeaa252ad9f683feb212ef8a205246554e7";
    private const string AppleTv4 = $"cn=0,1,2,3 da=true et=0,3,5 ft=0x5A7FFFF7,0x1E md=0,1,2 am=AppleTV5,3 {Key} sf=0x10244 tp=UDP vn=65537 vs=366.75.2 ov=11.4 vv=2";
    private const string AppleTv4K = $"cn=0,1,2,3 da=true et=0,3,5 ft=0x5A7FFFF7,0x1E md=0,1,2 am=AppleTV6,2 {Key} sf=0x30644 tp=UDP vn=65537 vs=415.3 vv=2";
    private const string HomePod = $"cn=0,1,2,3 da=true et=0,3,5 ft=0x4A7FCA00,0x56BD0 sf=0x404 md=0,1,2 am=AudioAccessory1,1 {Key} tp=UDP vn=65537 vs=356.19 ov=11.2.5 vv=2";
    private const string Aex2004 = "txtvers=1 vn=3 pw=false sr=44100 ss=16 ch=2 cn=1 et=1 ek=1 sv=false sm=false";
    private const string Aex2 = "txtvers=1 ch=2 cn=0,1 ek=1 et=0,1 sv=false da=true sr=44100 ss=16 pw=false vn=65537 tp=TCP,UDP vs=102.2 am=AirPort4,107 fv=75200.14";
    private const string Sync = "sf=0x4 fv=3.3.8 am=ShairportSync vs=105.1 tp=TCP,UDP vn=65537 md=0,1,2 ss=16 sr=44100 da=true sv=false et=0,1 ek=1 cn=0,1 ch=2 txtvers=1 pw=false";
    private const string Sonos = $"cn=0,1 da=true et=0,4 ft=0x445F8A00,0x1C340 fv=p20.78.1 sf=0x4 md=0,1,2 am=One {Key} tp=UDP vn=65537 vs=366.0";
    private const string Maker = "txtvers=1 ch=2 cn=0,1 da=true et=0,4 sv=false sr=44100 ss=16 pw=false vn=65537 tp=UDP";

    /// <summary>Those of which something is known.</summary>
    public static IReadOnlyList<Personality> Known { get; } =
    [
        new("AirPort Express 2004", "AirPort Express of 2004", Aex2004)
        {
            Server = null, Tcp = true, Udp = false, Key = KeyHabit.Needs, Transport = RaopTransport.Tcp, Encrypted = true,
            Session = "80B6E4C0",
        },
        new("AirPort Express 2004 with a password", "AirPort Express of 2004", Aex2004.Replace("pw=false", "pw=true", StringComparison.Ordinal))
        {
            Server = null, Tcp = true, Udp = false, Key = KeyHabit.Needs, Transport = RaopTransport.Tcp, Encrypted = true,
            Password = "TuneItUp", Digest = DigestForm.UpperHex, Options = new RaopSenderOptions { Password = "TuneItUp" },
            Steps = "OPTIONS OPTIONS ANNOUNCE SETUP RECORD",
        },
        new("AirPort Express 802.11g", "AirPort Express 802.11g, later firmware", "tp=TCP,UDP sm=false sv=false ek=1 et=0,1 cn=0,1 ch=2 ss=16 sr=44100 pw=false vn=3 txtvers=1")
        {
            Server = null, Tcp = true, Key = KeyHabit.Needs, Encrypted = true, Metadata = MetadataKinds.Progress,
        },
        new("AirPort Express 802.11n", "AirPort Express 802.11n, first", Aex2 + " sf=0x5")
        {
            Server = "AirTunes/102.2", Tcp = true, Key = KeyHabit.Takes, Encrypted = true, Metadata = MetadataKinds.Progress,
        },
        new("AirPort with a password and the PIN bit", "AirPort Express 802.11n, first", Aex2 + " sf=0x285")
        {
            Server = "AirTunes/102.2", Key = KeyHabit.Takes, Encrypted = true, Metadata = MetadataKinds.Progress, Password = "secret",
            Options = new RaopSenderOptions { Password = "secret" }, Steps = "OPTIONS OPTIONS ANNOUNCE SETUP RECORD",
        },
        new("AirPort with the PIN bit and no password given", "AirPort Express 802.11n, first", Aex2 + " sf=0x285")
        {
            Password = "secret", Steps = "OPTIONS", Error = RaopError.PasswordRequired, Says = "not a code",
        },
        new("AirPort with the PIN bit and a wrong password", "AirPort Express 802.11n, first", Aex2 + " sf=0x285")
        {
            Password = "secret", Options = new RaopSenderOptions { Password = "Secret" }, Steps = "OPTIONS OPTIONS OPTIONS", Error = RaopError.WrongPassword,
        },
        new("AirPort Express 2012, firmware 7.6", "AirPort Express of 2012, firmware 7.6", "txtvers=1 ch=2 cn=0,1 et=0,4 sv=false da=true sr=44100 ss=16 pw=false vn=65537 tp=TCP,UDP vs=105.1 am=AirPort10,115 fv=76500.6 sf=0x0")
        {
            Metadata = MetadataKinds.Progress,
        },
        new("AirPort Express 2012, firmware 7.8", "AirPort Express of 2012, firmware 7.8", "txtvers=1 ch=2 cn=0,1 et=0,4 sv=false da=true sr=44100 ss=16 pw=false vn=65537 tp=TCP,UDP vs=366.0 am=AirPort10,115 fv=78000.12 sf=0x0")
        {
            Server = "AirTunes/366.0", AuthSetup = AuthSetupHabit.Needs, Metadata = MetadataKinds.Progress, Steps = "OPTIONS POST ANNOUNCE SETUP RECORD",
        },
        new("AirPort Express 2012, firmware 7.8, with the old version in its record", "AirPort Express of 2012, firmware 7.6", "et=0,4 cn=0,1 tp=UDP vn=65537 vs=105.1 am=AirPort10,115")
        {
            AuthSetup = AuthSetupHabit.Needs, Metadata = MetadataKinds.Progress, Steps = "OPTIONS ANNOUNCE POST ANNOUNCE SETUP RECORD",
        },
        new("AirPort that refuses", "AirPort Express of 2012, firmware 7.6", "et=0,4 cn=0,1 tp=UDP vn=65537 vs=105.1 am=AirPort10,115")
        {
            Refuses = new Dictionary<string, int> { ["ANNOUNCE"] = 500 }, Metadata = MetadataKinds.Progress, Steps = "OPTIONS ANNOUNCE", Error = RaopError.Rejected, Says = "500",
        },
        new("Apple TV 1", "Apple TV 1", "txtvers=1 vn=65537 cn=0,1 et=0,2 ek=0 am=AppleTV1,1 tp=TCP,UDP") { Tcp = true },
        new("Apple TV 2", "Apple TV 2", "sf=0x4 am=AppleTV2,1 vs=130.14 md=0,1,2 tp=UDP vn=65537 pw=false ss=16 sr=44100 da=true sv=false et=0,3,5 cn=0,1,2,3 ch=2 txtvers=1")
        {
            Server = "AirTunes/130.14", AsksTheTimeFirst = true, AudioLatency = 2205, Metadata = All,
        },
        new("Apple TV 3", "Apple TV 3", $"vv=2 vs=200.54 vn=65537 tp=UDP sf=0x44 {Key} am=AppleTV3,1 md=0,1,2 ft=0x5A7FFFF7,0xE et=0,3,5 da=true cn=0,1,2,3")
        {
            Server = "AirTunes/200.54", ChallengeDisturbs = true, AsksTheTimeFirst = true, Metadata = All,
        },
        new("Apple TV 3 that wants to be paired with", "Apple TV 3", $"vv=2 vs=220.68 vn=65537 tp=UDP sf=0x244 {Key} am=AppleTV3,1 md=0,1,2 et=0,3,5 cn=0,1,2,3")
        {
            Refuses = new Dictionary<string, int> { ["ANNOUNCE"] = 403 }, Steps = "OPTIONS ANNOUNCE", Error = RaopError.PairingRequired, Says = "Apple TV",
        },
        new("Apple TV 4", "Apple TV 4", AppleTv4)
        {
            Server = "AirTunes/366.75.2", AsksTheTimeFirst = true, AudioLatency = 3035, Metadata = All, DropsAfter = 30, Seconds = 33, KeepAlive = "POST",
            TransportReply = "RTP/AVP/UDP;unicast;mode=record;server_port=6100;control_port=6101;timing_port=0",
        },
        new("Apple TV 4 that knows no feedback", "Apple TV 4", AppleTv4)
        {
            Refuses = new Dictionary<string, int> { ["POST"] = 501 }, Metadata = All, DropsAfter = 30, Seconds = 52, KeepAlive = "POST OPTIONS",
        },
        new("Apple TV 4K of one household", "Apple TV 4K", AppleTv4K)
        {
            Refuses = new Dictionary<string, int> { ["OPTIONS"] = 403 }, Steps = "OPTIONS", Error = RaopError.PairingRequired, Says = "everyone on the same network",
        },
        new("HomePod", "HomePod, HomePod mini", HomePod)
        {
            Server = "AirTunes/356.19", AsksTheTimeFirst = true, Metadata = All, DropsAfter = 30, Seconds = 33, KeepAlive = "POST",
            TransportReply = "RTP/AVP/UDP;unicast;mode=record;server_port=6100;control_port=6101;timing_port=0",
        },
        new("HomePod of one household", "HomePod, HomePod mini", HomePod)
        {
            Refuses = new Dictionary<string, int> { ["ANNOUNCE"] = 400 }, Steps = "OPTIONS ANNOUNCE", Error = RaopError.PairingRequired, Says = "Home app",
        },
        new("HomePod with a password of the household", "HomePod, HomePod mini", HomePod)
        {
            Refuses = new Dictionary<string, int> { ["ANNOUNCE"] = 500 }, Steps = "OPTIONS ANNOUNCE", Error = RaopError.PairingRequired, Says = "without a password",
        },
        new("HomePod that cannot reach our clock", "HomePod, HomePod mini", HomePod)
        {
            Refuses = new Dictionary<string, int> { ["SETUP"] = 520 }, Steps = "OPTIONS ANNOUNCE SETUP SETUP", Error = RaopError.Rejected, Says = "firewall",
        },
        new("HomePod whose firmware stumbles", "HomePod, HomePod mini", HomePod)
        {
            Stumbles = new Dictionary<string, int> { ["SETUP"] = 520 }, Metadata = All, Steps = "OPTIONS ANNOUNCE SETUP SETUP RECORD",
        },
        new("Mac for its own user alone", "Mac as receiver", $"cn=0,1,2,3 da=true et=0,3,5 md=0,1,2 am=Mac14,2 {Key} sf=0x204 tp=UDP vn=65537 vs=670.6.2")
        {
            Refuses = new Dictionary<string, int> { ["OPTIONS"] = 403 }, Steps = "OPTIONS", Error = RaopError.PairingRequired, Says = "AirPlay Receiver",
        },
        new("Sonos", "Sonos", Sonos)
        {
            Server = "AirTunes/366.0", AuthSetup = AuthSetupHabit.Needs, Metadata = All, Steps = "OPTIONS POST ANNOUNCE SETUP RECORD",
        },
        new("Sonos in an odd state", "Sonos", Sonos)
        {
            AuthSetup = AuthSetupHabit.Needs, Stumbles = new Dictionary<string, int> { ["SETUP"] = 500 }, Metadata = All,
            Steps = "OPTIONS POST ANNOUNCE SETUP SETUP RECORD",
        },
        new("Sonos that stays in an odd state", "Sonos", Sonos.Replace("sf=0x4", "sf=0x204", StringComparison.Ordinal))
        {
            AuthSetup = AuthSetupHabit.Needs, Refuses = new Dictionary<string, int> { ["SETUP"] = 500 }, Steps = "OPTIONS POST ANNOUNCE SETUP SETUP",
            Error = RaopError.Rejected, Says = "restarted",
        },
        new("Sonos with the PIN bit that refuses all", "Sonos", Sonos.Replace("sf=0x4", "sf=0x204", StringComparison.Ordinal))
        {
            AuthSetup = AuthSetupHabit.Takes, Refuses = new Dictionary<string, int> { ["ANNOUNCE"] = 403 }, Steps = "OPTIONS POST ANNOUNCE",
            Error = RaopError.Rejected, Says = "auth-setup (answer 200)",
        },
        new("Bose SoundTouch", "Bose SoundTouch", "cn=0,1 da=true et=0,4 sf=0x4 md=0,1,2 am=SoundTouch 20 tp=UDP vn=65537 vs=366.0")
        {
            Server = "AirTunes/366.0", Ignores = ["SETUP"], Steps = "OPTIONS ANNOUNCE SETUP", Error = RaopError.Timeout, Says = "AirPlay 2 alone", Within = 5.2,
        },
        new("Airfoil Speakers", "Airfoil Speakers", "rastx=iafs sm=false raver=3.5.3.0 ek=1 md=0,1,2 ramach=Win32NT.6 et=0,1 cn=0,1 sr=44100 ss=16 raAudioFormats=ALAC raflakyzeroconf=true pw=false rast=afs vn=3 sv=false txtvers=1 ch=2 tp=UDP")
        {
            Server = null, Key = KeyHabit.Takes, Encrypted = true, Metadata = All,
        },
        new("Kodi", "Kodi, XBMC", "am=Xbmc,1 md=0,1,2 vs=130.14 da=true vn=3 pw=false sr=44100 ss=16 sm=false tp=UDP sv=false et=0,1 ek=1 ch=2 cn=0,1 txtvers=1")
        {
            Server = "AirTunes/130.14", Key = KeyHabit.Takes, Encrypted = true, Metadata = All, Session = "DEADBEEF", Realm = "airplay",
            TransportReply = "RTP/AVP/UDP;unicast;mode=record;timing_port=0;events;control_port=6101;server_port=6100",
        },
        new("shairplay with a password", "shairplay", "txtvers=1 ch=2 cn=0,1 et=0,1 sv=false da=true sr=44100 ss=16 pw=true vn=3 tp=TCP,UDP md=0,1,2 vs=130.14 am=AppleTV2,1 sm=false ek=1")
        {
            Server = "AirTunes/130.14", Tcp = true, Key = KeyHabit.Takes, Encrypted = true, Metadata = All, Session = "DEADBEEF", Realm = "airplay",
            Password = "secret", Options = new RaopSenderOptions { Password = "secret" }, Steps = "OPTIONS OPTIONS ANNOUNCE SETUP RECORD",
            TransportReply = "RTP/AVP/UDP;unicast;mode=record;timing_port=0;events;control_port=6101;server_port=6100",
        },
        new("shairport-sync", "shairport-sync", Sync) { Key = KeyHabit.Takes, Encrypted = true, AudioLatency = 11_025, Metadata = All },
        new("shairport-sync that plays already", "shairport-sync", Sync)
        {
            Refuses = new Dictionary<string, int> { ["ANNOUNCE"] = 453 }, Steps = "OPTIONS ANNOUNCE", Error = RaopError.Busy, Says = "somebody else",
        },
        new("shairport-sync, old, that cannot read a key", "shairport-sync", Sync.Replace("md=0,1,2", "md=0,2", StringComparison.Ordinal))
        {
            KeyRefusal = 456, Metadata = MetadataKinds.Text | MetadataKinds.Progress, Steps = "OPTIONS ANNOUNCE ANNOUNCE SETUP RECORD",
        },
        new("shairport 1.0", "shairport 1.0", "pw=false txtvers=1 vn=3 sr=44100 ss=16 ch=2 cn=0,1 et=0,1 ek=1 sm=false tp=UDP")
        {
            Server = null, Key = KeyHabit.Needs, Encrypted = true, TransportReply = "RTP/AVP/UDP;unicast;mode=record;timing_port=6102;events;control_port=6101;server_port=6100",
        },
        new("UxPlay", "UxPlay", $"ch=2 cn=0,1,2,3 da=true et=0,3,5 vv=2 ft=0x5A7FFEE6,0x0 am=AppleTV3,2 md=0,1,2 rhd=5.6.0.0 pw=false sr=44100 ss=16 sv=false tp=UDP txtvers=1 sf=0x4 vs=220.68 vn=65537 {Key}")
        {
            Server = "AirTunes/220.68", Metadata = All,
        },
        new("UxPlay with -pin", "UxPlay", $"cn=0,1,2,3 et=0,3,5 am=AppleTV3,2 md=0,1,2 tp=UDP sf=0x8c vs=220.68 vn=65537 {Key}")
        {
            Refuses = new Dictionary<string, int> { ["OPTIONS"] = 470 }, Steps = "OPTIONS", Error = RaopError.PairingRequired, Says = "-pin",
        },
        new("Sony STR-DN1040", "Sony", "fv=s9327.1090.0 am=STR-DN1040 vs=141.9 vn=65537 tp=UDP ss=16 sr=44100 sv=false pw=false md=0,2 ft=0x44F0A00 et=0,4 da=true cn=0,1 ch=2 txtvers=1")
        {
            Server = "AirTunes/141.9", AuthSetup = AuthSetupHabit.MuteAfter, Metadata = MetadataKinds.Text | MetadataKinds.Progress,
        },
        new("Yamaha HTR-4066", "Yamaha", $"{Maker} ft=0x44F0A00 md=0,2 vs=141.9 am=HTR-4066 fv=s9239.1034.0")
        {
            AuthSetup = AuthSetupHabit.MuteAfter, Metadata = MetadataKinds.Text | MetadataKinds.Progress,
        },
        new("Pioneer N-30", "Pioneer", $"{Maker} md=0,1,2 vs=103.2 am=PIONEER,1") { Metadata = All, Latency = TimeSpan.FromMilliseconds(2352) },
        new("Pioneer, when the user knows better", "Pioneer", $"{Maker} md=0,1,2 vs=103.2 am=PIONEER,1")
        {
            Metadata = All, Latency = TimeSpan.FromSeconds(1.5), Options = new RaopSenderOptions { Latency = TimeSpan.FromSeconds(1.5) },
        },
        new("Marantz NR1506", "Marantz, Denon", $"{Maker} md=0,1,2 vs=190.9 am=NR1506") { Server = "AirTunes/190.9", AuthSetupStatus = 500, Metadata = All },
        new("An amplifier that fails auth-setup and plays", "anything else", "cn=0,1 et=4 tp=UDP vn=65537 vs=190.9 am=DSP9")
        {
            AuthSetupStatus = 500, Steps = "OPTIONS POST ANNOUNCE SETUP RECORD",
        },
        new("An amplifier that takes its time", "anything else", $"{Maker} vs=190.9 am=DSP9") { AudioLatency = 132_300, Latency = TimeSpan.FromSeconds(3) },
        new("JB2", "JB2 streaming module", "fv=95.8947 am=JB2 Gen vs=103.2 tp=UDP vn=65537 pw=false ss=16 sr=44100 da=true sv=false et=0,4 cn=0,1 ch=2 txtvers=1")
        {
            Server = "AirTunes/103.2", AuthSetup = AuthSetupHabit.Needs, Steps = "OPTIONS ANNOUNCE POST ANNOUNCE SETUP RECORD",
        },
        new("Eufy Genie", "Eufy Genie", "txtvers=1 ch=2 cn=0,1 et=0,1 ek=1 md=0,1,2 sr=44100 ss=16 vn=65537 tp=UDP vs=190.9 am=Genie")
        {
            Key = KeyHabit.Takes, Encrypted = true, ComparesRecord = true, Metadata = All,
        },
        new("AirPlay 2 speaker", "AirPlay 2 speaker", $"cn=0,1 da=true et=0,4 ft=0x445F8A00,0x4C340 sf=0x4 md=0,1,2 am=SOUNDFORM CONNECT {Key} tp=UDP vn=65537 vs=366.0")
        {
            Server = "AirTunes/366.0", AuthSetup = AuthSetupHabit.Needs, Metadata = All, Session = null, Steps = "OPTIONS POST ANNOUNCE SETUP RECORD",
        },
        new("AirPlay 2 speaker that says 403 to OPTIONS", "anything else", "cn=0,1 et=0,4 md=0,1,2 am=SP1 tp=UDP vn=65537 vs=366.0")
        {
            Stumbles = new Dictionary<string, int> { ["OPTIONS"] = 403 }, AuthSetup = AuthSetupHabit.Needs, Metadata = All, Steps = "OPTIONS POST ANNOUNCE SETUP RECORD",
        },
        new("A speaker of PCM alone", "anything else", "cn=0 et=0 md=2 tp=UDP vn=65537 am=SP2") { Codec = RaopCodec.Pcm, Metadata = MetadataKinds.Progress },
        new("A speaker that takes no UDP", "anything else", "cn=0,1 et=0,1 tp=TCP,UDP vn=65537 am=SP3")
        {
            Udp = false, Tcp = true, Key = KeyHabit.Takes, Encrypted = true, Transport = RaopTransport.Tcp, Steps = "OPTIONS ANNOUNCE SETUP OPTIONS ANNOUNCE SETUP RECORD",
        },
        new("A speaker that announces no encryption and needs it", "anything else", "cn=0,1 et=0 tp=UDP vn=65537 am=SP4")
        {
            Key = KeyHabit.Needs, Encrypted = true, Steps = "OPTIONS ANNOUNCE OPTIONS ANNOUNCE SETUP RECORD",
        },
    ];
}
