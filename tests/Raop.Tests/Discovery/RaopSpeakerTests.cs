using System.Net;

namespace Raop.Tests.Discovery;

public sealed class RaopSpeakerTests
{
    [Fact]
    public void An_address_without_a_port_is_at_the_usual_one()
    {
        Assert.Equal(new IPEndPoint(IPAddress.Loopback, 5000), RaopSpeaker.At(IPEndPoint.Parse("127.0.0.1")).EndPoints.Single());
        Assert.Equal(new IPEndPoint(IPAddress.IPv6Loopback, 5001), RaopSpeaker.At(IPEndPoint.Parse("[::1]:5001")).EndPoints.Single());
        Assert.Equal(new DnsEndPoint("kitchen.lan", 5000), RaopSpeaker.At(new DnsEndPoint("kitchen.lan", 0)).EndPoints.Single());
        Assert.Equal("kitchen.lan", RaopSpeaker.At(new DnsEndPoint("kitchen.lan", 0)).Name);
        Assert.Throws<ArgumentException>(static () => RaopSpeaker.At(new System.Net.Sockets.UnixDomainSocketEndPoint("/kitchen")));
    }
}
