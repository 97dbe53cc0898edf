using System.CommandLine.Parsing;
using System.Diagnostics.CodeAnalysis;

namespace Raop.Cli;

/// <summary>Connects our parsers of texts with the command line's.</summary>
internal static class Parsed
{
    public delegate bool TryParse<T>(string text, out T value, [NotNullWhen(false)] out string? problem);

    /// <summary>The value of an option's one token, or an error.</summary>
    public static T? Value<T>(ArgumentResult result, TryParse<T> tryParse)
    {
        if (tryParse(result.Tokens[0].Value, out T value, out string? problem)) return value;
        result.AddError(problem);
        return default;
    }
}
