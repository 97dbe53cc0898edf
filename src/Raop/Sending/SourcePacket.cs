namespace Raop.Sending;

/// <summary>A packet as the feed gives it: valid until the feed is asked for the next.</summary>
/// <param name="Pcm">Its frames, 16 bit, stereo, little-endian.</param>
/// <param name="Alac">The same as the ALAC packet that the source brought, or empty.</param>
/// <param name="Frame">Number of its first frame.</param>
/// <param name="Frames">How many.</param>
internal readonly record struct SourcePacket(ReadOnlyMemory<byte> Pcm, ReadOnlyMemory<byte> Alac, long Frame, int Frames);
