using System.Buffers;
using System.Net;
using System.Security.Cryptography;
using Raop.Network;
using Raop.Rtsp;
using Raop.Tests.Captures;

namespace Raop.Tests.Conversations;

/// <summary>What VLC and PulseAudio put on the wire, in their own segments, played to our receiver.</summary>
public sealed class CaptureReplayTests
{
    [Theory]
    [InlineData("vlc-tcp-rsa.pcap")]
    [InlineData("pulseaudio-tcp-rsa.pcap")]
    public void Every_captured_frame_comes_out(string file)
    {
        Capture capture = Capture.Load(file);
        IReadOnlyList<TcpConversation> control = capture.Conversations();
        var stage = new Stage();
        stage.World.Run(async () =>
        {
            await using RaopReceiver receiver = stage.Receive(change: context => context.NewSessionId = () => "DEADBEEF");
            foreach (TcpConversation conversation in control) await ReplayAsync(stage, capture, conversation);
            await stage.WaitForAsync(() => stage.Events.OfType<RaopSessionEnded>().Any());
        });

        Assert.Equal(capture.PcmSha256, Convert.ToHexStringLower(SHA256.HashData(stage.Sink.Pcm)));
        Assert.Equal((capture.AudioPackets, capture.PcmFrames), (stage.Ended.Counts.Packets, stage.Ended.Counts.FramesWritten));
        Assert.Equal((0, 0, 0), (stage.Ended.Counts.PacketsConcealed, stage.Ended.Counts.FramesChanged, stage.Ended.Counts.FramesFlushed));
    }

    /// <summary>One control connection; the audio goes out after the last request but the ones that end the stream.</summary>
    private static async Task ReplayAsync(Stage stage, Capture capture, TcpConversation conversation)
    {
        await using IStreamConnection connection = await stage.SenderHost.Network.ConnectAsync(Stage.Address);
        var reader = new RtspReader(connection.Input);
        bool audioIsDone = false;
        int port = 0;
        foreach (TcpConversation.Piece piece in conversation.Pieces)
        {
            if (piece.FromClient)
            {
                if (!audioIsDone && port > 0 && (piece.Bytes.AsSpan().StartsWith("FLUSH"u8) || piece.Bytes.AsSpan().StartsWith("TEARDOWN"u8)))
                {
                    await PlayAsync(stage, capture, port);
                    audioIsDone = true;
                }

                connection.Output.Write(piece.Bytes);
                await connection.Output.FlushAsync();
                await stage.WaitAsync(0.001);
            }
            else
            {
                RtspResponse? answer = await reader.ReadResponseAsync();
                Assert.Equal(200, answer!.StatusCode);
                if (TransportHeader.TryParse(answer.Headers["Transport"], out TransportHeader? transport)) port = transport.ServerPort!.Value;
            }
        }

        if (port > 0 && !audioIsDone) await PlayAsync(stage, capture, port);
    }

    private static async Task PlayAsync(Stage stage, Capture capture, int port)
    {
        int captured = AudioPort(capture);
        await using IStreamConnection audio = await stage.SenderHost.Network.ConnectAsync(new IPEndPoint(Stage.Address.Address, port));
        foreach (TcpConversation.Piece piece in Assert.Single(capture.Conversations(captured)).Pieces)
        {
            audio.Output.Write(piece.Bytes);
            await audio.Output.FlushAsync();
        }

        await stage.WaitAsync(10); // six seconds of music
    }

    private static int AudioPort(Capture capture)
    {
        foreach (TcpConversation conversation in capture.Conversations())
        {
            string text = System.Text.Encoding.Latin1.GetString(conversation.ToClient);
            int at = text.IndexOf("server_port=", StringComparison.Ordinal);
            if (at >= 0) return int.Parse(text.AsSpan(at + 12, text.AsSpan(at + 12).IndexOfAnyExceptInRange('0', '9')));
        }

        throw new InvalidDataException("No audio port in the capture.");
    }
}
