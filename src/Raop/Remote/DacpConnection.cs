using System.Buffers;
using System.Globalization;
using System.Text;
using Raop.Network;

namespace Raop.Remote;

/// <summary>One HTTP connection of a speaker, or of whoever: answers one request after the other.</summary>
internal sealed class DacpConnection(DacpContext context, IStreamConnection connection)
{
    private const int MaxRequests = 1000;
    private const string DmapType = "application/x-dmap-tagged";

    /// <summary>For a head from its first byte to its last, from the one before on, and for an answer to be taken.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>What takes longer than this goes on behind the answer: shairport-sync waits for half a second.</summary>
    private static readonly TimeSpan Prompt = TimeSpan.FromMilliseconds(250);

    /// <summary>A question for what is not known yet is answered with what is known after this.</summary>
    private static readonly TimeSpan LongPoll = TimeSpan.FromSeconds(30);

    /// <summary>Serves it. Never throws for what the peer does.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        await using (connection.ConfigureAwait(false))
        {
            try
            {
                for (int i = 0; i < MaxRequests && await ServeOneAsync(stop).ConfigureAwait(false); i++)
                {
                }

                await connection.Output.CompleteAsync().ConfigureAwait(false);
            }
            catch (Exception e) when (e is RaopException or OperationCanceledException)
            {
                context.Log.Dropped(connection.RemoteEndPoint, e.Message);
            }
        }
    }

    /// <returns>Whether the connection stays open.</returns>
    private async ValueTask<bool> ServeOneAsync(CancellationToken stop)
    {
        int status;
        DacpRequest? request = null;
        byte[] body = [];
        try
        {
            using var limit = new CancellationTokenSource(Patience, context.Time);
            using var any = CancellationTokenSource.CreateLinkedTokenSource(stop, limit.Token);
            HttpHead? head = await HttpHead.ReadAsync(connection.Input, any.Token).ConfigureAwait(false);
            if (head is null) return false;
            status = DacpRequest.Parse(head, out request);
        }
        catch (RaopException e) when (e.Error is RaopError.ProtocolViolation or RaopError.LimitExceeded)
        {
            status = e.Error == RaopError.LimitExceeded ? 431 : 400;
        }

        if (request is not null) (status, body) = await AnswerAsync(request, stop).ConfigureAwait(false);
        context.Log.Answered(connection.RemoteEndPoint, request?.Command ?? "?", status);
        bool staysOpen = request is { StaysOpen: true } && status < 400;
        await WriteAsync(status, body, staysOpen, stop).ConfigureAwait(false);
        return staysOpen;
    }

    private async ValueTask<(int Status, byte[] Body)> AnswerAsync(DacpRequest request, CancellationToken stop)
    {
        if (!context.IsOpen || MemberOf(request) is not { } member) return (403, []);
        switch (request.Command)
        {
            case "playstatusupdate": return await PlayStatusAsync(request, stop).ConfigureAwait(false);
            case "getproperty":
                bool asksVolume = request.Value("properties")?.Split(',').Contains("dmcp.volume") == true;
                return asksVolume ? (200, context.Status().ToVolume()) : (404, []);
        }

        int status = request.Understand(out IReadOnlyList<RaopRemoteRequest> asked);
        bool done = status == 0;
        foreach (RaopRemoteRequest one in asked) done &= await DoAsync(one with { Member = member }, stop).ConfigureAwait(false);
        return (done ? 204 : status == 0 ? 404 : status, []);
    }

    private string? MemberOf(DacpRequest request) => context.Gate.Find(connection.RemoteEndPoint.Address, request.Token);

    private async ValueTask<(int Status, byte[] Body)> PlayStatusAsync(DacpRequest request, CancellationToken stop)
    {
        if (!uint.TryParse(request.Value("revision-number"), NumberStyles.None, CultureInfo.InvariantCulture, out uint known)) return (400, []);
        (uint revision, Task changed) = context.Revision;
        if (known == revision)
        {
            try
            {
                await changed.WaitAsync(LongPoll, context.Time, stop).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                // nothing new
            }

            if (MemberOf(request) is null) return (403, []); // it has left meanwhile
            revision = context.Revision.Number;
        }

        return (200, context.Status().ToPlayStatus(revision));
    }

    private async ValueTask<bool> DoAsync(RaopRemoteRequest request, CancellationToken stop)
    {
        Task<bool> doing = HandleAsync(request, stop);
        try
        {
            return await doing.WaitAsync(Prompt, context.Time, stop).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            return true; // it is being done
        }
    }

    /// <summary>A handler that fails harms nobody: it was not done.</summary>
    private async Task<bool> HandleAsync(RaopRemoteRequest request, CancellationToken stop)
    {
        try
        {
            return await context.Handle(request, stop).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            if (e is not OperationCanceledException) context.Log.NotDone(connection.RemoteEndPoint, e.Message);
            return false;
        }
    }

    private async ValueTask WriteAsync(int status, byte[] body, bool staysOpen, CancellationToken stop)
    {
        string head = string.Create(
            CultureInfo.InvariantCulture,
            $"HTTP/1.1 {status} {Reason(status)}\r\nDAAP-Server: Raop\r\n{(body.Length > 0 ? $"Content-Type: {DmapType}\r\n" : "")}Content-Length: {body.Length}\r\n{(staysOpen ? "" : "Connection: close\r\n")}\r\n");
        using var limit = new CancellationTokenSource(Patience, context.Time);
        using var any = CancellationTokenSource.CreateLinkedTokenSource(stop, limit.Token);
        connection.Output.Write(Encoding.ASCII.GetBytes(head));
        connection.Output.Write(body);
        await connection.Output.FlushAsync(any.Token).ConfigureAwait(false);
    }

    private static string Reason(int status) => status switch
    {
        200 => "OK",
        204 => "No Content",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        431 => "Request Header Fields Too Large",
        505 => "HTTP Version Not Supported",
        _ => "Bad Request",
    };
}
