using System.Text.Json;
using Raop.Rtsp;
using Raop.Sdp;
using Raop.Security;
using Raop.Tests.Rtsp;

namespace Raop.Tests.Security;

public sealed class AirPortExpressKeyTests
{
    [Theory]
    [InlineData("oaep-unwrap-captured")]
    [InlineData("oaep-unwrap-fixed-sender")]
    [InlineData("oaep-wrap-computed")]
    public void Unwraps_keys(string id)
    {
        JsonElement v = Vectors.Get(id);
        byte[] wrapped = Convert.FromBase64String(v.Text("rsaaeskey") + "=="), key = new byte[16];
        Assert.True(AirPortExpressKey.TryUnwrapKey(wrapped, key));
        Assert.Equal(v.Hex("aes_key_hex"), key);

        wrapped[100] ^= 1;
        Assert.False(AirPortExpressKey.TryUnwrapKey(wrapped, key));
    }

    [Theory]
    [InlineData("vlc-rtsp-sender.bin", "3AABC74B1F9BF33B6DA8DC753A3E3412", "E098CA1B2763CC689FEF352741C79CC3")]
    [InlineData("pulseaudio-session-sender.bin", "42254B17A14001B3AC2FF07F64CFB83A", "EC0202B9E4C558C511EEF2BFB56D381A")]
    public async Task Unwraps_the_keys_of_captured_announcements(string file, string key, string iv)
    {
        RtspRequest announce = (await Feed.RequestsAsync(Vectors.Bytes(file)))[0];
        Assert.True(AnnounceSdp.TryParse(announce.Body.Span, out AnnounceSdp? sdp, out _, out _));
        byte[] unwrapped = new byte[16];
        Assert.True(AirPortExpressKey.TryUnwrapKey(sdp.EncryptedKey, unwrapped));
        Assert.Equal((key, iv), (Convert.ToHexString(unwrapped), Convert.ToHexString(sdp.Iv!)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(15)]
    [InlineData(17)]
    [InlineData(32)]
    public void Refuses_keys_of_another_size(int size) =>
        Assert.False(AirPortExpressKey.TryUnwrapKey(AirPortExpressKey.WrapKey(new byte[size]), new byte[32]));

    [Fact]
    public void Refuses_what_is_no_wrapped_key()
    {
        byte[] key = new byte[16];
        foreach (int size in new[] { 0, 1, 255, 257, 4096 }) Assert.False(AirPortExpressKey.TryUnwrapKey(new byte[size], key));
        byte[] large = new byte[256];
        Assert.False(AirPortExpressKey.TryUnwrapKey(large, key));
        Array.Fill(large, (byte)0xFF); // above the modulus
        Assert.False(AirPortExpressKey.TryUnwrapKey(large, key));
        Assert.False(AirPortExpressKey.TryRecover(large, out _));
        Assert.False(AirPortExpressKey.TryRecover(new byte[256], out _));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(38)]
    [InlineData(245)]
    public void Recovers_what_it_signed(int size)
    {
        byte[] message = new byte[size];
        for (int i = 0; i < size; i++) message[i] = (byte)(i * 7);
        Assert.True(AirPortExpressKey.TryRecover(AirPortExpressKey.SignRaw(message), out byte[] recovered));
        Assert.Equal(message, recovered);
    }

    [Fact]
    public void Signs_no_more_than_fits() => Assert.Throws<ArgumentOutOfRangeException>(() => AirPortExpressKey.SignRaw(new byte[246]));

    [Fact]
    public void Bears_many_threads()
    {
        byte[] wrapped = Convert.FromBase64String(Vectors.Get("oaep-unwrap-captured").Text("rsaaeskey") + "==");
        byte[] expected = Vectors.Get("oaep-unwrap-captured").Hex("aes_key_hex");
        Parallel.For(0, 64, _ =>
        {
            byte[] key = new byte[16];
            Assert.True(AirPortExpressKey.TryUnwrapKey(wrapped, key));
            Assert.Equal(expected, key);
        });
    }
}
