using System.Text;
using System.Text.Json;
using CsCheck;
using Raop.Rtsp;
using Raop.Security;
using Raop.Tests.Rtsp;

namespace Raop.Tests.Security;

public sealed class DigestTests
{
    public static TheoryData<string> Names =>
    [
        "digest-upper-captured", "digest-lower-same-input", "digest-mixed", "digest-announce-lower", "digest-setparam-airplay-realm",
    ];

    [Theory, MemberData(nameof(Names))]
    public void Verifies_each_spelling(string id)
    {
        JsonElement v = Vectors.Get(id);
        var authorization = new DigestAuthorization(v.Text("username"), v.Text("realm"), v.Text("nonce"), v.Text("uri"), v.Text("response"));
        string password = v.Text("password"), method = v.Text("method"), uri = v.Text("uri");
        Assert.True(Digest.Verify(authorization, password, method, uri, nonceIsOurs: true));

        Assert.False(Digest.Verify(authorization, password, method, uri, nonceIsOurs: false));
        Assert.False(Digest.Verify(authorization, password + " ", method, uri, nonceIsOurs: true));
        Assert.False(Digest.Verify(authorization, "", method, uri, nonceIsOurs: true));
        Assert.False(Digest.Verify(authorization, password, "PAUSE", uri, nonceIsOurs: true));
        Assert.False(Digest.Verify(authorization with { Realm = "other" }, password, method, uri, nonceIsOurs: true));
        Assert.False(Digest.Verify(authorization with { Uri = uri + "1" }, password, method, uri, nonceIsOurs: true));
        for (int length = 0; length < 32; length++)
        {
            Assert.False(Digest.Verify(authorization with { Response = authorization.Response[..length] }, password, method, uri, nonceIsOurs: true));
        }

        Assert.False(Digest.Verify(authorization with { Response = new string('g', 32) }, password, method, uri, nonceIsOurs: true));
        Assert.False(Digest.Verify(authorization with { Response = authorization.Response + "00" }, password, method, uri, nonceIsOurs: true));
        Assert.Equal(uri == "*", Digest.Verify(authorization, password, method, "rtsp://elsewhere/1", nonceIsOurs: true));
    }

    [Theory]
    [InlineData("digest-upper-captured", DigestForm.UpperHex)]
    [InlineData("digest-lower-same-input", DigestForm.LowerHex)]
    [InlineData("digest-lower-same-input", DigestForm.Rfc2617)] // no qop offered: the same
    [InlineData("digest-announce-lower", DigestForm.LowerHex)]
    [InlineData("digest-setparam-airplay-realm", DigestForm.LowerHex)]
    public void Computes_each_form(string id, object form)
    {
        JsonElement v = Vectors.Get(id);
        var challenge = new DigestChallenge("Digest", v.Text("realm"), v.Text("nonce"));
        string header = Digest.Respond((DigestForm)form, v.Text("username"), v.Text("password"), v.Text("method"), v.Text("uri"), challenge);
        Assert.EndsWith($"response=\"{v.Text("response")}\"", header, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Repeats_the_published_exchange()
    {
        byte[] sent = Exchange.Side("itunes46-password.txt", sender: true), answered = Exchange.Side("itunes46-password.txt", sender: false);
        RtspResponse unauthorized = (await Feed.ResponsesAsync(answered))[0];
        RtspRequest signed = (await Feed.RequestsAsync(sent))[1];
        Assert.True(DigestChallenge.TryParse(unauthorized.Headers["WWW-Authenticate"], out DigestChallenge? challenge));
        Assert.Equal(unauthorized.Headers["WWW-Authenticate"], challenge.ToString());
        Assert.Equal(signed.Headers["Authorization"], Digest.Respond(DigestForm.UpperHex, "iTunes", "TuneItUp", "OPTIONS", "*", challenge));
        Assert.True(DigestAuthorization.TryParse(signed.Headers["Authorization"], out DigestAuthorization? authorization));
        Assert.True(Digest.Verify(authorization, "TuneItUp", signed.Method, signed.Uri, nonceIsOurs: authorization.Nonce == challenge.Nonce));
    }

    [Fact]
    public void Computes_the_example_of_RFC_2617()
    {
        const string Header = "Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", "
            + "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"";
        Assert.True(DigestChallenge.TryParse(Header, out DigestChallenge? challenge));
        string answer = Digest.Respond(DigestForm.Rfc2617, "Mufasa", "Circle Of Life", "GET", "/dir/index.html", challenge, "0a4f113b");
        Assert.Contains("response=\"6629fae49393a05397450978507c4ef1\"", answer, StringComparison.Ordinal);
        Assert.Contains("qop=auth, nc=00000001, cnonce=\"0a4f113b\"", answer, StringComparison.Ordinal);
        Assert.Contains("opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"", answer, StringComparison.Ordinal);
        Assert.True(DigestAuthorization.TryParse(answer, out DigestAuthorization? authorization));
        Assert.True(Digest.Verify(authorization, "Circle Of Life", "GET", "/dir/index.html", nonceIsOurs: true));
    }

    [Theory]
    [InlineData("Digest realm=\"raop\", nonce=\"8A00\"")]
    [InlineData("digest nonce=8A00,realm=raop")]
    [InlineData("Digest  NONCE = \"8A00\" ,  Realm = \"raop\" , algorithm=MD5")]
    [InlineData("Basic realm=\"raop\", Digest realm=\"raop\", nonce=\"8A00\", stale=TRUE")]
    [InlineData("Digest realm=\"ra\\op\", nonce=\"8A00")]
    public void Reads_challenges(string header)
    {
        Assert.True(DigestChallenge.TryParse(header, out DigestChallenge? challenge));
        Assert.Equal(("Digest", "raop", "8A00"), (challenge.Scheme, challenge.Realm, challenge.Nonce));
        Assert.True(challenge.IsSupported);
        Assert.Equal(header.Contains("stale", StringComparison.Ordinal), challenge.IsStale);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("Digest")]
    [InlineData("Digest realm=\"raop\"")]
    [InlineData("Bearer realm=\"raop\"")]
    [InlineData(",,,=,\"\"=")]
    public void Refuses_what_is_no_challenge(string? header) => Assert.False(DigestChallenge.TryParse(header, out _));

    [Fact]
    public void Answers_Basic_and_says_no_to_other_algorithms()
    {
        Assert.True(DigestChallenge.TryParse("Basic realm=\"raop\"", out DigestChallenge? basic));
        Assert.Equal(
            "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("iTunes:pässword")),
            Digest.Respond(DigestForm.LowerHex, "iTunes", "pässword", "OPTIONS", "*", basic));

        Assert.True(DigestChallenge.TryParse("Digest realm=\"r\", nonce=\"n\", algorithm=SHA-256", out DigestChallenge? sha));
        Assert.False(sha.IsSupported);
        Assert.Throws<ArgumentException>(() => Digest.Respond(DigestForm.LowerHex, "u", "p", "OPTIONS", "*", sha));
    }

    [Theory]
    [InlineData("Basic aVR1bmVzOnNlY3JldA==")]
    [InlineData("Digest username=\"iTunes\"")]
    [InlineData("Digest nonce=\"a\", uri=\"*\"")]
    [InlineData("")]
    [InlineData(null)]
    public void Refuses_what_is_no_authorization(string? header) => Assert.False(DigestAuthorization.TryParse(header, out _));

    [Fact]
    public void What_is_signed_is_verified()
    {
        Gen<string> text = Gen.Char[' ', '\u024f'].Where(c => c is < '\x7f' or > '\u00a0').Array[0, 20].Select(c => new string(c));
        string?[] qops = [null, "auth", "auth-int, auth"], algorithms = [null, "MD5", "MD5-sess"];
        Gen.Select(text, text, text, text, Gen.Int[0, 2], Gen.Int[0, 2], Gen.Int[0, 2]).Sample(
            (user, password, realm, nonce, form, qop, algorithm) =>
            {
                var challenge = new DigestChallenge("Digest", realm, nonce) { Qop = qops[qop], Algorithm = algorithms[algorithm] };
                string header = Digest.Respond((DigestForm)form, user, password, "SETUP", "rtsp://[::1]/1", challenge);
                Assert.True(DigestAuthorization.TryParse(header, out DigestAuthorization? authorization));
                Assert.Equal((user, realm, nonce), (authorization.Username, authorization.Realm, authorization.Nonce));
                Assert.True(Digest.Verify(authorization, password, "SETUP", "rtsp://[::1]/1", nonceIsOurs: true));
                Assert.False(Digest.Verify(authorization, password + "x", "SETUP", "rtsp://[::1]/1", nonceIsOurs: true));
            },
            iter: 1_000);
    }

    [Fact]
    public void Damaged_headers_never_throw()
    {
        const string Header = "Digest username=\"iTunes\", realm=\"raop\", nonce=\"8A00\", uri=\"*\", response=\"3C75D311A6CFA978209DD7AA3584EAC0\"";
        for (int length = 0; length < Header.Length; length++)
        {
            string part = Header[..length];
            Assert.Equal(part.Contains("response=", StringComparison.Ordinal), DigestAuthorization.TryParse(part, out _));
            Assert.Equal(part.Contains("nonce=", StringComparison.Ordinal), DigestChallenge.TryParse(part, out _));
        }

        Gen.Select(Gen.Int[0, Header.Length - 1], Gen.Char["\"\\=, \tA\u00e9"]).Array[1, 8].Sample(changes =>
        {
            char[] text = Header.ToCharArray();
            foreach ((int at, char to) in changes) text[at] = to;
            if (DigestAuthorization.TryParse(new string(text), out DigestAuthorization? authorization))
            {
                Assert.False(Digest.Verify(authorization, "x", "OPTIONS", "*", nonceIsOurs: true));
            }

            Assert.Equal(DigestChallenge.TryParse(new string(text), out DigestChallenge? challenge), challenge is not null);
        }, iter: 3_000);
    }
}
