using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Raop.Media.Output;

/// <summary>
/// A file, device node, pipe or standard output that bytes go to. Nothing is buffered here: what <see cref="Append"/> took is
/// with the operating system, readers see it and a full disk shows at once. Errors become <see cref="RaopException"/>.
/// </summary>
internal sealed partial class OutputFile : IDisposable
{
    private const int StandardOutputDescriptor = 1, Interrupted = 4, BrokenPipe = 32;
    private static readonly int _tryAgain = OperatingSystem.IsLinux() ? 11 : 35;

    private readonly SafeFileHandle? _handle; // what can seek; else one of the two below
    private readonly Stream? _stream;         // a named pipe, or the console where there are no descriptors
    private readonly int _descriptor = -1;

    private OutputFile(string name, SafeFileHandle handle)
    {
        Name = name;
        if (CanSeek(handle)) _handle = handle;
        else _stream = new FileStream(handle, FileAccess.Write, bufferSize: 0);
    }

    private OutputFile(string name, int descriptor)
    {
        Name = name;
        if (OperatingSystem.IsWindows()) _stream = Console.OpenStandardOutput();
        else _descriptor = descriptor;
    }

    /// <summary>The path, for messages.</summary>
    public string Name { get; }

    /// <summary>Bytes taken by <see cref="Append"/>.</summary>
    public long Length { get; private set; }

    /// <summary>Whether the file holds something from before: nothing was written to it yet.</summary>
    public bool IsAsFound => _handle is not null && Length == 0 && RandomAccess.GetLength(_handle) > 0;

    /// <summary>Creates the file, or opens it as it is: what it holds stays until <see cref="Clear"/>.</summary>
    /// <exception cref="RaopException">No such directory, no access, or a directory stands there.</exception>
    public static OutputFile Create(string path)
    {
        try
        {
            return new OutputFile(path, File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read));
        }
        catch (DirectoryNotFoundException e)
        {
            string? directory = Path.GetDirectoryName(path);
            throw new RaopException(RaopError.FileNotFound, $"Cannot create {path}: there is no directory {directory}.", $"Create it with: mkdir -p {directory}", e);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or FileNotFoundException)
        {
            string cause = Directory.Exists(path) ? "it is a directory" : "no permission to write there";
            throw new RaopException(RaopError.FileNotFound, $"Cannot create {path}: {cause}.", "Name a file in a directory that you may write to.", e);
        }
        catch (Exception e) when (e is IOException or NotSupportedException or ArgumentException)
        {
            throw new RaopException(RaopError.OutputFailed, $"Cannot create {path}: {e.Message}", "Name a file in a directory that you may write to.", e);
        }
    }

    /// <summary>Opens standard output.</summary>
    /// <exception cref="RaopException">It is a terminal.</exception>
    public static OutputFile OpenStandardOutput()
    {
        if (!Console.IsOutputRedirected)
            throw new RaopException(RaopError.OutputFailed, "Samples would go to the terminal.", "Pipe them to a program or redirect them to a file.");
        return OpenDescriptor("standard output", StandardOutputDescriptor);
    }

    /// <summary>Writes to a descriptor that somebody else opened and will close.</summary>
    public static OutputFile OpenDescriptor(string name, int descriptor) => new(name, descriptor);

    /// <summary>Empties a file that holds something from before.</summary>
    /// <exception cref="RaopException">It cannot be emptied.</exception>
    public void Clear()
    {
        if (!IsAsFound) return;
        try
        {
            RandomAccess.SetLength(_handle!, 0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failed(e);
        }
    }

    /// <summary>Writes at the end.</summary>
    /// <exception cref="RaopException">The disk is full, or who read the pipe is gone.</exception>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        Write(bytes, Length);
        Length += bytes.Length;
    }

    /// <summary>Overwrites bytes; pays only on a file that <see cref="KeepsBytes"/>.</summary>
    public void Patch(ReadOnlySpan<byte> bytes, long offset) => Write(bytes, offset);

    /// <summary>Whether the target holds what was written, so that it can be patched: a file, not a pipe or device node.</summary>
    public bool KeepsBytes() => _handle is not null && Length > 0 && RandomAccess.GetLength(_handle) == Length;

    public void Dispose()
    {
        _handle?.Dispose();
        _stream?.Dispose();
    }

    private void Write(ReadOnlySpan<byte> bytes, long offset)
    {
        try
        {
            if (_handle is not null) RandomAccess.Write(_handle, bytes, offset);
            else if (_stream is not null) _stream.Write(bytes);
            else WriteAll(_descriptor, bytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw e.HResult == BrokenPipe
                ? new RaopException(RaopError.OutputFailed, $"The program that read from {Name} has ended.", "Keep the reading program running.", e)
                : Failed(e);
        }
    }

    /// <summary>The system's messages end with the path, which is named once already.</summary>
    private RaopException Failed(Exception e)
    {
        string cause = e.Message;
        int path = cause.LastIndexOf(" : '", StringComparison.Ordinal);
        if (path > 0) cause = cause[..path];
        return new RaopException(RaopError.OutputFailed, $"Writing to {Name} failed: {cause.TrimEnd('.')}.", "Make room there, or choose another place.", e);
    }

    private static bool CanSeek(SafeFileHandle handle)
    {
        try
        {
            return RandomAccess.GetLength(handle) >= 0;
        }
        catch (NotSupportedException)
        {
            return false;
        }
    }

    // Not a FileStream: on a redirected file that would leave the shared file position where it was.
    // Not Console.OpenStandardOutput: on Unix that keeps silent about a broken pipe.
    private static void WriteAll(int descriptor, ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            nint written = WriteDescriptor(descriptor, bytes, bytes.Length);
            if (written > 0)
            {
                bytes = bytes[(int)written..];
                continue;
            }

            int error = Marshal.GetLastPInvokeError();
            if (error == Interrupted) continue;
            if (error == _tryAgain && WaitWritable(descriptor)) continue;
            throw new IOException(Marshal.GetPInvokeErrorMessage(error), error);
        }
    }

    // Somebody else made the pipe non-blocking: wait until it takes more.
    private static unsafe bool WaitWritable(int descriptor)
    {
        const short pollOut = 4;
        PollDescriptor one = new() { Descriptor = descriptor, Events = pollOut };
        return Poll(&one, 1, -1) >= 0 || Marshal.GetLastPInvokeError() == Interrupted;
    }

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint WriteDescriptor(int descriptor, ReadOnlySpan<byte> bytes, nint count);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static unsafe partial int Poll(PollDescriptor* descriptors, nuint count, int timeoutMilliseconds);

    private struct PollDescriptor
    {
        public int Descriptor;
        public short Events;
        public short Happened;
    }
}
