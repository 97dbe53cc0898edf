using System.Diagnostics.CodeAnalysis;

namespace Raop.Security;

/// <summary>What a WWW-Authenticate header asks for.</summary>
/// <param name="Scheme">Digest or Basic, in this spelling.</param>
/// <param name="Realm">May be empty.</param>
/// <param name="Nonce">Empty for Basic.</param>
internal sealed record DigestChallenge(string Scheme, string Realm, string Nonce)
{
    /// <summary>Comma list of qualities of protection, or null.</summary>
    public string? Qop { get; init; }

    /// <summary>Hash function, or null, which is MD5.</summary>
    public string? Algorithm { get; init; }

    /// <summary>To be returned unchanged, or null.</summary>
    public string? Opaque { get; init; }

    /// <summary>Whether the password was right and only the nonce too old.</summary>
    public bool IsStale { get; init; }

    public bool IsBasic => Scheme == "Basic";

    /// <summary>Whether <see cref="Digest.Respond"/> knows the algorithm: MD5 and MD5-sess.</summary>
    public bool IsSupported => IsBasic || Algorithm is null || Is(Algorithm, "MD5") || Is(Algorithm, "MD5-sess");

    /// <summary>Whether qop=auth is offered.</summary>
    internal bool OffersAuth => Qop?.Split(',', StringSplitOptions.TrimEntries).Any(qop => Is(qop, "auth")) ?? false;

    /// <summary>Reads a header. Of several schemes Digest is taken before Basic; false when there is neither, or Digest has no nonce.</summary>
    public static bool TryParse(string? header, [NotNullWhen(true)] out DigestChallenge? challenge)
    {
        challenge = null;
        if (header is null) return false;
        foreach ((string scheme, Dictionary<string, string> parameters) in AuthParameters.Parse(header))
        {
            string realm = parameters.GetValueOrDefault("realm", "");
            if (Is(scheme, "Basic")) challenge ??= new DigestChallenge("Basic", realm, "");
            if (!Is(scheme, "Digest") || !parameters.TryGetValue("nonce", out string? nonce)) continue;
            challenge = new DigestChallenge("Digest", realm, nonce)
            {
                Qop = parameters.GetValueOrDefault("qop"),
                Algorithm = parameters.GetValueOrDefault("algorithm"),
                Opaque = parameters.GetValueOrDefault("opaque"),
                IsStale = Is(parameters.GetValueOrDefault("stale", ""), "true"),
            };
            return true;
        }

        return challenge is not null;
    }

    /// <summary>The header that a receiver sends: realm, then nonce, and nothing else, because pyatv's parser wants it so.</summary>
    public override string ToString() => IsBasic
        ? $"Basic realm={AuthParameters.Quote(Realm)}"
        : $"Digest realm={AuthParameters.Quote(Realm)}, nonce={AuthParameters.Quote(Nonce)}";

    private static bool Is(string a, string b) => a.Equals(b, StringComparison.OrdinalIgnoreCase);
}
