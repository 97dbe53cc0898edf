using System.Globalization;
using System.Net;
using Raop.Cli;

namespace Raop.Apps.Tests.Cli;

/// <summary>What is set for one speaker of several, and when they begin.</summary>
public sealed class SpeakerSettingsTests
{
    private static readonly ChosenSpeaker Kitchen = Found("Kitchen", "0123456789AB"), Kitchenette = Found("Kitchenette", "0123456789AC"), Bath = Found("Bath = wet", null);
    private static readonly ChosenSpeaker Attic = new(new Address("Attic", null, false), null, new RaopException(RaopError.SpeakerNotFound, "No."));

    [Theory]
    [InlineData("20ms", 20)]
    [InlineData("+20", 20)]
    [InlineData("-15.5 ms", -15.5)]
    [InlineData("0.5s", 500)]
    [InlineData("-500", -500)]
    public void Delays(string text, double milliseconds)
    {
        Assert.True(DelayText.TryParse(text, out TimeSpan delay, out _));
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), delay);
    }

    [Theory, InlineData(""), InlineData("ms"), InlineData("501"), InlineData("-0.6s"), InlineData("NaN"), InlineData("1e2"), InlineData("1,5"), InlineData("soon")]
    public void No_delays(string text)
    {
        Assert.False(DelayText.TryParse(text, out _, out string? problem));
        Assert.Contains("-500ms to +500ms", problem, StringComparison.Ordinal);
    }

    [Theory, InlineData("left", RaopChannel.Left), InlineData("RIGHT", RaopChannel.Right), InlineData("mono", RaopChannel.Mono), InlineData("stereo", RaopChannel.Stereo)]
    public void Channels(string text, RaopChannel expected)
    {
        Assert.True(ChannelText.TryParse(text, out RaopChannel channel, out _));
        Assert.Equal(expected, channel);
    }

    [Theory]
    [InlineData("+5", "2026-01-31T19:00:05Z")]
    [InlineData("+0.25", "2026-01-31T19:00:00.25Z")]
    [InlineData("20:15:00", "2026-01-31T19:15:00Z")]
    [InlineData("20:15", "2026-01-31T19:15:00Z")]
    [InlineData("19:59:59.5", "2026-01-31T18:59:59.5Z")] // just over: not tomorrow
    [InlineData("1:30", "2026-02-01T00:30:00Z")] // after midnight
    [InlineData("2026-01-31T20:15:00", "2026-01-31T19:15:00Z")]
    [InlineData("2026-01-31T20:15:00.125+02:00", "2026-01-31T18:15:00.125Z")]
    [InlineData("2026-01-31T20:15Z", "2026-01-31T20:15:00Z")]
    public void Times_to_begin_at(string text, string expected)
    {
        Assert.True(StartAtText.TryParse(text, new Evening(), out DateTimeOffset instant, out _));
        Assert.Equal(DateTimeOffset.Parse(expected, CultureInfo.InvariantCulture), instant);
    }

    [Theory, InlineData(""), InlineData("5"), InlineData("+"), InlineData("+-5"), InlineData("+1e9"), InlineData("24:00"), InlineData("tomorrow"), InlineData("31.1.2026 20:15")]
    public void No_times_to_begin_at(string text)
    {
        Assert.False(StartAtText.TryParse(text, new Evening(), out _, out string? problem));
        Assert.NotEmpty(problem);
    }

    [Fact]
    public void Too_early_says_what_is_possible()
    {
        var time = new Evening();
        StartAtText.Check(time.GetUtcNow().AddSeconds(2), TimeSpan.FromSeconds(2), time);
        StartAtText.Check(time.GetUtcNow().AddDays(7), TimeSpan.FromSeconds(2), time);
        Assert.Throws<UsageException>(() => StartAtText.Check(DateTimeOffset.MaxValue, TimeSpan.FromSeconds(2), time));
        UsageException e = Assert.Throws<UsageException>(() => StartAtText.Check(time.GetUtcNow().AddSeconds(1.999), TimeSpan.FromSeconds(2), time));
        Assert.Contains("--start-at 20:00:01.999 is too early: what is sent is heard 2 s later", e.Message, StringComparison.Ordinal);
        Assert.StartsWith("--start-at +5", e.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_find_their_speaker_exactly_or_in_part()
    {
        var settings = new SpeakerSettings(
            [new(null, -12, ""), new("kitchen", -18, ""), new("wet", -6, ""), new("attic", -3, "")], [new("0123456789AC", TimeSpan.FromMilliseconds(20), "")],
            [new(null, RaopChannel.Mono, ""), new("ette", RaopChannel.Left, "")]);
        RaopMemberOptions[] options = settings.Of([Kitchen, Kitchenette, Bath, Attic], new RaopMemberOptions());
        Assert.Equal([-18, -12, -6, -3], options.Select(static one => one.Volume!.Value));
        Assert.Equal([0, 20, 0, 0], options.Select(static one => one.Delay.TotalMilliseconds));
        Assert.Equal([RaopChannel.Mono, RaopChannel.Left, RaopChannel.Mono, RaopChannel.Mono], options.Select(static one => one.Channel));
        Assert.True(settings.NeedGroup);
        Assert.Equal(-12, settings.Volume);
    }

    [Theory, InlineData("Kit", "fits 2 speakers"), InlineData("Cellar", "no speaker")]
    public void Names_of_none_or_several_are_refused_with_those_there_are(string name, string message)
    {
        var settings = new SpeakerSettings([new(name, -12, "")], [], []);
        UsageException e = Assert.Throws<UsageException>(() => settings.Of([Kitchen, Kitchenette], new RaopMemberOptions()));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
        Assert.Contains("Kitchen, Kitchenette", e.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void One_speaker_is_known_by_its_id_its_address_or_its_name()
    {
        Assert.True(Kitchen.Is(Found("Küche", "0123456789AB", 5001)));
        Assert.True(Bath.Is(new ChosenSpeaker(default, RaopSpeaker.At(new IPEndPoint(IPAddress.Loopback, 5000)))));
        Assert.False(Bath.Is(Found("Bath", null, 5001)));
        Assert.True(Attic.Is(new ChosenSpeaker(new Address("attic", null, false), null)));
        Assert.False(Attic.Is(Kitchen));
    }

    private static ChosenSpeaker Found(string name, string? id, int port = 5000) => new(
        new Address(name, null, false), new RaopSpeaker { Name = name, DeviceId = id, EndPoints = [new IPEndPoint(IPAddress.Loopback, port)] });

    /// <summary>20:00 on the last evening of January, an hour before Greenwich.</summary>
    private sealed class Evening : TimeProvider
    {
        public override TimeZoneInfo LocalTimeZone { get; } = TimeZoneInfo.CreateCustomTimeZone("test", TimeSpan.FromHours(1), "test", "test");

        public override DateTimeOffset GetUtcNow() => new(2026, 1, 31, 19, 0, 0, TimeSpan.Zero);
    }
}
