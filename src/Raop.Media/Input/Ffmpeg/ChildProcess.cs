using System.ComponentModel;
using System.Diagnostics;

namespace Raop.Media.Input.Ffmpeg;

/// <summary>
/// A helper program with its three streams in our hands: it never sees the terminal, what it complains of is kept, and disposing ends it and
/// collects it. Takes over the input that it is fed with.
/// </summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    private const int MaxErrorLines = 20;

    private readonly Process _process;
    private readonly CancellationTokenSource _stopFeeding = new();
    private readonly Task _feeding, _listening;
    private readonly Queue<string> _errors = new();
    private RaopException? _feedError;

    private ChildProcess(Process process, InputReader? feed, Func<Stream, CancellationToken, Task>? write)
    {
        _process = process;
        _listening = ListenAsync();
        _feeding = FeedAsync(feed, write);
    }

    /// <summary>The program's standard output.</summary>
    public Stream Output => _process.StandardOutput.BaseStream;

    /// <summary>Starts a program.</summary>
    /// <param name="program">Its path.</param>
    /// <param name="arguments">Arguments, each as it is: no shell comes between.</param>
    /// <param name="feed">What it reads from standard input, or null for nothing.</param>
    /// <exception cref="RaopException">UnsupportedFormat: it cannot be started.</exception>
    public static ChildProcess Start(string program, IEnumerable<string> arguments, InputReader? feed = null) => Start(program, arguments, feed, write: null);

    /// <summary>Starts a program whose standard input is written to until the writer returns or the child is disposed.</summary>
    public static ChildProcess Start(string program, IEnumerable<string> arguments, Func<Stream, CancellationToken, Task> write) =>
        Start(program, arguments, feed: null, write);

    private static ChildProcess Start(string program, IEnumerable<string> arguments, InputReader? feed, Func<Stream, CancellationToken, Task>? write)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            CreateNoWindow = true,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            return new ChildProcess(Process.Start(start)!, feed, write);
        }
        catch (Win32Exception e)
        {
            throw new RaopException(RaopError.UnsupportedFormat, $"{program} does not start: {e.Message.TrimEnd('.')}.", FfmpegTools.HowToInstall, e);
        }
    }

    /// <summary>Waits for the end.</summary>
    /// <returns>Null when it did its work, else what it complained of last, a sentence without its full stop.</returns>
    /// <exception cref="RaopException">What it was fed with broke.</exception>
    public async ValueTask<string?> FinishAsync(CancellationToken cancellationToken)
    {
        await _process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
        if (_feedError is { } error) throw new RaopException(error.Error, error.Message, error.Remedy, error);
        await _listening.WaitAsync(cancellationToken).ConfigureAwait(false);
        if (_process.ExitCode == 0) return null;
        return Complaint() ?? $"it ended with code {_process.ExitCode}";
    }

    public async ValueTask DisposeAsync()
    {
        await _stopFeeding.CancelAsync().ConfigureAwait(false);
        try
        {
            if (!_process.HasExited) _process.Kill();
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception)
        {
            // it ended by itself meanwhile
        }

        await _process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
        await _listening.ConfigureAwait(false);
        if (_feeding.IsCompleted) _stopFeeding.Dispose(); // a terminal's read cannot be stopped: the task ends with its next line
        _process.StandardOutput.Dispose(); // the process leaves them open once they have been taken
        _process.StandardError.Dispose();
        _process.Dispose();
    }

    /// <summary>What it complained of last, however it ended, or null: the last line, without ffmpeg's "[mp3 @ 0x55…]" before it and the file's name.</summary>
    public string? Complaint()
    {
        string? line;
        lock (_errors) line = _errors.LastOrDefault(l => l.Length > 0);
        if (line is null) return null;
        if (line.StartsWith('[') && line.IndexOf("] ", StringComparison.Ordinal) is var end and > 0) line = line[(end + 2)..];
        int colon = line.LastIndexOf(": ", StringComparison.Ordinal);
        return (colon > 0 ? line[(colon + 2)..] : line).Trim().TrimEnd('.');
    }

    private async Task ListenAsync()
    {
        while (await _process.StandardError.ReadLineAsync().ConfigureAwait(false) is { } line)
        {
            lock (_errors)
            {
                if (_errors.Count == MaxErrorLines) _errors.Dequeue();
                _errors.Enqueue(line.Length > 500 ? line[..500] : line);
            }
        }
    }

    private async Task FeedAsync(InputReader? feed, Func<Stream, CancellationToken, Task>? write)
    {
        Stream input = _process.StandardInput.BaseStream;
        try
        {
            if (feed is not null) await feed.CopyToAsync(input, _stopFeeding.Token).ConfigureAwait(false);
            if (write is not null) await write(input, _stopFeeding.Token).ConfigureAwait(false);
        }
        catch (RaopException e)
        {
            _feedError = e;
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // the program has closed its end or we are done with it: nothing to report
        }
        finally
        {
            if (feed is not null) await feed.DisposeAsync().ConfigureAwait(false);
            try
            {
                await input.DisposeAsync().ConfigureAwait(false);
            }
            catch (IOException)
            {
                // its end was closed with bytes under way
            }
        }
    }
}
