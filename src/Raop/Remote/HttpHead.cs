using System.Buffers;
using System.IO.Pipelines;
using System.Text;

namespace Raop.Remote;

/// <summary>The head of an HTTP/1 message: the start line and the fields. As much of HTTP as a remote control needs.</summary>
internal sealed class HttpHead
{
    /// <summary>Most bytes of a head, the empty line included; real ones have about 100.</summary>
    public const int MaxLength = 4096;

    private const int MaxFields = 32;

    private readonly List<KeyValuePair<string, string>> _fields = [];

    private HttpHead(string startLine) => StartLine = startLine;

    public string StartLine { get; }

    /// <summary>Every value of a field, in order; names compare without case.</summary>
    public IEnumerable<string> All(string name) =>
        _fields.Where(field => field.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(static field => field.Value);

    /// <summary>Reads the next head, however the bytes are cut.</summary>
    /// <returns>Null when the peer closed before it.</returns>
    /// <exception cref="RaopException">ProtocolViolation, LimitExceeded, or ConnectionLost.</exception>
    public static async ValueTask<HttpHead?> ReadAsync(PipeReader input, CancellationToken cancellationToken)
    {
        while (true)
        {
            ReadResult result = await input.ReadAsync(cancellationToken).ConfigureAwait(false);
            HttpHead? head = null;
            SequencePosition consumed = result.Buffer.Start, examined = result.Buffer.End;
            bool hasText;
            try
            {
                if (TryParse(result.Buffer, out head, out hasText, out int length)) consumed = examined = result.Buffer.GetPosition(length);
            }
            finally
            {
                input.AdvanceTo(consumed, examined);
            }

            if (head is not null) return head;
            if (!result.IsCompleted) continue;
            return hasText ? throw new RaopException(RaopError.ConnectionLost, "The peer closed the connection inside a request.") : null;
        }
    }

    private static bool TryParse(ReadOnlySequence<byte> buffer, out HttpHead? head, out bool hasText, out int length)
    {
        byte[] bytes = buffer.Slice(0, Math.Min(buffer.Length, MaxLength)).ToArray();
        length = FindEnd(bytes, out hasText);
        head = null;
        if (length < 0 && buffer.Length >= MaxLength) throw RaopException.TooLong("An HTTP head", MaxLength);
        if (length < 0) return false;
        head = Parse(Encoding.Latin1.GetString(bytes, 0, length));
        return true;
    }

    /// <summary>Bytes up to and with the empty line, or -1. Empty lines before the start line do not count.</summary>
    private static int FindEnd(ReadOnlySpan<byte> bytes, out bool hasText)
    {
        hasText = false;
        bool lineHasText = false;
        for (int i = 0; i < bytes.Length; i++)
        {
            if (bytes[i] == '\n')
            {
                if (hasText && !lineHasText) return i + 1;
                lineHasText = false;
            }
            else if (bytes[i] != '\r')
            {
                hasText = lineHasText = true;
            }
        }

        return -1;
    }

    private static HttpHead Parse(string text)
    {
        string[] lines = [.. text.Split('\n').Select(static line => line.EndsWith('\r') ? line[..^1] : line).SkipWhile(static line => line.Length == 0)];
        var head = new HttpHead(lines[0]);
        foreach (string line in lines)
        {
            if (line.Any(static c => c is < ' ' and not '\t' or '\x7F')) throw Bad("A control character in an HTTP head.");
        }

        foreach (string line in lines.Skip(1).TakeWhile(static line => line.Length > 0))
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0 || line.AsSpan(0, colon).ContainsAnyExceptInRange('!', '~')) throw Bad("A line in an HTTP head is no field.");
            if (head._fields.Count == MaxFields) throw RaopException.TooLong("The list of HTTP fields", MaxFields);
            head._fields.Add(new(line[..colon], line[(colon + 1)..].Trim(' ', '\t')));
        }

        return head;
    }

    private static RaopException Bad(string why) => new(RaopError.ProtocolViolation, why);
}
