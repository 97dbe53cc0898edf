using System.Text;
using System.Threading.Channels;

namespace Raop.Apps.Tests.Cli;

/// <summary>A writer that hands each line on as soon as it is written, and keeps all of them.</summary>
internal sealed class LineWriter : TextWriter
{
    private readonly Lock _lock = new();
    private readonly StringBuilder _all = new();
    private readonly StringBuilder _line = new();
    private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();

    public override Encoding Encoding => Encoding.UTF8;

    public override void Write(char value)
    {
        lock (_lock)
        {
            _all.Append(value);
            if (value != '\n')
            {
                _line.Append(value);
                return;
            }

            _lines.Writer.TryWrite(_line.ToString().TrimEnd('\r'));
            _line.Clear();
        }
    }

    /// <summary>The next line; waits for it.</summary>
    public ValueTask<string> ReadLineAsync() => _lines.Reader.ReadAsync(TestContext.Current.CancellationToken);

    public override string ToString()
    {
        lock (_lock) return _all.ToString();
    }
}
