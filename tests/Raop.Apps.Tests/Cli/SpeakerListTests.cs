using System.Net;
using Raop.Cli;

namespace Raop.Apps.Tests.Cli;

/// <summary>The table of <c>raop list</c>.</summary>
public sealed class SpeakerListTests
{
    [Fact]
    public void Columns_stand_below_each_other_whatever_the_letters()
    {
        using var output = new LineWriter();
        RaopSpeaker[] speakers =
        [
            .. ((string[])["キッチン", "Bad", "Cafe\u0301", "evil\u001b[2J\u202e"]).Select(static name => new RaopSpeaker
            {
                Name = name, EndPoints = [new IPEndPoint(IPAddress.Loopback, 5000)],
            }),
        ];
        SpeakerList.Show(speakers, new Reporter(new ToolConsole(output, TextWriter.Null), json: false, verbose: false));
        string[] lines = output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.StartsWith("NAME      ", lines[0], StringComparison.Ordinal);
        Assert.Equal(5, lines.Length);
        int column = lines[0].IndexOf("ADDRESS", StringComparison.Ordinal);
        Assert.All(lines[1..], line => Assert.Equal(column, Printable.Cells(line[..line.IndexOf("127.0.0.1", StringComparison.Ordinal)])));
        Assert.DoesNotContain('\u001b', output.ToString());
        Assert.DoesNotContain('\u202e', output.ToString());
    }
}
