using System.Security.Cryptography;

namespace Raop.Security;

/// <summary>
/// AES-128-CBC as RAOP applies it to audio: each packet starts anew with the stream's IV, whole 16-byte blocks only, the last odd bytes
/// stay in clear. One thread at a time; no allocation once the largest packet has passed.
/// </summary>
/// <remarks>
/// The platform's transforms go on with the last cipher block from call to call. Instead of resetting them, which costs an allocation,
/// the first block is combined with that block and the IV: the former cancels out and the latter remains.
/// </remarks>
internal sealed class PacketCipher : IDisposable
{
    private const int BlockSize = 16;

    private readonly Aes _aes;
    private readonly byte[] _iv;
    private readonly byte[] _encryptorChain, _decryptorChain;
    private ICryptoTransform? _encryptor, _decryptor;
    private byte[] _input = [], _output = [];

    /// <param name="key">16 bytes.</param>
    /// <param name="iv">16 bytes.</param>
    public PacketCipher(ReadOnlySpan<byte> key, ReadOnlySpan<byte> iv)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, BlockSize);
        ArgumentOutOfRangeException.ThrowIfNotEqual(iv.Length, BlockSize);
        _iv = iv.ToArray();
        _encryptorChain = iv.ToArray();
        _decryptorChain = iv.ToArray();
        _aes = Aes.Create();
        _aes.Mode = CipherMode.CBC;
        _aes.Padding = PaddingMode.None;
        _aes.Key = key.ToArray();
        _aes.IV = _iv;
    }

    /// <summary>Decrypts a packet's payload in place.</summary>
    public void Decrypt(Span<byte> payload)
    {
        int length = payload.Length & -BlockSize;
        if (length == 0) return;
        _decryptor ??= _aes.CreateDecryptor();
        Load(payload[..length]);
        _decryptor.TransformBlock(_input, 0, length, _output, 0);
        Span<byte> clear = _output.AsSpan(0, length);
        Restart(clear, _decryptorChain);
        _input.AsSpan(length - BlockSize, BlockSize).CopyTo(_decryptorChain);
        clear.CopyTo(payload);
    }

    /// <summary>Encrypts a packet's payload in place.</summary>
    public void Encrypt(Span<byte> payload)
    {
        int length = payload.Length & -BlockSize;
        if (length == 0) return;
        _encryptor ??= _aes.CreateEncryptor();
        Load(payload[..length]);
        Restart(_input, _encryptorChain);
        _encryptor.TransformBlock(_input, 0, length, _output, 0);
        Span<byte> secret = _output.AsSpan(0, length);
        secret[^BlockSize..].CopyTo(_encryptorChain);
        secret.CopyTo(payload);
    }

    public void Dispose()
    {
        _encryptor?.Dispose();
        _decryptor?.Dispose();
        _aes.Dispose();
    }

    private void Load(ReadOnlySpan<byte> blocks)
    {
        if (_input.Length < blocks.Length)
        {
            _input = new byte[blocks.Length];
            _output = new byte[blocks.Length];
        }

        blocks.CopyTo(_input);
    }

    private void Restart(Span<byte> firstBlock, ReadOnlySpan<byte> chain)
    {
        for (int i = 0; i < BlockSize; i++) firstBlock[i] ^= (byte)(chain[i] ^ _iv[i]);
    }
}
