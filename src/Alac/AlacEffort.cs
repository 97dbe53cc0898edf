namespace Alac;

/// <summary>How much work an <see cref="AlacEncoder"/> puts into small packets. Decoders need as much for each.</summary>
public enum AlacEffort
{
    /// <summary>One coding is found for each packet and taken.</summary>
    Fast,

    /// <summary>As <see cref="Fast"/>, but in packets of 1024 frames and more loud parts count less: some 2 % more work, 1 % smaller.</summary>
    Default,

    /// <summary>The coding is found anew, up to three times, from what the one before has left. Some four times the work, 0.3 to 1 % smaller.</summary>
    Best,
}
