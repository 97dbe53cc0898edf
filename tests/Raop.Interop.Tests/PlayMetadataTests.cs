using System.Globalization;
using Raop.Interop.Tests.Lab;

namespace Raop.Interop.Tests;

/// <summary>What <c>raop play</c> tells of a file's tags, as shairport-sync writes it to its metadata pipe.</summary>
public class PlayMetadataTests
{
    private const double Seconds = 4;

    [Fact]
    public Task Shairport_sync_shows_artist_album_title_cover_and_progress() => PeerLab.RunAsync(async lab =>
    {
        Need.Programs("ffmpeg");
        string wav = await lab.WriteAsync("in.wav", Wav.Of(Mix.Seconds(Seconds))), cover = lab.PathOf("cover.jpg"), m4a = lab.PathOf("in.m4a");
        await Child.RunAsync("ffmpeg", ["-nostdin", "-v", "error", "-f", "lavfi", "-i", "mandelbrot=size=320x320", "-frames:v", "1", cover]);
        await Child.RunAsync(
            "ffmpeg",
            [
                "-nostdin", "-v", "error", "-i", wav, "-i", cover, "-map", "0", "-map", "1", "-c:a", "alac", "-c:v", "copy", "-disposition:v:0", "attached_pic",
                "-metadata", "title=Café 🎵", "-metadata", "artist=Jemand", "-metadata", "album=Das Album", m4a,
            ]);
        byte[] picture = await File.ReadAllBytesAsync(cover, TestContext.Current.CancellationToken);
        MetadataPipe pipe = await ShairportSync.StartWithMetadataAsync(lab, 5000);
        await lab.PlayOverUdpTo(5000, m4a).SucceedsAsync();
        await pipe.WaitForAsync(MetadataPipe.Dmap, MetadataPipe.Title, static item => item.Text == "Café 🎵");
        await pipe.WaitForAsync(MetadataPipe.Dmap, MetadataPipe.Artist, static item => item.Text == "Jemand");
        await pipe.WaitForAsync(MetadataPipe.Dmap, MetadataPipe.Album, static item => item.Text == "Das Album");
        await pipe.WaitForAsync(MetadataPipe.Own, MetadataPipe.Picture, item => item.Data.AsSpan().SequenceEqual(picture));
        MetadataItem progress = await pipe.WaitForAsync(MetadataPipe.Own, MetadataPipe.Progress, static item => item.Text.Split('/').Length == 3);
        uint[] times = [.. progress.Text.Split('/').Select(static time => uint.Parse(time, CultureInfo.InvariantCulture))];
        Assert.Equal(Seconds, unchecked(times[2] - times[0]) / (double)Mix.Rate, 0.01);
        Assert.InRange(unchecked(times[1] - times[0]) / (double)Mix.Rate, 0, 0.5);
    });
}
