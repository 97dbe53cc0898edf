namespace Raop.Discovery;

/// <summary>A record that was heard, and how long it is believed.</summary>
/// <param name="record">What was heard.</param>
internal sealed class CachedRecord(DnsRecord record)
{
    /// <summary>How often a record that is about to expire is asked for: at 80, 85, 90 and 95 % of its life (RFC 6762 section 5.2).</summary>
    private const int Refreshes = 4;
    private const double FirstRefresh = 0.80, RefreshStep = 0.05, Jitter = 0.02;

    private long _lifetime;
    private int _refreshes;
    private double _jitter;

    public DnsRecord Record { get; } = record;

    /// <summary>When it was last heard.</summary>
    public long Heard { get; private set; }

    /// <summary>When it is believed no more.</summary>
    public long Expiry { get; private set; }

    /// <summary>When it is next to be asked for; <see cref="long.MaxValue"/> when it has been asked for often enough.</summary>
    public long NextRefresh { get; private set; }

    /// <summary>Questions of others that it should have answered and did not, since <see cref="UnansweredSince"/>.</summary>
    public int Unanswered { get; private set; }

    public long UnansweredSince { get; private set; }

    /// <summary>It was heard: it lives from now on.</summary>
    /// <param name="now">The time.</param>
    /// <param name="lifetime">How long it is believed, in ticks.</param>
    /// <param name="jitter">0 to 1: so that not all who know it ask at the same instant.</param>
    public void Hear(long now, long lifetime, double jitter)
    {
        (Heard, _lifetime, _jitter, _refreshes, Unanswered) = (now, lifetime, jitter * Jitter, 0, 0);
        Expiry = now + lifetime;
        Schedule();
    }

    /// <summary>It goes soon, unless it is heard again.</summary>
    public void ExpireAt(long time)
    {
        if (time >= Expiry) return;
        Expiry = time;
        NextRefresh = long.MaxValue;
    }

    /// <summary>It may be out of date: asked for at once and three times more, and gone after <paramref name="patience"/> without an answer.</summary>
    public void Doubt(long now, long patience)
    {
        long expiry = Math.Min(Expiry, now + patience);
        if (expiry < now + patience && expiry > now) return; // it goes sooner anyway, by a goodbye
        _lifetime = (long)(patience / (1 - FirstRefresh));
        Heard = now + patience - _lifetime;
        (Expiry, _refreshes, _jitter) = (now + patience, 0, 0);
        Schedule();
    }

    /// <summary>It has been asked for.</summary>
    public void CountRefresh()
    {
        _refreshes++;
        Schedule();
    }

    /// <summary>Somebody asked a question that it answers.</summary>
    public void CountQuestion(long now)
    {
        if (Unanswered++ == 0) UnansweredSince = now;
    }

    /// <summary>Seconds that are left if more than half of its life is, so that who has it need not repeat it (RFC 6762 section 7.1); else 0.</summary>
    public uint KnownFor(long now, long second)
    {
        long left = Expiry - now;
        return left > _lifetime / 2 ? (uint)(left / second) : 0;
    }

    private void Schedule() =>
        NextRefresh = _refreshes >= Refreshes ? long.MaxValue : Heard + (long)(_lifetime * (FirstRefresh + (RefreshStep * _refreshes) + _jitter));
}
