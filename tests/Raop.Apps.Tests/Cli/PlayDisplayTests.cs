using Raop.Cli;
using Spectre.Console.Rendering;

namespace Raop.Apps.Tests.Cli;

public sealed class PlayDisplayTests
{
    [Theory]
    [InlineData("Name", " 0:01", 40, "Name 0:01")]
    [InlineData("A long name", " 0:01", 12, "A lon… 0:01")]
    [InlineData("音楽音楽", " 0:01", 12, "音楽… 0:01")]
    [InlineData("Name", " 0:01", 6, " 0:01")]
    [InlineData("Name", " 0:01", 4, " 0:")]
    public void The_name_gives_way_first(string name, string rest, int width, string line)
    {
        Assert.Equal(line, PlayDisplay.Fit(name, rest, width));
        Assert.True(new Segment(line).CellCount() < width);
    }

    [Fact]
    public void A_surrogate_pair_is_not_cut() => Assert.Equal("a… x", PlayDisplay.Fit("a😀😀😀", " x", 6));

    [Theory]
    [InlineData(1, "########")]
    [InlineData(0.0631f, "####....")] // −24 dB
    [InlineData(0.0001f, "........")]
    [InlineData(0, "........")]
    public void The_meter_spans_48_dB(float peak, string bar) => Assert.Equal(bar, PlayDisplay.Meter(peak, isUnicode: false));

    [Fact]
    public void Lines_go_above_the_live_line()
    {
        var error = new StringWriter();
        var console = new ToolConsole(TextWriter.Null, error);
        console.DrawLive("live");
        console.WriteLine("said");
        console.DrawLive("");
        console.DrawLive("");
        Assert.Equal($"\r\u001b[Klive\r\u001b[Ksaid{Environment.NewLine}live\r\u001b[K", error.ToString());
    }
}
