using Alac;
using Raop.Audio;
using Raop.Security;

namespace Raop.Sending;

/// <summary>
/// Does once, beside the connection that opens, what the first packet needs: a process's first key, cipher and encoder take a tenth of a second to load
/// and compile.
/// </summary>
internal static class Rehearsal
{
    private static int _done;

    /// <summary>Begins, the first time; later calls do nothing.</summary>
    public static void Begin()
    {
        if (Interlocked.Exchange(ref _done, 1) == 0) _ = Task.Run(Run);
    }

    private static void Run()
    {
        _ = AirPortExpressKey.WrapKey(new byte[AirPortExpressKey.AesKeySize]);
        var config = new AlacConfig { FrameLength = 352 };
        byte[] payload = new byte[config.MaxPacketSize];
        byte[] tone = new byte[config.FrameLength * PcmFormat.AirTunes.BytesPerFrame];
        for (int i = 0; i < tone.Length; i++) tone[i] = (byte)(i * i);
        int length = new AlacEncoder(config).Encode(tone, payload);
        using var cipher = new PacketCipher(new byte[16], new byte[16]);
        cipher.Encrypt(payload.AsSpan(0, length));
    }
}
