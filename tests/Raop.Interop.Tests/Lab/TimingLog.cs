using System.Globalization;

namespace Raop.Interop.Tests.Lab;

/// <summary>What <c>raop receive --timing-log</c> writes: a line for each write, on the machine's one monotonic clock.</summary>
/// <param name="RtpTime">Of the first frame of the write.</param>
/// <param name="Frames">How many it has.</param>
/// <param name="Due">When the first is to be heard, ns.</param>
internal readonly record struct TimingLog(uint RtpTime, int Frames, long Due)
{
    private const double NanosecondsPerFrame = 1e9 / Mix.Rate;

    public static IReadOnlyList<TimingLog> Read(string path) => [.. File.ReadLines(path).Skip(1).Select(static line =>
    {
        string[] values = line.Split(',');
        return new TimingLog(uint.Parse(values[0], CultureInfo.InvariantCulture), int.Parse(values[1], CultureInfo.InvariantCulture), long.Parse(values[2], CultureInfo.InvariantCulture));
    })];

    /// <summary>For each write of <paramref name="one"/>, by how many milliseconds its first frame is due at another time there than at <paramref name="other"/>.</summary>
    /// <remarks>Both have taken up the stream at frames of their own: a frame is looked for inside the other's writes. Both in order.</remarks>
    public static IEnumerable<double> Apart(IReadOnlyList<TimingLog> other, IReadOnlyList<TimingLog> one)
    {
        int i = 0;
        foreach (TimingLog write in one)
        {
            while (i < other.Count && unchecked((int)(write.RtpTime - other[i].RtpTime)) >= other[i].Frames) i++;
            if (i == other.Count) yield break;
            int inside = unchecked((int)(write.RtpTime - other[i].RtpTime));
            if (inside >= 0) yield return Math.Abs(write.Due - other[i].Due - (inside * NanosecondsPerFrame)) / 1e6;
        }
    }
}
