using System.Text;

namespace Raop.Cli;

/// <summary>Standard output or error, with what happens when it cannot be written.</summary>
/// <param name="inner">The console's own.</param>
/// <param name="failed">Told the cause.</param>
internal sealed class GuardedWriter(TextWriter inner, Action<Exception> failed) : TextWriter
{
    public override Encoding Encoding => inner.Encoding;

    /// <summary>Standard output: what cannot be written is an error of the tool's own.</summary>
    public static GuardedWriter ForData(TextWriter inner) => new(inner, static e => throw new RaopException(
        RaopError.OutputFailed, $"Standard output cannot be written: {(e is IOException ? e.Message.TrimEnd('.') : "it is closed")}.",
        "Make room where it goes, or keep its reader running.", e));

    /// <summary>Standard error: a full disk or a closed terminal behind it stops no music, and there is nowhere left to say it.</summary>
    public static GuardedWriter ForMessages(TextWriter inner) => new(inner, static _ => { });

    public override void Write(char value) => Try(() => inner.Write(value));

    public override void Write(char[] buffer, int index, int count) => Try(() => inner.Write(buffer, index, count));

    public override void Write(string? value) => Try(() => inner.Write(value));

    public override void WriteLine(string? value) => Try(() => inner.WriteLine(value));

    public override void Flush() => Try(inner.Flush);

    private void Try(Action write)
    {
        try
        {
            write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            failed(e);
        }
    }
}
