namespace Raop.Security;

/// <summary>
/// AES-128-CBC as RAOP applies it to audio: each packet starts anew with the stream's IV, whole 16-byte blocks only, the last odd bytes
/// stay in clear. One thread at a time; no allocation once the largest packet has passed.
/// </summary>
internal sealed class PacketCipher : IDisposable
{
    private const int BlockSize = 16;

    private readonly AesInstructions? _instructions;
    private readonly PlatformAes? _platform;

    /// <param name="key">16 bytes.</param>
    /// <param name="iv">16 bytes.</param>
    /// <param name="usesPlatform">Whether the platform's library does it even where the processor could.</param>
    public PacketCipher(ReadOnlySpan<byte> key, ReadOnlySpan<byte> iv, bool usesPlatform = false)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, BlockSize);
        ArgumentOutOfRangeException.ThrowIfNotEqual(iv.Length, BlockSize);
        if (AesInstructions.IsSupported && !usesPlatform) _instructions = new AesInstructions(key, iv);
        else _platform = new PlatformAes(key, iv);
    }

    /// <summary>Decrypts a packet's payload in place.</summary>
    public void Decrypt(Span<byte> payload)
    {
        Span<byte> blocks = payload[..(payload.Length & -BlockSize)];
        if (blocks.IsEmpty) return;
        if (_instructions is not null) _instructions.Decrypt(blocks);
        else _platform!.Decrypt(blocks);
    }

    /// <summary>Encrypts a packet's payload in place.</summary>
    public void Encrypt(Span<byte> payload)
    {
        Span<byte> blocks = payload[..(payload.Length & -BlockSize)];
        if (blocks.IsEmpty) return;
        if (_instructions is not null) _instructions.Encrypt(blocks);
        else _platform!.Encrypt(blocks);
    }

    public void Dispose() => _platform?.Dispose();
}
