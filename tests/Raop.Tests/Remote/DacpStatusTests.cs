using System.Text;
using Raop.Metadata;
using Raop.Remote;

namespace Raop.Tests.Remote;

public sealed class DacpStatusTests
{
    // An answer to playstatusupdate, checked by a second computation: revision 5, playing, "Song" by "Artist" of "Album".
    private const string Cmst = "636d73740000005a6d73747400000004000000c8636d7372000000040000000563617073000000010463617368000000010063617270000000010063616e6e00000004"
        + "536f6e6763616e610000000641727469737463616e6c00000005416c62756d";

    private static readonly DacpStatus Song = new() { State = DacpPlayState.Playing, Track = new TrackInfo { Title = "Song", Artist = "Artist", Album = "Album" } };

    [Fact]
    public void The_status_of_a_song_is_written_and_read_to_the_byte()
    {
        byte[] body = Convert.FromHexString(Cmst);
        Assert.Equal(body, Song.ToPlayStatus(5));
        Assert.True(DacpStatus.TryParse(body, out DacpStatus? status, out uint revision));
        Assert.Equal((Song, 5u), (status, revision));
    }

    [Fact]
    public void All_that_can_be_said_comes_back()
    {
        DacpStatus all = Song with
        {
            State = DacpPlayState.Paused, Shuffle = true, Repeat = DacpRepeat.All, Duration = 215_000, Remaining = 1_000,
            Track = Song.Track! with { Title = "Café ✓", Genre = "Pop" },
        };
        Assert.True(DacpStatus.TryParse(all.ToPlayStatus(uint.MaxValue), out DacpStatus? status, out uint revision));
        Assert.Equal((all, uint.MaxValue), (status, revision));
        Assert.True(DacpStatus.TryParse(new DacpStatus { Volume = 44.6 }.ToVolume(), out status, out _));
        Assert.Equal(45, status.Volume);
        Assert.Equal("636d67740000001" + "86d73747400000004000000c8636d766f000000040000002d", Convert.ToHexStringLower(new DacpStatus { Volume = 45 }.ToVolume()));
    }

    [Fact]
    public void Every_truncation_is_survived()
    {
        byte[] body = Convert.FromHexString(Cmst);
        for (int length = 0; length < body.Length; length++) Assert.False(DacpStatus.TryParse(body.AsSpan(0, length), out _, out _)); // the container says how long it is
    }

    [Fact]
    public void Random_bytes_are_survived()
    {
        var random = new Random(4);
        byte[] body = Convert.FromHexString(Cmst);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] harmed = [.. body];
            for (int n = random.Next(1, 4); n > 0; n--) harmed[random.Next(harmed.Length)] = (byte)random.Next(256);
            if (DacpStatus.TryParse(harmed, out DacpStatus? status, out _)) Assert.InRange((int)status.State, 2, 4);
        }
    }

    [Fact]
    public void A_title_without_end_is_cut_between_letters()
    {
        byte[] body = (Song with { Track = new TrackInfo { Title = new string('€', 1000) } }).ToPlayStatus(1);
        Assert.True(DacpStatus.TryParse(body, out DacpStatus? status, out _));
        Assert.Equal(new string('€', 1024 / 3), status.Track!.Title);
        Assert.Equal(1023, Encoding.UTF8.GetByteCount(status.Track.Title!));
    }
}
