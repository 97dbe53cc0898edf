namespace Raop.Cli;

/// <summary>Shows a failure: a code, a cause, a remedy; never a stack trace, except with -v for what should not have happened.</summary>
internal static class ErrorReport
{
    public const string UsageCode = "usage", InternalCode = "internal";

    /// <summary>Reports an exception that ended a command.</summary>
    /// <returns>The exit code.</returns>
    public static int Write(Reporter reporter, Exception exception)
    {
        switch (exception)
        {
            case RaopException e:
                return Write(reporter, Printable.Kebab(e.Error), e.Message, e.Remedy, ExitCode.Failed);
            case UsageException e:
                return Write(reporter, UsageCode, e.Message, e.Remedy, ExitCode.WrongUsage);
            default:
                if (reporter.IsVerbose) Array.ForEach(exception.ToString().Split('\n'), line => reporter.Console.WriteLine(Printable.Clean(line.TrimEnd('\r'))));
                return Write(
                    reporter, InternalCode, exception.Message,
                    reporter.IsVerbose ? "Report this with the lines above." : "Run it again with -v and report what it prints.", ExitCode.Failed);
        }
    }

    /// <summary>Writes one error.</summary>
    public static int Write(Reporter reporter, string code, string message, string remedy, int exitCode)
    {
        message = Printable.Clean(message);
        remedy = Printable.Clean(remedy);
        reporter.Tell(new ErrorEvent(code, message, remedy), Events.Default.ErrorEvent);
        if (reporter is { IsJson: true, OutputIsTaken: true }) return exitCode; // it is on standard error already
        reporter.Console.WriteLine($"error[{code}]: {message}{(remedy.Length > 0 ? Environment.NewLine + "  try: " + remedy : "")}");
        return exitCode;
    }
}

/// <summary>The arguments are wrong in a way that only running shows.</summary>
internal sealed class UsageException(string message, string remedy = "") : Exception(message)
{
    public string Remedy { get; } = remedy;
}
