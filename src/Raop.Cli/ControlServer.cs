using System.Net;
using System.Net.Sockets;

namespace Raop.Cli;

/// <summary>Lets <c>raop remote</c> speak to this receiver.</summary>
internal sealed class ControlServer : IAsyncDisposable
{
    private const int MaxConnections = 16;

    /// <summary>For a command to come, and for the sender to answer.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly RaopReceiver _receiver;
    private readonly TimeProvider _time;
    private readonly Socket _listener;
    private readonly string _path;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _serving;
    private int _connections;

    private ControlServer(RaopReceiver receiver, TimeProvider time, Socket listener, string path)
    {
        (_receiver, _time, _listener, _path) = (receiver, time, listener, path);
        _serving = ServeAsync();
    }

    /// <summary>Begins to listen; a receiver that cannot be spoken to is a receiver all the same.</summary>
    /// <returns>The server, or null.</returns>
    public static ControlServer? TryStart(RaopReceiver receiver, Reporter reporter)
    {
        try
        {
            (Socket listener, string path) = ControlSocket.Listen(ControlSocket.Folder(reporter.Console));
            return new ControlServer(receiver, reporter.Console.Time, listener, path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or SocketException or ArgumentException or NotSupportedException)
        {
            reporter.WarnOnce($"raop remote cannot speak to this receiver: {e.Message}");
            return null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _stop.Cancel();
        _listener.Dispose();
        await _serving;
        try
        {
            File.Delete(_path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // raop remote clears it away
        }
    }

    private async Task ServeAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                Socket client = await _listener.AcceptAsync(_stop.Token);
                if (Interlocked.Increment(ref _connections) <= MaxConnections)
                {
                    _ = ServeAsync(client);
                    continue;
                }

                Interlocked.Decrement(ref _connections);
                client.Dispose();
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                // that one is gone
            }
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using (client)
        {
            try
            {
                using var limit = new CancellationTokenSource(Patience, _time);
                using var any = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _stop.Token);
                await ControlSocket.WriteAsync(client, Greeting(), Events.Default.ControlGreeting, any.Token);
                if (await ControlSocket.ReadLineAsync(client, any.Token) is { } line)
                    await ControlSocket.WriteAsync(client, await DoAsync(line, any.Token), Events.Default.ControlReply, any.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException)
            {
                // it took too long, or went away
            }
            finally
            {
                Interlocked.Decrement(ref _connections);
            }
        }
    }

    /// <summary>The name as it is now: another speaker may have had the one that was asked for.</summary>
    private ControlGreeting Greeting() => new(_receiver.Name, _receiver.EndPoint.Address.ToString(), _receiver.EndPoint.Port, Environment.ProcessId);

    private async Task<ControlReply> DoAsync(string line, CancellationToken stop)
    {
        string[] words = line.Split(' ', 2);
        if (!RemoteVerb.TryParse(words[0], words.ElementAtOrDefault(1), out Func<RaopReceiver, CancellationToken, Task>? tell, out string? problem))
            return new ControlReply(false, ErrorReport.UsageCode, problem);
        try
        {
            await tell(_receiver, stop);
            return new ControlReply(true);
        }
        catch (RaopException e)
        {
            return new ControlReply(false, Printable.Kebab(e.Error), e.Message, e.Remedy);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return new ControlReply(false, ErrorReport.InternalCode, e.Message);
        }
    }
}
