using System.Net;
using System.Net.Sockets;
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
    public EncodingKey Key(RaopChannel channel) => new(Session.Info.Codec, channel, Session.Cipher is not null);

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

/// <summary>Opens a session: chooses the transport, connects, shakes hands.</summary>
internal sealed class SenderOpening(INetwork network, IPEndPoint receiver, SessionPlace place, RaopSenderOptions options, ILogger log)
{
    /// <summary>Opens a session with a speaker, at the first of its addresses that answers. Leaves nothing open when it fails.</summary>
    /// <exception cref="RaopException">See <see cref="RaopError"/>; of several addresses that of the last.</exception>
    public static async ValueTask<OpenSession> OpenAsync(
        INetwork network, RaopSpeaker speaker, SessionPlace place, RaopSenderOptions options, ILogger log, CancellationToken cancellationToken)
    {
        IReadOnlyList<IPEndPoint> addresses = await ResolveAsync(speaker, cancellationToken).ConfigureAwait(false);
        for (int i = 0; ; i++)
        {
            try
            {
                return await new SenderOpening(network, addresses[i], place, options, log).OpenAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (RaopException e) when (e.Error is RaopError.Unreachable or RaopError.Refused or RaopError.Timeout && i + 1 < addresses.Count)
            {
                // the next one
            }
        }
    }

    /// <summary>Opens a session, and leaves nothing open when it fails.</summary>
    private async ValueTask<OpenSession> OpenAsync(CancellationToken cancellationToken)
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
        var client = new RtspClient(control, options, network.Completions, log, place.Remote);
        UdpPeer? peer = null;
        SenderHandshake? handshake = null;
        try
        {
            if (isUdp) peer = place.Udp().Admit(control.LocalEndPoint.Address, control.RemoteEndPoint.Address);
            SessionLine line = peer is null
                ? SessionLine.Alone(place.Secrets)
                : new SessionLine(place.Udp().Secrets, (codec, encrypted) => place.Udp().Place(peer, new EncodingKey(codec, place.Channel, encrypted)));
            handshake = new SenderHandshake(client, control, peer?.Sockets, line, options, log);
            SenderSession session = await handshake.RunAsync(cancellationToken).ConfigureAwait(false);
            IStreamConnection? audio = isUdp ? null : await ConnectAudioAsync(session, cancellationToken).ConfigureAwait(false);
            return new OpenSession(new SenderMember(client, session, options.TimeProvider, network.Completions), peer, audio);
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
            if (peer is not null) place.Udp().Leave(peer);
            await client.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>All addresses of a speaker; of a host name IPv4 first, because HomePods and some receivers fail on IPv6.</summary>
    private static async ValueTask<IReadOnlyList<IPEndPoint>> ResolveAsync(RaopSpeaker speaker, CancellationToken cancellationToken)
    {
        var addresses = new List<IPEndPoint>();
        foreach (EndPoint endPoint in speaker.EndPoints)
        {
            if (endPoint is IPEndPoint address) addresses.Add(address);
            if (endPoint is not DnsEndPoint name) continue;
            try
            {
                IPAddress[] found = await Dns.GetHostAddressesAsync(name.Host, cancellationToken).ConfigureAwait(false);
                addresses.AddRange(found.OrderBy(static a => a.AddressFamily == AddressFamily.InterNetworkV6).Select(a => new IPEndPoint(a, name.Port)));
            }
            catch (SocketException)
            {
                // Said below.
            }
        }

        if (addresses.Count > 0) return addresses;
        string host = speaker.EndPoints.OfType<DnsEndPoint>().FirstOrDefault()?.Host ?? speaker.Name;
        throw new RaopException(RaopError.Unreachable, $"There is no host named {host}.", "Check the spelling, or give the address in numbers.");
    }

    private ValueTask<IStreamConnection> ConnectAudioAsync(SenderSession session, CancellationToken cancellationToken) =>
        ConnectAsync(network, new IPEndPoint(receiver.Address, session.AudioPort), options, cancellationToken);
}
