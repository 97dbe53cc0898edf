using System.Threading.Channels;

namespace Raop.Cli;

/// <summary>
/// What keys do at a speaker; all but q are told to the sender. Of several receivers they act on one to which somebody plays: the one where a session
/// began last, then on that one until its session ends, or on the one that tab has chosen.
/// </summary>
internal sealed class ReceiveKeys(IReadOnlyList<HostedReceiver> receivers, Reporter reporter, CancellationTokenSource quit)
{
    private HostedReceiver? _chosen;

    private const int MaxWaiting = 16; // a key that is held down is not worked off for minutes

    public const string Help = "On a terminal: space pauses and goes on, n and p play the next and the previous, up/down or +/- change the volume, m mutes; "
        + "the sender is told, if it lets speakers do that. Of several receivers tab chooses one that plays. q quits.";

    /// <summary>Listens to the keyboard until the process ends; a thread of its own, because waiting for a key blocks.</summary>
    public void Start()
    {
        if (reporter.Console.ReadKey is not { } readKey) return;
        var keys = Channel.CreateBounded<ConsoleKeyInfo>(new BoundedChannelOptions(MaxWaiting) { FullMode = BoundedChannelFullMode.DropWrite });
        var thread = new Thread(() =>
        {
            try
            {
                while (!quit.IsCancellationRequested)
                {
                    ConsoleKeyInfo key = readKey();
                    if (key.Key == ConsoleKey.Q) quit.Cancel(); // at once, whatever is being told
                    else keys.Writer.TryWrite(key);
                }
            }
            catch (Exception e) when (e is InvalidOperationException or ObjectDisposedException)
            {
                // The terminal went away, or everything is over.
            }
        }) { IsBackground = true, Name = "keys" };
        thread.Start();
        _ = ActAsync(keys.Reader);
    }

    /// <summary>What a key tells the sender: one of <see cref="RemoteVerb.Names"/>, or null.</summary>
    public static string? Verb(ConsoleKeyInfo key) => key switch
    {
        { Key: ConsoleKey.Spacebar } => "toggle",
        { Key: ConsoleKey.N } => "next",
        { Key: ConsoleKey.P } => "previous",
        { Key: ConsoleKey.M } => "mute",
        { Key: ConsoleKey.UpArrow } or { KeyChar: '+' } => "louder",
        { Key: ConsoleKey.DownArrow } or { KeyChar: '-' } => "softer",
        _ => null,
    };

    private async Task ActAsync(ChannelReader<ConsoleKeyInfo> keys)
    {
        try
        {
            await foreach (ConsoleKeyInfo key in keys.ReadAllAsync(quit.Token)) await PressAsync(key);
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            // It is over.
        }
    }

    private async Task PressAsync(ConsoleKeyInfo key)
    {
        HostedReceiver? receiver = Choose(next: key.Key == ConsoleKey.Tab);
        bool isAlone = receivers.Count == 1;
        if (!isAlone && receiver is null && (key.Key == ConsoleKey.Tab || Verb(key) is not null)) reporter.Say("Not told: nobody plays to any of the receivers.");
        if (receiver is null) return;
        if (key.Key == ConsoleKey.Tab && !isAlone) reporter.Say($"Keys act on {receiver.Plan.Name}");
        if (Verb(key) is not { } verb || !RemoteVerb.TryParse(verb, null, out Func<RaopReceiver, CancellationToken, Task>? tell, out _)) return;
        try
        {
            await tell(receiver.Receiver, quit.Token);
            receiver.Reporter.Say($"Told the sender: {verb}");
        }
        catch (RaopException e)
        {
            receiver.Reporter.Say($"Not told: {e.Message}");
        }
    }

    /// <summary>The receiver that keys act on, or null when nobody plays to any.</summary>
    /// <param name="next">Another one, if several play.</param>
    private HostedReceiver? Choose(bool next)
    {
        if (receivers is [var alone]) return alone;
        HostedReceiver[] playing = [.. receivers.Where(static one => one.Report.PlayingSince != 0)];
        int at = Array.IndexOf(playing, _chosen);
        if (at >= 0 && next) _chosen = playing[(at + 1) % playing.Length];
        else if (at < 0) _chosen = playing.MaxBy(static one => one.Report.PlayingSince);
        return _chosen;
    }
}
