using System.Net;
using Raop.Metadata;
using Raop.Security;

namespace Raop.Tests.Fakes;

/// <summary>What a device does with an announcement.</summary>
internal enum KeyHabit
{
    /// <summary>Takes it with a key and without.</summary>
    Takes,

    /// <summary>Closes the connection on one without a key.</summary>
    Needs,

    /// <summary>Refuses one with a key.</summary>
    Refuses,
}

/// <summary>What a device does with POST /auth-setup.</summary>
internal enum AuthSetupHabit
{
    /// <summary>Does not know it: 404.</summary>
    Unknown,

    /// <summary>Takes it and does not need it.</summary>
    Takes,

    /// <summary>Answers ANNOUNCE with 403 until it was asked.</summary>
    Needs,

    /// <summary>Takes it, and then plays nothing.</summary>
    MuteAfter,

    /// <summary>Answers nothing from then on.</summary>
    SilentAfter,
}

/// <summary>How a device behaves, and how our sender is to go about it.</summary>
/// <param name="Name">For the test's name.</param>
/// <param name="Row">Which row of the device table knows it.</param>
/// <param name="Txt">Its TXT record, values separated by blanks.</param>
internal sealed record Personality(string Name, string Row, string Txt)
{
    /// <summary>Server header, or null for none.</summary>
    public string? Server { get; init; } = "AirTunes/105.1";

    public bool Tcp { get; init; }

    public bool Udp { get; init; } = true;

    public KeyHabit Key { get; init; } = KeyHabit.Refuses;

    public int KeyRefusal { get; init; } = 406;

    public AuthSetupHabit AuthSetup { get; init; }

    public int AuthSetupStatus { get; init; } = 200;

    /// <summary>Methods and the status that they get.</summary>
    public IReadOnlyDictionary<string, int> Refuses { get; init; } = new Dictionary<string, int>();

    /// <summary>Methods that are refused the first time.</summary>
    public IReadOnlyDictionary<string, int> Stumbles { get; init; } = new Dictionary<string, int>();

    /// <summary>Methods that get no answer.</summary>
    public IReadOnlyList<string> Ignores { get; init; } = [];

    /// <summary>Answers 500 to OPTIONS with a challenge.</summary>
    public bool ChallengeDisturbs { get; init; }

    public string? Password { get; init; }

    public string Realm { get; init; } = "raop";

    public DigestForm Digest { get; init; } = DigestForm.LowerHex;

    /// <summary>Asks for the time before it answers SETUP, 520 if nobody answers.</summary>
    public bool AsksTheTimeFirst { get; init; }

    /// <summary>Transport header of its answer over UDP, or null for the usual one.</summary>
    public string? TransportReply { get; init; }

    /// <summary>Session header, or null for none.</summary>
    public string? Session { get; init; } = "1";

    public int? AudioLatency { get; init; }

    /// <summary>Plays nothing unless the first sync has the RTP time of RECORD.</summary>
    public bool ComparesRecord { get; init; }

    /// <summary>Ends a session after so many seconds without a request.</summary>
    public double? DropsAfter { get; init; }

    /// <summary>How long to play, seconds.</summary>
    public double Seconds { get; init; } = 2;

    /// <summary>How our sender is set.</summary>
    public RaopSenderOptions Options { get; init; } = new();

    // What is to come of it.
    public RaopTransport Transport { get; init; } = RaopTransport.Udp;

    public RaopCodec Codec { get; init; } = RaopCodec.Alac;

    public bool Encrypted { get; init; }

    public MetadataKinds Metadata { get; init; }

    public TimeSpan Latency { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Requests up to RECORD or the end.</summary>
    public string Steps { get; init; } = "OPTIONS ANNOUNCE SETUP RECORD";

    /// <summary>Requests while it plays, but for the volume.</summary>
    public string KeepAlive { get; init; } = "";

    public RaopError? Error { get; init; }

    /// <summary>A part of the error's text or remedy.</summary>
    public string Says { get; init; } = "";

    /// <summary>Within which time the error must come, seconds.</summary>
    public double Within { get; init; } = 10;

    public override string ToString() => Name;

    /// <summary>The speaker as it would have been found.</summary>
    public RaopSpeaker Speaker(params EndPoint[] endPoints)
    {
        var txt = new Dictionary<string, string>();
        string last = "";
        foreach (string item in Txt.Split(' '))
        {
            string[] pair = item.Split('=', 2);
            if (pair.Length == 2) txt[last = pair[0]] = pair[1];
            else txt[last] += " " + item; // a blank in a value
        }

        return new RaopSpeaker { Name = Name, EndPoints = endPoints, Txt = txt };
    }
}
