using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using CsCheck;
using Raop.Security;
using Raop.Rtsp;
using Raop.Tests.Rtsp;

namespace Raop.Tests.Security;

public sealed class AppleChallengeTests
{
    public static TheoryData<string> Answered =>
        ["challenge-ipv4-captured", "challenge-ipv6-captured", "challenge-ipv4-third-party", "challenge-ipv4-computed"];

    [Theory, MemberData(nameof(Answered))]
    public void Answers_as_the_device_did(string id)
    {
        JsonElement v = Vectors.Get(id);
        IPAddress address = IPAddress.Parse(v.Text("receiver_ip"));
        Assert.True(AppleChallenge.TryRespond(v.Text("challenge_header"), address, v.Hex("hardware_address_hex"), out string response));
        Assert.Equal(v.Text("apple_response"), response);
        if (address.GetAddressBytes().Length != 4) return;
        Assert.True(AppleChallenge.TryRespond(v.Text("challenge_header"), address.MapToIPv6(), v.Hex("hardware_address_hex"), out string mapped));
        Assert.Equal(response, mapped);
    }

    [Theory, MemberData(nameof(Answered)), InlineData("challenge-ipv6-unpadded-variant")]
    public void Believes_right_answers_and_no_others(string id)
    {
        JsonElement v = Vectors.Get(id);
        IPAddress address = IPAddress.Parse(v.Text("receiver_ip"));
        byte[] challenge = v.Hex("challenge_hex");
        string response = v.Text("apple_response");
        Assert.True(AppleChallenge.Verify(response, challenge, address, out string? whyNot), whyNot);
        Assert.Null(whyNot);
        Assert.True(AppleChallenge.Verify(response.TrimEnd('=') + "==", challenge, address, out _));
        Assert.True(AppleChallenge.Verify(response.TrimEnd('='), challenge, address, out _));

        Assert.False(AppleChallenge.Verify(response, new byte[16], address, out whyNot));
        Assert.Contains("another challenge", whyNot, StringComparison.Ordinal);
        Assert.False(AppleChallenge.Verify(response, challenge, IPAddress.Parse("10.9.8.7"), out whyNot));
        Assert.Contains("another address", whyNot, StringComparison.Ordinal);
        Assert.False(AppleChallenge.Verify(response[..^8], challenge, address, out whyNot));
        Assert.Contains("256 bytes", whyNot, StringComparison.Ordinal);
        string damaged = (response[0] == 'A' ? 'B' : 'A') + response[1..];
        Assert.False(AppleChallenge.Verify(damaged, challenge, address, out whyNot));
        Assert.Contains("not signed", whyNot, StringComparison.Ordinal);
    }

    [Fact]
    public void The_signed_message_is_the_captured_one()
    {
        JsonElement v = Vectors.Get("challenge-ipv6-captured");
        Assert.True(AirPortExpressKey.TryRecover(Convert.FromBase64String(v.Text("apple_response")), out byte[] message));
        Assert.Equal(v.Hex("message_hex"), message);
    }

    [Theory]
    [InlineData("vlc-rtsp")]
    [InlineData("pulseaudio-options")]
    public async Task Believes_shairplay(string name)
    {
        RtspRequest request = (await Feed.RequestsAsync(Vectors.Bytes(name + "-sender.bin")))[0];
        RtspResponse response = (await Feed.ResponsesAsync(Vectors.Bytes(name + "-receiver.bin")))[0];
        byte[] challenge = Convert.FromBase64String(request.Headers["Apple-Challenge"] + "==");
        Assert.True(AppleChallenge.Verify(response.Headers["Apple-Response"]!, challenge, IPAddress.Loopback, out string? whyNot), whyNot);
    }

    [Theory]
    [InlineData("")]
    [InlineData("not base64!")]
    [InlineData("AAECAwQFBgcICQoLDA0O")] // 15 bytes
    [InlineData("AAECAwQFBgcICQoLDA0ODxA")] // 17 bytes
    [InlineData("A")]
    [InlineData("====")]
    public void Ignores_what_is_no_challenge(string header) =>
        Assert.False(AppleChallenge.TryRespond(header, IPAddress.Loopback, new byte[6], out _));

    [Fact]
    public void A_fresh_challenge_has_no_padding_and_differs()
    {
        (string header, byte[] challenge) = AppleChallenge.Create();
        Assert.Equal(22, header.Length);
        Assert.Equal(challenge, Convert.FromBase64String(header + "=="));
        Assert.NotEqual(header, AppleChallenge.Create().Header);
    }

    [Fact]
    public void What_is_answered_is_believed() => Gen.Select(Gen.Byte.Array[16], Gen.Bool, Gen.Byte.Array[16], Gen.Byte.Array[6]).Sample((challenge, v4, ip, hardware) =>
    {
        var address = new IPAddress(v4 ? ip[..4] : ip);
        Assert.True(AppleChallenge.TryRespond(Convert.ToBase64String(challenge), address, hardware, out string response));
        Assert.True(AppleChallenge.Verify(response, challenge, address, out string? whyNot), whyNot);
    }, iter: 60);

    [Fact]
    public void Rubbish_as_an_answer_is_refused_with_a_reason() => Gen.Byte.Array[0, 300].Sample(bytes =>
    {
        Assert.False(AppleChallenge.Verify(Convert.ToBase64String(bytes), new byte[16], IPAddress.Loopback, out string? whyNot));
        Assert.NotNull(whyNot);
    }, iter: 500);

    [Fact]
    public void The_platform_agrees_that_the_key_is_whole()
    {
        // A wrapped key comes back only if modulus, exponents and primes fit each other.
        byte[] key = RandomNumberGenerator.GetBytes(16), unwrapped = new byte[16];
        Assert.True(AirPortExpressKey.TryUnwrapKey(AirPortExpressKey.WrapKey(key), unwrapped));
        Assert.Equal(key, unwrapped);
    }
}
