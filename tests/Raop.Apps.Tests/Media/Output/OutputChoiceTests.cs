using Raop.Media;
using Raop.Media.Output;

namespace Raop.Apps.Tests.Media.Output;

public sealed class OutputChoiceTests
{
    public static TheoryData<string, int, string?> Good => new()
    {
        { "auto", (int)OutputKind.Auto, null },
        { "device", (int)OutputKind.Device, null },
        { "device:hw:CARD=PCH,DEV=0", (int)OutputKind.Device, "hw:CARD=PCH,DEV=0" },
        { "wav:/tmp/a b.wav", (int)OutputKind.Wav, "/tmp/a b.wav" },
        { "raw:C:\\out.raw", (int)OutputKind.Raw, "C:\\out.raw" },
        { "-", (int)OutputKind.StandardOutput, null },
        { "null", (int)OutputKind.Null, null },
    };

    [Theory, MemberData(nameof(Good))]
    public void Reads_every_form(string text, int kind, string? name)
    {
        Assert.True(OutputChoice.TryParse(text, out OutputChoice choice, out string? problem));
        Assert.Equal(new OutputChoice((OutputKind)kind, name), choice);
        Assert.Null(problem);
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData("Auto", "expected auto")]
    [InlineData("auto:x", "expected auto")]
    [InlineData("null:", "expected auto")]
    [InlineData("-:x", "expected auto")]
    [InlineData("device:", "device:NAME")]
    [InlineData("wav", "wav:PATH")]
    [InlineData("wav:", "wav:PATH")]
    [InlineData("raw:", "raw:PATH")]
    [InlineData("song.wav", "write wav:song.wav")]
    public void Says_what_was_expected(string text, string hint)
    {
        Assert.False(MediaSink.IsOutput(text, out string? problem));
        Assert.Contains(hint, problem, StringComparison.Ordinal);
        FormatException e = Assert.Throws<FormatException>(() => MediaSink.Open(text));
        Assert.Equal(problem, e.Message);
    }
}
