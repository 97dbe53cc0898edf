using Microsoft.Extensions.Logging;

namespace Raop.Cli;

/// <summary>The library's log on standard error: a line each. Warnings are for everybody, the rest for -v.</summary>
internal sealed class ToolLog(Reporter reporter) : ILoggerFactory
{
    public ILogger CreateLogger(string categoryName) => new Category(reporter, categoryName);

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("The log has one place to go.");

    public void Dispose()
    {
    }

    /// <summary>What the tool tells of groups in its own words.</summary>
    private static bool IsTold(string category, EventId what) => category == "Raop.Group" && what.Name is ("MemberLost" or "NoSignOfLife" or "NoTiming");

    private sealed class Category(Reporter reporter, string name) : ILogger
    {
        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None && logLevel >= (reporter.IsVerbose ? LogLevel.Debug : LogLevel.Warning);

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsTold(name, eventId)) logLevel = LogLevel.Information;
            if (!IsEnabled(logLevel)) return;
            string message = formatter(state, exception);
            if (logLevel >= LogLevel.Warning) reporter.Warn(message);
            else reporter.WriteLog(Level(logLevel), name, message);
        }

        private static string Level(LogLevel level) => level == LogLevel.Information ? "info" : "debug";
    }
}
