using System.Net;
using System.Runtime.ExceptionServices;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Raop.Network;

namespace Raop.Sending;

/// <summary>An open session: all that a sender needs to play.</summary>
internal sealed record OpenSession(RtspClient Client, IAudioChannel Audio, SenderSession Session);

/// <summary>Opens a session at one address: connects, shakes hands, and does it again another way where the device refuses the first.</summary>
internal sealed class SenderOpening(INetwork network, IPEndPoint receiver, RaopSenderOptions options, ILogger log)
{
    private const int MostTries = 5; // each takes a way out, so that fewer are left

    private bool _answers; // some request got an answer: another address would give the same

    /// <summary>Opens a session with a speaker, at the first of its addresses that answers. Leaves nothing open when it fails.</summary>
    /// <exception cref="RaopException">See <see cref="RaopError"/>; of several addresses that of the first.</exception>
    public static async ValueTask<OpenSession> OpenAsync(
        INetwork network, RaopSpeaker speaker, RaopSenderOptions options, ILogger log, CancellationToken cancellationToken)
    {
        SenderChoice choice = SenderChoice.Of(speaker, options);
        log.Chosen(choice.Device.Name, choice.Transport, choice.Codec, choice.Encryption);
        IReadOnlyList<IPEndPoint> addresses = await DeviceAddresses.ResolveAsync(speaker, choice.Device, cancellationToken).ConfigureAwait(false);
        ExceptionDispatchInfo? first = null;
        foreach (IPEndPoint address in addresses)
        {
            var opening = new SenderOpening(network, address, options, log);
            try
            {
                return await opening.OpenAsync(choice, cancellationToken).ConfigureAwait(false);
            }
            catch (RaopException e) when (!opening._answers && e.Error is RaopError.Unreachable or RaopError.Refused or RaopError.Timeout)
            {
                first ??= ExceptionDispatchInfo.Capture(e);
            }
        }

        first!.Throw();
        throw first.SourceException; // never
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

    private async ValueTask<OpenSession> OpenAsync(SenderChoice choice, CancellationToken cancellationToken)
    {
        for (int left = MostTries; ; left--)
        {
            (OpenSession? open, SenderChoice? another) = await TryAsync(choice, left > 1, cancellationToken).ConfigureAwait(false);
            if (open is not null) return open;
            choice = another!;
        }
    }

    /// <returns>A session, or another way to try.</returns>
    private async ValueTask<(OpenSession? Open, SenderChoice? Another)> TryAsync(SenderChoice choice, bool mayTryAgain, CancellationToken cancellationToken)
    {
        bool isUdp = choice.Transport == RaopTransport.Udp;
        IStreamConnection control = await ConnectAsync(network, receiver, options, cancellationToken).ConfigureAwait(false);
        var client = new RtspClient(control, options, network.Completions, log) { ReplyLimit = choice.Device.ReplyLimit };
        UdpSockets? sockets = null;
        SenderHandshake? handshake = null;
        try
        {
            if (isUdp) sockets = UdpSockets.Open(network, control.LocalEndPoint.Address, control.RemoteEndPoint.Address, options.UdpPorts, options.TimeProvider);
            handshake = new SenderHandshake(client, control, sockets, choice, options, log);
            SenderSession session = await handshake.RunAsync(cancellationToken).ConfigureAwait(false);
            uint ssrc = BitConverter.ToUInt32(RandomNumberGenerator.GetBytes(4));
            IAudioChannel audio = sockets is null
                ? new TcpAudioChannel(await ConnectAudioAsync(session, cancellationToken).ConfigureAwait(false), session, ssrc, options, log)
                : new UdpAudioChannel(network, sockets, session, control.RemoteEndPoint.Address, ssrc, options.TimeProvider, log);
            return (new OpenSession(client, audio, session), null);
        }
        catch (RaopException) when (mayTryAgain && handshake?.Another is not null)
        {
            await CloseAsync().ConfigureAwait(false);
            return (null, handshake.Another);
        }
        catch
        {
            await CloseAsync().ConfigureAwait(false);
            throw;
        }

        async ValueTask CloseAsync()
        {
            _answers |= handshake is { HasAnswer: true };
            sockets?.Dispose();
            await client.DisposeAsync().ConfigureAwait(false);
        }
    }

    private ValueTask<IStreamConnection> ConnectAudioAsync(SenderSession session, CancellationToken cancellationToken) =>
        ConnectAsync(network, new IPEndPoint(receiver.Address, session.AudioPort), options, cancellationToken);
}
