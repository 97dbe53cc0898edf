using System.Security.Cryptography;
using System.Text.Json;
using CsCheck;
using Raop.Security;

namespace Raop.Tests.Security;

public sealed class PacketCipherTests
{
    public static TheoryData<string> Names => ["aes-cbc-partial-15", "aes-cbc-partial-16", "aes-cbc-partial-40"];

    [Theory, MemberData(nameof(Names))]
    public void Encrypts_and_decrypts_whole_blocks_only(string id)
    {
        JsonElement v = Vectors.Get(id);
        using var cipher = new PacketCipher(v.Hex("aes_key_hex"), v.Hex("iv_hex"));
        for (int packet = 0; packet < 3; packet++)
        {
            byte[] payload = v.Hex("plain_hex");
            cipher.Encrypt(payload);
            Assert.Equal(v.Hex("wire_hex"), payload);
            cipher.Decrypt(payload);
            Assert.Equal(v.Hex("plain_hex"), payload);
        }
    }

    [Fact]
    public void Decrypts_the_interleaved_packet()
    {
        JsonElement v = Vectors.Get("tcp-v1-packet");
        using var cipher = new PacketCipher(v.Hex("aes_key_hex"), v.Hex("iv_hex"));
        byte[] payload = v.Hex("vlc_style_hex")[16..];
        cipher.Decrypt(payload);
        Assert.Equal(v.Hex("payload_plain_hex"), payload);
    }

    [Theory, InlineData(false), InlineData(true)]
    public void Agrees_with_one_shot_calls_whatever_came_before(bool usesPlatform) =>
        Gen.Select(Gen.Byte.Array[16], Gen.Byte.Array[16], Gen.Select(Gen.Bool, Gen.Byte.Array[0, 200]).Array[1, 12]).Sample((key, iv, packets) =>
        {
            using var cipher = new PacketCipher(key, iv, usesPlatform);
            using Aes platform = Aes.Create();
            platform.Key = key;
            foreach ((bool encrypt, byte[] packet) in packets)
            {
                int whole = packet.Length & ~15;
                byte[] expected = [.. packet], actual = [.. packet];
                if (encrypt)
                {
                    platform.EncryptCbc(packet.AsSpan(0, whole), iv, expected, PaddingMode.None);
                    cipher.Encrypt(actual);
                }
                else
                {
                    platform.DecryptCbc(packet.AsSpan(0, whole), iv, expected, PaddingMode.None);
                    cipher.Decrypt(actual);
                }

                Assert.Equal(expected, actual);
            }
        }, iter: 300);

    [Fact]
    public void The_processor_and_the_platform_agree() =>
        Gen.Select(Gen.Byte.Array[16], Gen.Byte.Array[16], Gen.Byte.Array[0, 1500]).Sample((key, iv, packet) =>
        {
            using PacketCipher processor = new(key, iv), platform = new(key, iv, usesPlatform: true);
            byte[] one = [.. packet], other = [.. packet];
            processor.Encrypt(one);
            platform.Encrypt(other);
            Assert.Equal(other, one);
            processor.Decrypt(one);
            platform.Decrypt(other);
            Assert.Equal(packet, one);
            Assert.Equal(packet, other);
        }, iter: 300);

    [Theory, InlineData(false), InlineData(true)]
    public void A_packet_costs_no_allocation(bool usesPlatform)
    {
        using var cipher = new PacketCipher(new byte[16], new byte[16], usesPlatform);
        byte[] payload = new byte[1_411];
        Assert.Equal(0, Garbage.Of(() =>
        {
            cipher.Encrypt(payload);
            cipher.Decrypt(payload);
        }));
    }

    [Fact]
    public void Refuses_keys_of_another_size()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new PacketCipher(new byte[32], new byte[16]));
        Assert.Throws<ArgumentOutOfRangeException>(() => new PacketCipher(new byte[16], new byte[15]));
    }
}
