using System.Globalization;
using System.Net;
using ScaleBench;

// ScaleBench peers PORT                                       receivers without sound: as many as connect; each line read is answered with the counts
// ScaleBench send receivers|streams COUNT PORT SECONDS FILE   plays FILE (16 bit, 44.1 kHz, stereo, without a header) to so many of them
switch (args)
{
    case ["peers", var port]:
        return FakeReceivers.Run(Number(port));
    case ["send", "receivers" or "streams", var count, var port, var seconds, var file]:
        await SendRun.RunAsync(isGroup: args[1] == "receivers", Number(count), Number(port), Number(seconds), await File.ReadAllBytesAsync(file));
        return 0;
    default:
        Console.Error.WriteLine("ScaleBench peers PORT | ScaleBench send receivers|streams COUNT PORT SECONDS FILE");
        return 2;
}

static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
