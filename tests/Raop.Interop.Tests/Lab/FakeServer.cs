using System.Net;
using System.Net.Sockets;

namespace Raop.Interop.Tests.Lab;

/// <summary>Something that listens and is no receiver. Lives in the test's own process: use it without isolation.</summary>
internal sealed class FakeServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _serving;

    /// <param name="answer">What everyone gets once they have said something; silence when null.</param>
    public FakeServer(byte[]? answer)
    {
        _listener.Start();
        _serving = ServeAsync(answer);
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _serving;
        _stop.Dispose();
    }

    private async Task ServeAsync(byte[]? answer)
    {
        List<Task> clients = [];
        try
        {
            while (true) clients.Add(AnswerAsync(await _listener.AcceptTcpClientAsync(_stop.Token), answer));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(clients);
        }
    }

    private async Task AnswerAsync(TcpClient client, byte[]? answer)
    {
        using (client)
        {
            try
            {
                byte[] request = new byte[4096];
                while (await client.GetStream().ReadAsync(request, _stop.Token) > 0)
                {
                    if (answer is null) continue;
                    await client.GetStream().WriteAsync(answer, _stop.Token);
                    return;
                }
            }
            catch (Exception e) when (e is OperationCanceledException or IOException)
            {
                // we stop, or it went away
            }
        }
    }
}
