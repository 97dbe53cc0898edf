using System.Net;
using Raop.Metadata;
using Raop.Rtsp;
using Raop.Sending;
using Raop.Tests.Fakes;
using Raop.Tests.Security;

namespace Raop.Tests.Sending;

public sealed class DeviceTableTests
{
    private static readonly IPEndPoint Address = new(IPAddress.Parse("10.0.1.103"), 5000);

    [Fact]
    public void The_document_shows_the_table()
    {
        string file = Path.Combine(Vectors.Folder, "..", "..", "docs", "protocol", "devices.md");
        string expected = string.Join('\n', DeviceTable.Rows.Prepend(DeviceTable.Unasked).Select(Line));
        string[] lines = File.ReadAllText(file).ReplaceLineEndings("\n").Split('\n');
        int first = Array.FindIndex(lines, static l => l.StartsWith("| address alone", StringComparison.Ordinal));
        Assert.True(first > 0, "The table is missing. It is:\n" + expected);
        string shown = string.Join('\n', lines.Skip(first).TakeWhile(static l => l.StartsWith('|')));
        Assert.True(expected == shown, "The table is:\n" + expected);
    }

    [Theory]
    [InlineData("am=airport10,115 vs=105.1", "AirPort Express of 2012, firmware 7.6")] // models have no case
    [InlineData("am=AirPort10,115 vs=366.0", "AirPort Express of 2012, firmware 7.8")]
    [InlineData("am=AirPort10,115", "AirPort Express of 2012, firmware 7.8")]
    [InlineData("am=AirPort7,120 et=0,4", "AirPort of another kind")]
    [InlineData("am= vn=3 cn=1 et=1", "AirPort Express of 2004")] // an empty value is none
    [InlineData("am=AppleTV2,1 et=0,3", "Apple TV 2")]
    [InlineData("am=AppleTV2,1 et=0,1", "shairplay")]
    [InlineData("am=AppleTV11,1", "Apple TV 4K")]
    [InlineData("am=AudioAccessory6,1", "HomePod, HomePod mini")]
    [InlineData("am=MacBookPro18,3", "Mac as receiver")]
    [InlineData("am=One et=0,1", "anything else")]
    [InlineData("am=Zeppelin et=0,4 pk=12", "AirPlay 2 speaker")]
    [InlineData("am=Zeppelin et=0,4 pk=", "anything else")]
    [InlineData("am=Zeppelin et=0,44 pk=12", "anything else")]
    [InlineData("x=1", "anything else")]
    public void A_record_is_known_by_its_row(string txt, string row) => Assert.Equal(row, DeviceTable.Find(Speaker(txt)).Name);

    [Theory]
    [InlineData("tp=TCP vn=65537", RaopTransport.Tcp)]
    [InlineData("tp=UDP vn=65537", RaopTransport.Udp)]
    [InlineData("tp=TCP,UDP vn=65537", RaopTransport.Udp)]
    [InlineData("et=0,1 vn=65537", RaopTransport.Udp)] // no tp, and not of 2004
    [InlineData("et=1 vn=3", RaopTransport.Tcp)]
    public void The_transport_is_that_of_the_record(string txt, RaopTransport first)
    {
        Assert.Equal(first, SenderChoice.Of(Speaker(txt), new RaopSenderOptions()).Transport);
        Assert.Equal(2, SenderChoice.Of(Speaker(txt), new RaopSenderOptions()).Transports.Count);
        Assert.Equal([RaopTransport.Tcp], SenderChoice.Of(Speaker(txt), new RaopSenderOptions { Transport = RaopTransport.Tcp }).Transports);
    }

    [Theory]
    [InlineData("et=0,1", RaopEncryption.Rsa, true)]
    [InlineData("et=1", RaopEncryption.Rsa, true)]
    [InlineData("et=0,4", RaopEncryption.None, true)]
    [InlineData("et=4", RaopEncryption.AuthSetup, true)]
    [InlineData("et=4", RaopEncryption.None, false)]
    [InlineData("et=3,5", RaopEncryption.None, true)]
    [InlineData("cn=0,1", RaopEncryption.None, true)]
    public void The_encryption_is_that_of_the_record(string txt, RaopEncryption begin, bool allowAuthSetup)
    {
        SenderChoice choice = SenderChoice.Of(Speaker(txt), new RaopSenderOptions { AllowAuthSetup = allowAuthSetup });
        Assert.Equal((begin, true, begin == RaopEncryption.Rsa), (choice.Encryption, choice.MayChange, choice.Challenge));
    }

    [Theory]
    [InlineData("am=AirPort10,115 vs=366.0 et=0,4", RaopEncryption.Rsa)]
    [InlineData("am=AirPort10,115 vs=366.0 et=0,4", RaopEncryption.None)]
    [InlineData("vn=3 et=1", RaopEncryption.AuthSetup)]
    public void What_the_user_says_outright_goes_first(string txt, RaopEncryption encryption)
    {
        SenderChoice choice = SenderChoice.Of(Speaker(txt), new RaopSenderOptions
        {
            Encryption = encryption, Codec = RaopCodec.Pcm, Transport = RaopTransport.Udp, Latency = TimeSpan.FromSeconds(0.5),
        });
        Assert.Equal((encryption, false), (choice.Encryption, choice.MayChange));
        Assert.Equal((RaopCodec.Pcm, RaopTransport.Udp, TimeSpan.FromSeconds(0.5)), (choice.Codec, choice.Transport, choice.Latency));
    }

    [Fact]
    public void Of_a_bare_address_nothing_is_supposed()
    {
        foreach (RaopSpeaker speaker in new[] { RaopSpeaker.At(Address), RaopSpeaker.At(Address) with { Txt = new Dictionary<string, string>() } })
        {
            SenderChoice choice = SenderChoice.Of(speaker, new RaopSenderOptions());
            Assert.Equal([RaopTransport.Udp, RaopTransport.Tcp], choice.Transports);
            Assert.Equal((RaopEncryption.Rsa, true, true, true), (choice.Encryption, choice.MayChange, choice.AllowAuthSetup, choice.Challenge));
            Assert.Equal((RaopCodec.Alac, false, TimeSpan.FromSeconds(2)), (choice.Codec, choice.SilenceIsRefusal, choice.Latency));
        }
    }

    [Theory]
    [InlineData("am=AppleTV3,1 pk=12 sf=0x244", true)]
    [InlineData("am=AppleTV3,1 sf=0x244", false)] // no key, no pairing
    [InlineData("am=AppleTV3,1 pk=12 sf=0x44", false)]
    [InlineData("am=AppleTV5,3", true)]
    [InlineData("am=AirPort4,107 pk=12 sf=0x208", false)]
    [InlineData("am=Beam et=0,4 pk=12 sf=0x208", false)]
    public void Only_some_mean_pairing_when_they_refuse(string txt, bool means)
    {
        RaopSpeaker speaker = Speaker(txt);
        Assert.Equal(means, DeviceTable.Find(speaker).WantsPairing(speaker));
        RaopException e = Refusal(txt, "ANNOUNCE", 403);
        Assert.Equal(means ? RaopError.PairingRequired : RaopError.Rejected, e.Error);
    }

    [Theory]
    [InlineData("ANNOUNCE", 400, "10.0.1.2", RaopError.Rejected, "-v")]
    [InlineData("ANNOUNCE", 403, "10.0.1.2", RaopError.Rejected, "everyone on the same network")]
    [InlineData("ANNOUNCE", 404, "10.0.1.2", RaopError.Rejected, "-v")]
    [InlineData("ANNOUNCE", 406, "10.0.1.2", RaopError.Rejected, "--encryption")]
    [InlineData("ANNOUNCE", 409, "10.0.1.2", RaopError.Busy, "other sender")]
    [InlineData("ANNOUNCE", 453, "10.0.1.2", RaopError.Busy, "other sender")]
    [InlineData("ANNOUNCE", 456, "10.0.1.2", RaopError.Rejected, "--encryption")]
    [InlineData("ANNOUNCE", 470, "10.0.1.2", RaopError.PairingRequired, "everyone on the same network")]
    [InlineData("ANNOUNCE", 500, "10.0.1.2", RaopError.Rejected, "-v")]
    [InlineData("ANNOUNCE", 500, "169.254.3.4", RaopError.Rejected, "address of the network")]
    [InlineData("ANNOUNCE", 500, "fe80::1", RaopError.Rejected, "address of the network")]
    [InlineData("SETUP", 500, "10.0.1.2", RaopError.Rejected, "restarted")]
    [InlineData("SETUP", 520, "10.0.1.2", RaopError.Rejected, "firewall")]
    public void Every_refusal_has_a_code_a_cause_and_a_remedy(string method, int status, string local, RaopError error, string remedy)
    {
        RaopException e = Refusal("am=SP1 et=0", method, status, local);
        Assert.Equal(error, e.Error);
        Assert.Contains($"{method} with {status}", e.Message, StringComparison.Ordinal);
        Assert.Contains(remedy, e.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void Feedback_is_given_up_where_it_is_not_known()
    {
        var keepAlive = new KeepAlive(KeepAliveHabit.Feedback);
        RtspRequest request = keepAlive.Request();
        Assert.Equal(("POST", "/feedback", TimeSpan.FromSeconds(25)), (request.Method, request.Uri, keepAlive.Interval));
        keepAlive.Answered(RtspResponse.To(request, 200));
        Assert.Equal("POST", keepAlive.Request().Method);
        keepAlive.Answered(RtspResponse.To(request, 404));
        Assert.Equal(("OPTIONS", "*"), (keepAlive.Request().Method, keepAlive.Request().Uri));
        keepAlive.Answered(RtspResponse.To(request, 501));
        Assert.Equal(("OPTIONS", TimeSpan.FromSeconds(25)), (keepAlive.Request().Method, keepAlive.Interval));
    }

    private static RaopException Refusal(string txt, string method, int status, string local = "10.0.1.2") => DeviceErrors.Refusal(
        SenderChoice.Of(Speaker(txt), new RaopSenderOptions()), RtspResponse.To(new RtspRequest(method, "*", new RtspHeaders()), status), method, null, IPAddress.Parse(local));

    private static RaopSpeaker Speaker(string txt) => new Personality("Speaker", "", txt).Speaker(Address);

    private static string Line(DeviceProfile row) => "| " + string.Join(" | ",
        row.Name,
        row.Match.Length == 0 ? "" : $"`{row.Match.Replace("|", "\\|", StringComparison.Ordinal)}`",
        row == DeviceTable.Unasked ? "UDP, then TCP" : row.Transport is { } transport ? $"{transport}".ToUpperInvariant() : "tp",
        row.Encryption switch
        {
            RaopEncryption.Auto => "et",
            RaopEncryption.Rsa => "RSA",
            RaopEncryption.AuthSetup => "auth-setup, clear",
            _ => "clear",
        } + (row.Encryption == RaopEncryption.AuthSetup || row.AuthSetup ? "" : "; never auth-setup"),
        row.Metadata switch
        {
            null => "md",
            MetadataKinds.None => "none",
            MetadataKinds.Progress => "progress",
            _ => "all",
        },
        row.KeepAlive == KeepAliveHabit.Feedback ? "/feedback" : "OPTIONS",
        row.Pairing switch
        {
            PairingHabit.Never => "no",
            PairingHabit.Always => "yes",
            _ => "pk and sf",
        },
        string.Join("; ", Others(row)),
        row.Source) + " |";

    private static IEnumerable<string> Others(DeviceProfile row)
    {
        if (row.LeastLatency > TimeSpan.Zero) yield return $"at least {row.LeastLatency.TotalMilliseconds:0} ms";
        if (row.PrefersIpv4) yield return "IPv4 first";
        if (row.ReplyLimit is { } limit) yield return $"replies within {limit.TotalSeconds:0} s";
        if (row.Codec != RaopCodec.Auto) yield return $"{row.Codec}";
        if (!row.Challenge) yield return "no challenge";
    }
}
