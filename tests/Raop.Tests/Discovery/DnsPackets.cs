namespace Raop.Tests.Discovery;

/// <summary>Messages that others wrote: Avahi 0.8 publishing "001122334455@Küche 2.0" from the host "one", captured on a link.</summary>
internal static class DnsPackets
{
    private const string Instance = "17303031313232333334343535404bc3bc63686520322e30055f72616f70045f746370056c6f63616c00";
    private const string Txt = "002109747874766572733d3106636e3d302c310870773d66616c73650673663d307834";

    /// <summary>ANY for the instance, with SRV and TXT as authority.</summary>
    public static readonly byte[] Probe = Hex(
        "000000000001000000020000" + Instance + "00ff0001c00c0021000100000078000c000000001388036f6e65c02fc00c0010000100001194" + Txt);

    /// <summary>TXT, PTR, SRV, AAAA, A and the pointer from _services._dns-sd._udp.</summary>
    public static readonly byte[] Announcement = Hex(
        "000084000000000600000000" + Instance + "0010800100001194"+Txt
        + "c024000c0001000011940002c00cc00c0021800100000078000c000000001388036f6e65c02fc081001c8001000000780010fe80000000000000784320fffe4fe29b"
        + "c081000180010000007800040a4d0001095f7365727669636573075f646e732d7364045f756470c02f000c0001000011940002c024");

    /// <summary>The same with lifetime 0: gone.</summary>
    public static readonly byte[] Goodbye = Hex(
        "000084000000000600000000095f7365727669636573075f646e732d7364045f756470056c6f63616c00000c000100000000000d055f72616f70045f746370c023"
        + "c034000c000100000000001a17303031313232333334343535404bc3bc63686520322e30c034c04d0021800100000000000c000000001388036f6e65c023"
        + "c079001c8001000000780010fe80000000000000784320fffe4fe29bc079000180010000007800040a4d0001c04d0010800100000000"
        + Txt);

    public static readonly byte[][] All = [Probe, Announcement, Goodbye];

    public static byte[] Hex(string hex) => Convert.FromHexString(hex);
}
