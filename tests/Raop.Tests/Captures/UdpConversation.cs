using System.Net;

namespace Raop.Tests.Captures;

/// <summary>The datagrams of one captured session, with the ports that SETUP gave them: enough to replay either end.</summary>
internal sealed record UdpConversation
{
    /// <summary>The address that the sender's datagrams have.</summary>
    public required IPAddress SenderAddress { get; init; }

    /// <summary>The sender's ports, from its SETUP: control gets resend requests, timing gets questions.</summary>
    public required int SenderControlPort { get; init; }

    public required int SenderTimingPort { get; init; }

    public required IPAddress ReceiverAddress { get; init; }

    /// <summary>The receiver's ports, from its answer to SETUP: control gets sync and resent packets, timing gets answers.</summary>
    public required int ReceiverAudioPort { get; init; }

    public required int ReceiverControlPort { get; init; }

    public required int ReceiverTimingPort { get; init; }

    /// <summary>The connection that SETUP came on: its pieces and <see cref="Pieces"/> have the same zero of time.</summary>
    public required TcpConversation Rtsp { get; init; }

    /// <summary>All datagrams of the session both ways, in the order of the capture.</summary>
    public required IReadOnlyList<Piece> Pieces { get; init; }

    /// <summary>One datagram.</summary>
    /// <param name="At">Since the RTSP connection of SETUP was opened.</param>
    /// <param name="SourcePort">Audio's is in no header: the sender takes any.</param>
    internal sealed record Piece(TimeSpan At, bool FromSender, int SourcePort, int DestinationPort, byte[] Bytes);

    /// <exception cref="InvalidDataException">There is no UDP session in the capture, or it has datagrams to other ports.</exception>
    public static async Task<UdpConversation> ReadAsync(Capture capture)
    {
        CapturedSession session = await CapturedSession.ReadAsync(capture);
        if (session is not { Question: { IsUdp: true } question, Answer: { IsUdp: true } answer, Connection: { } rtsp }) throw new InvalidDataException("No session over UDP.");
        return Assemble(capture.Datagrams(), rtsp, (Port(question.ControlPort), Port(question.TimingPort)),
            (Port(answer.ServerPort), Port(answer.ControlPort), Port(answer.TimingPort)));
    }

    /// <summary>Sorts datagrams by direction.</summary>
    /// <exception cref="InvalidDataException">One goes to a port of neither end.</exception>
    public static UdpConversation Assemble(
        IEnumerable<UdpDatagram> datagrams, TcpConversation rtsp, (int Control, int Timing) sender, (int Audio, int Control, int Timing) receiver)
    {
        IPEndPoint[] atSender = [new(rtsp.Client.Address, sender.Control), new(rtsp.Client.Address, sender.Timing)];
        IPEndPoint[] atReceiver =
            [new(rtsp.Server.Address, receiver.Audio), new(rtsp.Server.Address, receiver.Control), new(rtsp.Server.Address, receiver.Timing)];
        List<Piece> pieces = [];
        foreach (UdpDatagram datagram in datagrams)
        {
            bool fromSender = atReceiver.Contains(datagram.Destination);
            if (!fromSender && !atSender.Contains(datagram.Destination)) throw new InvalidDataException($"A datagram to {datagram.Destination}.");
            pieces.Add(new Piece(datagram.Time - rtsp.Opened, fromSender, datagram.Source.Port, datagram.Destination.Port, datagram.Payload));
        }

        return new UdpConversation
        {
            SenderAddress = rtsp.Client.Address,
            SenderControlPort = sender.Control,
            SenderTimingPort = sender.Timing,
            ReceiverAddress = rtsp.Server.Address,
            ReceiverAudioPort = receiver.Audio,
            ReceiverControlPort = receiver.Control,
            ReceiverTimingPort = receiver.Timing,
            Rtsp = rtsp,
            Pieces = pieces,
        };
    }

    /// <summary>The datagrams to one of the ports, in order.</summary>
    public IEnumerable<Piece> To(int port) => Pieces.Where(piece => piece.DestinationPort == port);

    private static int Port(int? port) => port ?? throw new InvalidDataException("SETUP lacks a port.");
}
