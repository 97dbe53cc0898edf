using Raop.Audio;

namespace Raop.Cli;

/// <summary>Plays to one speaker or to many: what keys and the display need of either.</summary>
internal interface IPlayer : IAsyncDisposable
{
    /// <summary>What is happening now. From any thread.</summary>
    PlayerStatus Status { get; }

    /// <summary>AirPlay's dB, as it was set last.</summary>
    double Volume { get; }

    /// <summary>Plays to the end of the list.</summary>
    Task PlayListAsync(IAsyncEnumerable<IPcmSource> sources, CancellationToken cancellationToken);

    Task PauseAsync();

    Task ResumeAsync();

    /// <exception cref="NotSupportedException">The input cannot seek.</exception>
    Task SeekAsync(TimeSpan position);

    Task SkipAsync();

    Task SetVolumeAsync(double volume);

    /// <summary>What is on the wire, for the live line.</summary>
    /// <param name="rate">"800 kbit/s".</param>
    string Wire(string rate);

    /// <summary>What it came to.</summary>
    /// <param name="cause">Why it ended.</param>
    PlayedEvent Ended(string cause);
}

/// <summary>Where a player is.</summary>
/// <param name="State">What it is doing.</param>
/// <param name="Source">What is heard, or null.</param>
/// <param name="Position">How far into the source.</param>
/// <param name="Peak">Loudest sample of the last packet sent, 0 to 1.</param>
/// <param name="IsTaken">Whether a speaker has taken something of the music.</param>
/// <param name="BytesSent">Bytes of audio to all speakers.</param>
internal readonly record struct PlayerStatus(RaopSenderState State, IPcmSource? Source, TimeSpan Position, float Peak, bool IsTaken, long BytesSent);
