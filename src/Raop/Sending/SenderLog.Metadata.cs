using Microsoft.Extensions.Logging;

namespace Raop.Sending;

internal static partial class SenderLog // of them 1080 to 1089
{
    [LoggerMessage(1080, LogLevel.Information, "The receiver takes no {MediaType} ({Why}): it gets no more of it")]
    public static partial void MetadataRefused(this ILogger logger, string mediaType, string why);

    [LoggerMessage(1081, LogLevel.Information, "A cover of {Bytes} bytes is left out: JPEG and PNG up to 8 MiB are shown")]
    public static partial void CoverLeftOut(this ILogger logger, int bytes);
}
