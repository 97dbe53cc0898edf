using System.Globalization;
using Raop.Audio;

namespace Raop.Cli;

/// <summary>Plays to one speaker.</summary>
internal sealed class SenderPlayer(RaopSender sender, double volume) : IPlayer
{
    public PlayerStatus Status
    {
        get
        {
            RaopSenderStatus status = sender.Status;
            return new PlayerStatus(status.State, status.Source, status.Position, status.Peak, status.PacketsSent > 0, status.BytesSent);
        }
    }

    public double Volume { get; private set; } = volume;

    public Task PlayListAsync(IAsyncEnumerable<IPcmSource> sources, CancellationToken cancellationToken) => sender.PlayListAsync(sources, cancellationToken);

    public Task PauseAsync() => sender.PauseAsync();

    public Task ResumeAsync() => sender.ResumeAsync();

    public Task SeekAsync(TimeSpan position) => sender.SeekAsync(position);

    public Task SkipAsync() => sender.SkipAsync();

    public Task SetVolumeAsync(double volume)
    {
        Volume = volume;
        return sender.SetVolumeAsync(volume);
    }

    public string Wire(string rate)
    {
        RaopSenderStatus status = sender.Status;
        string again = status.Resent > 0 ? string.Create(CultureInfo.InvariantCulture, $", {status.Resent} sent again") : "";
        string kept = status.PassThrough ? ", as in the file" : "";
        return $"{Connection.CodecName(sender.Receiver)} {rate}{kept}{(sender.Receiver.Encrypted ? ", encrypted" : ", clear")}{again}";
    }

    public PlayedEvent Ended(string cause)
    {
        RaopSenderStatus last = sender.Status;
        return new PlayedEvent(cause, last.PacketsSent, last.BytesSent, last.Resent, last.Starved, last.TimingSeen, null);
    }

    public ValueTask DisposeAsync() => sender.DisposeAsync();
}
