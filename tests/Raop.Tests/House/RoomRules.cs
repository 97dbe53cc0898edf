namespace Raop.Tests.House;

/// <summary>Which room may know which. A room is the first word of a namespace after the root; the root itself is "".</summary>
internal static class RoomRules
{
    private static readonly string[] Formats = ["Rtsp", "Sdp", "Rtp", "Security", "Metadata"];
    private static readonly string[] Sessions = [.. Formats, "Timing", "Audio", "Network", "Discovery", "Remote"];

    /// <summary>What a room may know besides itself, Diagnostics and the error vocabulary.</summary>
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        [""] = [.. Sessions, "Sending", "Receiving"],
        ["Sending"] = Sessions,
        ["Receiving"] = Sessions,
        ["Discovery"] = ["Network", "Timing", "Metadata"],
        ["Remote"] = ["Network", "Timing", "Metadata", "Audio", "Discovery"],
        ["Rtsp"] = [],
        ["Sdp"] = [],
        ["Rtp"] = [],
        ["Security"] = [],
        ["Metadata"] = [],
        ["Timing"] = [],
        ["Audio"] = ["Metadata"],
        ["Network"] = [],
        ["Diagnostics"] = [],
    };

    /// <summary>Rooms that may use the root's values: options, events, enums, interfaces; never what leads to a session.</summary>
    private static readonly string[] KnowValuesOfRoot = ["Sending", "Receiving", "Discovery", "Remote"];

    private static readonly string[] KnowAlac = ["", "Sending", "Receiving", "Audio", "Sdp"]; // fmtp is an ALAC configuration
    private static readonly string[] ErrorVocabulary = [nameof(RaopException), nameof(RaopError)];
    private static readonly string[] SocketTypes = ["Socket", "TcpClient", "TcpListener", "UdpClient", "NetworkStream"];

    public static bool IsKnown(string room) => Allowed.ContainsKey(room);

    public static bool Allows(string from, string to, Type target) =>
        from == to
        || to == "Diagnostics"
        || (to.Length == 0 && ErrorVocabulary.Contains(target.Name))
        || (to.Length == 0 && KnowValuesOfRoot.Contains(from) && IsValue(target))
        || Allowed[from].Contains(to);

    /// <summary>Whether a room may use a type of another assembly.</summary>
    public static bool AllowsOutside(string from, Type target) => target.Namespace switch
    {
        { } name when name == "Alac" || name.StartsWith("Alac.", StringComparison.Ordinal) => KnowAlac.Contains(from),
        "System.Net.Sockets" => from == "Network" || !SocketTypes.Contains(target.Name),
        _ => true,
    };

    /// <summary>A record, struct, enum, exception, delegate or interface.</summary>
    private static bool IsValue(Type type) =>
        type.IsValueType || type.IsInterface
        || typeof(Exception).IsAssignableFrom(type) || typeof(Delegate).IsAssignableFrom(type)
        || type.GetMethod("<Clone>$") is not null;
}
