using Raop.Remote;

namespace Raop.Tests.Remote;

public sealed class RemoteControlTests
{
    private readonly List<string> _done = [];
    private DacpStatus _status = new() { State = DacpPlayState.Playing, Volume = 50 };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(RaopRemoteCommand.Play, "Playing", true, "")]
    [InlineData(RaopRemoteCommand.Play, "Paused", true, "resume")]
    [InlineData(RaopRemoteCommand.PlayResume, "Paused", true, "resume")]
    [InlineData(RaopRemoteCommand.Play, "Stopped", false, "")]
    [InlineData(RaopRemoteCommand.Pause, "Playing", true, "pause")]
    [InlineData(RaopRemoteCommand.Pause, "Paused", true, "")]
    [InlineData(RaopRemoteCommand.PlayPause, "Playing", true, "pause")]
    [InlineData(RaopRemoteCommand.PlayPause, "Paused", true, "resume")]
    [InlineData(RaopRemoteCommand.PlayPause, "Stopped", false, "")]
    [InlineData(RaopRemoteCommand.Stop, "Playing", true, "stop")]
    [InlineData(RaopRemoteCommand.Stop, "Stopped", false, "")]
    [InlineData(RaopRemoteCommand.Next, "Playing", true, "next")]
    [InlineData(RaopRemoteCommand.Previous, "Paused", true, "previous")]
    [InlineData(RaopRemoteCommand.VolumeUp, "Playing", true, "group 56.25")]
    [InlineData(RaopRemoteCommand.VolumeDown, "Paused", true, "group 43.75")]
    [InlineData(RaopRemoteCommand.MuteToggle, "Playing", true, "mute")]
    [InlineData(RaopRemoteCommand.Shuffle, "Playing", false, "")]
    [InlineData(RaopRemoteCommand.FastForward, "Playing", false, "")]
    public async Task Commands_act_by_the_state(RaopRemoteCommand command, string state, bool done, string effect)
    {
        _status = _status with { State = Enum.Parse<DacpPlayState>(state) };
        Assert.Equal(done, await Control().HandleAsync(new RaopRemoteRequest("7", RemoteAction.Command, command, 0), Cancel));
        Assert.Equal(effect, string.Join(';', _done));
    }

    [Theory]
    [InlineData("SpeakerVolume", -20, true, "member 7 -20")]
    [InlineData("GroupVolume", 45, true, "group 45")]
    [InlineData("Leave", 1, true, "leave 7 True")]
    [InlineData("Leave", 0, true, "leave 7 False")]
    public async Task Properties_act_on_whom_they_mean(string action, double value, bool done, string effect)
    {
        Assert.Equal(done, await Control().HandleAsync(new RaopRemoteRequest("7", Enum.Parse<RemoteAction>(action), default, value), Cancel));
        Assert.Equal(effect, string.Join(';', _done));
    }

    [Fact]
    public async Task Without_an_action_nothing_is_done()
    {
        var control = new RemoteControl(new RemoteActions { Status = () => _status });
        foreach (RemoteAction action in Enum.GetValues<RemoteAction>())
            Assert.False(await control.HandleAsync(new RaopRemoteRequest("7", action, RaopRemoteCommand.Pause, 1), Cancel));
    }

    [Fact]
    public async Task One_follows_the_other_and_one_that_fails_stops_nobody()
    {
        var first = new TaskCompletionSource();
        var control = new RemoteControl(new RemoteActions { Status = () => _status, PauseAsync = _ => first.Task, SkipAsync = _ => Note("next") });
        Task<bool> pausing = control.HandleAsync(new RaopRemoteRequest("7", RemoteAction.Command, RaopRemoteCommand.Pause, 0), Cancel).AsTask();
        Task<bool> skipping = control.HandleAsync(new RaopRemoteRequest("8", RemoteAction.Command, RaopRemoteCommand.Next, 0), Cancel).AsTask();
        Assert.Empty(_done);
        first.SetException(new RaopException(RaopError.ConnectionLost, "Gone."));
        await Assert.ThrowsAsync<RaopException>(() => pausing);
        Assert.True(await skipping);
    }

    [Fact]
    public async Task Who_asks_faster_than_it_can_be_done_is_refused()
    {
        var first = new TaskCompletionSource();
        var control = new RemoteControl(new RemoteActions { Status = () => _status, PauseAsync = _ => first.Task, SkipAsync = _ => Note("next") });
        Task<bool> pausing = control.HandleAsync(new RaopRemoteRequest("7", RemoteAction.Command, RaopRemoteCommand.Pause, 0), Cancel).AsTask();
        Task<bool>[] skipping = [.. Enumerable.Range(0, 100_000).Select(_ => control.HandleAsync(new RaopRemoteRequest("8", RemoteAction.Command, RaopRemoteCommand.Next, 0), Cancel).AsTask())];
        Assert.InRange(skipping.Count(one => !one.IsCompleted), 1, 31);
        first.SetResult();
        Assert.True(await pausing);
        int done = (await Task.WhenAll(skipping)).Count(one => one);
        Assert.Equal((_done.Count, true), (done, done < 32));
        Assert.True(await control.HandleAsync(new RaopRemoteRequest("8", RemoteAction.Command, RaopRemoteCommand.Next, 0), Cancel));
    }

    private RemoteControl Control() => new(new RemoteActions
    {
        Status = () => _status,
        PauseAsync = _ => Note("pause"),
        ResumeAsync = _ => Note("resume"),
        SkipAsync = _ => Note("next"),
        PreviousAsync = _ => Note("previous"),
        StopAsync = _ => Note("stop"),
        ToggleMuteAsync = _ => Note("mute"),
        SetGroupVolumeAsync = (percent, _) => Note($"group {percent}"),
        SetMemberVolumeAsync = async (member, volume, _) =>
        {
            await Note($"member {member} {volume}");
            return true;
        },
        LeaveAsync = async (member, leaves, _) =>
        {
            await Note($"leave {member} {leaves}");
            return true;
        },
    });

    private Task Note(string what)
    {
        _done.Add(what);
        return Task.CompletedTask;
    }
}
