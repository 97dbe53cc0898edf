using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Raop.Cli;

/// <summary>What a running <c>raop receive</c> says first to whoever connects to its control socket.</summary>
internal sealed record ControlGreeting(string Name, string Address, int Port, int Process);

/// <summary>How it answers a line; the last three are of an error.</summary>
internal sealed record ControlReply(bool Done, string? Code = null, string? Message = null, string? Remedy = null);

/// <summary>
/// Where the running receivers of this user can be spoken to: a unix domain socket each, in a folder that is the user's alone. A line of text goes
/// there ("volume 50%"), lines of JSON come back: the greeting, and a reply.
/// </summary>
internal static class ControlSocket
{
    private const int MaxLine = 16 * 1024; // names are long and have escaped letters
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite, PrivateFolder = Private | UnixFileMode.UserExecute;

    /// <summary>The folder: in the user's runtime folder, or in the temporary one.</summary>
    public static string Folder(ToolConsole console)
    {
        if (console.Variable("XDG_RUNTIME_DIR") is { Length: > 0 } runtime && Path.IsPathRooted(runtime)) return Path.Combine(runtime, "raop");
        return OperatingSystem.IsWindows()
            ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), "raop", "run")
            : Path.Combine(Path.GetTempPath(), $"raop-{Environment.UserName}");
    }

    /// <summary>Whether nobody else can put anything there: in the temporary folder somebody may have been quicker.</summary>
    public static bool IsPrivate(string folder) => OperatingSystem.IsWindows() || (File.GetUnixFileMode(folder) & ~PrivateFolder) == UnixFileMode.None;

    /// <summary>Begins to listen on a new socket in the folder, which is made if need be.</summary>
    /// <returns>The socket and its path.</returns>
    public static (Socket Listener, string Path) Listen(string folder)
    {
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(folder);
        else Directory.CreateDirectory(folder, PrivateFolder);
        if (!IsPrivate(folder)) throw new IOException($"others may enter {folder}");
        string path = Path.Combine(folder, $"receive-{Environment.ProcessId}-{Random.Shared.NextInt64(1L << 48):x12}.sock");
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            listener.Bind(new UnixDomainSocketEndPoint(path));
            if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, Private);
            listener.Listen(8);
            return (listener, path);
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }

    /// <summary>The sockets in the folder, running receivers' and dead ones'.</summary>
    public static string[] Paths(string folder)
    {
        try
        {
            return Directory.Exists(folder) && IsPrivate(folder) ? [.. Directory.GetFiles(folder, "receive-*.sock").Order(StringComparer.Ordinal)] : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return []; // the folder is another user's
        }
    }

    /// <summary>Writes a value as a line of JSON.</summary>
    public static ValueTask<int> WriteAsync<T>(Socket socket, T value, JsonTypeInfo<T> type, CancellationToken stop) =>
        WriteAsync(socket, Events.Line(value, type), stop);

    /// <summary>Writes a line.</summary>
    public static ValueTask<int> WriteAsync(Socket socket, string line, CancellationToken stop) =>
        socket.SendAsync(Encoding.UTF8.GetBytes(line + "\n"), SocketFlags.None, stop);

    /// <summary>Reads a line of JSON; null when there is none, or another.</summary>
    public static async ValueTask<T?> ReadAsync<T>(Socket socket, JsonTypeInfo<T> type, CancellationToken stop)
        where T : class
    {
        try
        {
            return await ReadLineAsync(socket, stop) is { } line ? JsonSerializer.Deserialize(line, type) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Reads a line; null when the other side closes before its end, or it is too long.</summary>
    public static async ValueTask<string?> ReadLineAsync(Socket socket, CancellationToken stop)
    {
        byte[] line = new byte[MaxLine];
        for (int length = 0; length < line.Length; length++)
        {
            if (await socket.ReceiveAsync(line.AsMemory(length, 1), SocketFlags.None, stop) == 0) return null;
            if (line[length] == '\n') return Encoding.UTF8.GetString(line, 0, length).TrimEnd('\r');
        }

        return null;
    }
}
