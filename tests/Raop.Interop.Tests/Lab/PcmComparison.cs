using System.Runtime.InteropServices;

namespace Raop.Interop.Tests.Lab;

/// <summary>
/// Aligns what came out of a receiver with the source and says what is equal, lost and inserted, in frames of 16-bit stereo.
/// Where the two differ it looks for the next block of the source that stands in the output ahead, and goes on from there.
/// </summary>
internal sealed record PcmComparison
{
    private const int Block = 48, Window = 20 * Mix.Rate;

    public required int SourceFrames { get; init; }

    public required int OutputFrames { get; init; }

    /// <summary>Stretches that are equal, in order.</summary>
    public required IReadOnlyList<Run> Runs { get; init; }

    /// <summary>What stands between the runs.</summary>
    public required IReadOnlyList<Gap> Gaps { get; init; }

    public int Equal => Runs.Sum(run => run.Length);

    public int LostBeforeFirst => Runs.Count == 0 ? SourceFrames : Runs[0].Source;

    public int LostInside => Gaps.Sum(gap => gap.Lost);

    public int LostAtEnd => Runs.Count == 0 ? 0 : SourceFrames - Runs[^1].SourceEnd;

    /// <summary>Every frame of the source came out, in one piece; anything may stand before and behind it.</summary>
    public bool IsExact => Runs.Count == 1 && Equal == SourceFrames;

    /// <summary>Equal frames from <paramref name="Source"/> and <paramref name="Output"/> on.</summary>
    internal readonly record struct Run(int Source, int Output, int Length)
    {
        public int SourceEnd => Source + Length;

        public int OutputEnd => Output + Length;
    }

    /// <summary>Source frames that never came, and output frames that the source does not have at this place.</summary>
    internal readonly record struct Gap(int At, int Lost, int Inserted, bool InsertedIsSilence);

    public static PcmComparison Compare(ReadOnlySpan<byte> sourcePcm, ReadOnlySpan<byte> outputPcm)
    {
        ReadOnlySpan<uint> source = MemoryMarshal.Cast<byte, uint>(sourcePcm), output = MemoryMarshal.Cast<byte, uint>(outputPcm);
        List<Run> runs = [];
        int s = 0, o = 0;
        while (s < source.Length && o < output.Length)
        {
            int equal = source[s..].CommonPrefixLength(output[o..]);
            if (equal >= Block || (equal > 0 && s + equal == source.Length))
            {
                runs.Add(new Run(s, o, equal));
                s += equal;
                o += equal;
                continue;
            }

            if (!TryResync(source, output, ref s, ref o, runs.Count == 0 ? new Run() : runs[^1])) break;
        }

        return new PcmComparison { SourceFrames = source.Length, OutputFrames = output.Length, Runs = runs, Gaps = GapsBetween(runs, output) };
    }

    public override string ToString() => $"""
        {Equal} of {SourceFrames} source frames equal in {Runs.Count} run(s), {OutputFrames} frames came out
        lost: {LostBeforeFirst} before the first, {LostInside} inside, {LostAtEnd} at the end
        gaps: {string.Join("; ", Gaps.Take(8).Select(gap => $"at {gap.At}: {gap.Lost} lost, {gap.Inserted} inserted{(gap.InsertedIsSilence ? " (silence)" : "")}"))}
        """;

    /// <summary>The earliest source block that occurs ahead in the output; widened back to the first frame that fits.</summary>
    private static bool TryResync(ReadOnlySpan<uint> source, ReadOnlySpan<uint> output, ref int s, ref int o, Run last)
    {
        int end = last.Length == 0 ? output.Length : Math.Min(output.Length, o + Window);
        for (int at = s; at + Block <= source.Length; at += at - s < 8 ? 1 : at - s < 2048 ? 16 : 352)
        {
            ReadOnlySpan<uint> block = source.Slice(at, Block);
            if (!block.ContainsAnyExcept(block[0])) continue; // silence and the like stand anywhere
            int found = output[o..end].IndexOf(block);
            if (found < 0) continue;

            found += o;
            while (at > last.SourceEnd && found > last.OutputEnd && source[at - 1] == output[found - 1]) (at, found) = (at - 1, found - 1);
            (s, o) = (at, found);
            return true;
        }

        return false;
    }

    private static List<Gap> GapsBetween(List<Run> runs, ReadOnlySpan<uint> output)
    {
        List<Gap> gaps = [];
        for (int i = 1; i < runs.Count; i++)
        {
            Run before = runs[i - 1], after = runs[i];
            ReadOnlySpan<uint> inserted = output[before.OutputEnd..after.Output];
            gaps.Add(new Gap(before.SourceEnd, after.Source - before.SourceEnd, inserted.Length, !inserted.ContainsAnyExcept(0u)));
        }

        return gaps;
    }
}
