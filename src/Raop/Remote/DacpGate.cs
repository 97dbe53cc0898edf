using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace Raop.Remote;

/// <summary>
/// Knows the tokens of the members, and lets nobody guess: ten different wrong ones within a minute lock an address out for a minute. The same
/// wrong one again is no guess: a speaker may ask every second with the token of a session that is over.
/// </summary>
internal sealed class DacpGate(TimeProvider time)
{
    private const int MaxWrong = 10, MaxRemembered = 256;
    private static readonly TimeSpan LockOut = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, byte[]> _members = new(StringComparer.Ordinal); // by token, its hash
    private readonly Dictionary<IPAddress, Guesses> _guesses = [];

    /// <summary>Makes a token for a member, unlike every other one.</summary>
    public string Add()
    {
        lock (_lock)
        {
            string token;
            do token = DacpIdentity.NewToken();
            while (!_members.TryAdd(token, Hash(token)));
            return token;
        }
    }

    /// <summary>Adds a member that has its token already.</summary>
    public void Add(string token)
    {
        lock (_lock) _members[token] = Hash(token);
    }

    /// <summary>The member's token counts no more.</summary>
    public void Remove(string token)
    {
        lock (_lock) _members.Remove(token);
    }

    /// <summary>The member whose token it is, or null. Takes as long whichever is right, and whatever of it.</summary>
    public string? Find(IPAddress client, string? token)
    {
        if (!DacpIdentity.IsToken(token)) return null;
        byte[] hash = Hash(token!);
        IPAddress network = Network(client);
        lock (_lock)
        {
            if (IsLocked(network)) return null;
            string? found = null;
            foreach ((string member, byte[] right) in _members)
            {
                if (CryptographicOperations.FixedTimeEquals(hash, right)) found = member;
            }

            if (found is null) Remember(network, Convert.ToHexString(hash, 0, 8));
            return found;
        }
    }

    private static byte[] Hash(string token) => SHA256.HashData(Encoding.ASCII.GetBytes(token));

    /// <summary>Who guesses: of IPv6 the first 64 bits, for a host has all the rest to itself.</summary>
    private static IPAddress Network(IPAddress client)
    {
        if (client.IsIPv4MappedToIPv6) return client.MapToIPv4();
        if (client.AddressFamily != AddressFamily.InterNetworkV6) return client;
        byte[] bytes = client.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes);
    }

    private bool IsLocked(IPAddress network)
    {
        if (!_guesses.TryGetValue(network, out Guesses? guesses)) return false;
        if (time.GetElapsedTime(guesses.Since) < LockOut) return guesses.Wrong.Count >= MaxWrong;
        _guesses.Remove(network);
        return false;
    }

    private void Remember(IPAddress network, string guess)
    {
        if (!_guesses.TryGetValue(network, out Guesses? guesses))
        {
            if (_guesses.Count >= MaxRemembered)
            {
                foreach (IPAddress old in _guesses.Where(entry => time.GetElapsedTime(entry.Value.Since) >= LockOut).Select(static entry => entry.Key).ToList()) _guesses.Remove(old);
            }

            if (_guesses.Count >= MaxRemembered) _guesses.Clear();
            _guesses[network] = guesses = new Guesses(time.GetTimestamp());
        }

        if (guesses.Wrong.Add(guess) && guesses.Wrong.Count >= MaxWrong) guesses.Since = time.GetTimestamp();
    }

    private sealed class Guesses(long since)
    {
        public long Since { get; set; } = since;

        public HashSet<string> Wrong { get; } = [];
    }
}
