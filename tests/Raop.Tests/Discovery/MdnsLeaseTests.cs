using Microsoft.Extensions.Logging.Abstractions;
using Raop.Discovery;

namespace Raop.Tests.Discovery;

/// <summary>The process's own multicast DNS, on the machine's interfaces.</summary>
public sealed class MdnsLeaseTests
{
    /// <summary>The end waits for a listener that is being told something, so a listener must not wait for the end.</summary>
    [Fact]
    public async Task A_listener_may_want_another_lease_while_the_last_ends()
    {
        var lease = MdnsLease.Acquire(NullLogger.Instance);
        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lease.Service.Browse("_raop-test._tcp", change => Try(told, () =>
        {
            Task ending = Task.Run(() => lease.DisposeAsync().AsTask());
            while (true)
            {
                var other = MdnsLease.Acquire(NullLogger.Instance);
                bool isNew = other.Service != lease.Service;
                _ = other.DisposeAsync().AsTask();
                if (isNew) break; // the other thread has given the last one back, and waits for us
            }
        }));
        await using IMdnsRegistration registration = lease.Service.Publish(new ServiceInstance($"Test {Guid.NewGuid():N}", "_raop-test._tcp", 5000, []));
        await told.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
    }

    private static void Try(TaskCompletionSource told, Action action)
    {
        try
        {
            action();
            told.TrySetResult();
        }
        catch (Exception e)
        {
            told.TrySetException(e);
        }
    }
}
