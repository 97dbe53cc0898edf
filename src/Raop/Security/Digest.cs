using System.Security.Cryptography;
using System.Text;

namespace Raop.Security;

/// <summary>Passwords of RAOP: HTTP Digest of RFC 2069 in two spellings, of RFC 2617, and Basic where a receiver asks for it.</summary>
internal static class Digest
{
    /// <summary>The value of Authorization for one request.</summary>
    /// <param name="form">How to compute it; no matter for Basic.</param>
    /// <param name="user">iTunes, unless the device wants another.</param>
    /// <param name="password">The device's password.</param>
    /// <param name="method">The request's method.</param>
    /// <param name="uri">The request's URI, exactly as in its first line.</param>
    /// <param name="challenge">What the device asked for.</param>
    /// <param name="clientNonce">For RFC 2617 with qop; null makes a random one.</param>
    /// <param name="nonceCount">Requests with this nonce, this one included; counts for RFC 2617 with qop.</param>
    /// <exception cref="ArgumentException">The challenge is not supported.</exception>
    public static string Respond(
        DigestForm form, string user, string password, string method, string uri, DigestChallenge challenge, string? clientNonce = null, int nonceCount = 1)
    {
        if (challenge.IsBasic) return $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}"))}";
        if (!challenge.IsSupported) throw new ArgumentException($"The digest algorithm {challenge.Algorithm} is not supported.", nameof(challenge));

        bool rfc2617 = form == DigestForm.Rfc2617, qop = rfc2617 && challenge.OffersAuth;
        string? algorithm = rfc2617 ? challenge.Algorithm : null;
        var answer = new DigestAuthorization(user, challenge.Realm, challenge.Nonce, uri, "")
        {
            Algorithm = algorithm,
            Qop = qop ? "auth" : null,
            ClientNonce = qop || IsSession(algorithm) ? clientNonce ?? RandomNumberGenerator.GetHexString(16, lowercase: true) : null,
            NonceCount = qop ? nonceCount.ToString("x8") : null,
        };
        string response = Hex(Compute(answer, password, method, upper: form == DigestForm.UpperHex), form == DigestForm.UpperHex);

        var text = new StringBuilder("Digest username=").Append(AuthParameters.Quote(user));
        Append("realm", challenge.Realm);
        Append("nonce", challenge.Nonce);
        Append("uri", uri);
        Append("response", response);
        if (!rfc2617) return text.ToString();
        if (algorithm is not null) text.Append(", algorithm=").Append(algorithm);
        if (challenge.Opaque is not null) Append("opaque", challenge.Opaque);
        if (qop) text.Append(", qop=auth, nc=").Append(answer.NonceCount);
        if (answer.ClientNonce is not null) Append("cnonce", answer.ClientNonce);
        return text.ToString();

        void Append(string name, string value) => text.Append(", ").Append(name).Append('=').Append(AuthParameters.Quote(value));
    }

    /// <summary>Whether a request bears the right password. Takes the same time however wrong it is.</summary>
    /// <param name="authorization">The request's header.</param>
    /// <param name="password">The receiver's password.</param>
    /// <param name="method">The request's method.</param>
    /// <param name="requestUri">The request's URI as text; the header must repeat it or say "*".</param>
    /// <param name="nonceIsOurs">Whether the receiver gave this nonce to this address not long ago.</param>
    /// <remarks>
    /// Both spellings are computed and the 16 bytes compared, so the case in which the answer itself is printed is free: node_airtunes2
    /// hashes lower-case hex and prints upper-case.
    /// </remarks>
    public static bool Verify(DigestAuthorization authorization, string password, string method, string requestUri, bool nonceIsOurs)
    {
        Span<byte> given = stackalloc byte[MD5.HashSizeInBytes];
        bool isHex = authorization.Response.Length == given.Length * 2
            && Convert.FromHexString(authorization.Response, given, out _, out _) == System.Buffers.OperationStatus.Done;
        bool lower = CryptographicOperations.FixedTimeEquals(given, Compute(authorization, password, method, upper: false));
        bool upper = CryptographicOperations.FixedTimeEquals(given, Compute(authorization, password, method, upper: true));
        bool sameUri = authorization.Uri == requestUri || authorization.Uri == "*";
        return (lower | upper) & isHex & sameUri & nonceIsOurs;
    }

    private static byte[] Compute(DigestAuthorization a, string password, string method, bool upper)
    {
        string ha1 = Hash($"{a.Username}:{a.Realm}:{password}");
        if (IsSession(a.Algorithm)) ha1 = Hash($"{ha1}:{a.Nonce}:{a.ClientNonce}");
        string ha2 = Hash($"{method}:{a.Uri}");
        return a.Qop is null
            ? Md5($"{ha1}:{a.Nonce}:{ha2}")
            : Md5($"{ha1}:{a.Nonce}:{a.NonceCount}:{a.ClientNonce}:{a.Qop}:{ha2}");

        string Hash(string text) => Hex(Md5(text), upper);
    }

#pragma warning disable CA5351 // MD5 is what the protocol has
    private static byte[] Md5(string text) => MD5.HashData(Encoding.UTF8.GetBytes(text));
#pragma warning restore CA5351

    private static string Hex(byte[] bytes, bool upper) => upper ? Convert.ToHexString(bytes) : Convert.ToHexStringLower(bytes);

    private static bool IsSession(string? algorithm) => "MD5-sess".Equals(algorithm, StringComparison.OrdinalIgnoreCase);
}
