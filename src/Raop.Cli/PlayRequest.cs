using Raop.Audio;

namespace Raop.Cli;

/// <summary>What to play, to whom and how.</summary>
/// <param name="Inputs">Paths, web addresses, or "-".</param>
/// <param name="To">The speakers, as the user wrote them.</param>
/// <param name="Port">Its port, when stated apart.</param>
/// <param name="Output">Where the receiver inside this process puts the sound.</param>
/// <param name="Start">Where in the first input to begin.</param>
/// <param name="RawFormat">Format of PCM without a header, when stated.</param>
/// <param name="Settings">What was set for all speakers and for some of them.</param>
/// <param name="StartAt">When the first sound is to be heard, or null.</param>
/// <param name="Remember">Whether passwords that speakers took are kept.</param>
/// <param name="Sender">How to send.</param>
internal sealed record PlayRequest(
    string[] Inputs, Address[] To, int? Port, string Output, TimeSpan Start, PcmFormat? RawFormat, SpeakerSettings Settings, DateTimeOffset? StartAt, bool Remember,
    RaopSenderOptions Sender)
{
    /// <summary>A receiver inside this process.</summary>
    public bool IsLocal => To is [{ IsLocal: true }];

    /// <summary>Whether it is played to a group, if only of one.</summary>
    public bool NeedsGroup => To.Length > 1 || To[0].IsAll || Settings.NeedGroup || StartAt is not null;

    /// <summary>Who knows the passwords.</summary>
    /// <param name="reporter">Where is asked.</param>
    /// <param name="mayAsk">Whether nobody else reads keys now.</param>
    public PasswordKeeper Passwords(Reporter reporter, bool mayAsk) => new(
        Sender.Password, Remember, PasswordStore.OfUser(reporter.Console.Variable), reporter.Console, mayAsk && reporter.IsLive,
        failure => reporter.Warn("", failure, ""));

    /// <summary>The type's name alone: a record would print the password.</summary>
    public override string ToString() => nameof(PlayRequest);
}
