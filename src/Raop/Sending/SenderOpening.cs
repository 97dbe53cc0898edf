using System.Net;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Raop.Network;

namespace Raop.Sending;

/// <summary>An open session: all that a sender needs to play.</summary>
internal sealed record OpenSession(RtspClient Client, IAudioChannel Audio, SenderSession Session);

/// <summary>Opens a session: chooses the transport, connects, shakes hands.</summary>
internal sealed class SenderOpening(INetwork network, IPEndPoint receiver, RaopSenderOptions options, ILogger log)
{
    /// <summary>Opens a session, and leaves nothing open when it fails.</summary>
    public async ValueTask<OpenSession> OpenAsync(CancellationToken cancellationToken)
    {
        if (options.Transport == RaopTransport.Tcp) return (await OpenAsync(isUdp: false, cancellationToken).ConfigureAwait(false))!;
        return await OpenAsync(isUdp: true, cancellationToken).ConfigureAwait(false)
            ?? (await OpenAsync(isUdp: false, cancellationToken).ConfigureAwait(false))!;
    }

    /// <summary>Connects, with a limit of our own.</summary>
    public static async ValueTask<IStreamConnection> ConnectAsync(
        INetwork network, IPEndPoint remote, RaopSenderOptions options, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(options.ConnectTimeout, options.TimeProvider);
        using var any = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            return await network.ConnectAsync(remote, any.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new RaopException(
                RaopError.Timeout, $"{remote} did not answer within {options.ConnectTimeout.TotalSeconds:0.#} s.",
                "Check that the address is right and the receiver is switched on; a firewall may drop the packets.");
        }
    }

    /// <returns>Null when the receiver takes no UDP and the choice is ours.</returns>
    private async ValueTask<OpenSession?> OpenAsync(bool isUdp, CancellationToken cancellationToken)
    {
        IStreamConnection control = await ConnectAsync(network, receiver, options, cancellationToken).ConfigureAwait(false);
        var client = new RtspClient(control, options, network.Completions, log);
        UdpSockets? sockets = null;
        SenderHandshake? handshake = null;
        try
        {
            if (isUdp) sockets = UdpSockets.Open(network, control.LocalEndPoint.Address, control.RemoteEndPoint.Address, options.UdpPorts, options.TimeProvider);
            handshake = new SenderHandshake(client, control, sockets, options, log);
            SenderSession session = await handshake.RunAsync(cancellationToken).ConfigureAwait(false);
            uint ssrc = BitConverter.ToUInt32(RandomNumberGenerator.GetBytes(4));
            IAudioChannel audio = sockets is null
                ? new TcpAudioChannel(await ConnectAudioAsync(session, cancellationToken).ConfigureAwait(false), session, ssrc, options, log)
                : new UdpAudioChannel(network, sockets, session, control.RemoteEndPoint.Address, ssrc, options.TimeProvider, log);
            return new OpenSession(client, audio, session);
        }
        catch (RaopException) when (isUdp && options.Transport == RaopTransport.Auto && handshake?.TransportRefusal is { } refusal)
        {
            log.UdpRefused(refusal);
            await CloseAsync().ConfigureAwait(false);
            return null;
        }
        catch
        {
            await CloseAsync().ConfigureAwait(false);
            throw;
        }

        async ValueTask CloseAsync()
        {
            sockets?.Dispose();
            await client.DisposeAsync().ConfigureAwait(false);
        }
    }

    private ValueTask<IStreamConnection> ConnectAudioAsync(SenderSession session, CancellationToken cancellationToken) =>
        ConnectAsync(network, new IPEndPoint(receiver.Address, session.AudioPort), options, cancellationToken);
}
