using Raop.Apps.Tests.Cli;
using Raop.Apps.Tests.Media.Output;

namespace Raop.Apps.Tests.Samples;

/// <summary>The programs in the documents: each compiles as it stands, in a project with the usual settings.</summary>
public sealed class DocumentTests
{
    private const string Usual = "global using System; global using System.Collections.Generic; global using System.IO; global using System.Linq; "
        + "global using System.Threading; global using System.Threading.Tasks;";

    [Theory]
    [InlineData("README.md", 4)]
    [InlineData("docs/guide/README.md", 1)]
    public async Task Programs_in_documents_compile(string document, int programs)
    {
        string text = (await File.ReadAllTextAsync(Path.Combine(Repository.Root, document), TestContext.Current.CancellationToken)).ReplaceLineEndings("\n");
        string[] blocks = [.. text.Split("\n```csharp\n").Skip(1).Select(static block => block[..block.IndexOf("\n```\n", StringComparison.Ordinal)])];
        Assert.Equal(programs, blocks.Length);
        (int Code, string Output)[] compiled = await Task.WhenAll(blocks.Select(CompileAsync));
        Assert.All(compiled, static compiled => Assert.Equal((0, ""), compiled));
    }

    private static async Task<(int Code, string Output)> CompileAsync(string program)
    {
        using var scratch = new ScratchDirectory();
        await File.WriteAllTextAsync(scratch["Usual.cs"], Usual);
        await File.WriteAllTextAsync(scratch["Program.cs"], program);
        string known = (string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!; // the framework and our libraries
        IEnumerable<string> references = known.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Where(static path => !Path.GetFileName(path).StartsWith("xunit", StringComparison.Ordinal)).Select(static path => $"-reference:\"{path}\"");
        await File.WriteAllLinesAsync(scratch["options.rsp"], ["-nologo", "-langversion:14", "-nullable:enable", "-warnaserror", $"-out:\"{scratch["Program.dll"]}\"", .. references]);
        (int code, string output, string error) = await DotNet.RunAsync(
            Compiler, "-noconfig", "@" + scratch["options.rsp"], scratch["Usual.cs"], scratch["Program.cs"]);
        return (code, output + error);
    }

    /// <summary>The C# compiler of the SDK that the runtime belongs to; the highest, should there be more.</summary>
    private static string Compiler => Directory.GetDirectories(Path.Combine(DotNet.Root, "sdk"))
        .Select(static sdk => Path.Combine(sdk, "Roslyn", "bincore", "csc.dll"))
        .Where(File.Exists).Order(StringComparer.Ordinal).Last();
}
