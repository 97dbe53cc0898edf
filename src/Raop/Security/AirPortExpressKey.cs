using System.Numerics;
using System.Security.Cryptography;

namespace Raop.Security;

/// <summary>The published AirPort Express key: answers challenges with it, wraps and unwraps AES keys. Safe for any thread.</summary>
internal static partial class AirPortExpressKey
{
    /// <summary>Bytes of the modulus, and so of a signature and of a wrapped key.</summary>
    public const int Size = 256;

    /// <summary>Bytes of an AES key.</summary>
    public const int AesKeySize = 16;

    private const int PaddingOverhead = 11; // 00 01, at least eight FF, 00

    private static readonly BigInteger Modulus = Number(ModulusHex), PrimeP = Number(PrimePHex), PrimeQ = Number(PrimeQHex),
        ExponentP = Number(ExponentPHex), ExponentQ = Number(ExponentQHex), InverseQ = Number(InverseQHex);

    // Importing takes 2 ms: once a process. An RSA object is not promised to bear several threads at once, so a lock guards it.
    private static readonly Lazy<RSA> Rsa = new(Import);
    private static readonly Lock RsaLock = new();

    /// <summary>
    /// The private operation over PKCS#1 type 1 padding without a digest prefix, which the platform's RSA does not offer. Takes
    /// milliseconds: keep it off the thread that moves audio.
    /// </summary>
    /// <param name="message">Up to 245 bytes.</param>
    /// <returns>256 bytes.</returns>
    public static byte[] SignRaw(ReadOnlySpan<byte> message)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(message.Length, Size - PaddingOverhead, nameof(message));
        var padded = new byte[Size];
        padded.AsSpan().Fill(0xFF);
        padded[0] = 0;
        padded[1] = 1;
        padded[Size - message.Length - 1] = 0;
        message.CopyTo(padded.AsSpan(Size - message.Length));

        var number = new BigInteger(padded, isUnsigned: true, isBigEndian: true);
        BigInteger p = BigInteger.ModPow(number, ExponentP, PrimeP), q = BigInteger.ModPow(number, ExponentQ, PrimeQ);
        BigInteger h = InverseQ * (p - q) % PrimeP; // Chinese remainder theorem; C#'s % keeps the sign
        if (h.Sign < 0) h += PrimeP;
        return Bytes(q + (h * PrimeQ));
    }

    /// <summary>The message that a signature of <see cref="SignRaw"/> carries. False when the padding is wrong.</summary>
    public static bool TryRecover(ReadOnlySpan<byte> signature, out byte[] message)
    {
        message = [];
        if (signature.Length != Size) return false;
        var number = new BigInteger(signature, isUnsigned: true, isBigEndian: true);
        if (number >= Modulus) return false;

        ReadOnlySpan<byte> padded = Bytes(BigInteger.ModPow(number, PublicExponent, Modulus));
        if (padded[0] != 0 || padded[1] != 1) return false;
        int end = padded[2..].IndexOfAnyExcept((byte)0xFF) + 2;
        if (end < PaddingOverhead - 1 || padded[end] != 0) return false;
        message = padded[(end + 1)..].ToArray();
        return true;
    }

    /// <summary>Wraps an AES key for a=rsaaeskey: OAEP with SHA-1. Differs each time.</summary>
    /// <returns>256 bytes.</returns>
    public static byte[] WrapKey(ReadOnlySpan<byte> aesKey)
    {
        lock (RsaLock)
        {
            return Rsa.Value.Encrypt(aesKey, RSAEncryptionPadding.OaepSHA1);
        }
    }

    /// <summary>Unwraps an a=rsaaeskey. False when it is damaged or holds anything but 16 bytes.</summary>
    /// <param name="wrapped">256 bytes.</param>
    /// <param name="key16">Takes the key; 16 bytes.</param>
    public static bool TryUnwrapKey(ReadOnlySpan<byte> wrapped, Span<byte> key16)
    {
        if (wrapped.Length != Size || key16.Length < AesKeySize) return false;
        Span<byte> message = stackalloc byte[Size];
        try
        {
            lock (RsaLock)
            {
                if (!Rsa.Value.TryDecrypt(wrapped, message, RSAEncryptionPadding.OaepSHA1, out int length) || length != AesKeySize) return false;
            }

            message[..AesKeySize].CopyTo(key16);
            return true;
        }
        catch (CryptographicException)
        {
            return false;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(message);
        }
    }

    private static RSA Import() => RSA.Create(new RSAParameters
    {
        Modulus = Convert.FromHexString(ModulusHex),
        Exponent = [1, 0, 1],
        D = Convert.FromHexString(PrivateExponentHex),
        P = Convert.FromHexString(PrimePHex),
        Q = Convert.FromHexString(PrimeQHex),
        DP = Convert.FromHexString(ExponentPHex),
        DQ = Convert.FromHexString(ExponentQHex),
        InverseQ = Convert.FromHexString(InverseQHex),
    });

    private static BigInteger Number(string hex) => new(Convert.FromHexString(hex), isUnsigned: true, isBigEndian: true);

    // 256 bytes, zeros to the left
    private static byte[] Bytes(BigInteger number)
    {
        var bytes = new byte[Size];
        int length = number.GetByteCount(isUnsigned: true);
        number.TryWriteBytes(bytes.AsSpan(Size - length), out _, isUnsigned: true, isBigEndian: true);
        return bytes;
    }
}
