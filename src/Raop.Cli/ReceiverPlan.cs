using System.Globalization;
using System.Net;
using System.Text;

namespace Raop.Cli;

/// <summary>What one of the receivers of a process has of its own.</summary>
/// <param name="Number">Counted from 1.</param>
/// <param name="Name">What people see.</param>
/// <param name="Port">Where it listens; 0 takes a free one.</param>
/// <param name="Output">As <c>--output</c>.</param>
/// <param name="TimingLog">A path, or null.</param>
internal sealed record ReceiverPlan(int Number, string Name, int Port, string Output, string? TimingLog)
{
    /// <summary>In a path: becomes the receiver's number.</summary>
    public const string Placeholder = "{n}";

    public const int Most = 256;

    private const int LongestName = 50; // bytes: what an announcement has room for, so that no number is cut off

    /// <summary>The files that it writes.</summary>
    public IEnumerable<string> Files => new[] { OutputOption.Path(Output), TimingLog }.OfType<string>();

    /// <summary>Makes them of what the user wrote once. One alone has all as it is written.</summary>
    /// <param name="count">How many; null when the user did not say.</param>
    /// <param name="common">What was written; its number has no meaning.</param>
    /// <param name="udpPorts">The ports that all share, or null.</param>
    /// <exception cref="UsageException">They cannot all have their own.</exception>
    public static ReceiverPlan[] Make(int? count, ReceiverPlan common, RaopPortRange? udpPorts)
    {
        if (count is not { } many) return [common with { Number = 1 }];
        if (many > 1) Check(many, common, udpPorts);
        return
        [
            .. Enumerable.Range(1, many).Select(n => new ReceiverPlan(
                n, many == 1 ? common.Name : NameOf(common.Name, n), common.Port == 0 ? 0 : common.Port + n - 1, Of(common.Output, n)!, Of(common.TimingLog, n))),
        ];
    }

    /// <summary>Refuses a receiver whose file is one of those before it, by another name: a link, or a folder and back.</summary>
    /// <exception cref="UsageException">It is.</exception>
    public void RefuseFilesOf(IEnumerable<ReceiverPlan> before)
    {
        foreach (ReceiverPlan other in before)
        {
            foreach (string file in Files)
            {
                if (other.Files.FirstOrDefault(one => SameFile.AreOne(one, file)) is { } same)
                    throw new UsageException($"{other.Name} and {Name} would write one file: {same} is {file}.", $"Let {Placeholder} make another file for each.");
            }
        }
    }

    private static void Check(int count, ReceiverPlan common, RaopPortRange? udpPorts)
    {
        int last = common.Port + count - 1;
        if (common.Port > 0 && last > IPEndPoint.MaxPort)
        {
            throw new UsageException(
                $"{count} receivers take as many ports in a row, and {common.Port} to {last} are none.",
                $"Give --port {IPEndPoint.MaxPort - count + 1} or a lower one, or 0 for any free ones.");
        }

        if (udpPorts is not null && udpPorts.Last - udpPorts.First + 1 is var ports && ports < 3 * count)
            throw new UsageException($"{count} receivers need {3 * count} UDP ports, three each; {udpPorts} are {ports}.", $"Give --udp-ports {3 * count} ports or more.");
        if (common.Output == OutputOption.StandardOutput)
            throw new UsageException($"{count} receivers cannot all write to standard output.", $"Give each a file: --output raw:out-{Placeholder}.raw");
        Refuse("--output", OutputOption.Path(common.Output), OutputOption.Path(common.Output) is null ? "" : common.Output[..4]);
        Refuse("--timing-log", common.TimingLog, "");

        void Refuse(string option, string? path, string kind)
        {
            if (path is null || path.Contains(Placeholder, StringComparison.Ordinal) || SameFile.IsDevice(path)) return;
            string directory = Path.GetDirectoryName(path) ?? "", name = $"{Path.GetFileNameWithoutExtension(path)}-{Placeholder}{Path.GetExtension(path)}";
            throw new UsageException(
                $"{count} receivers would write one file: {path}.", $"Write {Placeholder} where each one's number is to be: {option} '{kind}{Path.Combine(directory, name)}'");
        }
    }

    private static string NameOf(string name, int number)
    {
        string suffix = string.Create(CultureInfo.InvariantCulture, $" {number}");
        while (Encoding.UTF8.GetByteCount(name) + suffix.Length > LongestName) name = name[..^(char.IsLowSurrogate(name[^1]) ? 2 : 1)];
        return name.TrimEnd() + suffix;
    }

    private static string? Of(string? path, int number) => path?.Replace(Placeholder, number.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
}
