namespace Raop.Cli;

/// <summary>The receivers of this process. They share its multicast DNS, options and devices; all else each has for itself.</summary>
internal sealed class ReceiverHost : IAsyncDisposable
{
    private readonly List<HostedReceiver> _all = [];
    private readonly Lock _lock = new();
    private Exception? _failure; // the first
    private int _ended;

    public IReadOnlyList<HostedReceiver> All => _all;

    /// <summary>Starts all, or none.</summary>
    /// <param name="plans">What each has of its own.</param>
    /// <param name="common">What all have.</param>
    /// <param name="covers">Where covers are kept, or null.</param>
    /// <param name="reporter">Told what happens.</param>
    /// <exception cref="RaopException">One could not start; nothing is left open.</exception>
    /// <exception cref="UsageException">Two would write one file; the same.</exception>
    public static async Task<ReceiverHost> StartAsync(ReceiverPlan[] plans, RaopReceiverOptions common, ArtworkFolder? covers, Reporter reporter)
    {
        var host = new ReceiverHost();
        try
        {
            foreach (ReceiverPlan plan in plans) await host.StartAsync(plan, plans.Length == 1, common, covers, reporter);
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }

        foreach (HostedReceiver one in host._all) one.Announce(isAlone: plans.Length == 1);
        if (plans.Length > 1) reporter.Say($"{plans.Length} receivers. Ctrl-C ends them all.");
        return host;
    }

    /// <summary>Waits for the end of all. Of several, one that fails is told and closed, and the others play on.</summary>
    /// <param name="forFirstSession">Whether the end of its first session ends each.</param>
    /// <param name="stop">Ends the wait.</param>
    /// <exception cref="RaopException">The first failure.</exception>
    public async Task WaitAsync(bool forFirstSession, CancellationToken stop)
    {
        if (_all is [var alone])
        {
            await alone.WaitAsync(forFirstSession, stop);
            return;
        }

        await Task.WhenAll(_all.Select(one => WaitAsync(one, forFirstSession, stop)));
        if (_failure is not null) throw _failure;
    }

    /// <summary>Ends all at once: one whose output hangs does not keep the others.</summary>
    public async ValueTask DisposeAsync() => await Task.WhenAll(_all.Select(static one => one.DisposeAsync().AsTask()));

    private async Task StartAsync(ReceiverPlan plan, bool isAlone, RaopReceiverOptions common, ArtworkFolder? covers, Reporter reporter)
    {
        Reporter own = isAlone ? reporter : reporter.Of(plan.Number, plan.Name);
        RaopReceiverOptions options = common with { Name = plan.Name, Listen = new(common.Listen.Address, plan.Port), LoggerFactory = own.Log };
        plan.RefuseFilesOf(_all.Select(static one => one.Plan));
        try
        {
            _all.Add(await HostedReceiver.StartAsync(plan, options, covers, own));
        }
        catch (RaopException e) when (!isAlone)
        {
            throw Named(plan, e);
        }
    }

    private async Task WaitAsync(HostedReceiver one, bool forFirstSession, CancellationToken stop)
    {
        RaopException? failure = null;
        try
        {
            await one.WaitAsync(forFirstSession, stop);
            await one.DisposeAsync(); // its session was the one that was wanted, and its file is whole
        }
        catch (RaopException e)
        {
            failure = e;
        }

        bool isLast = Interlocked.Increment(ref _ended) == _all.Count;
        if (failure is null) return;
        lock (_lock) _failure ??= Named(one.Plan, failure);
        if (!isLast) one.Reporter.Warn("", failure, " The others play on.");
        try
        {
            await one.DisposeAsync();
        }
        catch (RaopException)
        {
            // told already
        }
    }

    private static RaopException Named(ReceiverPlan plan, RaopException e) => new(e.Error, $"{plan.Name}: {e.Message}", e.Remedy, e);
}
