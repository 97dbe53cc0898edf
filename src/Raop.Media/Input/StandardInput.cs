using System.IO.Pipelines;

namespace Raop.Media.Input;

/// <summary>Standard input as a stream whose reads can be cancelled: a thread of its own waits for the real one, which cannot be.</summary>
internal static class StandardInput
{
    public static Stream Open()
    {
        var pipe = new Pipe();
        new Thread(() => Copy(Console.OpenStandardInput(), pipe.Writer)) { IsBackground = true, Name = "standard input" }.Start();
        return pipe.Reader.AsStream();
    }

    private static void Copy(Stream input, PipeWriter output)
    {
        try
        {
            using Stream stream = output.AsStream(leaveOpen: true);
            input.CopyTo(stream);
            output.Complete();
        }
        catch (IOException e)
        {
            output.Complete(e);
        }
    }
}
