using Raop.Metadata;

namespace Raop.Media.Input.Tags;

/// <summary>What an input says about itself, gathered while it is opened. A broken tag is no tag: the music still plays.</summary>
internal sealed class InputTags
{
    /// <summary>How much of an Ogg stream is read before it plays, in bytes; its decoder needs these pages too. A file may have its cover there.</summary>
    private const int MaxOggStream = 2 * 1024 * 1024, MaxOggFile = 2 * Artwork.MaxSize;

    private readonly TagBuilder _front = new(), _end = new();

    /// <summary>What the format's own tags say: they count before any other.</summary>
    public TagBuilder Own { get; } = new();

    /// <summary>Whether <see cref="Own"/> holds all that the file has, so that its reader need not look.</summary>
    public bool IsRead { get; private set; }

    /// <summary>Takes an ID3v2 tag that stands before the file's content.</summary>
    public void AddFront(ReadOnlySpan<byte> tag) => Id3v2.Parse(tag, _front);

    /// <summary>Reads what can be read without moving on: of a file all, of a stream what its decoder waits for anyway. FLAC's come with its header.</summary>
    public async ValueTask ReadAsync(InputReader reader, Signature signature, CancellationToken cancellationToken)
    {
        if (signature.Name.StartsWith("Ogg", StringComparison.Ordinal) || signature.Name == "Opus")
        {
            await ReadOggAsync(reader, cancellationToken).ConfigureAwait(false);
            return;
        }

        if (!reader.CanSeek) return;
        long start = reader.Position;
        try
        {
            await ReadFileAsync(reader, signature, cancellationToken).ConfigureAwait(false);
        }
        catch (RaopException)
        {
            // The disk fails there; perhaps not where the music is.
        }

        await reader.SeekAsync(start, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>All that is known.</summary>
    /// <param name="other">What another program found: it counts after the file's own tags, and before ID3v1, which cuts its texts.</param>
    public TrackInfo Build(TrackInfo other) =>
        TagBuilder.Fill(TagBuilder.Fill(TagBuilder.Fill(Own.Build(), _front.Build()), other), _end.Build());

    private async ValueTask ReadFileAsync(InputReader reader, Signature signature, CancellationToken cancellationToken)
    {
        switch (signature.Container)
        {
            case Container.Wav or Container.Aiff:
                IsRead = true;
                await ChunkTags.ReadAsync(reader, signature.Container == Container.Aiff, Own, cancellationToken).ConfigureAwait(false);
                break;
            case Container.Mp4:
                await Mp4Items.ReadAsync(reader, Own, cancellationToken).ConfigureAwait(false);
                break;
            case Container.Caf:
                await CafInfo.ReadAsync(reader, Own, cancellationToken).ConfigureAwait(false);
                break;
            case Container.Foreign when signature.Name is "MP3" or "AAC" && reader.Length >= reader.Position + Id3v1.Size:
                await reader.SeekAsync(reader.Length.Value - Id3v1.Size, cancellationToken).ConfigureAwait(false);
                if (await reader.TakeAsync(Id3v1.Size, cancellationToken).ConfigureAwait(false) is { } last) Id3v1.Parse(last, _end);
                break;
        }
    }

    private async ValueTask ReadOggAsync(InputReader reader, CancellationToken cancellationToken)
    {
        var pages = new OggComments(Own);
        int most = reader.CanSeek ? MaxOggFile : MaxOggStream;
        while (pages.Feed(reader.Available) is var wanted and > 0 && wanted <= most)
        {
            if (await reader.EnsureAsync(wanted, cancellationToken).ConfigureAwait(false) < wanted) return;
        }
    }
}
