using System.Globalization;
using Alac;
using AlacBench;

// AlacBench fast|default|best FRAMES-A-PACKET ENCODES DECODES FILE.s16...
// Encodes 16-bit stereo of 44.1 kHz, decodes it, compares, and says what each took of this thread's time: the least of some rounds.
if (args.Length < 5 || !Enum.TryParse(args[0], ignoreCase: true, out AlacEffort effort))
{
    Console.Error.WriteLine("AlacBench fast|default|best FRAMES-A-PACKET ENCODES DECODES FILE.s16...");
    return 2;
}

int encodes = int.Parse(args[2], CultureInfo.InvariantCulture), decodes = int.Parse(args[3], CultureInfo.InvariantCulture);
var config = new AlacConfig { FrameLength = int.Parse(args[1], CultureInfo.InvariantCulture) };
Result[] results = [.. args[4..].Select(file => Measurement.Of(file, config, effort, encodes, decodes))];
foreach (Result result in results) Print(result);
Print(new Result("mean", results.Average(r => r.Encode), results.Average(r => r.Decode), results.Average(r => r.Size)));
return 0;

void Print(Result result) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
    $"{result.Name,-20} {effort,-8} {config.FrameLength,5}  encode {result.Encode,6:0.0} ns/frame  decode {result.Decode,6:0.0} ns/frame  size {result.Size:0.0000}"));
