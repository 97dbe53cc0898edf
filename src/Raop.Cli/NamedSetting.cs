using System.CommandLine;

namespace Raop.Cli;

/// <summary>A setting of one speaker, or of all: <c>Kitchen=40%</c> or <c>40%</c>.</summary>
/// <param name="Name">Any part of the speaker's name that no other has; null for all.</param>
/// <param name="Value">The value.</param>
/// <param name="Text">As the user wrote it.</param>
internal readonly record struct NamedSetting<T>(string? Name, T Value, string Text);

/// <summary>Reads settings from the command line.</summary>
internal static class NamedSetting
{
    /// <summary>An option that may be given for each speaker.</summary>
    public static Option<NamedSetting<T>[]> Option<T>(string name, string helpName, string description, Parsed.TryParse<T> tryParse) => new(name)
    {
        HelpName = helpName, Description = description, Arity = ArgumentArity.OneOrMore,
        DefaultValueFactory = static _ => [],
        CustomParser = result =>
        {
            var all = new List<NamedSetting<T>>();
            foreach (string text in result.Tokens.Select(static token => token.Value))
            {
                int end = text.LastIndexOf('='); // a value has none, a name may
                string? speaker = end < 0 ? null : text[..end].Trim();
                if (speaker is { Length: 0 }) result.AddError($"{name}: '{text}' lacks the speaker's name before '='.");
                else if (!tryParse(text[(end + 1)..], out T value, out string? problem)) result.AddError(problem);
                else if (speaker is null && all.Exists(static other => other.Name is null)) result.AddError($"{name} is given twice for all speakers.");
                else all.Add(new NamedSetting<T>(speaker, value, text));
            }

            return [.. all];
        },
    };
}
