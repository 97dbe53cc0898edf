using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Raop.Network;

/// <summary>
/// One datagram to many addresses by sendmmsg. A system call for each costs an eighth of what the kernel takes for the datagram itself, and .NET has no
/// way to share it. <see cref="LinuxDatagrams.Send"/> does the same one by one: what a message does that sendmmsg refuses, and what tests compare this with.
/// </summary>
/// <remarks>
/// <para>
/// Layout: struct mmsghdr, msghdr and iovec of Linux and glibc, where each field has its natural alignment, 64 and 16 bytes where pointers have 8.
/// musl declares msg_iovlen and msg_controllen as int beside an int of padding; a whole word of 1 or 0 reads the same there, on big endian too.
/// </para>
/// <para>
/// Bounds: all that is pointed to is in pinned arrays of this object or, during the call, the caller's datagram, which <c>fixed</c> holds. Message i, below
/// <see cref="Most"/>, names slot i of <see cref="_names"/>, of <see cref="NameSize"/> bytes, and never says more than these; the one iovec says the span's own length.
/// The kernel gets <c>count - i</c> messages from message i on and writes only their msg_len.
/// </para>
/// </remarks>
internal sealed unsafe partial class LinuxBatch
{
    /// <summary>Addresses that one call may have.</summary>
    public const int Most = 64;

    private const int NameSize = 28; // sockaddr_in6
    private const int NotPermitted = 1, NoSuchCall = 38; // EPERM, ENOSYS
    private const int Forbids = 8; // refusals in a row of what sendto may do: a firewall's rule with a limit may let that through now and then

    private readonly Message[] _messages = GC.AllocateArray<Message>(Most, pinned: true);
    private readonly Part[] _part = GC.AllocateArray<Part>(1, pinned: true);
    private readonly byte[] _names = GC.AllocateArray<byte>(Most * NameSize, pinned: true);
    private readonly SendMany _sendMany;
    private bool _refused; // a sandbox forbids the call, or the kernel has none
    private int _refusals; // in a row

    /// <param name="sendMany">Instead of the kernel's call, for tests.</param>
    public LinuxBatch(SendMany? sendMany = null)
    {
        _sendMany = sendMany ?? Kernel;
        for (int i = 0; i < Most; i++)
        {
            _messages[i].Header.Name = (byte*)Unsafe.AsPointer(ref _names[i * NameSize]); // pinned for good, as the others are
            _messages[i].Header.Parts = (Part*)Unsafe.AsPointer(ref _part[0]);
            _messages[i].Header.PartCount = 1;
        }
    }

    /// <summary>sendmmsg. An error is the thread's last one of platform calls.</summary>
    public delegate int SendMany(SafeSocketHandle socket, Message* messages, uint count, int flags);

    public static bool IsSupported { get; } = LinuxDatagrams.IsSupported && sizeof(nint) == 8;

    /// <summary>Sets where message <paramref name="index"/> goes, below <see cref="Most"/>.</summary>
    public void Address(int index, SocketAddress to)
    {
        ReadOnlySpan<byte> name = to.Buffer.Span[..Math.Min(to.Size, NameSize)];
        name.CopyTo(_names.AsSpan(index * NameSize, NameSize));
        _messages[index].Header.NameLength = (uint)name.Length;
    }

    /// <summary>Sends a datagram to the first addresses that were set. An address whose message fails loses it, and none of the others does.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="datagram">The bytes.</param>
    /// <param name="count">How many addresses, up to <see cref="Most"/>.</param>
    /// <returns>How many have been dealt with: fewer than <paramref name="count"/> when there was no room in the socket's buffer for the next.</returns>
    /// <exception cref="ObjectDisposedException">The socket is closed.</exception>
    public int Send(SafeSocketHandle socket, ReadOnlySpan<byte> datagram, int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Most);
        int done = 0;
        fixed (byte* bytes = datagram)
        fixed (Message* messages = _messages)
        {
            _part[0] = new Part { Bytes = bytes, Length = (nuint)datagram.Length };
            while (done < count)
            {
                int error = 0, sent = _refused ? 0 : _sendMany(socket, messages + done, (uint)(count - done), LinuxDatagrams.DontWait);
                if (sent > 0)
                {
                    done += Math.Min(sent, count - done); // an error of the one after these is told by the next call
                    _refusals = 0;
                    continue;
                }

                if (!_refused) error = Marshal.GetLastPInvokeError();
                if (error is 0 or NotPermitted or NoSuchCall) // a firewall does not permit either: then sendto says the same
                {
                    int alone = LinuxDatagrams.Send(socket, datagram, _names.AsSpan(done * NameSize, (int)_messages[done].Header.NameLength));
                    if (error == NotPermitted) _refusals = alone == 0 ? _refusals + 1 : 0;
                    _refused |= error == NoSuchCall || _refusals == Forbids;
                    error = alone;
                }

                if (error == LinuxDatagrams.TryAgain) break;
                done++;
            }

            _part[0] = default;
        }

        return done;
    }

    private static int Kernel(SafeSocketHandle socket, Message* messages, uint count, int flags) => SendMmsg(socket, messages, count, flags);

    [LibraryImport("libc", EntryPoint = "sendmmsg", SetLastError = true)]
    private static partial int SendMmsg(SafeSocketHandle socket, Message* messages, uint count, int flags);

    [StructLayout(LayoutKind.Sequential)]
    internal struct Message // mmsghdr
    {
        public Header Header;
        public uint Sent;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct Header // msghdr: padded to whole words by itself
    {
        public byte* Name;
        public uint NameLength;
        public Part* Parts;
        public nuint PartCount;
        public void* Control;
        public nuint ControlLength;
        public int Flags;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct Part // iovec
    {
        public byte* Bytes;
        public nuint Length;
    }
}
