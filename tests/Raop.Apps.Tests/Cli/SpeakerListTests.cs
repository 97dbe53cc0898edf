using System.Net;
using Raop.Cli;

namespace Raop.Apps.Tests.Cli;

/// <summary>The table of <c>raop list</c>, and how long it looks.</summary>
public sealed class SpeakerListTests
{
    [Theory]
    [InlineData(0, null, 0.8)]
    [InlineData(1, null, 1.6)]
    [InlineData(9, null, 1.6)]
    [InlineData(9, 0.1, 0.1)]
    public async Task It_looks_on_while_nobody_has_answered(int empty, double? timeout, double seconds)
    {
        var time = new InstantTime();
        var one = new RaopSpeaker { Name = "Kitchen", EndPoints = [new IPEndPoint(IPAddress.Loopback, 5000)] };
        IReadOnlyList<RaopSpeaker> found = await ListCommand.LookAsync(
            () => time.Waits.Count > empty ? [one] : [], timeout is { } said ? TimeSpan.FromSeconds(said) : null, time, TestContext.Current.CancellationToken);
        Assert.Equal(seconds, time.Waits.Sum(static wait => wait.TotalSeconds), 6);
        Assert.Equal(empty < 9, found.Count == 1);
    }

    [Fact]
    public void Nobody_found_names_the_interfaces_or_what_left_none()
    {
        ToolConsole usual = new(TextWriter.Null, TextWriter.Null), named = new(TextWriter.Null, TextWriter.Null) { Variable = static name => name == "RAOP_INTERFACES" ? "wlan9" : null };
        Assert.Contains("Asked on eth0 (10.0.0.1), lo.", NothingFound.On(["eth0 (10.0.0.1)", "lo"], named).Message, StringComparison.Ordinal);
        Assert.EndsWith("no network interface is up.", NothingFound.On([], usual).Message, StringComparison.Ordinal);
        Assert.Contains("RAOP_INTERFACES names (wlan9)", NothingFound.On([], named).Message, StringComparison.Ordinal);
    }

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

    /// <summary>Every wait is over at once, and noted.</summary>
    private sealed class InstantTime : TimeProvider
    {
        public List<TimeSpan> Waits { get; } = [];

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Waits.Add(dueTime);
            return System.CreateTimer(callback, state, TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        }
    }
}
