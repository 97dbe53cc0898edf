namespace Raop.Timing;

/// <summary>NTP's 32.32 fixed point: seconds since 1900, or since any epoch, and 2^-32 fractions. Wraps each 136 years.</summary>
internal static class NtpTime
{
    /// <summary>Seconds from 1900 to 1970. Senders add it to their uptime, so that the numbers look like times.</summary>
    private const ulong Epoch = 2_208_988_800;

    /// <summary>A monotonic timestamp as NTP time.</summary>
    /// <param name="timestamp">In ticks, from 0.</param>
    /// <param name="ticksPerSecond">Of the clock.</param>
    public static ulong FromTimestamp(long timestamp, long ticksPerSecond)
    {
        (long seconds, long rest) = Math.DivRem(timestamp, ticksPerSecond);
        return unchecked(((ulong)seconds + Epoch) << 32) + (ulong)(((UInt128)(ulong)rest << 32) / (ulong)ticksPerSecond);
    }

    /// <summary>How much later <paramref name="later"/> is, in ticks; right up to 68 years either way.</summary>
    public static long Ticks(ulong later, ulong earlier, long ticksPerSecond) =>
        (long)(((Int128)unchecked((long)(later - earlier)) * ticksPerSecond) >> 32);

    /// <summary>A time that many ticks later.</summary>
    public static ulong Add(ulong time, long ticks, long ticksPerSecond) =>
        unchecked(time + (ulong)(long)(((Int128)ticks << 32) / ticksPerSecond));
}
