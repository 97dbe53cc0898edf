using Raop.Audio;
using Raop.Metadata;

namespace Raop.Media.Input;

/// <summary>What all inputs share: tags and the check of a read's arguments.</summary>
internal abstract class InputSource(string name, string formatName) : IMediaSource
{
    private readonly string _untitled = MediaTags.Clean(Path.GetFileNameWithoutExtension(name)) ?? MediaTags.Clean(name) ?? "";
    private volatile TrackInfo _tags = new();
    private volatile Shown? _shown;

    /// <summary>What is shown, and the tags that it was made of.</summary>
    private sealed record Shown(TrackInfo Tags, TrackInfo Info);

    /// <summary>The input as the user named it, without its folder, for messages.</summary>
    public string Name { get; } = name;

    public string Title => _tags.Title ?? _untitled;

    public string? Artist => _tags.Artist;

    public string? Album => _tags.Album;

    public TrackInfo? Info
    {
        get
        {
            TrackInfo tags = _tags;
            Shown? shown = _shown;
            if (shown is null || !ReferenceEquals(shown.Tags, tags))
            {
                TimeSpan? duration = Length is { } frames ? Format.Duration(frames) : null;
                _shown = shown = new Shown(tags, tags with { Title = tags.Title ?? _untitled, Duration = duration });
            }

            return shown.Info;
        }
    }

    /// <summary>What the input says about itself; set once it is open.</summary>
    public TrackInfo Tags { get => _tags; set => _tags = value; }

    public string FormatName { get; } = formatName;

    public event EventHandler? TitleChanged;

    public abstract PcmFormat Format { get; }

    public virtual int OriginalChannels => Format.Channels;

    public abstract long? Length { get; }

    public abstract long Position { get; }

    public abstract bool CanSeek { get; }

    public abstract ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default);

    public abstract ValueTask SeekAsync(long frame, CancellationToken cancellationToken = default);

    public abstract ValueTask DisposeAsync();

    /// <summary>Takes another title, as radio stations send them.</summary>
    public void ChangeTags(TrackInfo tags)
    {
        if (tags.Equals(_tags)) return;
        _tags = tags;
        TitleChanged?.Invoke(this, EventArgs.Empty);
    }

    /// <summary>Whole frames that fit a buffer.</summary>
    protected int FramesIn(Memory<byte> buffer)
    {
        int frames = buffer.Length / Format.BytesPerFrame;
        ArgumentOutOfRangeException.ThrowIfZero(frames, nameof(buffer));
        return frames;
    }

    protected void RefuseBadSeek(long frame)
    {
        if (!CanSeek) throw new NotSupportedException("This input cannot seek.");
        ArgumentOutOfRangeException.ThrowIfNegative(frame);
    }
}
