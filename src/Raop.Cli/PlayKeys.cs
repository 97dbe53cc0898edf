using System.Threading.Channels;

namespace Raop.Cli;

/// <summary>What keys do while music plays: space pause, ←/→ seek, ↑/↓ volume, n next, p from the start, q quit.</summary>
internal sealed class PlayKeys(IPlayer player, Reporter reporter, CancellationTokenSource quit)
{
    private const double VolumeStep = 5;
    private static readonly TimeSpan SeekStep = TimeSpan.FromSeconds(10);

    /// <summary>Listens to the keyboard until the process ends; a thread of its own, because waiting for a key blocks.</summary>
    public void Start()
    {
        if (reporter.Console.ReadKey is not { } readKey) return;
        var keys = Channel.CreateUnbounded<ConsoleKeyInfo>();
        var thread = new Thread(() =>
        {
            try
            {
                while (!quit.IsCancellationRequested) keys.Writer.TryWrite(readKey());
            }
            catch (InvalidOperationException)
            {
                // The terminal went away.
            }
        }) { IsBackground = true, Name = "keys" };
        thread.Start();
        _ = ActAsync(keys.Reader);
    }

    /// <summary>Does what a key says.</summary>
    public async Task PressAsync(ConsoleKeyInfo key)
    {
        switch (key.Key)
        {
            case ConsoleKey.Spacebar when player.Status.State == RaopSenderState.Paused: await player.ResumeAsync(); break;
            case ConsoleKey.Spacebar: await player.PauseAsync(); break;
            case ConsoleKey.LeftArrow: await SeekAsync(player.Status.Position - SeekStep); break;
            case ConsoleKey.RightArrow: await SeekAsync(player.Status.Position + SeekStep); break;
            case ConsoleKey.UpArrow: await SetVolumeAsync(VolumeStep); break;
            case ConsoleKey.DownArrow: await SetVolumeAsync(-VolumeStep); break;
            case ConsoleKey.P: await SeekAsync(TimeSpan.Zero); break;
            case ConsoleKey.N: await player.SkipAsync(); break;
            case ConsoleKey.Q: await quit.CancelAsync(); break;
        }
    }

    private async Task ActAsync(ChannelReader<ConsoleKeyInfo> keys)
    {
        try
        {
            await foreach (ConsoleKeyInfo key in keys.ReadAllAsync(quit.Token)) await TryPressAsync(key);
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            // The session is over; whoever plays says why.
        }
    }

    private async Task TryPressAsync(ConsoleKeyInfo key)
    {
        try
        {
            await PressAsync(key);
        }
        catch (RaopException)
        {
            // A volume that was not answered in time, say: the next key counts all the same. Should the session be over, whoever plays says why.
        }
    }

    private async Task SeekAsync(TimeSpan to)
    {
        try
        {
            await player.SeekAsync(to > TimeSpan.Zero ? to : TimeSpan.Zero);
        }
        catch (NotSupportedException)
        {
            reporter.Say("This input cannot seek.");
        }
    }

    private async Task SetVolumeAsync(double by)
    {
        await player.SetVolumeAsync(RaopVolume.FromPercent(Math.Clamp(RaopVolume.ToPercent(player.Volume) + by, 0, 100)));
    }
}
