using System.Text;
using Raop.Tests.Security;

namespace Raop.Tests.Rtsp;

/// <summary>A published conversation: messages in order, each as its bytes.</summary>
internal static class Exchange
{
    /// <summary>Reads a text of testdata/vectors, whose README tells the form.</summary>
    public static List<(bool FromSender, byte[] Bytes)> Load(string file)
    {
        var messages = new List<(bool, byte[])>();
        foreach (string part in Encoding.UTF8.GetString(Vectors.Bytes(file)).Split("--- ", StringSplitOptions.RemoveEmptyEntries))
        {
            int end = part.IndexOf('\n', StringComparison.Ordinal);
            string text = part[(end + 1)..].Replace("\n", "\r\n", StringComparison.Ordinal);
            messages.Add((part[..end] == "sender", Encoding.UTF8.GetBytes(text)));
        }

        return messages;
    }

    /// <summary>All bytes of one side.</summary>
    public static byte[] Side(string file, bool sender) => Load(file).Where(m => m.FromSender == sender).SelectMany(m => m.Bytes).ToArray();
}
