using System.Text;
using System.Text.Json;
using CsCheck;
using Raop.Metadata;
using Raop.Tests.Security;

namespace Raop.Tests.Metadata;

public sealed class TrackProgressTests
{
    private const int Rate = 44_100;

    [Fact]
    public void Reads_the_captured_line()
    {
        JsonElement vector = MetadataVectors.Get("progress");
        (string name, string value) = Assert.Single(TextParameters.Parse(Encoding.ASCII.GetBytes(vector.Text("body"))));
        Assert.Equal(TrackProgress.ParameterName, name);
        TrackProgress progress = Read(value);
        Assert.Equal(vector.GetProperty("position_seconds").GetDouble(), progress.Position(Rate)!.Value.TotalSeconds, 0.0005);
        Assert.Equal(vector.GetProperty("duration_seconds").GetDouble(), progress.Duration(Rate)!.Value.TotalSeconds, 0.0005);
        Assert.Equal(vector.Text("body"), progress + "\r\n");
    }

    [Theory]
    [InlineData("4294967295/44099/88199", 1.0, 2.0)] // it wraps
    [InlineData("0/0/44100", 0.0, 1.0)]
    [InlineData("44100/0/88200", 0.0, 1.0)] // begins only in a second
    [InlineData("0/88200/44100", 1.0, 1.0)] // over its end
    [InlineData("0/4294967295/2147483648", 0.0, 48_695.77)] // nearly 13.5 h
    [InlineData("100/44200/100", 1.0, null)] // no end
    [InlineData("44200/100/44200", 0.0, null)]
    [InlineData(" 1 / 44101 / 88201 ", 1.0, 2.0)]
    [InlineData("0/441140/88228000000", 10.003, 2_000_635.0)] // node-airtunes2 goes on counting beyond 32 bits
    [InlineData("0/463197.5/4411400.25", 10.503, 100.032)]
    [InlineData("-44100/0/44100", 1.0, 2.0)]
    public void Position_and_length_come_out(string text, double? position, double? duration)
    {
        TrackProgress progress = Read(text);
        Assert.True(progress.IsKnown);
        AssertNear(position, progress.Position(Rate));
        AssertNear(duration, progress.Duration(Rate));
    }

    [Theory]
    [InlineData("0/0/0")] // PipeWire
    [InlineData("1234567/1234567/1234567")]
    public void Equal_numbers_say_nothing(string text)
    {
        TrackProgress progress = Read(text);
        Assert.False(progress.IsKnown);
        Assert.Equal((null, null), (progress.Position(Rate), progress.Duration(Rate)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("1/2")]
    [InlineData("1/2/")]
    [InlineData("1/2/3/4")]
    [InlineData("1/2/x")]
    [InlineData("1/2/3.x")]
    [InlineData("1/2/.")]
    [InlineData("1e3/2/3")]
    [InlineData("1/2/9223372036854775807")]
    [InlineData("1/2/-9223372036854775808")]
    [InlineData("1/2/99999999999999999999")]
    public void What_is_no_progress_is_refused(string text) => Assert.False(TrackProgress.TryParse(text, out _));

    [Fact]
    public void Round_trips_and_places_each_frame() => Gen.Select(Gen.UInt, Gen.UInt[1, uint.MaxValue], Gen.UInt).Sample((start, length, at) =>
    {
        uint played = at % length, now = unchecked(start + played), end = unchecked(start + length);
        TrackProgress progress = Read(new TrackProgress(start, now, end).ToString()["progress: ".Length..]);
        return progress == new TrackProgress(start, now, end)
            && Math.Abs(progress.Duration(Rate)!.Value.TotalSeconds * Rate - length) < 0.01
            && Math.Abs(progress.Position(Rate)!.Value.TotalSeconds * Rate - played) < 0.01;
    });

    [Fact]
    public void Nothing_overflows() => Gen.Select(Gen.Long, Gen.Long, Gen.Long, Gen.Int[8000, 192_000]).Sample(static (start, now, end, rate) =>
    {
        if (!TrackProgress.TryParse($"{start % 1_000_000_000_000_000}/{now}/{end % 4_294_967_296}", out TrackProgress progress)) return;
        Assert.True(progress.Position(rate) is null || progress.Position(rate) >= TimeSpan.Zero);
        Assert.True(progress.Duration(rate) is null || progress.Duration(rate) > TimeSpan.Zero);
    });

    private static TrackProgress Read(string text)
    {
        Assert.True(TrackProgress.TryParse(text, out TrackProgress progress));
        return progress;
    }

    private static void AssertNear(double? seconds, TimeSpan? time)
    {
        Assert.Equal(seconds is null, time is null);
        if (seconds is { } expected) Assert.Equal(expected, time!.Value.TotalSeconds, 0.005 + (expected * 1e-6));
    }
}
