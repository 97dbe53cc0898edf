using System.Reflection;
using System.Xml.Linq;

namespace Raop.Tests.House;

/// <summary>Nobody knows a room that is none of their business. Which arrows there are: <see cref="RoomRules"/>.</summary>
public sealed class ArrowTests
{
    /// <summary>From below to above: each may know those before it.</summary>
    private static readonly string[] Projects = ["Alac", "Raop", "Raop.Media", "Raop.Server", "Raop.Cli"];

    /// <summary>All that the packages without further dependencies may bring.</summary>
    private static readonly Dictionary<string, string[]> Packages = new()
    {
        ["Alac"] = [],
        ["Raop"] = ["Microsoft.Extensions.Logging.Abstractions"],
    };

    [Fact]
    public void Every_arrow_between_rooms_points_the_right_way() =>
        Assert.Equal("", string.Join('\n', new ArrowReader(typeof(RaopException).Assembly, "Raop").FindViolations()));

    [Fact]
    public void A_house_built_wrong_is_found_out() => Assert.Equal(
        [
            "Raop.Tests.House.Toy.Helpers.Anything is in a room without a rule: Helpers",
            "Raop.Tests.House.Toy.Receiving.Session.MakeOther → Raop.Tests.House.Toy.Sending.Session",
            "Raop.Tests.House.Toy.Receiving.Session.Socket → System.Net.Sockets.Socket",
            "Raop.Tests.House.Toy.Rtsp.KnowsAnotherFormat.Closure → Raop.Tests.House.Toy.Sdp.Description",
            "Raop.Tests.House.Toy.Rtsp.KnowsAnotherFormat.ReadAsync → Raop.Tests.House.Toy.Sdp.Description",
            "Raop.Tests.House.Toy.Sdp.Description → Raop.Tests.House.Toy.Audio.Format",
            "Raop.Tests.House.Toy.Sdp.Description..ctor → Raop.Tests.House.Toy.Audio.Format",
            "Raop.Tests.House.Toy.Sending.KnowsTheOtherEnd..ctor → Raop.Tests.House.Toy.Receiving.Session",
            "Raop.Tests.House.Toy.Sending.KnowsTheOtherEnd.Facade → Raop.Tests.House.Toy.RaopSender",
            "Raop.Tests.House.Toy.Sending.KnowsTheOtherEnd._sessions → Raop.Tests.House.Toy.Receiving.Session",
            "Raop.Tests.House.Toy.Sending.KnowsTheOtherEnd.get_Count → Raop.Tests.House.Toy.Receiving.Session",
        ],
        new ArrowReader(typeof(ArrowTests).Assembly, "Raop.Tests.House.Toy").FindViolations());

    [Fact]
    public void Projects_know_only_those_below_them()
    {
        string[] known = [.. ProjectFiles().Select(file => Path.GetFileNameWithoutExtension(file))];
        Assert.Contains("Raop", known);
        foreach (string file in ProjectFiles())
        {
            string name = Path.GetFileNameWithoutExtension(file);
            int level = Array.IndexOf(Projects, name);
            Assert.True(level >= 0, $"{name} has no place in the order of projects.");
            foreach (string below in References(file, "ProjectReference").Select(path => Path.GetFileNameWithoutExtension(path.Replace('\\', '/'))))
                Assert.True(Array.IndexOf(Projects, below) is var other && other >= 0 && other < level, $"{name} → {below}");
            if (Packages.TryGetValue(name, out string[]? packages)) Assert.Equal(packages, References(file, "PackageReference"));
        }
    }

    [Theory]
    [InlineData("Alac")]
    [InlineData("Raop", "Alac", "Microsoft.Extensions.Logging.Abstractions")]
    public void Compiled_packages_need_only_what_they_may(string assembly, params string[] needs) => Assert.All(
        Assembly.Load(assembly).GetReferencedAssemblies().Select(reference => reference.Name!),
        name => Assert.True(name.StartsWith("System.", StringComparison.Ordinal) || needs.Contains(name), $"{assembly} → {name}"));

    /// <summary>Analyzers and the like, which leave nothing in the output, are not counted.</summary>
    private static string[] References(string file, string kind) =>
    [
        .. XDocument.Load(file).Descendants(kind)
            .Where(element => element.Attribute("PrivateAssets")?.Value != "all")
            .Select(element => element.Attribute("Include")?.Value).OfType<string>(),
    ];

    private static string[] ProjectFiles()
    {
        DirectoryInfo? directory = new(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "Raop.slnx"))) directory = directory.Parent;
        Assert.NotNull(directory);
        return Directory.GetFiles(Path.Combine(directory.FullName, "src"), "*.csproj", SearchOption.AllDirectories);
    }
}
