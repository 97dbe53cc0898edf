using System.Buffers;
using System.Net;
using System.Text;
using Raop.Network;
using Raop.Rtsp;

namespace Raop.Tests.Fakes;

/// <summary>Somebody else's sender: writes the text that the test gives, and reads answers.</summary>
internal sealed class WireClient(IStreamConnection connection) : IAsyncDisposable
{
    private readonly RtspReader _reader = new(connection.Input);

    public static async Task<WireClient> ConnectAsync(INetwork network, IPEndPoint address) => new(await network.ConnectAsync(address));

    /// <summary>Sends bytes as they are.</summary>
    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        connection.Output.Write(bytes.Span);
        await connection.Output.FlushAsync();
    }

    /// <summary>Sends lines (CRLF is put between and the empty line after them) and a body.</summary>
    public Task SendAsync(string lines, string body = "")
    {
        string length = body.Length > 0 ? $"\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}" : "";
        return SendAsync(Encoding.UTF8.GetBytes(lines.ReplaceLineEndings("\r\n") + length + "\r\n\r\n" + body));
    }

    /// <summary>Sends a request and gives the answer.</summary>
    public async Task<RtspResponse> AskAsync(string lines, string body = "")
    {
        await SendAsync(lines, body);
        return await ReadAsync() ?? throw new InvalidOperationException("The receiver closed instead of answering.");
    }

    public ValueTask<RtspResponse?> ReadAsync() => _reader.ReadResponseAsync();

    /// <summary>Sends the end of the stream.</summary>
    public ValueTask FinishAsync() => connection.Output.CompleteAsync();

    public ValueTask DisposeAsync() => connection.DisposeAsync();
}
