using System.Security.Cryptography;

namespace Raop.Security;

/// <summary>
/// AES-128-CBC by the platform's library, for processors without instructions for it. Each run of blocks starts anew with the IV. One thread at a time;
/// no allocation once the longest run has passed.
/// </summary>
/// <remarks>
/// The platform's transforms go on with the last cipher block from call to call. Instead of resetting them, which costs an allocation,
/// the first block is combined with that block and the IV: the former cancels out and the latter remains.
/// </remarks>
internal sealed class PlatformAes : IDisposable
{
    private const int BlockSize = 16;

    private readonly Aes _aes;
    private readonly byte[] _iv;
    private readonly byte[] _encryptorChain, _decryptorChain;
    private ICryptoTransform? _encryptor, _decryptor;
    private byte[] _input = [], _output = [];

    /// <param name="key">16 bytes.</param>
    /// <param name="iv">16 bytes.</param>
    public PlatformAes(ReadOnlySpan<byte> key, ReadOnlySpan<byte> iv)
    {
        _iv = iv.ToArray();
        _encryptorChain = iv.ToArray();
        _decryptorChain = iv.ToArray();
        _aes = Aes.Create();
        _aes.Mode = CipherMode.CBC;
        _aes.Padding = PaddingMode.None;
        _aes.Key = key.ToArray();
        _aes.IV = _iv;
    }

    /// <summary>Decrypts whole blocks, one at least, in place.</summary>
    public void Decrypt(Span<byte> blocks)
    {
        _decryptor ??= _aes.CreateDecryptor();
        Load(blocks);
        _decryptor.TransformBlock(_input, 0, blocks.Length, _output, 0);
        Span<byte> clear = _output.AsSpan(0, blocks.Length);
        Restart(clear, _decryptorChain);
        _input.AsSpan(blocks.Length - BlockSize, BlockSize).CopyTo(_decryptorChain);
        clear.CopyTo(blocks);
    }

    /// <summary>Encrypts whole blocks, one at least, in place.</summary>
    public void Encrypt(Span<byte> blocks)
    {
        _encryptor ??= _aes.CreateEncryptor();
        Load(blocks);
        Restart(_input, _encryptorChain);
        _encryptor.TransformBlock(_input, 0, blocks.Length, _output, 0);
        Span<byte> secret = _output.AsSpan(0, blocks.Length);
        secret[^BlockSize..].CopyTo(_encryptorChain);
        secret.CopyTo(blocks);
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
