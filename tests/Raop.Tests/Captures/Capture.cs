using System.Text.Json;

namespace Raop.Tests.Captures;

/// <summary>One of the recorded sessions in testdata/captures, with what its manifest states about it.</summary>
internal sealed record Capture
{
    public required string File { get; init; }

    public required int RtspPort { get; init; }

    /// <summary>The session's AES key and IV, already unwrapped; empty for a stream in clear.</summary>
    public required byte[] AesKey { get; init; }

    public required byte[] AesIv { get; init; }

    /// <summary>The fmtp attribute's value, payload type first; empty when nothing was announced.</summary>
    public required string Fmtp { get; init; }

    /// <summary>How many datagrams of each kind there are: audio, sync, timing_request, timing_reply, resend_request, resent and so on.</summary>
    public required IReadOnlyDictionary<string, int> Packets { get; init; }

    public int AudioPackets => Packets.GetValueOrDefault("audio");

    public required int PcmFrames { get; init; }

    /// <summary>SHA-256 of the decoded 16-bit little-endian stereo, lower-case hex; empty when there is no audio.</summary>
    public required string PcmSha256 { get; init; }

    public static string Folder { get; } = FindFolder();

    public static Capture Load(string file)
    {
        using JsonDocument manifest = JsonDocument.Parse(System.IO.File.ReadAllBytes(Path.Combine(Folder, "manifest.json")));
        JsonElement entry = manifest.RootElement.EnumerateArray().Single(e => e.GetProperty("file").GetString() == file);
        return new Capture
        {
            File = file,
            RtspPort = entry.GetProperty("rtsp_port").GetInt32(),
            AesKey = Convert.FromHexString(Text("aes_key")),
            AesIv = Convert.FromHexString(Text("aes_iv")),
            Fmtp = Text("fmtp"),
            Packets = entry.GetProperty("packets").EnumerateObject().ToDictionary(packet => packet.Name, packet => packet.Value.GetInt32()),
            PcmFrames = entry.GetProperty("pcm_frames").GetInt32(),
            PcmSha256 = Text("pcm_sha256"),
        };

        string Text(string name) => entry.GetProperty(name).GetString() ?? ""; // null where it does not apply
    }

    /// <summary>The TCP connections to a port of the receiver, the RTSP port by default, in the order in which they were opened.</summary>
    public IReadOnlyList<TcpConversation> Conversations(int? port = null) =>
        TcpConversation.Assemble(Pcap.ReadTcp(Bytes()), port ?? RtspPort);

    /// <summary>All datagrams, as they came.</summary>
    public IReadOnlyList<UdpDatagram> Datagrams() => Pcap.ReadUdp(Bytes());

    private byte[] Bytes() => System.IO.File.ReadAllBytes(Path.Combine(Folder, File));

    private static string FindFolder()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !System.IO.File.Exists(Path.Combine(folder, "Raop.slnx"))) folder = Path.GetDirectoryName(folder);
        return Path.Combine(folder ?? throw new DirectoryNotFoundException("No Raop.slnx above the tests."), "testdata", "captures");
    }
}
