using Microsoft.Extensions.Logging;
using Raop.Audio;
using Raop.Discovery;
using Raop.Network;
using Raop.Sdp;

namespace Raop.Receiving;

/// <summary>What all connections of one receiver share.</summary>
internal sealed class ReceiverContext(
    RaopReceiverOptions options, INetwork network, IPcmSink sink, ReadOnlyMemory<byte> hardwareAddress,
    Action<RaopReceiverEvent> raise, Action<RaopException> fail)
{
    private readonly Lock _lock = new();
    private int _sessions, _ended;

    public RaopReceiverOptions Options => options;

    public INetwork Network => network;

    public IPcmSink Sink => sink;

    public ReadOnlyMemory<byte> HardwareAddress => hardwareAddress;

    public ILogger Log { get; } = options.LoggerFactory.CreateLogger("Raop.Receiver");

    public Doorkeeper Doorkeeper { get; set; } = new(options.Password, options.TimeProvider);

    public PlayerSlot Player { get; } = new(options.TakeOver, options.TimeProvider);

    /// <summary>Makes the Session header of SETUP replies: "1", which suits the senders that want a number. Tests replay other ones.</summary>
    public Func<string> NewSessionId { get; set; } = static () => "1";

    /// <summary>Finds senders' remote controls, when one is wanted.</summary>
    public Func<IServiceFinder> OpenFinder { get; set; } = () => ServiceFinders.Open(options.LoggerFactory.CreateLogger("Raop.Discovery"));

    /// <summary>Attenuation that a new session begins with, dB: the last one set.</summary>
    public double GainDb { get; set; }

    /// <summary>Volume as last set, on AirPlay's scale.</summary>
    public double Volume { get; set; }

    /// <summary>Codecs that it takes, by the numbers of the TXT record's cn: 0 PCM, 1 ALAC, 2 AAC, 3 AAC-ELD.</summary>
    public IReadOnlyList<int> CodecNumbers => [0, 1, .. CanDecode(SdpCodec.Aac) ? (int[])[2] : [], .. CanDecode(SdpCodec.AacEld) ? (int[])[3] : []];

    /// <summary>Whether there is a decoder for a codec that needs one from outside.</summary>
    public bool CanDecode(SdpCodec codec) => StreamDecoder.PacketCodecOf(codec) is { } packets && options.Decoders?.CanDecode(packets) == true;

    public int NextSession() => Interlocked.Increment(ref _sessions);

    /// <summary>Raises an event; events come one at a time, and of a session none after its end. A handler that throws harms nobody but itself.</summary>
    public void Raise(RaopReceiverEvent e)
    {
        try
        {
            lock (_lock)
            {
                if (e.Session > 0 && e.Session <= _ended) return; // a request that was being answered when it ended
                if (e is RaopSessionEnded) _ended = e.Session;
                raise(e);
            }
        }
        catch (Exception exception)
        {
            Log.HandlerFailed(exception);
        }
    }

    /// <summary>The sink failed: the receiver cannot go on.</summary>
    public void Fail(RaopException e) => fail(e);
}
