using Raop.Receiving;
using Raop.Remote;

namespace Raop;

/// <summary>What a receiver says to the sender that plays to it.</summary>
public sealed partial class RaopReceiver
{
    private readonly SenderRemote _remote;

    /// <summary>Tells the sender that plays now to do something. Takes 2 s at most to find it the first time, and 2 s at most to tell it.</summary>
    /// <param name="command">What it should do.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Completes when the sender has said that it does it.</returns>
    /// <exception cref="RaopException">
    /// NoSender: nobody plays. NoRemoteControl: the sender has none, or does not announce it. Rejected: it does not do that, or not now. Unreachable: nothing
    /// answers there. AddressInUse: nothing on this machine can look for senders.
    /// </exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> fired.</exception>
    public Task SendRemoteAsync(RaopRemoteCommand command, CancellationToken cancellationToken = default) => TellAsync(DacpCommand.Name(command), cancellationToken);

    /// <summary>Asks the sender that plays now to set this receiver's volume; it does so as if its user had, and <see cref="RaopVolumeChanged"/> follows.</summary>
    /// <param name="volume">0 dB loudest, −30 softest; all below mutes, what is above counts as 0.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="volume"/> is no number, or infinite.</exception>
    /// <inheritdoc cref="SendRemoteAsync" path="/exception"/>
    public Task SetSenderVolumeAsync(double volume, CancellationToken cancellationToken = default)
    {
        if (!double.IsFinite(volume)) throw new ArgumentOutOfRangeException(nameof(volume), volume, "A volume is a number.");
        double limited = volume < RaopVolume.Softest ? RaopVolume.Mute : Math.Min(volume, RaopVolume.Full);
        return TellAsync(DacpCommand.SetVolume(limited), cancellationToken);
    }

    private async Task TellAsync(string command, CancellationToken cancellationToken)
    {
        if (_context.Player.Current is not { IsEnding: false, Over.IsCompleted: false } session)
            throw new RaopException(RaopError.NoSender, "Nobody plays to this receiver.");
        await _remote.TellAsync(session.Client.Address, session.DacpId, session.ActiveRemote, command, cancellationToken).ConfigureAwait(false);
    }
}
