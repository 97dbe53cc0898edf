using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;
using Raop.Network;

namespace Raop.Remote;

/// <summary>How a sender takes a command.</summary>
internal enum DacpResult
{
    /// <summary>It does it.</summary>
    Done,

    /// <summary>It answered, and does not do it: 403 a wrong token or not now, 404 not known or not possible.</summary>
    Refused,

    /// <summary>It announces no remote control, or not at its own address.</summary>
    NotFound,

    /// <summary>It announces one, and nothing answers there.</summary>
    Unreachable,
}

/// <summary>What came of a command.</summary>
/// <param name="Result">How it ended.</param>
/// <param name="Status">The answer's status, 0 without an answer.</param>
/// <param name="Detail">One sentence for people when it is not done.</param>
internal readonly record struct DacpOutcome(DacpResult Result, int Status, string Detail);

/// <summary>The sender of a session, as its RTSP requests describe it.</summary>
/// <param name="Address">Where its RTSP connection comes from: nobody else is ever talked to.</param>
/// <param name="Id">Its DACP-ID.</param>
/// <param name="Token">Its Active-Remote for us, sent back exactly as it came.</param>
/// <param name="Port">Where it listens, when that is known without asking.</param>
internal sealed record DacpTarget(IPAddress Address, string Id, string Token, int? Port = null)
{
    /// <summary>A target from the headers of a session; null when the sender gave none, or such as no sender gives.</summary>
    public static DacpTarget? From(IPAddress address, string? id, string? token) =>
        DacpIdentity.IsId(id) && DacpIdentity.IsToken(token) ? new DacpTarget(address, id!, token!) : null;
}

/// <summary>Tells senders what a speaker wants: one short connection for each command.</summary>
/// <param name="network">The network.</param>
/// <param name="time">Clock for time limits.</param>
/// <param name="directory">Knows where senders listen; null: only those with a known port are found.</param>
/// <param name="isOurs">Whether an address is one of this machine, for a sender that comes over the loopback.</param>
/// <param name="log">Told what came of it.</param>
internal sealed class DacpClient(INetwork network, TimeProvider time, DacpDirectory? directory, Func<IPAddress, bool> isOurs, ILogger log)
{
    private static readonly TimeSpan FindLimit = TimeSpan.FromSeconds(2), ConnectLimit = TimeSpan.FromSeconds(0.5), WholeLimit = TimeSpan.FromSeconds(2);

    /// <summary>Sends a command.</summary>
    /// <param name="target">Whom.</param>
    /// <param name="command">What stands behind <c>/ctrl-int/1/</c>; of our own making, never a peer's text.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> fired.</exception>
    public async Task<DacpOutcome> SendAsync(DacpTarget target, string command, CancellationToken cancellationToken = default)
    {
        (int port, string why) = await FindAsync(target, cancellationToken).ConfigureAwait(false);
        var to = new IPEndPoint(target.Address, port);
        DacpOutcome outcome = port == 0 ? new DacpOutcome(DacpResult.NotFound, 0, why) : await AskAsync(to, target.Token, command, cancellationToken).ConfigureAwait(false);
        log.Told(to, command, outcome.Status > 0 ? $"{outcome.Status}" : $"{outcome.Result}");
        return outcome;
    }

    private async ValueTask<(int Port, string Why)> FindAsync(DacpTarget target, CancellationToken cancellationToken)
    {
        if (target.Port is { } known) return (known, "");
        if (directory is null) return (0, "Nothing here can look for the sender's remote control.");
        directory.Begin();
        long began = time.GetTimestamp();
        bool elsewhere = false;
        while (true)
        {
            (IReadOnlyList<DacpSighting> found, Task news) = directory.Find(target.Id);
            if (found.FirstOrDefault(one => IsItself(one, target.Address)) is { } itself) return (itself.Port, "");
            if (found.Count > 0 && !elsewhere) log.Elsewhere(found[0].Instance, target.Address);
            elsewhere |= found.Count > 0;
            try
            {
                TimeSpan left = FindLimit - time.GetElapsedTime(began);
                await news.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, time, cancellationToken).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                return (0, elsewhere
                    ? $"The remote control of the sender is announced elsewhere than at {target.Address}, where the sender is: not followed."
                    : $"The sender at {target.Address} announces no remote control ({DacpIdentity.InstancePrefix}{target.Id}).");
            }
        }
    }

    private bool IsItself(DacpSighting found, IPAddress sender) =>
        found.Port is > 0 and <= ushort.MaxValue
        && found.Addresses.Any(address => Bare(address).Equals(Bare(sender)) || (IPAddress.IsLoopback(sender) && isOurs(address)));

    /// <summary>Without an IPv6 scope, which each side numbers for itself.</summary>
    private static IPAddress Bare(IPAddress address) =>
        address.IsIPv4MappedToIPv6 ? address.MapToIPv4()
        : address.AddressFamily == AddressFamily.InterNetworkV6 ? new IPAddress(address.GetAddressBytes()) : address;

    private async ValueTask<DacpOutcome> AskAsync(IPEndPoint to, string token, string command, CancellationToken cancellationToken)
    {
        using var whole = new CancellationTokenSource(WholeLimit, time);
        using var connect = new CancellationTokenSource(ConnectLimit, time);
        using var connecting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, connect.Token);
        using var any = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, whole.Token);
        try
        {
            IStreamConnection connection = await network.ConnectAsync(to, connecting.Token).ConfigureAwait(false);
            await using (connection.ConfigureAwait(false))
            {
                connection.Output.Write(Request(to, token, command));
                await connection.Output.FlushAsync(any.Token).ConfigureAwait(false);
                HttpHead? head = await HttpHead.ReadAsync(connection.Input, any.Token).ConfigureAwait(false);
                return head is null ? Unreachable($"The sender's remote control at {to} closed the connection without an answer.") : Outcome(StatusOf(head));
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            double limit = whole.IsCancellationRequested ? WholeLimit.TotalSeconds : ConnectLimit.TotalSeconds;
            return Unreachable(string.Create(CultureInfo.InvariantCulture, $"The sender's remote control at {to} did not answer within {limit:0.#} s."));
        }
        catch (RaopException e)
        {
            return Unreachable($"The sender's remote control: {e.Message}");
        }
    }

    private static DacpOutcome Unreachable(string why) => new(DacpResult.Unreachable, 0, why);

    /// <summary>As shairport-sync writes it.</summary>
    private static byte[] Request(IPEndPoint to, string token, string command)
    {
        var host = new IPEndPoint(Bare(to.Address), to.Port); // a scope means nothing there
        return Encoding.ASCII.GetBytes($"GET /ctrl-int/1/{command} HTTP/1.1\r\nHost: {host}\r\nActive-Remote: {token}\r\n\r\n");
    }

    private static int StatusOf(HttpHead head)
    {
        string[] words = head.StartLine.Split(' ', 3);
        bool isStatus = words.Length >= 2 && words[0].StartsWith("HTTP/1.", StringComparison.Ordinal) && words[1].Length == 3;
        return isStatus && int.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out int status) && status >= 100
            ? status
            : throw new RaopException(RaopError.ProtocolViolation, "what answers there does not speak HTTP.");
    }

    private static DacpOutcome Outcome(int status) => status switch
    {
        >= 200 and < 300 => new DacpOutcome(DacpResult.Done, status, ""),
        403 => new DacpOutcome(DacpResult.Refused, status, "The sender takes no command from this session now (403)."),
        404 => new DacpOutcome(DacpResult.Refused, status, "The sender does not know this command, or cannot do it now (404)."),
        _ => new DacpOutcome(DacpResult.Refused, status, $"The sender answered {status}."),
    };
}
