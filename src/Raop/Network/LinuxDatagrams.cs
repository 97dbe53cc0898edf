using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Raop.Network;

/// <summary>
/// Linux's own calls for datagrams. The Socket class does the same by sendmsg and recvmsg, and has no way to take what is there without waiting but to
/// ask first: one system call more for each datagram; nor to say when a datagram came. Where it is not Linux, nothing needs this.
/// </summary>
internal static unsafe partial class LinuxDatagrams
{
    public const int DontWait = 0x40; // MSG_DONTWAIT
    public const int TryAgain = 11; // EAGAIN of Linux, on all of its processors that .NET has

    private const nuint GetStamp = 0x8907; // SIOCGSTAMPNS

    public static bool IsSupported { get; } = OperatingSystem.IsLinux();

    /// <summary>Sends a datagram, or loses it: does not wait for room in the socket's buffer.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="datagram">The bytes.</param>
    /// <param name="to">The address as the system has it.</param>
    /// <returns>0, or the system's number of the error; <see cref="TryAgain"/> when there was no room.</returns>
    /// <exception cref="ObjectDisposedException">The socket is closed.</exception>
    public static int Send(SafeSocketHandle socket, ReadOnlySpan<byte> datagram, ReadOnlySpan<byte> to)
    {
        fixed (byte* data = datagram, address = to)
            return SendTo(socket, data, (nuint)datagram.Length, DontWait, address, (uint)to.Length) < 0 ? Marshal.GetLastPInvokeError() : 0;
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

    /// <summary>When the datagram that was taken last came, ns since 1970, or 0 where that is not known. The first call has the kernel note it.</summary>
    /// <remarks>The kernel writes a struct timespec, of 16 bytes where pointers have 8.</remarks>
    /// <exception cref="ObjectDisposedException">The socket is closed.</exception>
    public static long Came(SafeSocketHandle socket)
    {
        long* came = stackalloc long[2]; // s, ns
        return sizeof(nint) == 8 && Control(socket, GetStamp, came) == 0 ? (came[0] * 1_000_000_000) + came[1] : 0;
    }

    [LibraryImport("libc", EntryPoint = "ioctl")]
    private static partial int Control(SafeSocketHandle socket, nuint request, long* argument);

    [LibraryImport("libc", EntryPoint = "sendto", SetLastError = true)]
    private static partial nint SendTo(SafeSocketHandle socket, byte* data, nuint length, int flags, byte* to, uint toLength);

    [LibraryImport("libc", EntryPoint = "recvfrom")]
    private static partial nint ReceiveFrom(SafeSocketHandle socket, byte* data, nuint length, int flags, byte* from, uint* fromLength);
}
