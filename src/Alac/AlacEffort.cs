namespace Alac;

/// <summary>How much work an <see cref="AlacEncoder"/> puts into small packets. Decoders need as much for each.</summary>
public enum AlacEffort
{
    /// <summary>One coding is guessed for each packet and taken.</summary>
    Fast,

    /// <summary>As <see cref="Fast"/>, but where the guess is not clear the codings are compared now and then. Some 5 % more work, 0.1 % smaller.</summary>
    Default,

    /// <summary>More codings, all compared for each packet, and the best refined. Some six times the work, 1.5 to 2 % smaller.</summary>
    Best,
}
