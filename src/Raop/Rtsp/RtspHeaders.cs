using System.Collections;
using System.Globalization;

namespace Raop.Rtsp;

/// <summary>Header fields of a message, in their order. Names compare without case; a name may occur more than once.</summary>
internal sealed class RtspHeaders : IEnumerable<KeyValuePair<string, string>>
{
    private readonly List<KeyValuePair<string, string>> _fields = [];

    /// <summary>Fields in all, repeated names counted each.</summary>
    public int Count => _fields.Count;

    /// <summary>The first value of a name, or null. Setting replaces all of that name in the first one's place; null removes them.</summary>
    /// <exception cref="ArgumentException">The name or value cannot stand in a header.</exception>
    public string? this[string name]
    {
        get
        {
            int index = IndexOf(name);
            return index < 0 ? null : _fields[index].Value;
        }

        set
        {
            int index = IndexOf(name);
            if (value is null || index >= 0) _fields.RemoveAll(field => Same(field.Key, name));
            if (value is null) return;
            Check(name, value);
            _fields.Insert(index < 0 ? _fields.Count : index, new(name, value));
        }
    }

    /// <summary>
    /// Bytes of the body: 0 when the field is absent, <see cref="int.MaxValue"/> when it is that or more, -1 when it is
    /// no decimal number or two fields contradict each other.
    /// </summary>
    public int ContentLength
    {
        get
        {
            int? length = null;
            foreach ((string name, string value) in _fields)
            {
                if (!Same(name, "Content-Length")) continue;
                int one = ParseLength(value);
                if (one < 0 || length is int other && other != one) return -1;
                length = one;
            }

            return length ?? 0;
        }
    }

    /// <summary>Adds a field at the end.</summary>
    /// <exception cref="ArgumentException">The name or value cannot stand in a header.</exception>
    public void Add(string name, string value)
    {
        Check(name, value);
        _fields.Add(new(name, value));
    }

    /// <summary>Every value of a name, in order.</summary>
    public IEnumerable<string> All(string name) => _fields.Where(field => Same(field.Key, name)).Select(field => field.Value);

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, string>> GetEnumerator() => _fields.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Whether a text can be a field's name: visible characters but the colon.</summary>
    internal static bool IsName(ReadOnlySpan<char> name) => !name.IsEmpty && !name.ContainsAnyExceptInRange('!', '~') && !name.Contains(':');

    private static bool Same(string a, string b) => a.Equals(b, StringComparison.OrdinalIgnoreCase);

    private static int ParseLength(string value)
    {
        ReadOnlySpan<char> digits = value.AsSpan().Trim();
        if (digits.IsEmpty || digits.ContainsAnyExceptInRange('0', '9')) return -1;
        return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int length) ? length : int.MaxValue;
    }

    // A line break in a value (a file's title, a user's name) would let it write headers of its own.
    private static void Check(string name, string value)
    {
        if (!IsName(name)) throw new ArgumentException($"'{name}' cannot be the name of a header.", nameof(name));
        foreach (char c in value)
        {
            if (c is < ' ' and not '\t' or '\x7F') throw new ArgumentException($"The value of {name} has a control character.", nameof(value));
        }
    }

    private int IndexOf(string name) => _fields.FindIndex(field => Same(field.Key, name));
}
