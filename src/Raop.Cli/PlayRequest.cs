using Raop.Audio;

namespace Raop.Cli;

/// <summary>What to play, to whom and how.</summary>
/// <param name="Inputs">Paths, web addresses, or "-".</param>
/// <param name="To">The speaker, as the user wrote it.</param>
/// <param name="Port">Its port, when stated apart.</param>
/// <param name="Output">Where the receiver inside this process puts the sound.</param>
/// <param name="Start">Where in the first input to begin.</param>
/// <param name="RawFormat">Format of PCM without a header, when stated.</param>
/// <param name="Sender">How to send.</param>
internal sealed record PlayRequest(string[] Inputs, Address To, int? Port, string Output, TimeSpan Start, PcmFormat? RawFormat, RaopSenderOptions Sender);
