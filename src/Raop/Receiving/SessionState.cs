namespace Raop.Receiving;

/// <summary>Where a connection stands in the conversation (docs/protocol/README.md).</summary>
internal enum SessionState
{
    /// <summary>No stream announced, or the last one torn down.</summary>
    Connected,

    /// <summary>The stream's format and key are known; the player is taken.</summary>
    Announced,

    /// <summary>The audio port is open.</summary>
    Ready,

    /// <summary>RECORD has come: audio is played. After a FLUSH it is silent until the next valid packet.</summary>
    Playing,
}

internal static class SessionStateExtensions
{
    /// <summary>The state after <paramref name="method"/>, or null if it is not valid now (answer 455).</summary>
    public static SessionState? After(this SessionState state, string method) => (state, method) switch
    {
        (_, "OPTIONS" or "GET_PARAMETER" or "SET_PARAMETER" or "POST" or "GET") => state,
        (SessionState.Connected or SessionState.Announced, "ANNOUNCE")          => SessionState.Announced,
        (SessionState.Announced, "SETUP")                                       => SessionState.Ready,
        (SessionState.Ready or SessionState.Playing, "SETUP")                   => state,
        (SessionState.Ready or SessionState.Playing, "RECORD")                  => SessionState.Playing,
        (SessionState.Ready or SessionState.Playing, "FLUSH" or "PAUSE")        => state,
        (_, "TEARDOWN")                                                         => SessionState.Connected,
        _                                                                       => null,
    };

    /// <summary>The methods we know; others get 501.</summary>
    public static bool IsKnown(string method) => method is "OPTIONS" or "ANNOUNCE" or "SETUP" or "RECORD" or "PAUSE" or "FLUSH"
        or "TEARDOWN" or "GET_PARAMETER" or "SET_PARAMETER" or "POST" or "GET";

    /// <summary>What OPTIONS answers, in the AirPort Express's order.</summary>
    public const string Public = "ANNOUNCE, SETUP, RECORD, PAUSE, FLUSH, TEARDOWN, OPTIONS, GET_PARAMETER, SET_PARAMETER";
}
