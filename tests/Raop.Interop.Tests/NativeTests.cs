using System.Text.Json;
using Raop.Interop.Tests.Lab;

namespace Raop.Interop.Tests;

/// <summary>The tool compiled ahead of time does what the other build does: what reflection or a missing piece would break shows here.</summary>
public class NativeTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory, InlineData("udp"), InlineData("tcp")]
    public Task Plays_to_itself_bit_exactly(string transport) => NativeTool.RunAsync(async lab =>
    {
        byte[] source = Mix.Seconds(2);
        string input = await lab.WriteAsync("in.wav", Wav.Of(source)), output = lab.PathOf("out.wav");
        Child receiver = await lab.ReceiveAsync(5000, "wav:" + output, "--once");
        Child play = lab.Raop("play", input, "--to", "127.0.0.1:5000", "--transport", transport, "--encryption", "rsa", "--json");
        await play.SucceedsAsync();
        await receiver.SucceedsAsync();
        Assert.Equal(source, await Wav.SamplesOfAsync(output));
        JsonElement session = await receiver.EventAsync(ToolEvents.Session);
        Assert.Equal((transport, true), (session.Text("transport"), session.GetProperty("encrypted").GetBoolean()));
        Assert.Equal("teardown", (await receiver.EventAsync(ToolEvents.Ended)).Text("cause"));
        Assert.Contains("debug Raop.Receiver: ", receiver.Errors, StringComparison.Ordinal); // its log
    });

    [Theory, InlineData("fast", "m4a"), InlineData("best", "caf")]
    public Task Music_goes_to_ALAC_and_back_to_the_bit(string effort, string container) => NativeTool.RunAsync(async lab =>
    {
        byte[] source = await Tracks.DecodedByFfmpegAsync(Tracks.Music());
        string alac = lab.PathOf("a." + container), output = lab.PathOf("out.wav");
        await lab.Raop("alac", "encode", Tracks.Music(), alac, "--effort", effort).SucceedsAsync();
        Assert.Equal(source, await Tracks.DecodedByFfmpegAsync(alac));
        await lab.Raop("alac", "decode", alac, output).SucceedsAsync();
        Assert.Equal(source, await Wav.SamplesOfAsync(output));
    });

    [Fact]
    public Task Is_found_and_commanded() => NativeTool.RunAsync(async lab =>
    {
        Child receiver = lab.Raop("receive", "--name", "Küche", "--port", "5000", "--output", "null", "--json");
        await receiver.EventAsync("advertised");
        Child list = lab.Raop("list", "--json", "--timeout", "3"); // an announcement is not said again within a second
        await list.SucceedsAsync();
        JsonElement speaker = Assert.Single(list.Events());
        Assert.Equal(("speaker", "Küche", 5000), (speaker.Text("event"), speaker.Text("name"), (int)speaker.Count("port")));
        Child remote = lab.Raop("remote", "toggle", "--to", "Küche", "--json");
        Assert.Equal(1, await remote.ExitAsync(Cancel));
        Assert.Equal((ToolEvents.Error, "no-sender"), (remote.Events()[0].Text("event"), remote.Events()[0].Text("code")));
    });

    /// <summary>It would take a third more memory and start later; the first encrypted stream brings it.</summary>
    [Fact]
    public Task An_idle_receiver_has_not_loaded_OpenSSL() => NativeTool.RunAsync(async lab =>
    {
        if (!OperatingSystem.IsLinux()) Assert.Skip("What a process has loaded is read from /proc.");
        Child receiver = lab.Raop("receive", "--output", "null", "--json");
        await receiver.EventAsync("advertised");
        string loaded = await File.ReadAllTextAsync($"/proc/{receiver.Id}/maps", Cancel);
        Assert.Contains("libc.so", loaded, StringComparison.Ordinal);
        Assert.DoesNotContain("libcrypto", loaded, StringComparison.Ordinal);
    });

    /// <summary>Whoever gives the file to others gives these with it.</summary>
    [Fact]
    public Task Has_the_licences_of_its_packages_beside_it() => NativeTool.RunAsync(async lab =>
    {
        string folder = Path.GetDirectoryName(lab.Tool)!, notices = await File.ReadAllTextAsync(Path.Combine(folder, "THIRD-PARTY-NOTICES.txt"), Cancel);
        using JsonDocument locked = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(Repository.Root, "src/Raop.Cli/packages.lock.json"), Cancel));
        string[] building = ["Meziantou.Analyzer", "Microsoft.CodeAnalysis.BannedApiAnalyzers", "Microsoft.NET.ILLink.Tasks"];
        string[] packages =
        [
            .. locked.RootElement.GetProperty("dependencies").EnumerateObject().SelectMany(target => target.Value.EnumerateObject())
                .Where(package => package.Value.Text("type") != "Project" && !building.Contains(package.Name)).Select(package => $"\n{package.Name} {package.Value.Text("resolved")}\n"),
        ];
        Assert.Contains(packages, package => package.StartsWith("\nSystem.CommandLine ", StringComparison.Ordinal));
        foreach (string package in packages) Assert.Contains(package, notices, StringComparison.Ordinal);
        Assert.Matches("\nMicrosoft\\.NETCore\\.App\\.Runtime\\.NativeAOT\\.[^ ]+ 10\\.", notices);
        foreach (string text in new[] { "\nCopyright (c) .NET Foundation and Contributors\n", "\nLicense notice for zlib", "\nCopyright (c) Patrik Svensson" }) Assert.Contains(text, notices, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(folder, "LICENSE")));
    });

    [Theory, InlineData("--version"), InlineData("--help"), InlineData("play --help"), InlineData("receive --help"), InlineData("alac encode --help"), InlineData("play"),
        InlineData("play none.wav --to local --json"), InlineData("play in.wav --to local --output wav:/none/out.wav"), InlineData("receive --bind 192.0.2.7 --output null -v"),
        InlineData("list --timeout 0"), InlineData("devices")]
    public Task Says_what_the_other_build_says(string arguments) => NativeTool.RunAsync(async lab =>
    {
        string input = await lab.WriteAsync("in.wav", Wav.Of(Mix.Seconds(0.1)));
        string[] words = [.. arguments.Split(' ').Select(word => word == "in.wav" ? input : word)];
        Child native = lab.Raop(words);
        int code = await native.ExitAsync(Cancel);
        lab.Tool = Repository.Tool;
        Child other = lab.Raop(words);
        Assert.Equal(await other.ExitAsync(Cancel), code);
        Assert.Equal((other.OutputText, other.Errors), (native.OutputText, native.Errors));
        Assert.NotEmpty(native.OutputText + native.Errors);
    });
}
