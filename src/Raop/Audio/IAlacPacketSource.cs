using Alac;

namespace Raop.Audio;

/// <summary>
/// A source whose frames exist as ALAC packets already: a sender passes fitting ones through without decoding them.
/// Packets and frames share one position: reading either moves both on.
/// </summary>
public interface IAlacPacketSource : IPcmSource
{
    /// <summary>Parameters of every packet.</summary>
    AlacConfig Config { get; }

    /// <summary>
    /// Reads the next packet, if the position is at a packet's start and the whole packet is to be heard (no edit list cuts it).
    /// </summary>
    /// <param name="packet">Takes the packet; at least <see cref="AlacConfig.MaxPacketSize"/> bytes.</param>
    /// <param name="cancellationToken">Stops the wait.</param>
    /// <returns>The packet's bytes and frames; (0, 0) when there is none here: read frames instead.</returns>
    ValueTask<(int Bytes, int Frames)> ReadPacketAsync(Memory<byte> packet, CancellationToken cancellationToken = default);
}
