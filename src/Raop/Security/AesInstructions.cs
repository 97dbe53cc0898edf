using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using ArmAes = System.Runtime.Intrinsics.Arm.Aes;
using X86Aes = System.Runtime.Intrinsics.X86.Aes;

namespace Raop.Security;

/// <summary>
/// AES-128-CBC by the processor's own instructions, FIPS 197: the keys of the rounds are made once, a packet costs a quarter of what the platform's
/// library takes for it, and nothing is allocated. Each run of blocks starts anew with the IV. From any thread.
/// </summary>
/// <remarks>Decryption is the "equivalent inverse cipher" (FIPS 197 section 5.3.5), which is what the instructions of both families do.</remarks>
internal sealed class AesInstructions
{
    private const int Rounds = 10, KeyWords = 4;

    private readonly Vector128<byte>[] _encryption = new Vector128<byte>[Rounds + 1], _decryption = new Vector128<byte>[Rounds + 1];
    private readonly Vector128<byte> _iv;

    /// <param name="key">16 bytes.</param>
    /// <param name="iv">16 bytes.</param>
    public AesInstructions(ReadOnlySpan<byte> key, ReadOnlySpan<byte> iv)
    {
        _iv = Vector128.Create(iv);
        Span<uint> words = stackalloc uint[KeyWords * (Rounds + 1)];
        for (int i = 0; i < KeyWords; i++) words[i] = BinaryPrimitives.ReadUInt32LittleEndian(key[(4 * i)..]);
        uint constant = 1;
        for (int i = KeyWords; i < words.Length; i++)
        {
            uint previous = words[i - 1];
            if (i % KeyWords == 0)
            {
                previous = BitOperations.RotateRight(Substitute(previous), 8) ^ constant;
                constant = constant == 0x80 ? 0x1B : constant << 1;
            }

            words[i] = words[i - KeyWords] ^ previous;
        }

        MemoryMarshal.Cast<uint, Vector128<byte>>(words).CopyTo(_encryption);
        for (int round = 1; round < Rounds; round++) _decryption[round] = InverseMixColumns(_encryption[Rounds - round]);
        (_decryption[0], _decryption[Rounds]) = (_encryption[Rounds], _encryption[0]);
    }

    /// <summary>Whether this processor has such instructions.</summary>
    public static bool IsSupported => X86Aes.IsSupported || ArmAes.IsSupported;

    /// <summary>Encrypts whole blocks in place.</summary>
    public void Encrypt(Span<byte> blocks)
    {
        ReadOnlySpan<Vector128<byte>> keys = _encryption;
        Vector128<byte> chain = _iv;
        foreach (ref Vector128<byte> block in MemoryMarshal.Cast<byte, Vector128<byte>>(blocks)) block = chain = Encrypt(block ^ chain, keys);
    }

    /// <summary>Decrypts whole blocks in place, four at a time: they need not wait for each other.</summary>
    public void Decrypt(Span<byte> blocks)
    {
        ReadOnlySpan<Vector128<byte>> keys = _decryption;
        Span<Vector128<byte>> rest = MemoryMarshal.Cast<byte, Vector128<byte>>(blocks);
        Vector128<byte> chain = _iv;
        for (; rest.Length >= 4; rest = rest[4..])
        {
            (Vector128<byte> a, Vector128<byte> b, Vector128<byte> c, Vector128<byte> d) = (rest[0], rest[1], rest[2], rest[3]);
            (Vector128<byte> clearA, Vector128<byte> clearB, Vector128<byte> clearC, Vector128<byte> clearD) = Decrypt(a, b, c, d, keys);
            (rest[0], rest[1], rest[2], rest[3]) = (clearA ^ chain, clearB ^ a, clearC ^ b, clearD ^ c);
            chain = d;
        }

        foreach (ref Vector128<byte> block in rest)
        {
            Vector128<byte> secret = block;
            block = Decrypt(secret, secret, secret, secret, keys).A ^ chain;
            chain = secret;
        }
    }

    private static Vector128<byte> Encrypt(Vector128<byte> block, ReadOnlySpan<Vector128<byte>> keys)
    {
        if (X86Aes.IsSupported)
        {
            block ^= keys[0];
            for (int round = 1; round < Rounds; round++) block = X86Aes.Encrypt(block, keys[round]);
            return X86Aes.EncryptLast(block, keys[Rounds]);
        }

        for (int round = 0; round < Rounds - 1; round++) block = ArmAes.MixColumns(ArmAes.Encrypt(block, keys[round]));
        return ArmAes.Encrypt(block, keys[Rounds - 1]) ^ keys[Rounds];
    }

    private static (Vector128<byte> A, Vector128<byte> B, Vector128<byte> C, Vector128<byte> D) Decrypt(
        Vector128<byte> a, Vector128<byte> b, Vector128<byte> c, Vector128<byte> d, ReadOnlySpan<Vector128<byte>> keys)
    {
        Vector128<byte> key = keys[0], last = keys[Rounds];
        if (X86Aes.IsSupported)
        {
            (a, b, c, d) = (a ^ key, b ^ key, c ^ key, d ^ key);
            for (int round = 1; round < Rounds; round++)
            {
                key = keys[round];
                (a, b, c, d) = (X86Aes.Decrypt(a, key), X86Aes.Decrypt(b, key), X86Aes.Decrypt(c, key), X86Aes.Decrypt(d, key));
            }

            return (X86Aes.DecryptLast(a, last), X86Aes.DecryptLast(b, last), X86Aes.DecryptLast(c, last), X86Aes.DecryptLast(d, last));
        }

        for (int round = 0; round < Rounds - 1; round++)
        {
            key = keys[round];
            (a, b) = (ArmAes.InverseMixColumns(ArmAes.Decrypt(a, key)), ArmAes.InverseMixColumns(ArmAes.Decrypt(b, key)));
            (c, d) = (ArmAes.InverseMixColumns(ArmAes.Decrypt(c, key)), ArmAes.InverseMixColumns(ArmAes.Decrypt(d, key)));
        }

        key = keys[Rounds - 1];
        return (ArmAes.Decrypt(a, key) ^ last, ArmAes.Decrypt(b, key) ^ last, ArmAes.Decrypt(c, key) ^ last, ArmAes.Decrypt(d, key) ^ last);
    }

    private static Vector128<byte> InverseMixColumns(Vector128<byte> key) =>
        X86Aes.IsSupported ? X86Aes.InverseMixColumns(key) : ArmAes.InverseMixColumns(key);

    /// <summary>Each byte of a word through the S-box. In four columns that are the same, shifting rows changes nothing.</summary>
    private static uint Substitute(uint word)
    {
        Vector128<byte> columns = Vector128.Create(word).AsByte();
        return (X86Aes.IsSupported ? X86Aes.KeygenAssist(columns, 0) : ArmAes.Encrypt(columns, Vector128<byte>.Zero)).AsUInt32().ToScalar();
    }
}
