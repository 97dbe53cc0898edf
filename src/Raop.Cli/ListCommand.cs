using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Threading.Channels;

namespace Raop.Cli;

/// <summary><c>raop list</c>: the speakers there are.</summary>
internal sealed class ListCommand
{
    public static readonly string[] Examples = ["raop list", "raop list --watch", "raop list --json --timeout 3", "raop list --cached"];

    private static readonly TimeSpan UsualWait = TimeSpan.FromSeconds(0.8); // within a second, start and all

    /// <summary>Times that it is waited once more while nobody has answered: what was just told to another is not told again within a second.</summary>
    private const int MostMore = 1;

    private readonly Option<bool> _watch = new("--watch") { Description = "Go on, and tell who appears, changes and goes, until Ctrl-C" };

    private readonly Option<TimeSpan?> _timeout = new("--timeout")
    {
        HelpName = "SECONDS", Description = "How long to look: 0.1 to 3600; when not given 1, or 2 while nobody answers; with --watch, without end",
        CustomParser = static result => Parsed.Value<TimeSpan>(result, TryParseTimeout),
    };

    private readonly Option<bool> _cached = new("--cached") { Description = "Ask nobody: show the speakers that were found earlier, with their last known address" };

    public static Command Create(ToolConsole console)
    {
        var self = new ListCommand();
        var command = new Command("list", "List the speakers on the network.") { self._watch, self._timeout, self._cached };
        command.Validators.Add(result =>
        {
            if (result.GetResult(self._cached) is not { Implicit: false }) return;
            if (result.GetResult(self._watch) is { Implicit: false }) result.AddError("--watch has no meaning with --cached.");
            if (result.GetResult(self._timeout) is { Implicit: false }) result.AddError("--timeout has no meaning with --cached.");
        });
        new CommonOptions().Attach(command, console, self.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult result, Reporter reporter, CancellationToken stop)
    {
        SpeakerCache cache = SpeakerCache.Of(reporter.Console);
        if (result.GetValue(_cached))
        {
            SpeakerList.Show(cache.Load(), cache.Path, reporter);
            return ExitCode.Done;
        }

        TimeSpan? timeout = result.GetValue(_timeout);
        var options = new RaopBrowserOptions { TimeProvider = reporter.Console.Time, LoggerFactory = reporter.Log };
        if (result.GetValue(_watch)) return await WatchAsync(options, timeout, cache, reporter, stop);
        await using RaopBrowser browser = RaopBrowser.Start(options);
        IReadOnlyList<RaopSpeaker> found = await LookAsync(() => browser.Speakers, timeout, reporter.Console.Time, stop);
        if (found.Count == 0) throw NothingFound.On(browser.Interfaces, reporter.Console);
        cache.Keep(found);
        SpeakerList.Show(found, reporter);
        return ExitCode.Done;
    }

    /// <summary>Waits for as long as was said; else for a second, and on while nobody has answered.</summary>
    internal static async Task<IReadOnlyList<RaopSpeaker>> LookAsync(Func<IReadOnlyList<RaopSpeaker>> speakers, TimeSpan? timeout, TimeProvider time, CancellationToken stop)
    {
        await Task.Delay(timeout ?? UsualWait, time, stop);
        for (int more = 0; timeout is null && more < MostMore && speakers().Count == 0; more++) await Task.Delay(UsualWait, time, stop);
        return speakers();
    }

    /// <summary>Until interrupted, or for as long as was said.</summary>
    private static async Task<int> WatchAsync(RaopBrowserOptions options, TimeSpan? timeout, SpeakerCache cache, Reporter reporter, CancellationToken stop)
    {
        var news = Channel.CreateBounded<RaopSpeakerChange>(new BoundedChannelOptions(4096) { FullMode = BoundedChannelFullMode.DropOldest });
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
        await using RaopBrowser browser = RaopBrowser.Start(options, change => news.Writer.TryWrite(change));
        reporter.Tell(new WatchingEvent(browser.Interfaces), Events.Default.WatchingEvent);
        reporter.Say($"Looking on {(browser.Interfaces.Count == 0 ? "no interface: none is up" : string.Join(", ", browser.Interfaces))}. Ctrl-C ends it.");
        using ITimer end = reporter.Console.Time.CreateTimer(static over => ((CancellationTokenSource)over!).Cancel(), over, timeout ?? Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        try
        {
            while (await news.Reader.WaitToReadAsync(over.Token))
            {
                while (news.Reader.TryRead(out RaopSpeakerChange? change)) SpeakerList.Tell(change, reporter);
                cache.Keep(browser.Speakers); // the file is written once, however many changed
            }
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            // the time is over
        }

        return ExitCode.Done;
    }

    private static bool TryParseTimeout(string text, out TimeSpan timeout, [NotNullWhen(false)] out string? problem)
    {
        bool isRight = double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double seconds) && seconds is >= 0.1 and <= 3600;
        timeout = isRight ? TimeSpan.FromSeconds(seconds) : TimeSpan.Zero;
        problem = isRight ? null : $"'{text}' is no time to look: seconds from 0.1 to 3600 are, as in 2.5.";
        return isRight;
    }
}
