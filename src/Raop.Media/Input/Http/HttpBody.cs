namespace Raop.Media.Input.Http;

/// <summary>A response's body: a wait that is too long or a break becomes a clear error. Disposing it ends the connection.</summary>
internal sealed class HttpBody(HttpResponseMessage response, Stream body, string host, MediaSourceOptions options) : ReadOnlyStream
{
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        using var late = new CancellationTokenSource(options.NetworkTimeout, options.TimeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, late.Token);
        try
        {
            return await body.ReadAsync(buffer, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new RaopException(RaopError.Timeout, $"{host} sent nothing for {options.NetworkTimeout.TotalSeconds:0} s.", "Check the network, or try again later.");
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            throw new RaopException(RaopError.ConnectionLost, $"The connection to {host} broke: {e.Message.TrimEnd('.')}.", "Check the network, or try again.", e);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) response.Dispose();
        base.Dispose(disposing);
    }
}
