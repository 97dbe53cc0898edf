using Raop.Metadata;

namespace Raop.Tests.Metadata;

public sealed class ArtworkTests
{
    [Theory]
    [InlineData("FFD8FF", "image/jpeg")]
    [InlineData("FFD8FFE000104A464946", "image/jpeg")]
    [InlineData("89504E470D0A1A0A", "image/png")]
    [InlineData("89504E470D0A1A0A00", "image/png")]
    [InlineData("89504E470D0A1A", null)]
    [InlineData("FFD8", null)]
    [InlineData("474946383961", null)]
    [InlineData("3C3F786D6C", null)]
    [InlineData("", null)]
    public void The_first_bytes_say_what_it_is(string hex, string? mediaType) => Assert.Equal(mediaType, new Artwork(Convert.FromHexString(hex)).MediaType);

    [Fact]
    public void Covers_are_equal_by_their_bytes()
    {
        var one = new Artwork(MetadataVectors.Jpeg(5000));
        Assert.Equal(one, new Artwork(MetadataVectors.Jpeg(5000)));
        Assert.Equal(one.GetHashCode(), new Artwork(MetadataVectors.Jpeg(5000)).GetHashCode());
        Assert.NotEqual(one, new Artwork(MetadataVectors.Jpeg(5000, seed: 2)));
        Assert.NotEqual(one, new Artwork(MetadataVectors.Jpeg(5001)));
    }
}
