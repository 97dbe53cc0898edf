using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Raop.Apps.Tests.Media.Input;

/// <summary>A web server on loopback that answers each path with exactly the bytes that a test gives: also what no proper server would say.</summary>
internal sealed class WebServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Dictionary<string, Func<Stream, CancellationToken, Task>> _answers = [];
    private readonly Task _serving;

    public WebServer()
    {
        _listener.Start();
        _serving = ServeAsync();
    }

    public string Root => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    /// <summary>Heads of the requests so far.</summary>
    public List<string> Requests { get; } = [];

    /// <summary>Answers a path with a head (its lines separated by |) and a body, then closes.</summary>
    public void Answer(string path, string head, byte[] body) => Answer(path, async (stream, cancel) =>
    {
        await stream.WriteAsync(Encoding.Latin1.GetBytes(head.Replace("|", "\r\n", StringComparison.Ordinal) + "\r\n\r\n"), cancel);
        await stream.WriteAsync(body, cancel);
    });

    public void Answer(string path, Func<Stream, CancellationToken, Task> answer) => _answers[path] = answer;

    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested) return;
        await _stop.CancelAsync();
        _listener.Stop();
        await _serving;
    }

    private async Task ServeAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true) connections.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                NetworkStream stream = client.GetStream();
                var head = new StringBuilder();
                var one = new byte[1];
                while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await stream.ReadAsync(one, _stop.Token) > 0) head.Append((char)one[0]);
                lock (Requests) Requests.Add(head.ToString());
                string path = head.ToString().Split(' ')[1];
                if (_answers.TryGetValue(path, out Func<Stream, CancellationToken, Task>? answer)) await answer(stream, _stop.Token);
                else await stream.WriteAsync("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"u8.ToArray(), _stop.Token);
            }
            catch (Exception e) when (e is IOException or OperationCanceledException)
            {
                // the client left, or the test is over
            }
        }
    }
}
