namespace Raop.Rtsp;

/// <summary>Status codes that RAOP peers give, and their reasons.</summary>
internal static class RtspStatus
{
    public const int Ok = 200, BadRequest = 400, Unauthorized = 401, Forbidden = 403, NotFound = 404, MethodNotAllowed = 405,
        NotAcceptable = 406, RequestTimeout = 408, Conflict = 409, BodyTooLarge = 413, UnsupportedMediaType = 415,
        HeadTooLarge = 431, ParameterNotUnderstood = 451, NotEnoughBandwidth = 453, SessionNotFound = 454,
        MethodNotValidInThisState = 455, HeaderFieldNotValid = 456, UnsupportedTransport = 461, InternalError = 500,
        NotImplemented = 501, ServiceUnavailable = 503, VersionNotSupported = 505;

    /// <summary>The usual reason, never empty.</summary>
    public static string Reason(int statusCode) => statusCode switch
    {
        Ok => "OK",
        BadRequest => "Bad Request",
        Unauthorized => "Unauthorized",
        Forbidden => "Forbidden",
        NotFound => "Not Found",
        MethodNotAllowed => "Method Not Allowed",
        NotAcceptable => "Not Acceptable",
        RequestTimeout => "Request Timeout",
        Conflict => "Conflict",
        BodyTooLarge => "Request Entity Too Large",
        UnsupportedMediaType => "Unsupported Media Type",
        HeadTooLarge => "Request Header Fields Too Large",
        ParameterNotUnderstood => "Parameter Not Understood",
        452 => "Conference Not Found",
        NotEnoughBandwidth => "Not Enough Bandwidth",
        SessionNotFound => "Session Not Found",
        MethodNotValidInThisState => "Method Not Valid in This State",
        HeaderFieldNotValid => "Header Field Not Valid for Resource",
        457 => "Invalid Range",
        459 => "Aggregate Operation Not Allowed",
        460 => "Only Aggregate Operation Allowed",
        UnsupportedTransport => "Unsupported Transport",
        462 => "Destination Unreachable",
        470 => "Client Authentication Failure",
        InternalError => "Internal Server Error",
        NotImplemented => "Not Implemented",
        502 => "Bad Gateway",
        ServiceUnavailable => "Service Unavailable",
        504 => "Gateway Timeout",
        VersionNotSupported => "RTSP Version Not Supported",
        520 => "Origin Error",
        _ => "Unknown",
    };
}
