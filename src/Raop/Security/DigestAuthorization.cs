using System.Diagnostics.CodeAnalysis;

namespace Raop.Security;

/// <summary>What an Authorization header of scheme Digest says.</summary>
/// <param name="Username">The sender's choice: iTunes, AirPlay, pyatv, or empty.</param>
/// <param name="Realm">As the sender understood it.</param>
/// <param name="Nonce">The receiver's, from some 401.</param>
/// <param name="Uri">What the sender says the request's URI is.</param>
/// <param name="Response">32 hex digits if all is well.</param>
internal sealed record DigestAuthorization(string Username, string Realm, string Nonce, string Uri, string Response)
{
    /// <summary>Quality of protection, or null for RFC 2069.</summary>
    public string? Qop { get; init; }

    /// <summary>The sender's own nonce, with qop.</summary>
    public string? ClientNonce { get; init; }

    /// <summary>Eight hex digits that count the requests, with qop.</summary>
    public string? NonceCount { get; init; }

    /// <summary>Hash function, or null, which is MD5.</summary>
    public string? Algorithm { get; init; }

    /// <summary>Reads a header. False when it is not Digest, or lacks nonce, uri or response.</summary>
    public static bool TryParse(string? header, [NotNullWhen(true)] out DigestAuthorization? authorization)
    {
        authorization = null;
        if (header is null) return false;
        foreach ((string scheme, Dictionary<string, string> parameters) in AuthParameters.Parse(header))
        {
            if (!scheme.Equals("Digest", StringComparison.OrdinalIgnoreCase)
                || !parameters.TryGetValue("nonce", out string? nonce)
                || !parameters.TryGetValue("uri", out string? uri)
                || !parameters.TryGetValue("response", out string? response)) continue;
            authorization = new DigestAuthorization(
                parameters.GetValueOrDefault("username", ""), parameters.GetValueOrDefault("realm", ""), nonce, uri, response)
            {
                Qop = parameters.GetValueOrDefault("qop"),
                ClientNonce = parameters.GetValueOrDefault("cnonce"),
                NonceCount = parameters.GetValueOrDefault("nc"),
                Algorithm = parameters.GetValueOrDefault("algorithm"),
            };
            return true;
        }

        return false;
    }
}
