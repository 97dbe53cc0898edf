using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Raop.Network;

/// <summary>
/// Linux's own calls for datagrams. The Socket class does the same by sendmsg and recvmsg, and has no way to take what is there without waiting but to
/// ask first: one system call more for each datagram. Where it is not Linux, nothing needs this.
/// </summary>
internal static unsafe partial class LinuxDatagrams
{
    private const int DontWait = 0x40; // MSG_DONTWAIT

    public static bool IsSupported { get; } = OperatingSystem.IsLinux();

    /// <summary>Sends a datagram; whether it left is not told.</summary>
    /// <exception cref="ObjectDisposedException">The socket is closed.</exception>
    public static void Send(SafeSocketHandle socket, ReadOnlySpan<byte> datagram, SocketAddress to)
    {
        fixed (byte* data = datagram, address = to.Buffer.Span) _ = SendTo(socket, data, (nuint)datagram.Length, 0, address, (uint)to.Size);
    }

    /// <summary>Takes a datagram that is there.</summary>
    /// <returns>Its bytes, cut to the buffer; −1 when there is none.</returns>
    /// <exception cref="ObjectDisposedException">The socket is closed.</exception>
    public static int Receive(SafeSocketHandle socket, Span<byte> buffer, SocketAddress from)
    {
        uint size = (uint)from.Size;
        nint length;
        fixed (byte* data = buffer, address = from.Buffer.Span) length = ReceiveFrom(socket, data, (nuint)buffer.Length, DontWait, address, &size);
        from.Size = (int)Math.Min(size, (uint)from.Buffer.Length);
        return (int)length;
    }

    [LibraryImport("libc", EntryPoint = "sendto")]
    private static partial nint SendTo(SafeSocketHandle socket, byte* data, nuint length, int flags, byte* to, uint toLength);

    [LibraryImport("libc", EntryPoint = "recvfrom")]
    private static partial nint ReceiveFrom(SafeSocketHandle socket, byte* data, nuint length, int flags, byte* from, uint* fromLength);
}
