namespace Raop.Remote;

/// <summary>What a session lets its speakers do. What is null cannot be done.</summary>
internal sealed record RemoteActions
{
    /// <summary>What plays now.</summary>
    public required Func<DacpStatus> Status { get; init; }

    /// <summary>Falls silent and keeps the place.</summary>
    public Func<CancellationToken, Task>? PauseAsync { get; init; }

    /// <summary>Goes on.</summary>
    public Func<CancellationToken, Task>? ResumeAsync { get; init; }

    /// <summary>The next piece.</summary>
    public Func<CancellationToken, Task>? SkipAsync { get; init; }

    /// <summary>The piece before, or the start of this one.</summary>
    public Func<CancellationToken, Task>? PreviousAsync { get; init; }

    /// <summary>Ends playing.</summary>
    public Func<CancellationToken, Task>? StopAsync { get; init; }

    /// <summary>Sets the volume of the member with this token: dB, 0 to −30, −144 muted. False when there is no such member any more.</summary>
    public Func<string, double, CancellationToken, Task<bool>>? SetMemberVolumeAsync { get; init; }

    /// <summary>Sets everybody's volume, percent, with the members' balance kept. <see cref="DacpStatus.Volume"/> says what it is.</summary>
    public Func<double, CancellationToken, Task>? SetGroupVolumeAsync { get; init; }

    /// <summary>Mutes everybody, or takes that back.</summary>
    public Func<CancellationToken, Task>? ToggleMuteAsync { get; init; }

    /// <summary>The member with this token leaves (true), for it is wanted for something else, or may be played to again. False when there is no such member.</summary>
    public Func<string, bool, CancellationToken, Task<bool>>? LeaveAsync { get; init; }
}

/// <summary>Makes a session do what its speakers ask. One request after the other, whoever asks.</summary>
internal sealed class RemoteControl(RemoteActions actions)
{
    /// <summary>A step of volumeup and volumedown: a sixteenth, as on Apple's keys.</summary>
    private const double VolumeStep = 100 / 16d;

    /// <summary>Requests under way and waiting; a speaker may send faster than a session can follow.</summary>
    private const int MostWaiting = 16;

    private readonly Lock _lock = new();
    private Task _last = Task.CompletedTask;
    private int _waiting;

    /// <summary>Does it; false when it cannot be done now, or too much is to be done before.</summary>
    public async ValueTask<bool> HandleAsync(RaopRemoteRequest request, CancellationToken cancellationToken)
    {
        Task before;
        var done = new TaskCompletionSource();
        lock (_lock)
        {
            if (_waiting == MostWaiting) return false;
            _waiting++;
            (before, _last) = (_last, done.Task);
        }

        try
        {
            await before.ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            return request.Action switch
            {
                RemoteAction.SpeakerVolume when actions.SetMemberVolumeAsync is { } set => await set(request.Member, request.Value, cancellationToken).ConfigureAwait(false),
                RemoteAction.GroupVolume => await VolumeAsync(request.Value, cancellationToken).ConfigureAwait(false),
                RemoteAction.Leave when actions.LeaveAsync is { } leave => await leave(request.Member, request.Value != 0, cancellationToken).ConfigureAwait(false),
                RemoteAction.Command => await CommandAsync(request.Command, cancellationToken).ConfigureAwait(false),
                _ => false,
            };
        }
        finally
        {
            lock (_lock) _waiting--;
            done.SetResult();
        }
    }

    private Task<bool> CommandAsync(RaopRemoteCommand command, CancellationToken cancellationToken)
    {
        DacpPlayState state = actions.Status().State;
        bool plays = state == DacpPlayState.Playing, paused = state == DacpPlayState.Paused;
        return command switch
        {
            RaopRemoteCommand.Play or RaopRemoteCommand.PlayResume when plays => Task.FromResult(true),
            RaopRemoteCommand.Pause when paused => Task.FromResult(true),
            RaopRemoteCommand.Play or RaopRemoteCommand.PlayResume or RaopRemoteCommand.PlayPause when paused => DoAsync(actions.ResumeAsync, cancellationToken),
            RaopRemoteCommand.Pause or RaopRemoteCommand.PlayPause when plays => DoAsync(actions.PauseAsync, cancellationToken),
            RaopRemoteCommand.Stop when plays || paused => DoAsync(actions.StopAsync, cancellationToken),
            RaopRemoteCommand.Next when plays || paused => DoAsync(actions.SkipAsync, cancellationToken),
            RaopRemoteCommand.Previous when plays || paused => DoAsync(actions.PreviousAsync, cancellationToken),
            RaopRemoteCommand.VolumeUp => VolumeAsync(actions.Status().Volume + VolumeStep, cancellationToken),
            RaopRemoteCommand.VolumeDown => VolumeAsync(actions.Status().Volume - VolumeStep, cancellationToken),
            RaopRemoteCommand.MuteToggle => DoAsync(actions.ToggleMuteAsync, cancellationToken),
            _ => Task.FromResult(false),
        };
    }

    private async Task<bool> VolumeAsync(double percent, CancellationToken cancellationToken)
    {
        if (actions.SetGroupVolumeAsync is not { } set) return false;
        await set(Math.Clamp(percent, 0, 100), cancellationToken).ConfigureAwait(false);
        return true;
    }

    private static async Task<bool> DoAsync(Func<CancellationToken, Task>? action, CancellationToken cancellationToken)
    {
        if (action is null) return false;
        await action(cancellationToken).ConfigureAwait(false);
        return true;
    }
}
