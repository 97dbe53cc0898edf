namespace Raop.Metadata;

/// <summary>A cover as it came, never decoded here: it is anyone's bytes.</summary>
/// <param name="Bytes">The JPEG or PNG file.</param>
public sealed record Artwork(ReadOnlyMemory<byte> Bytes)
{
    /// <summary>The largest cover that is sent or taken, in bytes: 8 MiB.</summary>
    public const int MaxSize = 8 * 1024 * 1024;

    /// <summary>"image/jpeg" or "image/png" by the first bytes, whatever anybody says; null for anything else, which no receiver shows.</summary>
    public string? MediaType => Bytes.Span switch
    {
        [0xFF, 0xD8, 0xFF, ..] => "image/jpeg",
        [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => "image/png",
        _ => null,
    };

    /// <summary>Whether the bytes are the same.</summary>
    public bool Equals(Artwork? other) => other is not null && Bytes.Span.SequenceEqual(other.Bytes.Span);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(Bytes.Span[..Math.Min(Bytes.Length, 1024)]);
        return hash.ToHashCode();
    }
}
