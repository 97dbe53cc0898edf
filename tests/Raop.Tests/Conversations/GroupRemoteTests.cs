using System.Net;
using Raop.Discovery;
using Raop.Remote;
using Raop.Tests.Fakes;

namespace Raop.Tests.Conversations;

/// <summary>Our receivers command our group.</summary>
public sealed class GroupRemoteTests
{
    private readonly GroupStage _stage = new(2);
    private readonly AnnouncedServices _finder = new();
    private RaopGroup? _made;

    private RaopGroup Group => _made!;

    private RaopReceiver First => _stage.Speakers[0].Receiver!;

    [Fact]
    public void A_speaker_pauses_the_group_lets_it_go_on_and_plays_the_next() => Run(async () =>
    {
        await First.SendRemoteAsync(RaopRemoteCommand.PlayPause);
        await _stage.WaitForAsync(() => Group.Status.State == RaopSenderState.Paused);
        await First.SendRemoteAsync(RaopRemoteCommand.PlayPause);
        await _stage.WaitForAsync(() => Group.Status.State == RaopSenderState.Playing);
        object? before = Group.Status.Source;
        await First.SendRemoteAsync(RaopRemoteCommand.Next);
        await _stage.WaitForAsync(() => Group.Status.Source is { } source && source != before);
        await First.SendRemoteAsync(RaopRemoteCommand.Stop);
        await _stage.WaitForAsync(() => Group.Status.State == RaopSenderState.Paused);
    });

    [Fact]
    public void Volume_is_the_asking_speakers_and_mute_is_everybodys() => Run(async () =>
    {
        await First.SetSenderVolumeAsync(-15);
        await _stage.WaitForAsync(() => Volumes(0).LastOrDefault() is -15);
        Assert.All(Volumes(1), static volume => Assert.Equal(0, volume));
        await First.SendRemoteAsync(RaopRemoteCommand.VolumeDown);
        await _stage.WaitForAsync(() => Volumes(1).LastOrDefault() is > -2 and < -1.8);
        Assert.InRange(Volumes(0).Last(), -16, -15.5); // its balance is kept
        await First.SendRemoteAsync(RaopRemoteCommand.MuteToggle);
        await _stage.WaitForAsync(() => Volumes(0).Last() == RaopVolume.Mute && Volumes(1).Last() == RaopVolume.Mute);
        await First.SendRemoteAsync(RaopRemoteCommand.MuteToggle);
        await _stage.WaitForAsync(() => Volumes(1).Last() > -2);
    });

    [Fact]
    public void One_that_was_wanted_for_something_else_comes_back_as_it_was() => Run(async () =>
    {
        var client = new DacpClient(
            _stage.SenderHost.Network, _stage.SenderHost.Clock, null, static _ => false, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        RaopGroupMember member = Group.Members[0];
        DacpTarget target = new(_stage.SenderHost.Addresses[0], Group.DacpId, member.ActiveRemote, _finder.Services[0].Port);
        await member.SetVolumeAsync(RaopVolume.FromPercent(40));
        await member.SetMuteAsync(true);
        member.SetDelay(TimeSpan.FromMilliseconds(20));
        await client.SendAsync(target, "setproperty?dacp.device-prevent-playback=1");
        await _stage.WaitForAsync(() => Group.Members.Count == 1 && member.State == RaopMemberState.Removed);
        await Group.SetVolumeAsync(RaopVolume.FromPercent(50));
        await client.SendAsync(target, "setproperty?dacp.device-prevent-playback=0");
        await _stage.WaitForAsync(() => Group.Members.Count == 2 && Group.Members[1].State == RaopMemberState.Playing);
        RaopGroupMember again = Group.Members[1];
        Assert.Equal((20, true, 20), (Math.Round(RaopVolume.ToPercent(again.Volume), 6), again.Muted, again.Delay.TotalMilliseconds));
    });

    [Fact]
    public void A_speaker_that_has_left_is_not_heard_nor_anybody_when_nothing_plays() => Run(async () =>
    {
        var client = new DacpClient(
            _stage.SenderHost.Network, _stage.SenderHost.Clock, null, static _ => false, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        DacpTarget Target(int member) => new(_stage.SenderHost.Addresses[0], Group.DacpId, Group.Members[member].ActiveRemote, _finder.Services[0].Port);

        DacpTarget first = Target(0), second = Target(1);
        Assert.Equal(DacpResult.Done, (await client.SendAsync(first, "pause")).Result);
        await Group.RemoveAsync(Group.Members[0]);
        Assert.Equal(403, (await client.SendAsync(first, "play")).Status);
        Assert.Equal(204, (await client.SendAsync(second, "play")).Status);
        Assert.Equal(404, (await client.SendAsync(second, "shuffle_songs")).Status);
        await Group.DisposeAsync();
        Assert.Equal(DacpResult.Unreachable, (await client.SendAsync(second, "play")).Result);
    });

    private IEnumerable<double> Volumes(int speaker) => _stage.Speakers[speaker].Events.OfType<RaopVolumeChanged>().Select(static happened => happened.Volume);

    private void Run(Func<Task> test) => _stage.World.Run(async () =>
    {
        await using RaopGroup group = _made = _stage.Group(publish: Publish);
        foreach (GroupSpeaker speaker in _stage.Speakers)
        {
            speaker.Receive(change: context => context.OpenFinder = () => _finder);
            await group.AddAsync(speaker.Speaker);
        }

        Task playing = group.PlayListAsync(new[] { new ArraySource(Music.Frames(44_100 * 60)), new ArraySource(Music.Frames(44_100 * 60, 1)) }.ToAsyncEnumerable());
        await _stage.WaitForAsync(() => group.Members.All(static member => member.State == RaopMemberState.Playing));
        await test();
        await group.DisposeAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => playing);
        foreach (GroupSpeaker speaker in _stage.Speakers) await speaker.Receiver!.DisposeAsync();
    });

    private AnnouncedServices Publish(string instance, int port, IReadOnlyList<string> txt)
    {
        IPEndPoint at = new(_stage.SenderHost.Addresses[0], port);
        _finder.Services.Add(new ServiceChange(ServiceChangeKind.Added, instance, "_dacp._tcp", "sender.local", port, [at], new Dictionary<string, string>()));
        return new AnnouncedServices();
    }
}
