namespace Raop.Timing;

/// <summary>Waiting on a clock.</summary>
internal static class TimeProviderExtensions
{
    /// <summary>Waits on this clock, and ends at once when cancelled.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="delay">How long, zero or more.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> fired.</exception>
    /// <remarks>
    /// Task.Delay with a token resumes on the thread pool when it is cancelled, which a simulation cannot repeat; this resumes on
    /// the thread that cancels. Without a token both are the same.
    /// </remarks>
    public static async Task DelayAsync(this TimeProvider time, TimeSpan delay, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var done = new TaskCompletionSource();
        using ITimer timer = time.CreateTimer(
            static done => ((TaskCompletionSource)done!).TrySetResult(), done, delay, Timeout.InfiniteTimeSpan);
        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
            static (done, token) => ((TaskCompletionSource)done!).TrySetCanceled(token), done);
        await done.Task.ConfigureAwait(false);
    }
}
