using System.Net;
using Raop.Apps.Tests.Media.Output;
using Raop.Cli;

namespace Raop.Apps.Tests.Cli;

public sealed class SpeakerCacheTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new();

    private string Path => System.IO.Path.Combine(_scratch.Path, "raop", "speakers.json");

    private SpeakerCache Cache => new(Path, TimeProvider.System);

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void What_was_found_is_read_back()
    {
        RaopSpeaker speaker = Speaker("Küche \"2.0\"", "5855CA1AE288") with
        {
            EndPoints = [IPEndPoint.Parse("10.0.0.9:5000"), IPEndPoint.Parse("[fe80::1%2]:5000")], HostName = "one.local",
            Txt = new Dictionary<string, string> { ["cn"] = "0,1", ["pw"] = "" },
        };
        Cache.Keep([speaker, Speaker("Bath")]);
        IReadOnlyList<SeenSpeaker> seen = Cache.Load();
        Assert.Equal(["Bath", "Küche \"2.0\""], seen.Select(one => one.Speaker.Name));
        RaopSpeaker read = seen[1].Speaker;
        Assert.Equal((speaker.DeviceId, speaker.HostName), (read.DeviceId, read.HostName));
        Assert.Equal(speaker.EndPoints, read.EndPoints);
        Assert.Equal(speaker.Txt, read.Txt);
        Assert.InRange(DateTimeOffset.UtcNow - seen[1].Seen, TimeSpan.Zero, TimeSpan.FromMinutes(10));
        Assert.Contains("Küche", File.ReadAllText(Path), StringComparison.Ordinal);
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path));
        Assert.Single(Directory.GetFiles(System.IO.Path.GetDirectoryName(Path)!));
    }

    [Fact]
    public void A_device_is_kept_once_whatever_it_is_called_now()
    {
        Cache.Keep([Speaker("Old", "5855CA1AE288")]);
        Cache.Keep([Speaker("New", "5855CA1AE288")]);
        Assert.Equal("New", Assert.Single(Cache.Load()).Speaker.Name);
    }

    [Fact]
    public void There_is_room_for_so_many_and_no_more()
    {
        Cache.Keep([Speaker("First")]);
        Cache.Keep([.. Enumerable.Range(0, SpeakerCache.MostSpeakers).Select(i => Speaker($"Speaker {i}"))]);
        IReadOnlyList<SeenSpeaker> seen = Cache.Load();
        Assert.Equal(SpeakerCache.MostSpeakers, seen.Count);
        Assert.DoesNotContain(seen, one => one.Speaker.Name == "First");
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{\"speakers\":[null,{},{\"name\":\"x\"},{\"name\":\"x\",\"endPoints\":[null,\"no address\",\"1.2.3.4\"]}]}")]
    [InlineData("{\"speakers\":[{\"name\":\"x\",\"endPoints\":[\"1.2.3.4:99999\"]}]}")]
    [InlineData("{\"speakers\":")]
    public void A_damaged_file_is_an_empty_one(string content)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path)!);
        File.WriteAllText(Path, content);
        Assert.Empty(Cache.Load());
        Cache.Keep([Speaker("Bath")]);
        Assert.Single(Cache.Load());
    }

    [Fact]
    public void A_name_finds_the_one_that_fits()
    {
        Cache.Keep([Speaker("Kitchen", "5855CA1AE288"), Speaker("Kitchen (old)"), Speaker("Bath")]);
        Assert.Equal("Kitchen", Cache.Find("KITCHEN")?.Speaker.Name);
        Assert.Equal("Kitchen", Cache.Find("5855ca1ae288")?.Speaker.Name);
        Assert.Equal("Bath", Cache.Find("at")?.Speaker.Name);
        Assert.Null(Cache.Find("Kit"));
        Assert.Null(Cache.Find("Garage"));
    }

    [Fact]
    public void Where_nothing_can_be_written_nothing_is_kept()
    {
        File.WriteAllText(_scratch["file"], "");
        var cache = new SpeakerCache(System.IO.Path.Combine(_scratch["file"], "speakers.json"), TimeProvider.System);
        cache.Keep([Speaker("Bath")]);
        Assert.Empty(cache.Load());
        new SpeakerCache(null, TimeProvider.System).Keep([Speaker("Bath")]);
    }

    [Fact]
    public void What_cannot_be_put_in_its_place_is_not_left_behind()
    {
        Directory.CreateDirectory(Path); // where the file should be
        Cache.Keep([Speaker("Bath")]);
        Assert.Empty(Directory.GetFiles(System.IO.Path.GetDirectoryName(Path)!));
    }

    /// <summary>A file above the limit would count as none: strangers would wipe out what is known.</summary>
    [Fact]
    public void Records_of_strangers_may_be_long()
    {
        Cache.Keep([.. Enumerable.Range(0, SpeakerCache.MostSpeakers).Select(i => Speaker($"Speaker {i}") with { Txt = new Dictionary<string, string> { ["x"] = new('\u0001', 2000) } })]);
        Assert.InRange(Cache.Load().Count, 32, SpeakerCache.MostSpeakers);
        Cache.Keep([Speaker("Bath")]);
        Assert.Contains(Cache.Load(), seen => seen.Speaker.Name == "Bath");
    }

    [Theory]
    [InlineData("/x/cache", "/home/me", "/x/cache/raop/speakers.json")]
    [InlineData("relative", "/home/me", "/home/me/.cache/raop/speakers.json")]
    [InlineData(null, "/home/me", "/home/me/.cache/raop/speakers.json")]
    [InlineData(null, null, null)]
    public void Lies_where_caches_lie(string? xdg, string? home, string? path)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the folders of Linux");
        Assert.Equal(path, SpeakerCache.PathFrom(name => name == "XDG_CACHE_HOME" ? xdg : name == "HOME" ? home : null));
    }

    [Fact]
    public async Task The_tool_shows_it()
    {
        Cache.Keep([Speaker("Bath\u001b[2J") with { Txt = new Dictionary<string, string> { ["cn"] = "0,1,3,9", ["et"] = "0,1,4", ["tp"] = "UDP", ["pw"] = "true", ["am"] = "Tub1,1" } }]);
        (int code, string output, string error) = await ToolRun.StartWith("XDG_CACHE_HOME", _scratch.Path, "list", "--cached").EndAsync();
        Assert.Equal((0, ""), (code, error));
        string[] lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, lines.Length);
        Assert.Matches(@"^Bath \[2J +Tub1,1 +10\.0\.0\.9:5000 +udp +PCM ALAC AAC-ELD 9 +none RSA auth-setup +yes +no +20\d\d-", lines[1]);
        (code, output, _) = await ToolRun.StartWith("XDG_CACHE_HOME", _scratch.Path, "list", "--cached", "--json").EndAsync();
        Assert.Equal(0, code);
        System.Text.Json.JsonElement speaker = ToolRun.Json(output);
        Assert.Equal("speaker", speaker.GetProperty("event").GetString());
        Assert.Equal(("Tub1,1", "10.0.0.9", 5000), (speaker.GetProperty("model").GetString(), speaker.GetProperty("address").GetString(), speaker.GetProperty("port").GetInt32()));
        Assert.True(speaker.GetProperty("password").GetBoolean());
    }

    [Fact]
    public async Task An_empty_cache_is_said()
    {
        (int code, string output, string error) = await ToolRun.StartWith("XDG_CACHE_HOME", _scratch.Path, "list", "--cached").EndAsync();
        Assert.Equal((1, ""), (code, output));
        ToolRun.AssertOneError(error, "speaker-not-found");
    }

    private static RaopSpeaker Speaker(string name, string? id = null) => new()
    {
        Name = name, DeviceId = id, EndPoints = [IPEndPoint.Parse("10.0.0.9:5000")], Txt = new Dictionary<string, string>(),
    };
}
