using System.Security.Cryptography;
using System.Text.Json;

namespace Raop.Interop.Tests.Lab;

/// <summary>The lab's reader of shairport-sync's metadata pipe, by the format's vector and by shairport-sync itself.</summary>
public class MetadataPipeTests
{
    [Fact]
    public void Reads_the_vector()
    {
        using var vectors = JsonDocument.Parse(File.ReadAllText(Repository.TestData("vectors", "metadata-vectors.json")));
        JsonElement[] expected = [.. vectors.RootElement.GetProperty("vectors").EnumerateArray().Single(v => v.Text("id") == "metadata-pipe").GetProperty("items").EnumerateArray()];
        List<MetadataItem> items = MetadataPipe.Parse(string.Concat(expected.Select(item => item.Text("text"))));
        Assert.Equal(expected.Select(item => (item.Text("type"), item.Text("code"), item.Text("data_utf8"))), items.Select(item => (item.Type, item.Code, item.Text)));
    }

    /// <summary>None of our code.</summary>
    [Fact]
    public Task NodeAirTunes2_is_shown_by_shairport_sync() => PeerLab.RunAsync(async lab =>
    {
        byte[] cover = [0xFF, 0xD8, 0xFF, 0xE0, .. RandomNumberGenerator.GetBytes(50_000)];
        MetadataPipe pipe = await ShairportSync.StartWithMetadataAsync(lab, 5000);
        await NodeAirTunes2.PlayAsync(lab, 5000, Mix.Seconds(4), null, new("TITLE", "Café"), new("ARTIST", "Jemand"), new("COVER", await lab.WriteAsync("cover.jpg", cover)));
        await pipe.WaitForAsync(MetadataPipe.Dmap, MetadataPipe.Title, static item => item.Text == "Café");
        await pipe.WaitForAsync(MetadataPipe.Dmap, MetadataPipe.Artist, static item => item.Text == "Jemand");
        await pipe.WaitForAsync(MetadataPipe.Own, MetadataPipe.Picture, item => item.Data.AsSpan().SequenceEqual(cover));
        await pipe.WaitForAsync(MetadataPipe.Own, MetadataPipe.Progress, static item => item.Text.StartsWith("0/441140/", StringComparison.Ordinal));
    });
}
