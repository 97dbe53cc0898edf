using Microsoft.Extensions.Logging.Abstractions;
using Raop.Remote;

namespace Raop.Tests.Remote;

public sealed class RemoteListenerTests
{
    [Fact]
    public async Task What_cannot_be_announced_does_no_harm_at_the_end()
    {
        IAsyncDisposable published = RemoteListener.Multicast(NullLogger.Instance)("", 5000, [new string('x', 300)]);
        await published.DisposeAsync();
    }
}
