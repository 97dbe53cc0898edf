using System.Diagnostics.CodeAnalysis;

namespace Raop.Cli;

/// <summary>Which part of the music a speaker plays: <c>left</c>, <c>right</c>, <c>mono</c>, <c>stereo</c>.</summary>
internal static class ChannelText
{
    public static bool TryParse(string text, out RaopChannel channel, [NotNullWhen(false)] out string? problem)
    {
        RaopChannel? found = text.Trim().ToLowerInvariant() switch
        {
            "left" => RaopChannel.Left,
            "right" => RaopChannel.Right,
            "mono" => RaopChannel.Mono,
            "stereo" => RaopChannel.Stereo,
            _ => null,
        };
        channel = found.GetValueOrDefault();
        problem = found is null ? $"'{text}' is not a channel: write left, right, mono or stereo." : null;
        return problem is null;
    }
}
