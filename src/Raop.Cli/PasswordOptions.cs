using System.CommandLine;

namespace Raop.Cli;

/// <summary>A password: from the arguments, a file, standard input or the environment.</summary>
internal sealed class PasswordOptions
{
    public const string Variable = "RAOP_PASSWORD";
    private const string FromInput = "-";
    private const int MaxFile = 4096;

    private readonly Option<string?> _password = new("--password")
    {
        HelpName = "PASSWORD",
        Description = $"The password. Other users of this machine can see arguments: safer are - (a line of standard input), --password-file, or the variable {Variable}",
    };

    private readonly Option<string?> _file = new("--password-file") { HelpName = "FILE", Description = "Take the password from the first line of a file" };

    public void Attach(Command command)
    {
        command.Options.Add(_password);
        command.Options.Add(_file);
        command.Validators.Add(result =>
        {
            if (result.GetResult(_password) is { Implicit: false } && result.GetResult(_file) is { Implicit: false })
                result.AddError("--password and --password-file exclude each other.");
        });
    }

    /// <summary>Whether the password takes a line of standard input.</summary>
    public bool IsFromInput(ParseResult result) => result.GetValue(_password) == FromInput;

    /// <summary>The password, or null when there is none. Waiting for somebody to type it can be stopped.</summary>
    /// <exception cref="RaopException">The file cannot be read.</exception>
    /// <exception cref="UsageException">It is empty.</exception>
    public Task<string?> ReadAsync(ParseResult result, ToolConsole console, CancellationToken stop) =>
        Task.Run(() => Read(result, console), stop).WaitAsync(stop);

    private string? Read(ParseResult result, ToolConsole console)
    {
        string? password = result.GetValue(_password);
        if (password == FromInput)
        {
            if (console.ReadKey is { } readKey) return NotEmpty(PasswordKeeper.Ask(console, readKey, "Password: "), "What was typed");
            return NotEmpty(console.Input.ReadLine(), "Standard input");
        }

        if (password is not null) return NotEmpty(password, "--password");
        if (result.GetValue(_file) is { } file) return NotEmpty(FirstLine(file), file);
        return console.Variable(Variable) is { Length: > 0 } variable ? variable : null;
    }

    private static string NotEmpty(string? password, string origin) => string.IsNullOrEmpty(password)
        ? throw new UsageException($"{origin} holds no password.", "Give one, or leave the option out.")
        : password;

    private static string? FirstLine(string file)
    {
        try
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            byte[] start = new byte[MaxFile + 1];
            int read = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
            using var reader = new StreamReader(new MemoryStream(start, 0, read));
            string? line = reader.ReadLine();
            if (read > MaxFile || line?.Contains('\0', StringComparison.Ordinal) == true)
                throw new UsageException($"{file} is no password file: it is longer than {MaxFile / 1024} KB, or not text.", "Name a file whose first line is the password.");
            return line;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new RaopException(RaopError.FileNotFound, $"The password file {file} cannot be read: {e.Message}", "Check its name and its permissions.", e);
        }
    }
}
