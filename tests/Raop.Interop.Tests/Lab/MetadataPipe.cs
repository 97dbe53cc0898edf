using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Raop.Interop.Tests.Lab;

/// <summary>An item of shairport-sync's metadata pipe.</summary>
/// <param name="Type">"core" for DMAP, "ssnc" for shairport-sync's own.</param>
/// <param name="Code">Four letters: "minm", "PICT", "prgr" …</param>
/// <param name="Data">As the sender sent it.</param>
internal sealed record MetadataItem(string Type, string Code, byte[] Data)
{
    public string Text => Encoding.UTF8.GetString(Data);
}

/// <summary>What shairport-sync writes to its metadata pipe: items of XML, one after the other, data in base64.</summary>
internal sealed partial class MetadataPipe(string path)
{
    public const string Dmap = "core", Own = "ssnc", Title = "minm", Artist = "asar", Album = "asal", Picture = "PICT", Progress = "prgr";

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    /// <summary>Whole items; what is no item fails the test.</summary>
    public static List<MetadataItem> Parse(string text)
    {
        List<MetadataItem> items = [];
        int end = 0;
        foreach (Match match in Item().Matches(text))
        {
            Assert.True(match.Index == end, $"Between items: {text[end..match.Index]}");
            byte[] data = Convert.FromBase64String(match.Groups["data"].Value);
            Assert.Equal(int.Parse(match.Groups["length"].Value, CultureInfo.InvariantCulture), data.Length);
            items.Add(new MetadataItem(Name(match.Groups["type"]), Name(match.Groups["code"]), data));
            end = match.Index + match.Length;
        }

        return items;
    }

    /// <summary>Waits for an item that satisfies the condition.</summary>
    public async Task<MetadataItem> WaitForAsync(string type, string code, Func<MetadataItem, bool> condition)
    {
        while (true)
        {
            MetadataItem? found = Items().Find(item => item.Type == type && item.Code == code && condition(item));
            if (found is not null) return found;
            await Task.Delay(Look, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>What has come so far; the last item may still be under way.</summary>
    public List<MetadataItem> Items()
    {
        string text = File.Exists(path) ? File.ReadAllText(path) : "";
        return Parse(text[..(text.LastIndexOf("</item>\n", StringComparison.Ordinal) is >= 0 and int last ? last + "</item>\n".Length : 0)]);
    }

    private static string Name(Group hex) => Encoding.ASCII.GetString(Convert.FromHexString(hex.Value));

    [GeneratedRegex("<item><type>(?<type>[0-9a-f]{8})</type><code>(?<code>[0-9a-f]{8})</code><length>(?<length>[0-9]+)</length>"
        + "(\n<data encoding=\"base64\">\n(?<data>[A-Za-z0-9+/=]*)</data>)?</item>\n", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Item();
}
