using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Raop;

/// <summary>How a <see cref="RaopBrowser"/> looks for speakers.</summary>
public sealed record RaopBrowserOptions
{
    /// <summary>Clock for questions and time limits.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Where log lines go. Default: nowhere.</summary>
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;
}
