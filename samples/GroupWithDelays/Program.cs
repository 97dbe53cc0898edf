// Plays a file to two speakers in time; the second one, further away or slower behind its amplifier, is heard 20 ms later and at 40 %.
//   dotnet run --project samples/GroupWithDelays song.flac 192.168.1.23 192.168.1.24
using System.Net;
using Raop;
using Raop.Media;

if (args is not [string file, string first, string second]
    || !IPEndPoint.TryParse(first, out IPEndPoint? kitchen) || !IPEndPoint.TryParse(second, out IPEndPoint? bath))
{
    Console.Error.WriteLine("GroupWithDelays FILE ADDRESS[:PORT] ADDRESS[:PORT]");
    return 2;
}

try
{
    await using IMediaSource song = await MediaSource.OpenAsync(file);
    await using var group = new RaopGroup(onEvent: Tell);
    await group.AddAsync(RaopSpeaker.At(kitchen));
    RaopGroupMember far = await group.AddAsync(RaopSpeaker.At(bath), new() { Delay = TimeSpan.FromMilliseconds(20), Volume = RaopVolume.FromPercent(40) });
    await group.SetVolumeAsync(RaopVolume.FromPercent(50)); // of all: the balance stays
    Console.WriteLine($"The group is at {RaopVolume.ToPercent(group.Volume):0} %, {far.Speaker.Name} at {RaopVolume.ToPercent(far.Volume):0} %.");
    await group.SetVolumeAsync(RaopVolume.Full);
    await group.PlayAsync(song);
    return 0;
}
catch (RaopException e)
{
    Console.Error.WriteLine($"{e.Error}: {e.Message} {e.Remedy}");
    return 1;
}

static void Tell(RaopGroupEvent happened)
{
    // A speaker that fails is tried again by itself, and joins in time when it is back; the others play on.
    if (happened is RaopGroupMemberChanged { State: RaopMemberState.Retrying or RaopMemberState.Failed, Cause: { } e } changed)
        Console.Error.WriteLine($"{changed.Member.Speaker.Name}: {changed.State}. {e.Error}: {e.Message} {e.Remedy}");
}
