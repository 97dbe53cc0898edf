using System.Net;
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
/// Checks passwords (Digest). Remembers what senders need remembered: nonces across connections (iTunes drops the connection on a
/// 401 and signs on the next one), and an address for 30 s (PulseAudio signs OPTIONS and sends ANNOUNCE unsigned on a second connection).
/// Five wrong passwords within a minute lock the address out for a minute.
/// </summary>
internal sealed class Doorkeeper(string? password, TimeProvider time)
{
    private const int MaxFailures = 5;
    private const int MaxRemembered = 256;
    private static readonly TimeSpan AddressMemory = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan NonceMemory = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan LockOut = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, long> _nonces = [];
    private readonly Dictionary<IPAddress, long> _admitted = [];
    private readonly Dictionary<IPAddress, (int Failures, long Since)> _failures = [];

    /// <summary>Makes nonces; 32 upper-case hex digits.</summary>
    public Func<string> NewNonce { get; init; } = static () => Convert.ToHexString(RandomNumberGenerator.GetBytes(16));

    /// <summary>Checks a request's Authorization.</summary>
    /// <param name="client">Who asks.</param>
    /// <param name="method">The request's method.</param>
    /// <param name="uri">The request's URI, exactly as sent.</param>
    /// <param name="authorization">The Authorization header, or null.</param>
    public Admission Check(IPAddress client, string method, string uri, string? authorization)
    {
        if (password is null) return Admission.Granted;
        lock (_lock)
        {
            if (_failures.TryGetValue(client, out (int Failures, long Since) f) && f.Failures >= MaxFailures)
            {
                if (time.GetElapsedTime(f.Since) < LockOut) return Admission.Locked;
                _failures.Remove(client);
            }

            if (authorization is null) return IsFresh(_admitted, client, AddressMemory) ? Admission.Granted : Admission.Ask;
            if (!DigestAuthorization.TryParse(authorization, out DigestAuthorization? digest) || !IsFresh(_nonces, digest.Nonce, NonceMemory)) return Admission.Ask; // stale
            if (Digest.Verify(digest, password, method, uri, nonceIsOurs: true))
            {
                _failures.Remove(client);
                Remember(_admitted, client, AddressMemory);
                return Admission.Granted;
            }

            if (_failures.Count >= MaxRemembered) Forget(_failures, static (entry, t) => t.GetElapsedTime(entry.Since) >= LockOut);
            if (_failures.Count >= MaxRemembered) _failures.Clear();
            _failures[client] = (_failures.GetValueOrDefault(client).Failures + 1, time.GetTimestamp());
            return Admission.Wrong;
        }
    }

    /// <summary>The WWW-Authenticate header for a 401: realm first, nonce second, nothing else, as pyatv's parser wants it.</summary>
    public string Challenge()
    {
        string nonce = NewNonce();
        lock (_lock) Remember(_nonces, nonce, NonceMemory);
        return $"Digest realm=\"raop\", nonce=\"{nonce}\"";
    }

    private bool IsFresh<T>(Dictionary<T, long> memory, T key, TimeSpan limit) where T : notnull =>
        memory.TryGetValue(key, out long since) && time.GetElapsedTime(since) < limit;

    private void Remember<T>(Dictionary<T, long> memory, T key, TimeSpan limit) where T : notnull
    {
        if (memory.Count >= MaxRemembered) Forget(memory, (since, t) => t.GetElapsedTime(since) >= limit);
        if (memory.Count >= MaxRemembered) memory.Clear();
        memory[key] = time.GetTimestamp();
    }

    private void Forget<TKey, TValue>(Dictionary<TKey, TValue> memory, Func<TValue, TimeProvider, bool> isOld) where TKey : notnull
    {
        foreach (TKey key in memory.Where(entry => isOld(entry.Value, time)).Select(entry => entry.Key).ToList()) memory.Remove(key);
    }
}
