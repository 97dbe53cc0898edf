using System.Diagnostics.CodeAnalysis;

namespace Raop.Media.Output;

/// <summary>Where sound goes, as a user writes it.</summary>
internal enum OutputKind
{
    /// <summary>A sound device if there is one.</summary>
    Auto,

    /// <summary>A sound device, the default one or by name.</summary>
    Device,

    /// <summary>A WAV file.</summary>
    Wav,

    /// <summary>A file of bare samples.</summary>
    Raw,

    /// <summary>Bare samples to standard output.</summary>
    StandardOutput,

    /// <summary>Nowhere.</summary>
    Null,
}

/// <summary>An output's kind and its name or path; null where the text had none.</summary>
internal readonly record struct OutputChoice(OutputKind Kind, string? Name)
{
    public const string Forms = "auto, device, device:NAME, wav:PATH, raw:PATH, - (standard output) or null";

    public static bool TryParse(string? text, out OutputChoice choice, [NotNullWhen(false)] out string? problem)
    {
        choice = default;
        problem = null;
        int colon = text?.IndexOf(':', StringComparison.Ordinal) ?? -1;
        string? rest = colon < 0 ? null : text![(colon + 1)..];
        switch (colon < 0 ? text : text![..colon])
        {
            case "auto" when rest is null: choice = new(OutputKind.Auto, null); return true;
            case "null" when rest is null: choice = new(OutputKind.Null, null); return true;
            case "-" when rest is null: choice = new(OutputKind.StandardOutput, null); return true;
            case "device" when rest is null or { Length: > 0 }: choice = new(OutputKind.Device, rest); return true;
            case "wav" when rest is { Length: > 0 }: choice = new(OutputKind.Wav, rest); return true;
            case "raw" when rest is { Length: > 0 }: choice = new(OutputKind.Raw, rest); return true;
            case "wav" or "raw": problem = $"'{text}' names no file: write {text!.TrimEnd(':')}:PATH."; return false;
            case "device": problem = "'device:' names no device: write device:NAME, or device for the default one."; return false;
        }

        problem = string.IsNullOrEmpty(text) ? $"The output is empty: expected {Forms}."
            : text.EndsWith(".wav", StringComparison.OrdinalIgnoreCase) ? $"'{text}' is not an output; for a WAV file write wav:{text}."
            : $"'{text}' is not an output: expected {Forms}.";
        return false;
    }
}
