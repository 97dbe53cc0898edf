using System.Text.Json;

namespace Raop.Tests.Captures;

/// <summary>One of the recorded sessions in testdata/captures, with what its manifest states about it.</summary>
internal sealed record Capture
{
    public required string File { get; init; }

    public required int RtspPort { get; init; }

    /// <summary>The session's AES key and IV, already unwrapped.</summary>
    public required byte[] AesKey { get; init; }

    public required byte[] AesIv { get; init; }

    /// <summary>The fmtp attribute's value, payload type first.</summary>
    public required string Fmtp { get; init; }

    public required int AudioPackets { get; init; }

    public required int PcmFrames { get; init; }

    /// <summary>SHA-256 of the decoded 16-bit little-endian stereo, lower-case hex.</summary>
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
            AesKey = Convert.FromHexString(entry.GetProperty("aes_key").GetString()!),
            AesIv = Convert.FromHexString(entry.GetProperty("aes_iv").GetString()!),
            Fmtp = entry.GetProperty("fmtp").GetString()!,
            AudioPackets = entry.GetProperty("packets").GetProperty("audio").GetInt32(),
            PcmFrames = entry.GetProperty("pcm_frames").GetInt32(),
            PcmSha256 = entry.GetProperty("pcm_sha256").GetString()!,
        };
    }

    /// <summary>The TCP connections to a port of the receiver, the RTSP port by default, in the order in which they were opened.</summary>
    public IReadOnlyList<TcpConversation> Conversations(int? port = null) =>
        TcpConversation.Assemble(Pcap.ReadTcp(System.IO.File.ReadAllBytes(Path.Combine(Folder, File))), port ?? RtspPort);

    private static string FindFolder()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !System.IO.File.Exists(Path.Combine(folder, "Raop.slnx"))) folder = Path.GetDirectoryName(folder);
        return Path.Combine(folder ?? throw new DirectoryNotFoundException("No Raop.slnx above the tests."), "testdata", "captures");
    }
}
