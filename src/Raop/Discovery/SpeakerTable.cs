using System.Buffers;
using System.Net;

namespace Raop.Discovery;

/// <summary>Makes speakers of what is announced: _raop._tcp, and _airplay._tcp of the same device for what the first does not say.</summary>
internal sealed class SpeakerTable
{
    public const string Raop = "_raop._tcp", AirPlay = "_airplay._tcp";

    private const int DeviceIdDigits = 12;

    /// <summary>Keys of _airplay._tcp and what they are called in _raop._tcp.</summary>
    private static readonly (string AirPlay, string Raop)[] Keys = [("model", "am"), ("features", "ft"), ("flags", "sf")];

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdefABCDEF");

    private readonly Dictionary<string, ServiceChange> _services = new(StringComparer.Ordinal); // by instance
    private readonly Dictionary<string, (string DeviceId, ServiceChange Service)> _airPlay = new(StringComparer.Ordinal); // by instance
    private readonly Dictionary<string, RaopSpeaker> _speakers = new(StringComparer.Ordinal); // by instance of _raop._tcp

    /// <summary>All speakers by name.</summary>
    public IReadOnlyList<RaopSpeaker> Speakers =>
        [.. _speakers.Values.OrderBy(static speaker => speaker.Name, StringComparer.OrdinalIgnoreCase).ThenBy(static speaker => speaker.DeviceId, StringComparer.Ordinal)];

    /// <summary>Takes a change of either service.</summary>
    /// <returns>What it changes of speakers.</returns>
    public IReadOnlyList<RaopSpeakerChange> Take(ServiceChange change)
    {
        var changes = new List<RaopSpeakerChange>();
        bool isGone = change.Kind == ServiceChangeKind.Removed;
        if (change.Type == Raop)
        {
            if (isGone) _services.Remove(change.Instance);
            else _services[change.Instance] = change;
            Look(change.Instance, changes);
            return changes;
        }

        string? before = _airPlay.GetValueOrDefault(change.Instance).DeviceId, now = isGone ? null : DeviceIdOf(change);
        if (now is null) _airPlay.Remove(change.Instance);
        else _airPlay[change.Instance] = (now, change);
        foreach (string instance in _services.Keys)
        {
            if (Split(instance).DeviceId is { } id && (id == before || id == now)) Look(instance, changes);
        }

        return changes;
    }

    /// <summary>The device id and the name that people gave it, from "5855CA1AE288@Kitchen"; a name without an id is the name.</summary>
    public static (string? DeviceId, string Name) Split(string instance) =>
        instance.Length > DeviceIdDigits + 1 && instance[DeviceIdDigits] == '@' && !instance.AsSpan(0, DeviceIdDigits).ContainsAnyExcept(HexDigits)
            ? (instance[..DeviceIdDigits].ToUpperInvariant(), instance[(DeviceIdDigits + 1)..])
            : (null, instance);

    /// <summary>A speaker of one service.</summary>
    public static RaopSpeaker Make(ServiceChange service, IReadOnlyDictionary<string, string> txt)
    {
        (string? deviceId, string name) = Split(service.Instance);
        return new RaopSpeaker { Name = name, DeviceId = deviceId, HostName = service.Host, EndPoints = [.. service.EndPoints.Cast<EndPoint>()], Txt = txt };
    }

    private void Look(string instance, List<RaopSpeakerChange> changes)
    {
        bool wasKnown = _speakers.TryGetValue(instance, out RaopSpeaker? before);
        if (!_services.TryGetValue(instance, out ServiceChange? service))
        {
            if (wasKnown) changes.Add(new RaopSpeakerChange(RaopSpeakerChangeKind.Gone, before!));
            _speakers.Remove(instance);
            return;
        }

        RaopSpeaker speaker = Make(service, Complete(service.Txt, Split(instance).DeviceId));
        if (wasKnown && SaySame(before!, speaker)) return;
        _speakers[instance] = speaker;
        changes.Add(new RaopSpeakerChange(wasKnown ? RaopSpeakerChangeKind.Changed : RaopSpeakerChangeKind.Appeared, speaker));
    }

    /// <summary>Adds what the same device says in _airplay._tcp alone.</summary>
    private IReadOnlyDictionary<string, string> Complete(IReadOnlyDictionary<string, string> txt, string? deviceId)
    {
        if (deviceId is null || Array.TrueForAll(Keys, key => txt.ContainsKey(key.Raop))) return txt;
        if (_airPlay.Values.FirstOrDefault(one => one.DeviceId == deviceId).Service is not { } airPlay) return txt;
        var both = new Dictionary<string, string>(txt, StringComparer.Ordinal);
        foreach ((string theirs, string ours) in Keys)
        {
            if (airPlay.Txt.TryGetValue(theirs, out string? value)) both.TryAdd(ours, value);
        }

        return both;
    }

    /// <summary>deviceid=58:55:CA:1A:E2:88.</summary>
    private static string? DeviceIdOf(ServiceChange airPlay) =>
        airPlay.Txt.TryGetValue("deviceid", out string? id) ? id.Replace(":", "", StringComparison.Ordinal).ToUpperInvariant() : null;

    private static bool SaySame(RaopSpeaker a, RaopSpeaker b) =>
        a.HostName == b.HostName && a.EndPoints.SequenceEqual(b.EndPoints) && a.Txt!.Count == b.Txt!.Count
        && a.Txt.All(pair => b.Txt.TryGetValue(pair.Key, out string? value) && value == pair.Value);
}
