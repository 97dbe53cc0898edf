namespace Raop.Receiving;

/// <summary>
/// When a missing packet is asked for: first after the time in which reordered packets have come by themselves, then each time an answer
/// should have come, until there is no time left to play it.
/// </summary>
/// <param name="ticksPerSecond">Unit of all times.</param>
/// <remarks>
/// shairport-sync asks after 0.10 s, then each 0.25 s, until 0.10 s before play. On a lossy link more tries matter most: here a try takes
/// as long as an answer is measured to take. A sender that never answers (PipeWire, node-airtunes2) is asked once a second.
/// </remarks>
internal sealed class ResendPolicy(long ticksPerSecond)
{
    /// <summary>Refills an outage of 2 s at once.</summary>
    private const int Burst = 256;

    /// <summary>Packets a second afterwards: three times what a stream has.</summary>
    private const int Rate = 400;

    private const int MostUnanswered = 20, ArrivalsThatShowLife = 64;

    private readonly long _shortestWindow = Milliseconds(10, ticksPerSecond);
    private readonly long _longestWindow = Milliseconds(250, ticksPerSecond);
    private readonly long _windowWithoutClock = Milliseconds(50, ticksPerSecond);
    private readonly long _shortestRepeat = Milliseconds(40, ticksPerSecond);
    private readonly long _longestRepeat = Milliseconds(250, ticksPerSecond);
    private long _window = Milliseconds(10, ticksPerSecond);
    private long _windowAgedAt = long.MinValue;
    private long _roundTrip; // smoothed, RFC 6298; 0 before the first
    private long _variation;
    private long _credit = Burst * ticksPerSecond; // a packet costs ticksPerSecond
    private long _creditedAt = long.MinValue;
    private long _unansweredSince;
    private long _askedAt;
    private int _unanswered;
    private int _arrivals;

    /// <summary>How long a packet may be out of order before it is asked for: 10 to 250 ms, as measured.</summary>
    public long Window => _window;

    /// <summary>From a request to the next for the same packet: 40 to 250 ms, as measured.</summary>
    public long RepeatAfter { get; private set; } = Milliseconds(100, ticksPerSecond);

    /// <summary>Neighbours that are to be asked for within this time join a request.</summary>
    public long Together { get; } = Milliseconds(5, ticksPerSecond);

    /// <summary>The sender has answered nothing for 2 s.</summary>
    public bool IsUnheard { get; private set; }

    /// <summary>Most requests at a time.</summary>
    public int MostRequests => IsUnheard ? 1 : 8;

    private long Reserve => Math.Max(Milliseconds(10, ticksPerSecond), _roundTrip / 2);

    /// <summary>A packet of any kind came.</summary>
    public void Arrived(long now)
    {
        if (_unanswered > 0 && _arrivals < ArrivalsThatShowLife) _arrivals++;
        if (_windowAgedAt == long.MinValue) _windowAgedAt = now;
        if (now - _windowAgedAt < ticksPerSecond) return;
        _windowAgedAt = now;
        _window -= (_window - _shortestWindow) / 16; // forgotten in some 20 s
    }

    /// <summary>A packet came by itself, this long after one that was sent later.</summary>
    public void Reordered(long lateness) => _window = Math.Clamp(lateness + (lateness / 8), _window, Math.Max(_window, _longestWindow));

    /// <summary>A packet came that had been asked for.</summary>
    /// <param name="asks">How often.</param>
    /// <param name="sinceLast">Ticks since the last time.</param>
    public void Answered(int asks, long sinceLast)
    {
        (_unanswered, _arrivals, IsUnheard) = (0, 0, false);
        if (asks == 1) Measure(sinceLast); // else nobody knows which request it answers
    }

    /// <summary>A packet that had been asked for came once more.</summary>
    /// <param name="asks">How often.</param>
    /// <param name="lateness">Ticks from when it was noticed missing to its first coming.</param>
    /// <param name="sinceFirst">Ticks from the first request to its first coming.</param>
    public void AnsweredAgain(int asks, long lateness, long sinceFirst)
    {
        if (asks == 1) Reordered(lateness); // the request was needless
        else Measure(sinceFirst); // every request was answered, so the first answer is the first request's
    }

    /// <summary>When to ask for a packet; <see cref="long.MaxValue"/> when it cannot come in time.</summary>
    public long AskAt(long noticedAt, long askedAt, int asks, long now, long due)
    {
        if (due < now + Reserve) return long.MaxValue;
        long left = due == long.MaxValue ? long.MaxValue : due - now;
        if (asks > 0) return askedAt + (left < 3 * RepeatAfter ? Math.Max(_shortestRepeat, RepeatAfter / 2) : RepeatAfter);
        long patience = left == long.MaxValue ? _windowWithoutClock : Math.Max(_shortestWindow, left / 8);
        return noticedAt + Math.Min(_window, patience);
    }

    /// <summary>How many packets may be asked for now.</summary>
    public int Allowance(long now)
    {
        if (_creditedAt != long.MinValue) _credit += Math.Clamp(now - _creditedAt, 0, ticksPerSecond) * Rate;
        _credit = Math.Min(_credit, Burst * ticksPerSecond);
        _creditedAt = now;
        return (int)(_credit / ticksPerSecond);
    }

    /// <summary>When to go on after a limit was reached.</summary>
    public long NextAllowance(long now) => now + Milliseconds(4, ticksPerSecond);

    /// <summary>Packets were asked for.</summary>
    public void Asked(int packets, long now)
    {
        if (packets == 0) return;
        _credit -= packets * ticksPerSecond;
        _askedAt = now;
        if (_unanswered == 0) (_unansweredSince, _arrivals) = (now, 0);
        _unanswered = Math.Min(_unanswered + packets, MostUnanswered);

        // Packets must have come meanwhile: in an outage nobody can answer.
        if (_unanswered == MostUnanswered && now - _unansweredSince >= 2 * ticksPerSecond && _arrivals >= ArrivalsThatShowLife) IsUnheard = true;
    }

    /// <summary>Until when nothing is asked for; in the past when there is no pause.</summary>
    public long PausedUntil => IsUnheard ? _askedAt + ticksPerSecond : long.MinValue;

    private static long Milliseconds(int milliseconds, long ticksPerSecond) => Math.Max(1, (long)((Int128)milliseconds * ticksPerSecond / 1000));

    private void Measure(long roundTrip)
    {
        roundTrip = Math.Clamp(roundTrip, 1, ticksPerSecond);
        if (_roundTrip == 0) (_roundTrip, _variation) = (roundTrip, roundTrip / 2);
        else
        {
            _variation += (Math.Abs(roundTrip - _roundTrip) - _variation) / 4;
            _roundTrip += (roundTrip - _roundTrip) / 8;
        }

        RepeatAfter = Math.Clamp(_roundTrip + (4 * _variation), _shortestRepeat, _longestRepeat);
    }
}
