using Raop.Rtsp;

namespace Raop.Sending;

/// <summary>What a stream needs of the control connections behind it: of one, or of all in a group.</summary>
internal interface IStreamControl
{
    /// <summary>Completes, with the reason, when nothing can be played any more.</summary>
    Task<RaopException> Lost { get; }

    /// <summary>Voids what was sent and not heard.</summary>
    /// <param name="next">Sequence number and RTP time of the next packet.</param>
    /// <returns>RTP time of the first frame that was not heard, if it is said.</returns>
    /// <exception cref="RaopException">It failed, and the stream with it.</exception>
    ValueTask<uint?> FlushAsync(RtpInfoHeader next);
}
