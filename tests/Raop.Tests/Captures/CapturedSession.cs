using System.IO.Pipelines;
using Raop.Rtsp;
using Raop.Sdp;

namespace Raop.Tests.Captures;

/// <summary>The RTSP side of a captured session, read with our own parsers.</summary>
/// <param name="Requests">Of all connections, in order, but for <see cref="HasUnreadable"/>.</param>
/// <param name="Responses">Of all connections, in order.</param>
internal sealed record CapturedSession(IReadOnlyList<RtspRequest> Requests, IReadOnlyList<RtspResponse> Responses)
{
    /// <summary>What was announced and accepted, or null.</summary>
    public AnnounceSdp? Announcement { get; private init; }

    /// <summary>The Transport header of SETUP, or null.</summary>
    public TransportHeader? Question { get; private init; }

    /// <summary>The Transport header that answered SETUP, or null.</summary>
    public TransportHeader? Answer { get; private init; }

    /// <summary>The connection that SETUP came on, or null.</summary>
    public TcpConversation? Connection { get; private init; }

    /// <summary>Whether a connection's last request cannot be read: it is not finished, or is none.</summary>
    public bool HasUnreadable { get; private init; }

    public static async Task<CapturedSession> ReadAsync(Capture capture)
    {
        CancellationToken cancel = TestContext.Current.CancellationToken;
        List<RtspRequest> requests = [];
        List<RtspResponse> responses = [];
        TcpConversation? connection = null;
        bool hasUnreadable = false;
        foreach (TcpConversation conversation in capture.Conversations())
        {
            RtspReader up = new(PipeReader.Create(new MemoryStream(conversation.ToServer)));
            try
            {
                while (await up.ReadRequestAsync(cancel) is { } request)
                {
                    requests.Add(request);
                    if (request.Method == "SETUP") connection = conversation;
                }
            }
            catch (RaopException)
            {
                hasUnreadable = true;
            }

            RtspReader down = new(PipeReader.Create(new MemoryStream(conversation.ToClient)));
            while (await down.ReadResponseAsync(cancel) is { } response) responses.Add(response);
        }

        CapturedSession session = new(requests, responses) { HasUnreadable = hasUnreadable };
        return connection is null ? session : session with
        {
            Announcement = ReadAnnouncement(requests.Last(request => request.Method == "ANNOUNCE")),
            Question = ReadTransport(requests.Single(request => request.Method == "SETUP").Headers),
            Answer = ReadTransport(responses.Single(response => response.Headers["Transport"] is not null).Headers),
            Connection = connection,
        };
    }

    private static AnnounceSdp ReadAnnouncement(RtspRequest announce)
    {
        Assert.True(AnnounceSdp.TryParse(announce.Body.Span, out AnnounceSdp? sdp, out _, out string reason), reason);
        return sdp;
    }

    private static TransportHeader ReadTransport(RtspHeaders headers)
    {
        Assert.True(TransportHeader.TryParse(headers["Transport"], out TransportHeader? header));
        return header;
    }
}
