using System.Net;
using System.Runtime.Versioning;
using Raop.Apps.Tests.Media.Output;
using Raop.Cli;

namespace Raop.Apps.Tests.Cli;

/// <summary>Passwords that are remembered, and asked for on a terminal.</summary>
public sealed class PasswordTests : IDisposable
{
    private static readonly RaopSpeaker Kitchen = new()
    {
        Name = "Kitchen", DeviceId = "0123456789AB", EndPoints = [new IPEndPoint(IPAddress.Loopback, 5000)],
    };

    private readonly ScratchDirectory _scratch = new();
    private readonly LineWriter _error = new();
    private readonly List<string?> _tried = [];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private PasswordStore Store => new(Path.Combine(_scratch["raop"], "passwords.json"));

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void What_is_kept_is_found_under_another_name_and_forgotten()
    {
        Assert.Null(Store.Find(Kitchen));
        Store.Keep(Kitchen, "söde\"r");
        Store.Keep(Kitchen with { DeviceId = null }, "other");
        Assert.Equal("söde\"r", Store.Find(Kitchen with { Name = "Küche", EndPoints = [new IPEndPoint(IPAddress.Loopback, 7000)] }));
        Assert.Equal("other", Store.Find(RaopSpeaker.At(new IPEndPoint(IPAddress.Loopback, 5000))));
        Assert.True(Store.Forget(Kitchen));
        Assert.False(Store.Forget(Kitchen));
        Assert.Null(Store.Find(Kitchen));
        Assert.Single(Directory.GetFiles(_scratch["raop"]));
    }

    [Fact, UnsupportedOSPlatform("windows")]
    public void The_file_and_its_folder_are_the_users_alone()
    {
        Store.Keep(Kitchen, "secret");
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no modes of Unix.");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Store.Path));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_scratch["raop"]));
        File.SetUnixFileMode(Store.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        RaopException e = Assert.Throws<RaopException>(() => Store.Find(Kitchen));
        Assert.Contains("chmod 600", e.Remedy, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", e.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{\"0123456789AB\": 1}")]
    [InlineData("{\"0123456789AB\": {\"name\": \"x\"")]
    public void A_damaged_file_is_said_and_left_alone(string text)
    {
        Store.Keep(Kitchen, "secret");
        File.WriteAllText(Store.Path, text);
        Assert.Equal(RaopError.CorruptFile, Assert.Throws<RaopException>(() => Store.Find(Kitchen)).Error);
        Assert.Equal(RaopError.CorruptFile, Assert.Throws<RaopException>(() => Store.Keep(Kitchen, "another")).Error);
        Assert.Equal(text, File.ReadAllText(Store.Path));
    }

    [Fact]
    public async Task It_is_asked_for_until_it_is_right_and_never_shown()
    {
        Assert.Equal("in", await Keeper(null, remember: true, "wrong\r" + "secrex\bt\r").ConnectAsync(Kitchen, Door("secret"), Cancel));
        Assert.Equal([null, "wrong", "secret"], _tried);
        string shown = _error.ToString();
        Assert.Contains("Password for Kitchen: ", shown, StringComparison.Ordinal);
        Assert.Contains("Wrong password. Password for Kitchen: ", shown, StringComparison.Ordinal);
        Assert.DoesNotContain("secr", shown, StringComparison.Ordinal);
        Assert.Equal("secret", Store.Find(Kitchen));
    }

    [Fact]
    public async Task A_remembered_one_is_used_and_replaced_when_it_is_wrong()
    {
        Store.Keep(Kitchen, "old");
        Assert.Equal("in", await Keeper(null, remember: true, "").ConnectAsync(Kitchen, Door("old"), Cancel));
        Assert.Equal("", _error.ToString());
        Assert.Equal("in", await Keeper(null, remember: true, "new\r").ConnectAsync(Kitchen, Door("new"), Cancel));
        Assert.Contains("The remembered password is wrong.", _error.ToString(), StringComparison.Ordinal);
        Assert.Equal("new", Store.Find(Kitchen));
    }

    [Fact]
    public async Task Nothing_is_kept_that_nobody_told_us_to_or_that_no_speaker_took()
    {
        Assert.Equal("in", await Keeper("secret", remember: false, "").ConnectAsync(Kitchen, Door("secret"), Cancel));
        Assert.Equal("in", await Keeper("secret", remember: true, "").ConnectAsync(Kitchen, Door(null), Cancel)); // kept: it was given, and the door is open
        Assert.Equal("secret", Store.Find(Kitchen));
        Store.Forget(Kitchen);
        await Assert.ThrowsAsync<RaopException>(() => Keeper("guess", remember: true, "a\rb\rc\r").ConnectAsync(Kitchen, Door("secret"), Cancel));
        Assert.Equal(["secret", "secret", "guess", "a", "b", "c"], _tried);
        Assert.Null(Store.Find(Kitchen));
    }

    [Fact]
    public async Task A_store_that_fails_is_said_once_and_stops_nobody()
    {
        Store.Keep(Kitchen, "secret");
        File.WriteAllText(Store.Path, "[]");
        var said = new List<RaopException>();
        Assert.Equal("in", await Keeper(null, remember: true, "secret\r", said.Add).ConnectAsync(Kitchen, Door("secret"), Cancel));
        Assert.Equal("in", await Keeper(null, remember: false, "").ConnectAsync(Kitchen, Door(null), Cancel));
        Assert.Equal([null, "secret", null], _tried);
        Assert.Equal(RaopError.CorruptFile, Assert.Single(said).Error);
        Assert.Equal("[]", File.ReadAllText(Store.Path));
    }

    [Fact]
    public void Where_no_folder_can_be_made_that_is_said()
    {
        File.WriteAllText(_scratch["file"], "");
        RaopException e = Assert.Throws<RaopException>(() => new PasswordStore(Path.Combine(_scratch["file"], "raop", "passwords.json")).Keep(Kitchen, "secret"));
        Assert.Contains("cannot be", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", e.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stores_of_one_file_lose_nothing_side_by_side()
    {
        RaopSpeaker[] speakers = [.. Enumerable.Range(0, 30).Select(i => Kitchen with { DeviceId = $"{i:X12}" })];
        await Task.WhenAll(speakers.Select(speaker => Task.Run(() => Store.Keep(speaker, speaker.DeviceId!), Cancel)));
        Assert.All(speakers, speaker => Assert.Equal(speaker.DeviceId, Store.Find(speaker)));
    }

    [Fact]
    public async Task Without_a_keyboard_the_error_is_the_speakers()
    {
        var keeper = new PasswordKeeper(null, false, Store, new ToolConsole(TextWriter.Null, _error), mayAsk: true);
        Assert.Equal(RaopError.PasswordRequired, (await Assert.ThrowsAsync<RaopException>(() => keeper.ConnectAsync(Kitchen, Door("secret"), Cancel))).Error);
        Assert.Equal(RaopError.PasswordRequired, (await Assert.ThrowsAsync<RaopException>(
            () => Keeper(null, false, "\u001b").ConnectAsync(Kitchen, Door("secret"), Cancel))).Error); // Esc: nobody wants to
    }

    [Fact]
    public async Task Two_speakers_are_asked_for_one_after_the_other()
    {
        PasswordKeeper keeper = Keeper(null, remember: true, "same\rsame\r");
        string[] both = await Task.WhenAll(
            keeper.ConnectAsync(Kitchen, Door("same"), Cancel), keeper.ConnectAsync(Kitchen with { Name = "Bath", DeviceId = "0123456789AC" }, Door("same"), Cancel));
        Assert.Equal(["in", "in"], both);
        Assert.Equal(("same", "same"), (Store.Find(Kitchen), Store.Find(Kitchen with { DeviceId = "0123456789AC" })));
    }

    private PasswordKeeper Keeper(string? given, bool remember, string keys, Action<RaopException>? warn = null)
    {
        var typed = new Queue<char>(keys);
        var console = new ToolConsole(TextWriter.Null, _error)
        {
            ReadKey = () => typed.Dequeue() switch
            {
                '\r' => new ConsoleKeyInfo('\r', ConsoleKey.Enter, false, false, false),
                '\b' => new ConsoleKeyInfo('\b', ConsoleKey.Backspace, false, false, false),
                '\u001b' => new ConsoleKeyInfo('\u001b', ConsoleKey.Escape, false, false, false),
                var c => new ConsoleKeyInfo(c, ConsoleKey.A, false, false, false),
            },
        };
        return new PasswordKeeper(given, remember, Store, console, mayAsk: true, warn);
    }

    /// <summary>A speaker with a password, or with none.</summary>
    private Func<string?, Task<string>> Door(string? password) => tried =>
    {
        lock (_tried) _tried.Add(tried);
        if (password is null || tried == password) return Task.FromResult("in");
        throw new RaopException(tried is null ? RaopError.PasswordRequired : RaopError.WrongPassword, "No.", "Find it out.");
    };
}
