using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Raop.Security;

namespace Raop.Receiving;

/// <summary>What the doorkeeper says to a request.</summary>
internal enum Admission
{
    /// <summary>Go on.</summary>
    Granted,

    /// <summary>401 with a new nonce: no credentials came, or stale ones.</summary>
    Ask,

    /// <summary>401 with a new nonce: the password was wrong.</summary>
    Wrong,

    /// <summary>403: too many wrong passwords from this address.</summary>
    Locked,
}

/// <summary>
/// Checks passwords (Digest). Nonces hold for every connection of an address (iTunes drops the connection on a 401 and signs on the next
/// one), and are not kept: each proves itself. An address that knew the password may ANNOUNCE unsigned for 30 s (PulseAudio signs OPTIONS and
/// sends ANNOUNCE unsigned on a second connection). Ten wrong passwords within a minute lock the address out for a minute; a sender
/// that tries both spellings spends two.
/// </summary>
internal sealed class Doorkeeper(string? password, TimeProvider time)
{
    private const int MaxFailures = 10;
    private const int MaxRemembered = 256;
    private static readonly TimeSpan AddressMemory = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan NonceMemory = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan LockOut = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Lazy<byte[]> _secret = new(static () => RandomNumberGenerator.GetBytes(32));
    private readonly Dictionary<IPAddress, long> _admitted = [];
    private readonly Dictionary<IPAddress, (int Failures, long Since)> _failures = [];

    /// <summary>Makes every nonce the same one: for the replay of a published exchange.</summary>
    public string? FixedNonce { get; init; }

    /// <summary>Checks a request's Authorization.</summary>
    /// <param name="client">Who asks.</param>
    /// <param name="method">The request's method.</param>
    /// <param name="uri">The request's URI, exactly as sent.</param>
    /// <param name="authorization">The Authorization header, or null.</param>
    public Admission Check(IPAddress client, string method, string uri, string? authorization)
    {
        if (password is null) return Admission.Granted;
        IPAddress network = Network(client);
        lock (_lock)
        {
            if (_failures.TryGetValue(network, out (int Failures, long Since) f) && f.Failures >= MaxFailures)
            {
                if (time.GetElapsedTime(f.Since) < LockOut) return Admission.Locked;
                _failures.Remove(network);
            }

            if (authorization is null) return method == "ANNOUNCE" && WasAdmitted(client) ? Admission.Granted : Admission.Ask;
            if (!DigestAuthorization.TryParse(authorization, out DigestAuthorization? digest) || !IsFresh(digest.Nonce, client)) return Admission.Ask; // stale
            if (Digest.Verify(digest, password, method, uri, nonceIsOurs: true))
            {
                _failures.Remove(network);
                Remember(client);
                return Admission.Granted;
            }

            if (_failures.Count >= MaxRemembered) Forget(_failures, static (entry, t) => t.GetElapsedTime(entry.Since) >= LockOut);
            if (_failures.Count >= MaxRemembered) _failures.Clear();
            _failures[network] = (_failures.GetValueOrDefault(network).Failures + 1, time.GetTimestamp());
            return Admission.Wrong;
        }
    }

    /// <summary>The WWW-Authenticate header for a 401: realm first, nonce second, nothing else, as pyatv's parser wants it.</summary>
    public string Challenge(IPAddress client) => $"Digest realm=\"raop\", nonce=\"{FixedNonce ?? Nonce(client, time.GetTimestamp())}\"";

    /// <summary>When it was made, and a seal over that and whom it is for: 32 upper-case hex digits, nothing to remember.</summary>
    private string Nonce(IPAddress client, long timestamp)
    {
        Span<byte> seal = stackalloc byte[8 + 16], mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        BinaryPrimitives.WriteInt64BigEndian(seal, timestamp);
        client.MapToIPv6().TryWriteBytes(seal[8..], out _);
        HMACSHA256.HashData(_secret.Value, seal, mac);
        return Convert.ToHexString(seal[..8]) + Convert.ToHexString(mac[..8]);
    }

    private bool IsFresh(string nonce, IPAddress client)
    {
        if (FixedNonce is not null) return nonce == FixedNonce;
        if (nonce.Length != 32 || !long.TryParse(nonce.AsSpan(0, 16), NumberStyles.AllowHexSpecifier, null, out long timestamp)) return false;
        TimeSpan age = time.GetElapsedTime(timestamp);
        return CryptographicOperations.FixedTimeEquals(MemoryMarshal.AsBytes(nonce.AsSpan()), MemoryMarshal.AsBytes(Nonce(client, timestamp).AsSpan()))
            && age >= TimeSpan.Zero && age < NonceMemory;
    }

    private bool WasAdmitted(IPAddress client) => _admitted.TryGetValue(client, out long since) && time.GetElapsedTime(since) < AddressMemory;

    private void Remember(IPAddress client)
    {
        if (_admitted.Count >= MaxRemembered) Forget(_admitted, static (since, t) => t.GetElapsedTime(since) >= AddressMemory);
        if (_admitted.Count >= MaxRemembered) _admitted.Clear();
        _admitted[client] = time.GetTimestamp();
    }

    private void Forget<TValue>(Dictionary<IPAddress, TValue> memory, Func<TValue, TimeProvider, bool> isOld)
    {
        foreach (IPAddress key in memory.Where(entry => isOld(entry.Value, time)).Select(entry => entry.Key).ToList()) memory.Remove(key);
    }

    /// <summary>Who guesses: of IPv6 the first 64 bits, for a host has all the rest to itself.</summary>
    private static IPAddress Network(IPAddress client)
    {
        if (client.AddressFamily != AddressFamily.InterNetworkV6) return client;
        byte[] bytes = client.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes);
    }
}
