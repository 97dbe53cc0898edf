using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using CsCheck;
using Raop.Rtsp;
using Raop.Tests.Security;

namespace Raop.Tests.Rtsp;

public sealed class RtspReaderTests
{
    private const string Announce = "ANNOUNCE rtsp://10.0.1.101/3172942895 RTSP/1.0\r\nCSeq: 1\r\nContent-Length: 5\r\n\r\nv=0\r\n";

    [Theory]
    [InlineData("itunes46-windows.txt")]
    [InlineData("itunes46-password.txt")]
    public async Task Reads_and_writes_published_exchanges_byte_for_byte(string file)
    {
        byte[] sent = Exchange.Side(file, sender: true), answered = Exchange.Side(file, sender: false);
        Assert.Equal(sent, Written([.. await Feed.RequestsAsync(sent)]));
        Assert.Equal(answered, Written([.. await Feed.ResponsesAsync(answered)]));
    }

    [Theory]
    [InlineData("vlc-rtsp", 6)]
    [InlineData("pulseaudio-options", 1)]
    [InlineData("pulseaudio-session", 5)]
    public async Task Reads_and_writes_captured_connections_byte_for_byte(string name, int messages)
    {
        byte[] sent = Vectors.Bytes(name + "-sender.bin"), answered = Vectors.Bytes(name + "-receiver.bin");
        List<RtspRequest> requests = await Feed.RequestsAsync(sent);
        List<RtspResponse> responses = await Feed.ResponsesAsync(answered);
        Assert.Equal(messages, requests.Count);
        Assert.Equal(messages, responses.Count);
        Assert.Equal(requests.Select(r => r.CSeq), responses.Select(r => r.CSeq));
        Assert.Equal(sent, Written([.. requests]));
        Assert.Equal(answered, Written([.. responses]));
    }

    [Fact]
    public async Task Reads_the_first_request_of_the_published_session()
    {
        RtspRequest first = (await Feed.RequestsAsync(Exchange.Side("itunes46-windows.txt", sender: true)))[0];
        Assert.Equal("ANNOUNCE", first.Method);
        Assert.Equal("rtsp://10.0.1.101/3172942895", first.Uri);
        Assert.Equal("RTSP/1.0", first.Protocol);
        Assert.Equal("1", first.CSeq);
        Assert.Equal("09KF45soMYmvj6dpsUGiIg", first.Headers["apple-challenge"]);
        Assert.Equal(567, first.Body.Length);
        Assert.Equal(Vectors.Get("sdp-content-length").Text("sdp"), Encoding.ASCII.GetString(first.Body.Span));
    }

    [Fact]
    public async Task No_way_of_cutting_the_stream_makes_a_difference()
    {
        byte[] stream = Exchange.Side("itunes46-windows.txt", sender: true);
        byte[] whole = Written([.. await Feed.RequestsAsync(stream)]);
        Assert.Equal(whole, Written([.. await Feed.RequestsAsync(stream, [.. Enumerable.Repeat(1, stream.Length)])]));
        for (int cut = 1; cut < stream.Length; cut++) Assert.Equal(whole, Written([.. await Feed.RequestsAsync(stream, cut)]));

        // VLC's own segments
        byte[] vlc = Vectors.Bytes("vlc-rtsp-sender.bin");
        Assert.Equal(vlc, Written([.. await Feed.RequestsAsync(vlc, 115, 31, 21, 41, 2, 565, 112, 62, 113, 63, 120, 90, 112, 29, 115, 2)]));
    }

    [Theory]
    [InlineData("\r\n")]
    [InlineData("\n")]
    [InlineData("\r")]
    public async Task Takes_any_line_end_in_any_pieces(string lineEnd)
    {
        string text = Announce[..Announce.LastIndexOf("v=0", StringComparison.Ordinal)].Replace("\r\n", lineEnd, StringComparison.Ordinal) + "v=0\r\n";
        byte[] stream = Encoding.ASCII.GetBytes(text + text);
        for (int size = 1; size <= stream.Length; size++)
        {
            List<RtspRequest> requests = await Feed.RequestsAsync(stream, [.. Enumerable.Repeat(size, stream.Length / size)]);
            Assert.Equal(2, requests.Count);
            Assert.All(requests, r => Assert.Equal(Announce, Encoding.ASCII.GetString(Written([r]))));
        }
    }

    [Theory]
    [InlineData("OPTIONS * RTSP/1.0\r\nCSeq:7\r\n\r\n")]
    [InlineData("OPTIONS * RTSP/1.0\r\ncseq :\t 7  \r\n\r\n")]
    [InlineData("\r\n\r\n\n\rOPTIONS  *\tRTSP/1.0\r\nCSEQ:   7\r\n\r\n\r\n")]
    [InlineData("OPTIONS * rtsp/1.0\r\nCSeq:\r\n 7\r\n\r\n")]
    [InlineData("OPTIONS * RTSP/1.0\r\nCSeq: 7\n\r\n")]
    public async Task Takes_odd_spellings(string text)
    {
        RtspRequest request = Assert.Single(await Feed.RequestsAsync(Encoding.ASCII.GetBytes(text)));
        Assert.Equal(("OPTIONS", "*", "7", "RTSP/1.0"), (request.Method, request.Uri, request.CSeq, request.Protocol));
    }

    [Fact]
    public async Task Unfolds_lines()
    {
        const string Text = "RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"raop\",\r\n     nonce=\"8A00\"\r\n\t\r\nCSeq: 1\r\n\r\n";
        RtspResponse response = Assert.Single(await Feed.ResponsesAsync(Encoding.ASCII.GetBytes(Text)));
        Assert.Equal("Digest realm=\"raop\", nonce=\"8A00\"", response.Headers["WWW-Authenticate"]);
        Assert.Equal("1", response.CSeq);
    }

    [Fact]
    public async Task Keeps_the_protocol_that_the_peer_spoke()
    {
        RtspRequest request = Assert.Single(await Feed.RequestsAsync("POST /auth-setup HTTP/1.1\r\nContent-Length: 1\r\n\r\n\u0001"u8.ToArray()));
        Assert.Equal("HTTP/1.1", request.Protocol);
        Assert.Null(request.CSeq);
        Assert.Equal("HTTP/1.1 404 Not Found\r\n\r\n", Encoding.ASCII.GetString(Written([RtspResponse.To(request, 404)])));
    }

    [Fact]
    public async Task Reads_an_answer_without_reason()
    {
        RtspResponse response = Assert.Single(await Feed.ResponsesAsync("RTSP/1.0 200\r\n\r\n"u8.ToArray()));
        Assert.Equal((200, ""), (response.StatusCode, response.Reason));
    }

    [Fact]
    public async Task Names_in_UTF8_and_in_Latin1_survive()
    {
        Assert.Equal("Café", Assert.Single(await Feed.RequestsAsync(Encoding.UTF8.GetBytes("GET / RTSP/1.0\nX: Café\n\n"))).Headers["X"]);
        Assert.Equal("Caf\u00e9\u0085", Assert.Single(await Feed.RequestsAsync(Encoding.Latin1.GetBytes("GET / RTSP/1.0\nX: Caf\u00e9\u0085\n\n"))).Headers["X"]);
    }

    [Theory]
    [InlineData("OPTIONS\r\n\r\n", 400)]
    [InlineData("OPTIONS *\r\n\r\n", 400)]
    [InlineData(" OPTIONS * RTSP/1.0\r\n\r\n", 400)]
    [InlineData("OPTIONS * RTSP/2.0\r\n\r\n", 505)]
    [InlineData("OPTIONS * FTP/1.0\r\n\r\n", 400)]
    [InlineData("OPTIONS a b RTSP/1.0\r\n\r\n", 400)]
    [InlineData("OPTIONS * RTSP/1.0\r\nno colon\r\n\r\n", 400)]
    [InlineData("OPTIONS * RTSP/1.0\r\n: no name\r\n\r\n", 400)]
    [InlineData("OPTIONS * RTSP/1.0\r\n folded into nothing\r\n\r\n", 400)]
    [InlineData("OPTIONS * RTSP/1.0\r\nA: b\0c\r\n\r\n", 400)]
    [InlineData("\0\0\0\0", 400)]
    [InlineData("\u0016\u0003\u0001\u0002", 400)] // TLS
    [InlineData("A / RTSP/1.0\r\nContent-Length: -1\r\n\r\n", 400)]
    [InlineData("A / RTSP/1.0\r\nContent-Length: +1\r\n\r\n", 400)]
    [InlineData("A / RTSP/1.0\r\nContent-Length: 0x10\r\n\r\n", 400)]
    [InlineData("A / RTSP/1.0\r\nContent-Length:\r\n\r\n", 400)]
    [InlineData("A / RTSP/1.0\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400)]
    [InlineData("A / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 501)]
    public async Task Refuses_what_breaks_the_syntax(string text, int status) =>
        Assert.Equal((RaopError.ProtocolViolation, status), await Feed.FailureAsync(Encoding.ASCII.GetBytes(text)));

    [Theory]
    [InlineData("ICY 200 OK\r\n\r\n")]
    [InlineData("RTSP/1.0\r\n\r\n")]
    [InlineData("RTSP/1.0 20\r\n\r\n")]
    [InlineData("RTSP/1.0 2000 OK\r\n\r\n")]
    [InlineData("RTSP/1.0 099 Low\r\n\r\n")]
    [InlineData("RTSP/1.0 OK\r\n\r\n")]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n\r\n")]
    [InlineData("RTSP/1.0 200 OK\r\nbad\r\n\r\n")]
    public async Task Refuses_what_is_no_answer(string text) =>
        Assert.Equal(RaopError.ProtocolViolation, (await Feed.FailureAsync(Encoding.ASCII.GetBytes(text), answers: true)).Error);

    [Fact]
    public async Task Equal_content_lengths_are_one() =>
        Assert.Equal(1, Assert.Single(await Feed.RequestsAsync("A / RTSP/1.0\r\nContent-Length: 1\r\ncontent-length: 1\r\n\r\nx"u8.ToArray())).Body.Length);

    [Fact]
    public async Task Every_truncation_inside_a_message_is_a_lost_connection()
    {
        byte[] stream = Encoding.ASCII.GetBytes(Announce);
        for (int length = 1; length < stream.Length; length++)
        {
            Assert.Equal((RaopError.ConnectionLost, 0), await Feed.FailureAsync(stream[..length]));
        }

        Assert.Empty(await Feed.RequestsAsync([]));
        Assert.Empty(await Feed.RequestsAsync("\r\n\r\n"u8.ToArray()));
    }

    [Fact]
    public async Task The_head_has_a_limit_to_the_byte()
    {
        const string Start = "A / RTSP/1.0\r\nX: ", End = "\r\n\r\n";
        byte[] fits = Encoding.ASCII.GetBytes(Start + new string('x', 1024 - Start.Length - End.Length) + End);
        Assert.Equal(1024, fits.Length);
        Assert.Equal((RaopError.LimitExceeded, 431), await Feed.FailureAsync(fits, maxHead: 1023));
        Assert.Equal((RaopError.ConnectionLost, 0), await Feed.FailureAsync([.. fits, (byte)'A'], maxHead: 1024)); // whole, then a stump
    }

    [Fact]
    public async Task A_body_has_a_limit_that_bites_before_the_body_comes()
    {
        foreach (string length in new[] { "1025", "2147483647", "2147483648", "99999999999999999999999999" })
        {
            byte[] head = Encoding.ASCII.GetBytes($"A / RTSP/1.0\r\nContent-Length: {length}\r\n\r\n");
            Assert.Equal((RaopError.LimitExceeded, 413), await Feed.FailureAsync(head, maxBody: 1024));
        }
    }

    [Fact]
    public async Task A_million_headers_or_empty_lines_end_at_the_limit()
    {
        byte[] headers = Encoding.ASCII.GetBytes("A / RTSP/1.0\r\n" + string.Concat(Enumerable.Repeat("a:b\n", 1_000_000)));
        Assert.Equal((RaopError.LimitExceeded, 431), await Feed.FailureAsync(headers));
        Assert.Equal((RaopError.LimitExceeded, 431), await Feed.FailureAsync(Encoding.ASCII.GetBytes(new string('\n', 1_000_000))));
        Assert.Equal((RaopError.LimitExceeded, 431), await Feed.FailureAsync(Encoding.ASCII.GetBytes(new string('x', 1_000_000))));
    }

    [Fact]
    public async Task As_many_headers_as_fit_are_read()
    {
        byte[] head = Encoding.ASCII.GetBytes("A / RTSP/1.0\n" + string.Concat(Enumerable.Repeat("a:\n", 5_000)) + "\n");
        Assert.Equal(5_000, Assert.Single(await Feed.RequestsAsync(head)).Headers.Count);
    }

    [Fact]
    public async Task A_promised_body_takes_memory_only_as_it_comes()
    {
        Pipe pipe = Feed.NewPipe();
        var reader = new RtspReader(pipe.Reader, maxBody: 1 << 30);
        byte[] head = "A / RTSP/1.0\r\nContent-Length: 1073741824\r\n\r\n"u8.ToArray();
        Task<RtspRequest?> reading = reader.ReadRequestAsync(TestContext.Current.CancellationToken).AsTask();
        long before = GC.GetAllocatedBytesForCurrentThread();
        await pipe.Writer.WriteAsync(head, TestContext.Current.CancellationToken);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 200_000);
        await pipe.Writer.CompleteAsync();
        Assert.Equal(RaopError.ConnectionLost, (await Assert.ThrowsAsync<RaopException>(() => reading)).Error);
    }

    [Fact]
    public async Task A_cancelled_read_loses_nothing()
    {
        byte[] stream = Encoding.ASCII.GetBytes(Announce);
        for (int cut = 0; cut < stream.Length; cut++)
        {
            Pipe pipe = Feed.NewPipe();
            var reader = new RtspReader(pipe.Reader);
            using var stop = new CancellationTokenSource();
            Task<RtspRequest?> reading = reader.ReadRequestAsync(stop.Token).AsTask();
            if (cut > 0) await pipe.Writer.WriteAsync(stream.AsMemory(0, cut), TestContext.Current.CancellationToken);
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
            await pipe.Writer.WriteAsync(stream.AsMemory(cut), TestContext.Current.CancellationToken);
            RtspRequest? request = await reader.ReadRequestAsync(TestContext.Current.CancellationToken);
            Assert.Equal(stream, Written([request!]));
        }
    }

    [Fact]
    public async Task Two_requests_in_one_segment_come_one_by_one()
    {
        Pipe pipe = Feed.NewPipe();
        var reader = new RtspReader(pipe.Reader);
        await pipe.Writer.WriteAsync(Encoding.ASCII.GetBytes(Announce + Announce), TestContext.Current.CancellationToken);
        for (int i = 0; i < 2; i++)
        {
            ValueTask<RtspRequest?> reading = reader.ReadRequestAsync(TestContext.Current.CancellationToken);
            Assert.True(reading.IsCompleted);
            Assert.Equal(Announce, Encoding.ASCII.GetString(Written([(await reading)!])));
        }
    }

    [Fact]
    public async Task A_broken_connection_is_a_lost_one_even_between_messages()
    {
        Pipe pipe = Feed.NewPipe();
        var reader = new RtspReader(pipe.Reader);
        await pipe.Writer.CompleteAsync(new IOException("reset"));
        RaopException e = await Assert.ThrowsAsync<RaopException>(async () => await reader.ReadRequestAsync(TestContext.Current.CancellationToken));
        Assert.Equal((RaopError.ConnectionLost, 0), (e.Error, reader.SuggestedStatus));
    }

    [Fact]
    public async Task After_an_error_the_reader_stays_broken()
    {
        Pipe pipe = Feed.NewPipe();
        var reader = new RtspReader(pipe.Reader);
        await pipe.Writer.WriteAsync(Encoding.ASCII.GetBytes("rubbish\r\n\r\n" + Announce), TestContext.Current.CancellationToken);
        for (int i = 0; i < 2; i++) await Assert.ThrowsAsync<RaopException>(async () => await reader.ReadRequestAsync(TestContext.Current.CancellationToken));
        Assert.Equal(400, reader.SuggestedStatus);
    }

    [Fact]
    public void Whatever_is_written_is_read_again()
    {
        Gen<string> token = Gen.Char['!', '~'].Where(c => c != ':').Array[1, 12].Select(c => new string(c));
        Gen<string> value = Gen.Char[' ', '\u024f'].Where(c => c is < '\x7f' or > '\u00a0').Array[0, 40].Select(c => new string(c).Trim());
        Gen<(string, string)[]> fields = Gen.Select(token, value).Array[0, 8];
        Gen.Select(token, token, fields, Gen.Byte.Array[0, 300], Gen.Int[1, 50]).Sample((method, uri, headers, body, size) =>
        {
            var all = new RtspHeaders();
            foreach ((string name, string text) in headers)
            {
                if (!name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase) && !name.Equals("Transfer-Encoding", StringComparison.OrdinalIgnoreCase)) all.Add(name, text);
            }

            byte[] bytes = Written([new RtspRequest(method, uri, all, body)]);
            RtspRequest read = Assert.Single(Feed.RequestsAsync(bytes, [.. Enumerable.Repeat(size, bytes.Length / size)]).GetAwaiter().GetResult());
            Assert.Equal((method, uri), (read.Method, read.Uri));
            Assert.Equal(all, read.Headers.Take(all.Count));
            Assert.Equal(body, read.Body.ToArray());
        }, iter: 500);
    }

    [Fact]
    public void Damaged_streams_give_messages_or_one_clear_error()
    {
        byte[][] seeds =
        [
            Exchange.Side("itunes46-windows.txt", sender: true), Exchange.Side("itunes46-password.txt", sender: true),
            Exchange.Side("itunes46-password.txt", sender: false), Vectors.Bytes("vlc-rtsp-sender.bin"),
        ];
        Gen.Select(Gen.Int[0, seeds.Length - 1], Gen.Select(Gen.Int[0, 5000], Gen.Byte).Array[1, 6], Gen.Int[1, 400]).Sample((which, changes, size) =>
        {
            byte[] bytes = [.. seeds[which]];
            foreach ((int at, byte to) in changes) bytes[at % bytes.Length] = to;
            int[] sizes = [.. Enumerable.Repeat(size, bytes.Length / size)];
            string whole = Outcome(bytes, []);
            Assert.Equal(whole, Outcome(bytes, sizes));
        }, iter: 3_000);
    }

    private static string Outcome(byte[] bytes, int[] sizes)
    {
        string requests, responses;
        try
        {
            requests = Convert.ToHexString(Written([.. Feed.RequestsAsync(bytes, sizes).GetAwaiter().GetResult()]));
        }
        catch (RaopException e)
        {
            requests = e.Message;
        }

        try
        {
            responses = Convert.ToHexString(Written([.. Feed.ResponsesAsync(bytes, sizes).GetAwaiter().GetResult()]));
        }
        catch (RaopException e)
        {
            responses = e.Message;
        }

        return requests + responses;
    }

    private static byte[] Written(object[] messages)
    {
        var output = new ArrayBufferWriter<byte>();
        foreach (object message in messages)
        {
            if (message is RtspRequest request) request.WriteTo(output);
            else ((RtspResponse)message).WriteTo(output);
        }

        return output.WrittenSpan.ToArray();
    }
}
