using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Raop.Interop.Tests.Lab;

/// <summary>A program under test or a peer's command: output collected as it comes, killed when disposed.</summary>
internal sealed partial class Child : IAsyncDisposable
{
    private const int SigInt = 2, SigCont = 18, SigStop = 19; // Linux

    private readonly Process _process;
    private readonly MemoryStream _stdout = new();
    private readonly StringBuilder _stderr = new();
    private readonly Lock _gate = new();
    private readonly Task _reading, _writing;
    private TaskCompletionSource _news = NewSource();
    private bool _disposed;

    private Child(Process process, Stream? stdin)
    {
        _process = process;
        _reading = Task.WhenAll(ReadOutputAsync(), ReadErrorsAsync());
        _writing = WriteInputAsync(stdin);
    }

    public int Id => _process.Id;

    /// <summary>How it was called, for logs.</summary>
    public string Command => $"{Path.GetFileName(_process.StartInfo.FileName)} {string.Join(' ', _process.StartInfo.ArgumentList)}";

    /// <summary>What it has written to stdout so far.</summary>
    public byte[] Output
    {
        get { lock (_gate) return _stdout.ToArray(); }
    }

    public string OutputText => Encoding.UTF8.GetString(Output);

    /// <summary>What it has written to stderr so far.</summary>
    public string Errors
    {
        get { lock (_gate) return _stderr.ToString(); }
    }

    /// <param name="program">A program on PATH or a path.</param>
    /// <param name="arguments">Its arguments, unquoted.</param>
    /// <param name="environment">Added to ours.</param>
    /// <param name="stdin">What it gets to read; nothing when null.</param>
    /// <param name="folder">Its working folder; ours when null.</param>
    public static Child Start(
        string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null, Stream? stdin = null, string? folder = null)
    {
        ProcessStartInfo start = new(program, arguments)
        {
            UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder ?? "",
        };
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>()) start.Environment[name] = value;
        return new Child(Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start."), stdin);
    }

    /// <summary>Runs to the end; anything but exit code 0 fails the test with what it said.</summary>
    public static async Task<Child> RunAsync(
        string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null, Stream? stdin = null, string? folder = null)
    {
        Child child = Start(program, arguments, environment, stdin, folder);
        int code = await child.ExitAsync(TestContext.Current.CancellationToken);
        Assert.True(code == 0, $"{program} ended with {code}: {child.Errors}{child.OutputText}");
        return child;
    }

    /// <summary>Its exit code, when it has ended and all that it wrote is read. 137 after <see cref="Kill"/>.</summary>
    public async Task<int> ExitAsync(CancellationToken cancellationToken)
    {
        await _process.WaitForExitAsync(cancellationToken);
        await _reading.WaitAsync(cancellationToken);
        return _process.ExitCode;
    }

    /// <summary>SIGKILL: it gets no chance to say goodbye.</summary>
    public void Kill() => _process.Kill();

    /// <summary>SIGINT, as Ctrl-C sends it.</summary>
    public void Interrupt() => Assert.Equal(0, SendSignal(Id, SigInt));

    /// <summary>SIGSTOP to any process: it hangs, and its sockets stay open.</summary>
    public static void Suspend(int id) => Assert.Equal(0, SendSignal(id, SigStop));

    /// <summary>SIGCONT: it goes on after <see cref="Suspend"/>.</summary>
    public static void Resume(int id) => Assert.Equal(0, SendSignal(id, SigCont));

    /// <summary>The JSON events on stdout so far, one a line.</summary>
    public IReadOnlyList<JsonElement> Events()
    {
        string text = OutputText;
        return [.. text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonElement.Parse(line))];
    }

    /// <summary>The <paramref name="nth"/> event of that name, waiting for it; the test fails when the program ends without it.</summary>
    public Task<JsonElement> EventAsync(string name, int nth = 1) => WaitAsync(
        () =>
        {
            List<JsonElement> found = [.. Events().Where(e => e.GetProperty("event").GetString() == name)];
            return found.Count < nth ? null : (JsonElement?)found[nth - 1];
        },
        $"event \"{name}\"");

    public async ValueTask DisposeAsync()
    {
        if (_disposed) return;
        _disposed = true;
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync(CancellationToken.None);
        try
        {
            await _writing;
        }
        catch (IOException)
        {
            // it did not read to the end
        }

        _process.Dispose();
    }

    private async Task<T> WaitAsync<T>(Func<T?> probe, string what)
        where T : struct
    {
        while (true)
        {
            Task news;
            lock (_gate) news = _news.Task;
            bool over = _reading.IsCompleted;
            if (probe() is { } found) return found;
            Assert.False(over, $"It ended without {what}.\nstdout:\n{OutputText}\nstderr:\n{Errors}");
            await Task.WhenAny(news, _reading).WaitAsync(TestContext.Current.CancellationToken);
        }
    }

    private async Task ReadOutputAsync()
    {
        byte[] buffer = new byte[64 * 1024];
        while (await _process.StandardOutput.BaseStream.ReadAsync(buffer) is > 0 and int count)
        {
            lock (_gate) _stdout.Write(buffer, 0, count);
            Tell();
        }
    }

    private async Task ReadErrorsAsync()
    {
        while (await _process.StandardError.ReadLineAsync() is { } line)
        {
            lock (_gate) _stderr.AppendLine(line);
            Tell();
        }
    }

    private async Task WriteInputAsync(Stream? stdin)
    {
        await using Stream pipe = _process.StandardInput.BaseStream;
        if (stdin is not null) await stdin.CopyToAsync(pipe);
    }

    private void Tell()
    {
        TaskCompletionSource news;
        lock (_gate) (news, _news) = (_news, NewSource());
        news.SetResult();
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int pid, int signal);
}
