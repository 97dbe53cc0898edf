using System.Net;
using System.Runtime.ExceptionServices;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Raop.Audio;
using Raop.Network;

namespace Raop.Sending;

/// <summary>An open session.</summary>
/// <param name="Member">Its control connection.</param>
/// <param name="Peer">Its place among the receivers of a line, over UDP.</param>
/// <param name="Audio">Its audio connection, over TCP.</param>
internal sealed record OpenSession(SenderMember Member, UdpPeer? Peer, IStreamConnection? Audio) : IAsyncDisposable
{
    private SenderSession Session => Member.Session;

    /// <summary>What packets it takes.</summary>
    public EncodingKey Key(RaopChannel channel) => new(Session.Info.Codec, channel, Session.Info.Encrypted);

    /// <summary>A channel of its own over TCP.</summary>
    public TcpAudioChannel OverTcp(RaopSenderOptions options, ILogger log)
    {
        var encoding = new PacketEncoding(Key(RaopChannel.Stereo), Session.Config, Session.Secrets.Span);
        return new TcpAudioChannel(Audio!, Session, encoding, BitConverter.ToUInt32(RandomNumberGenerator.GetBytes(4)), options, log);
    }

    /// <summary>A line of its own over UDP, which it joins.</summary>
    public UdpAudioChannel OverUdp(UdpAudioChannel udp)
    {
        udp.Latency = (int)PcmFormat.AirTunes.Frames(Session.Info.Latency ?? TimeSpan.Zero);
        udp.Join(Peer!, Session, delay: 0);
        return udp;
    }

    public async ValueTask DisposeAsync()
    {
        if (Audio is not null) await Audio.DisposeAsync().ConfigureAwait(false);
        await Member.DisposeAsync().ConfigureAwait(false);
    }
}

/// <summary>How a session that is being opened fits into what plays.</summary>
/// <param name="Udp">The line that it joins over UDP.</param>
/// <param name="Channel">Which part of the music it takes.</param>
/// <param name="Remote">DACP-ID and Active-Remote, or null.</param>
/// <param name="Secrets">AES key and IV of a group, or null: a fresh one.</param>
internal sealed record SessionPlace(
    Func<UdpAudioChannel> Udp, RaopChannel Channel = RaopChannel.Stereo, (string DacpId, string ActiveRemote)? Remote = null, byte[]? Secrets = null);

/// <summary>Opens a session at one address: connects, shakes hands, and does it again another way where the device refuses the first.</summary>
internal sealed class SenderOpening(INetwork network, IPEndPoint receiver, SessionPlace place, RaopSenderOptions options, ILogger log)
{
    private const int MostTries = 5; // each takes a way out, so that fewer are left

    private bool _answers; // some request got an answer: another address would give the same

    /// <summary>Opens a session with a speaker, at the first of its addresses that answers. Leaves nothing open when it fails.</summary>
    /// <exception cref="RaopException">See <see cref="RaopError"/>; of several addresses that of the first.</exception>
    public static async ValueTask<OpenSession> OpenAsync(
        INetwork network, RaopSpeaker speaker, SessionPlace place, RaopSenderOptions options, ILogger log, CancellationToken cancellationToken)
    {
        SenderChoice choice = SenderChoice.Of(speaker, options);
        log.Chosen(choice.Device.Name, choice.Transport, choice.Codec, choice.Encryption);
        IReadOnlyList<IPEndPoint> addresses = await DeviceAddresses.ResolveAsync(speaker, choice.Device, cancellationToken).ConfigureAwait(false);
        ExceptionDispatchInfo? first = null;
        foreach (IPEndPoint address in addresses)
        {
            var opening = new SenderOpening(network, address, place, options, log);
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
        var client = new RtspClient(control, options, network.Completions, log, place.Remote) { ReplyLimit = choice.Device.ReplyLimit };
        UdpPeer? peer = null;
        SenderHandshake? handshake = null;
        try
        {
            if (isUdp) peer = place.Udp().Admit(control.LocalEndPoint.Address, control.RemoteEndPoint.Address);
            SessionLine line = peer is null
                ? SessionLine.Alone(place.Secrets)
                : new SessionLine(place.Udp().Secrets, (codec, encrypted) => place.Udp().Place(peer, new EncodingKey(codec, place.Channel, encrypted)));
            handshake = new SenderHandshake(client, control, peer?.Sockets, line, choice, options, log);
            SenderSession session = await handshake.RunAsync(cancellationToken).ConfigureAwait(false);
            IStreamConnection? audio = isUdp ? null : await ConnectAudioAsync(session, cancellationToken).ConfigureAwait(false);
            return (new OpenSession(new SenderMember(client, session, options.TimeProvider, network.Completions), peer, audio), null);
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
            if (peer is not null) place.Udp().Leave(peer);
            await client.DisposeAsync().ConfigureAwait(false);
        }
    }

    private ValueTask<IStreamConnection> ConnectAudioAsync(SenderSession session, CancellationToken cancellationToken) =>
        ConnectAsync(network, new IPEndPoint(receiver.Address, session.AudioPort), options, cancellationToken);
}
