using Raop.Media.Output;

namespace Raop.Apps.Tests.Media.Output;

public sealed class WakeupTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_sign_wakes_the_waiter_and_one_is_kept_for_the_next()
    {
        var wakeup = new Wakeup();
        ValueTask waiting = wakeup.WaitAsync(Cancel);
        Assert.False(waiting.IsCompleted);
        wakeup.Set();
        await waiting;
        wakeup.Set();
        wakeup.Set();
        ValueTask kept = wakeup.WaitAsync(Cancel);
        Assert.True(kept.IsCompletedSuccessfully);
        await kept;
        ValueTask next = wakeup.WaitAsync(Cancel);
        Assert.False(next.IsCompleted);
        wakeup.Set();
        await next;
    }

    [Fact]
    public async Task A_cancelled_wait_leaves_no_trace()
    {
        var wakeup = new Wakeup();
        using var stop = new CancellationTokenSource();
        ValueTask waiting = wakeup.WaitAsync(stop.Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await waiting);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await wakeup.WaitAsync(stop.Token));
        ValueTask next = wakeup.WaitAsync(Cancel);
        Assert.False(next.IsCompleted);
        wakeup.Set();
        await next;
    }

    [Fact]
    public async Task No_sign_is_lost_between_two_threads()
    {
        var there = new Wakeup();
        var back = new Wakeup();
        Task other = Task.Run(async () =>
        {
            for (int i = 0; i < 10_000; i++)
            {
                await there.WaitAsync(Cancel);
                back.Set();
            }
        }, Cancel);
        for (int i = 0; i < 10_000; i++)
        {
            there.Set();
            await back.WaitAsync(Cancel);
        }

        await other;
    }
}
