using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;

namespace Raop.Media.Input.Http;

/// <summary>Files and radio stations over http and https: redirects, playlists, titles.</summary>
internal static class HttpInput
{
    private const int MaxHops = 8;

    private static readonly HttpClient Client = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false, // by ourselves: stations redirect from https to http, which the client refuses
        UseCookies = false,
        PlaintextStreamFilter = (context, _) => new ValueTask<Stream>(new IcyGreeting(context.PlaintextStream)),
    })
    {
        Timeout = Timeout.InfiniteTimeSpan, // ours: NetworkTimeout
    };

    /// <summary>Connects, follows redirects and playlists, and reads the first bytes.</summary>
    /// <returns>The stream, its titles if it is a station, and the station's name. The caller disposes the reader.</returns>
    /// <exception cref="RaopException">Unreachable, Refused, Timeout, FileNotFound, Rejected, UnsupportedFormat, ConnectionLost.</exception>
    public static async ValueTask<(InputReader Reader, IcyStream? Titles, string? Station)> OpenAsync(Uri address, MediaSourceOptions options, CancellationToken cancellationToken)
    {
        for (int hop = 0; hop < MaxHops; hop++)
        {
            HttpResponseMessage response = await SendAsync(address, options, cancellationToken).ConfigureAwait(false);
            InputReader? reader = null;
            try
            {
                if (Redirect(response, address) is { } next)
                {
                    address = next;
                    continue;
                }

                if (!response.IsSuccessStatusCode) throw Refused(address, response);
                Stream stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
                stream = new HttpBody(response, stream, address.Host, options);
                IcyStream? titles = Header(response, "icy-metaint") is { } text && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int interval) && interval > 0
                    ? new IcyStream(stream, interval)
                    : null;
                string? station = Header(response, "icy-name") is { } said ? MediaTags.Clean(Text.Decode(Encoding.Latin1.GetBytes(said))) : null; // the client takes all for Latin-1
                reader = new InputReader(titles ?? stream, station ?? NameOf(address));
                await reader.EnsureAsync(Signature.WantedBytes, cancellationToken).ConfigureAwait(false);
                string? type = response.Content.Headers.ContentType?.MediaType;
                if (!Playlist.Matches(type, address.AbsolutePath, reader.Available))
                {
                    (InputReader taken, reader) = (reader, null);
                    response = null!;
                    return (taken, titles, station);
                }

                address = await FollowAsync(reader, address, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                if (reader is not null) await reader.DisposeAsync().ConfigureAwait(false);
                response?.Dispose();
            }
        }

        throw new RaopException(RaopError.Rejected, $"{address.Host} redirects more than {MaxHops} times.", "Check the address.");
    }

    private static async ValueTask<HttpResponseMessage> SendAsync(Uri address, MediaSourceOptions options, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.Add("Icy-MetaData", "1");
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("raop", null));
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("*/*"));
        using var late = new CancellationTokenSource(options.NetworkTimeout, options.TimeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, late.Token);
        try
        {
            return await Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new RaopException(RaopError.Timeout, $"{address.Host} did not answer within {options.NetworkTimeout.TotalSeconds:0} s.", "Check the address and the network, or try again later.");
        }
        catch (HttpRequestException e)
        {
            throw NotConnected(address, e);
        }
    }

    private static RaopException NotConnected(Uri address, HttpRequestException e)
    {
        string cause = (e.InnerException ?? e).Message.TrimEnd('.');
        return e switch
        {
            { InnerException: SocketException { SocketErrorCode: SocketError.ConnectionRefused } } =>
                new RaopException(RaopError.Refused, $"Nothing listens at {address.Authority}.", "Check the address and its port.", e),
            { HttpRequestError: HttpRequestError.NameResolutionError } =>
                new RaopException(RaopError.Unreachable, $"There is no host {address.Host}.", "Check the spelling and the network.", e),
            { HttpRequestError: HttpRequestError.InvalidResponse or HttpRequestError.HttpProtocolError or HttpRequestError.ResponseEnded } =>
                new RaopException(RaopError.ProtocolViolation, $"{address.Authority} does not answer as a web server does: {cause}.", "Check the address and its port.", e),
            _ => new RaopException(RaopError.Unreachable, $"{address.Authority} cannot be reached: {cause}.", "Check the address and the network.", e),
        };
    }

    private static Uri? Redirect(HttpResponseMessage response, Uri from)
    {
        if (response.StatusCode is not (HttpStatusCode.Moved or HttpStatusCode.Redirect or HttpStatusCode.RedirectMethod or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect)) return null;
        if (response.Headers.Location is not { } location) return null;
        var target = new Uri(from, location);
        return target.Scheme is "http" or "https"
            ? target
            : throw new RaopException(RaopError.Rejected, $"{from.Host} redirects to {target.Scheme}, which is not the web.", "Check the address.");
    }

    private static RaopException Refused(Uri address, HttpResponseMessage response)
    {
        int code = (int)response.StatusCode;
        return code is 404 or 410
            ? new RaopException(RaopError.FileNotFound, $"{address.Host} has no {address.AbsolutePath} (status {code}).", "Check the address.")
            : new RaopException(RaopError.Rejected, $"{address.Host} refused with status {code} {response.ReasonPhrase}.", code is 401 or 403 ? "Check whether the address needs an account." : "Try again later.");
    }

    private static async ValueTask<Uri> FollowAsync(InputReader reader, Uri playlist, CancellationToken cancellationToken)
    {
        await reader.EnsureAsync(Playlist.MaxSize, cancellationToken).ConfigureAwait(false);
        string text = Text.Decode(reader.Available[..Math.Min(reader.Available.Length, Playlist.MaxSize)]);
        if (Playlist.IsSegmented(text))
            throw InputError.Unsupported(reader.Name, "is a playlist of segments (HLS), which cannot be played", "Look for the station's direct stream address.");
        return Playlist.FirstAddress(text, playlist) ?? throw InputError.Unsupported(reader.Name, "is a playlist without an address in it", "Check the address.");
    }

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out IEnumerable<string>? values) || response.Content.Headers.TryGetValues(name, out values) ? values.FirstOrDefault() : null;

    private static string NameOf(Uri address)
    {
        string last = Uri.UnescapeDataString(address.Segments[^1].Trim('/'));
        return last.Length == 0 ? address.Host : last;
    }
}
