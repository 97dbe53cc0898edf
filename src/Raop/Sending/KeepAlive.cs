using Raop.Rtsp;

namespace Raop.Sending;

/// <summary>How a device is shown that its sender lives.</summary>
/// <param name="Method">OPTIONS or POST.</param>
/// <param name="Uri">"*" or a path.</param>
internal sealed record KeepAliveHabit(string Method, string Uri)
{
    /// <summary>What everybody answers, be it with 501.</summary>
    public static readonly KeepAliveHabit Options = new("OPTIONS", "*");

    /// <summary>What Apple's own senders do since AirPlay 2.</summary>
    public static readonly KeepAliveHabit Feedback = new("POST", "/feedback");

    /// <summary>Apple TV 4 and HomePod end a session after about 30 s without a request.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(25);
}

/// <summary>The keep-alive of one session. A device that refuses /feedback gets OPTIONS from then on; any answer is a sign of life.</summary>
internal sealed class KeepAlive(KeepAliveHabit habit)
{
    private KeepAliveHabit _habit = habit;

    /// <summary>The longest time without a request.</summary>
    public TimeSpan Interval => _habit.Interval;

    /// <summary>The next one.</summary>
    public RtspRequest Request() => new(_habit.Method, _habit.Uri, new RtspHeaders());

    /// <summary>Takes the answer into account.</summary>
    public void Answered(RtspResponse reply)
    {
        if (reply.StatusCode != RtspStatus.Ok && _habit.Method != "OPTIONS") _habit = KeepAliveHabit.Options with { Interval = _habit.Interval };
    }
}
