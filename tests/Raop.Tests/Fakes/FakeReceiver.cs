using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using Raop.Network;
using Raop.Rtsp;
using Raop.Tests.Simulation;

namespace Raop.Tests.Fakes;

/// <summary>Somebody else's receiver: answers 200 to everything, but for what the test says, and collects what is sent.</summary>
internal sealed class FakeReceiver
{
    private readonly SimulatedHost _host;
    private IStreamListener? _audio;

    public FakeReceiver(SimulatedHost host, int port = 5000)
    {
        _host = host;
        _ = ServeAsync(host.Network.Listen(new IPEndPoint(IPAddress.IPv6Any, port)));
    }

    /// <summary>Changes the answer; null closes the connection instead.</summary>
    public Func<RtspRequest, RtspResponse, RtspResponse?> Answer { get; set; } = static (_, response) => response;

    /// <summary>Writes to the sender on the audio connection, as the first AirPort Express does.</summary>
    public byte[] BackChannel { get; set; } = [];

    /// <summary>Whether audio is read at all.</summary>
    public bool Reads { get; set; } = true;

    public List<RtspRequest> Requests { get; } = [];

    public long AudioBytes { get; private set; }

    public IEnumerable<string> Methods => Requests.Select(static request => request.Method);

    private async Task ServeAsync(IStreamListener listener)
    {
        while (await listener.AcceptAsync() is { } connection) _ = ServeAsync(connection);
    }

    private async Task ServeAsync(IStreamConnection connection)
    {
        var reader = new RtspReader(connection.Input);
        try
        {
            while (await reader.ReadRequestAsync() is { } request)
            {
                Requests.Add(request);
                RtspResponse response = RtspResponse.To(request, 200);
                if (request.Method == "SETUP") SetUp(response);
                if (Answer(request, response) is not { } answer) break;
                answer.WriteTo(connection.Output);
                await connection.Output.FlushAsync();
            }
        }
        catch (RaopException)
        {
        }

        await connection.DisposeAsync();
    }

    private void SetUp(RtspResponse response)
    {
        _audio ??= _host.Network.Listen(new IPEndPoint(IPAddress.IPv6Any, 6000));
        _ = TakeAudioAsync(_audio);
        response.Headers.Add("Session", "DEADBEEF");
        response.Headers.Add("Transport", TransportHeader.Tcp(6000).ToString());
    }

    private async Task TakeAudioAsync(IStreamListener listener)
    {
        if (await listener.AcceptAsync() is not { } connection) return;
        try
        {
            while (Reads)
            {
                ReadResult result = await connection.Input.ReadAsync();
                AudioBytes += result.Buffer.Length;
                connection.Input.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted) break;
                if (BackChannel.Length == 0) continue;
                connection.Output.Write(BackChannel);
                await connection.Output.FlushAsync();
            }
        }
        catch (RaopException)
        {
        }

        if (!Reads) return;
        await connection.DisposeAsync();
    }
}
