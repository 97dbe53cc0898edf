using System.Security.Cryptography;

namespace Raop.Interop.Tests.Lab;

public class MixTests
{
    [Fact]
    public void Six_seconds_have_the_published_digest() => Assert.Equal(
        "97777ebc83ecf0282e3f848eb1d341f2dfe94e6afadb5d02899ea3303923a088", // testdata/captures/README.md
        Convert.ToHexStringLower(SHA256.HashData(Mix.Pcm(264_600))));

    [Fact]
    public void Silence_follows_the_signal()
    {
        byte[] pcm = Mix.Pcm(1000, silence: 10);
        Assert.Equal(1010 * Mix.FrameBytes, pcm.Length);
        Assert.Equal(Mix.Pcm(1000), pcm[..(1000 * Mix.FrameBytes)]);
        Assert.All(pcm[(1000 * Mix.FrameBytes)..], value => Assert.Equal(0, value));
    }
}
