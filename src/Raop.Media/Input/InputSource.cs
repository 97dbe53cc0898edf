using Raop.Audio;

namespace Raop.Media.Input;

/// <summary>What all inputs share: tags and the check of a read's arguments.</summary>
internal abstract class InputSource(string name, string formatName, MediaTags tags) : IMediaSource
{
    private MediaTags _tags = tags;

    /// <summary>The input as the user named it, without its folder, for messages.</summary>
    public string Name { get; } = name;

    public string Title => _tags.Title ?? Path.GetFileNameWithoutExtension(Name);

    public string? Artist => _tags.Artist;

    public string? Album => _tags.Album;

    public string FormatName { get; } = formatName;

    public event EventHandler? TitleChanged;

    public abstract PcmFormat Format { get; }

    public virtual int OriginalChannels => Format.Channels;

    public abstract long? Length { get; }

    public abstract bool CanSeek { get; }

    public abstract ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default);

    public abstract ValueTask SeekAsync(long frame, CancellationToken cancellationToken = default);

    public abstract ValueTask DisposeAsync();

    /// <summary>Takes another title, as radio stations send them.</summary>
    public void ChangeTags(MediaTags tags)
    {
        if (tags == _tags) return;
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
