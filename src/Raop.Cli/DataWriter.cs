using System.Text;

namespace Raop.Cli;

/// <summary>Standard output: what cannot be written is an error of the tool's own.</summary>
internal sealed class DataWriter(TextWriter inner) : TextWriter
{
    public override Encoding Encoding => inner.Encoding;

    public override void Write(char value) => Try(() => inner.Write(value));

    public override void Write(char[] buffer, int index, int count) => Try(() => inner.Write(buffer, index, count));

    public override void Write(string? value) => Try(() => inner.Write(value));

    public override void WriteLine(string? value) => Try(() => inner.WriteLine(value));

    public override void Flush() => Try(inner.Flush);

    private static void Try(Action write)
    {
        try
        {
            write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            string cause = e is IOException ? e.Message.TrimEnd('.') : "it is closed";
            throw new RaopException(RaopError.OutputFailed, $"Standard output cannot be written: {cause}.", "Make room where it goes, or keep its reader running.", e);
        }
    }
}
