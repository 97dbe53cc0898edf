using System.Text;
using System.Text.Json;
using CsCheck;
using Raop.Metadata;
using Raop.Tests.Security;

namespace Raop.Tests.Metadata;

public sealed class VolumeTests
{
    [Theory]
    [InlineData("volume: -11.123877\r\n", -11.123877)]
    [InlineData("volume: -20", -20)] // pyatv
    [InlineData("\r\nvolume: -24.000000\r\n", -24)] // shairport-sync's answer
    [InlineData("Volume:-0.5", -0.5)]
    [InlineData("-7.25", -7.25)]
    [InlineData("+0", 0)]
    [InlineData("volume: 3.5", 0)]
    [InlineData("volume: -30.000001", -30)]
    [InlineData("volume: -143.999", -30)]
    [InlineData("volume: -144.000000", -144)]
    [InlineData("volume: -99999999999999999999999999", -144)]
    public void Reads_and_clamps(string text, double db)
    {
        Assert.True(Volume.TryParse(text, out double read));
        Assert.Equal(db, read);
    }

    [Theory]
    [InlineData("")]
    [InlineData("volume:")]
    [InlineData("volume: loud")]
    [InlineData("volume: NaN")]
    [InlineData("volume: -Infinity")]
    [InlineData("volume: 1e5")]
    [InlineData("volume: -11,123877")]
    [InlineData("volume: 5.")]
    [InlineData("progress: 1/2/3")]
    [InlineData("volume: -1 dB")]
    public void Refuses_what_is_no_volume(string text) => Assert.False(Volume.TryParse(text, out _));

    [Fact]
    public void Sends_what_a_slider_says()
    {
        foreach (JsonElement row in Vectors.Get("volume-sender").GetProperty("rows").EnumerateArray())
        {
            double percent = row.GetProperty("percent").GetDouble();
            byte[] body = Volume.Body(Volume.FromPercent(percent));
            Assert.Equal(row.Text("body"), Encoding.ASCII.GetString(body));
            Assert.Equal(row.GetProperty("content_length").GetInt32(), body.Length);
            Assert.Equal(percent, Volume.ToPercent(Volume.FromPercent(percent)), 9);
        }

        Assert.Equal(Volume.Mute, Volume.FromPercent(-5));
        Assert.Equal(Volume.Mute, Volume.FromPercent(double.NaN));
        Assert.Equal(Volume.Full, Volume.FromPercent(500));
        Assert.Equal("0.000000", Volume.Format(-0.0000001));
        Assert.Equal("0.000000", Volume.Format(-0.0));
    }

    [Fact]
    public void Follows_the_curves_of_shairport_sync()
    {
        foreach (JsonElement row in Vectors.Get("volume-curves").GetProperty("rows").EnumerateArray())
        {
            double v = row.GetProperty("airplay").GetDouble();
            double standard = Volume.ToGainDb(v, VolumeProfile.Standard);
            Assert.Equal(row.GetProperty("standard_db").GetDouble(), standard, 4);
            Assert.Equal(row.GetProperty("flat_db").GetDouble(), Volume.ToGainDb(v, VolumeProfile.Flat), 4);
            Assert.Equal(row.GetProperty("dasl_db").GetDouble(), Volume.ToGainDb(v, VolumeProfile.DaslTapered), 4);
            Assert.Equal(row.GetProperty("hw30_flat_db").GetDouble(), Volume.ToGainDb(v, VolumeProfile.Flat, 30), 4);
            Assert.Equal(row.GetProperty("standard_gain_16_16").GetInt32(), (int)(65_536 * Volume.ToFactor(standard)));
            Assert.Equal(v, Volume.ToGainDb(v, VolumeProfile.DecibelAsIs));
        }
    }

    [Fact]
    public void Full_is_unity_and_mute_is_nothing_in_every_profile() => Assert.All(Enum.GetValues<VolumeProfile>(), profile =>
    {
        Assert.Equal(1, Volume.ToFactor(Volume.ToGainDb(Volume.Full, profile)));
        Assert.Equal(0, Volume.ToFactor(Volume.ToGainDb(Volume.Mute, profile)));
    });

    [Fact]
    public void More_is_never_softer() => Gen.Select(Gen.Double[-30, 0], Gen.Double[-30, 0], Gen.Int[0, 3], Gen.Double[1, 120]).Sample((a, b, profile, range) =>
    {
        double low = Volume.ToGainDb(Math.Min(a, b), (VolumeProfile)profile, range), high = Volume.ToGainDb(Math.Max(a, b), (VolumeProfile)profile, range);
        Assert.True(low <= high + 1e-9, $"{low} > {high}");
        Assert.InRange(high, double.NegativeInfinity, 0);
    }, iter: 2_000);

    [Fact]
    public void Reads_what_it_wrote() => Gen.Double[-30, 0].Sample(db =>
    {
        Assert.True(Volume.TryParse(Encoding.ASCII.GetString(Volume.Body(db)), out double read));
        Assert.Equal(db, read, 6);
    }, iter: 1_000);
}
