using System.Buffers.Binary;
using System.Text;

namespace Raop.Receiving;

/// <summary>Six bytes that a receiver is known by.</summary>
internal static class DeviceAddress
{
    private static readonly string[] MachineIds = ["/etc/machine-id", "/var/lib/dbus/machine-id"]; // Linux, BSD

    /// <summary>The same each time for this name and port on this machine, another one elsewhere: locally administered, from a hash.</summary>
    public static byte[] Of(string name, int port)
    {
        Span<byte> hash = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(hash, Hash(Encoding.UTF8.GetBytes($"{MachineId()}\n{Environment.MachineName}\n{port}\n{name}")));
        byte[] address = hash[..6].ToArray();
        address[0] = (byte)((address[0] & 0xFC) | 2);
        return address;
    }

    /// <summary>
    /// FNV-1a, then the finalizer of MurmurHash3. 48 bits of it give no machine id of 128 away, and a digest of the platform would load OpenSSL:
    /// half of a receiver's memory before anybody plays.
    /// </summary>
    private static ulong Hash(ReadOnlySpan<byte> bytes)
    {
        ulong hash = 0xCBF29CE484222325;
        foreach (byte b in bytes) hash = (hash ^ b) * 0x100000001B3;
        hash = (hash ^ (hash >> 33)) * 0xFF51AFD7ED558CCD;
        hash = (hash ^ (hash >> 33)) * 0xC4CEB9FE1A85EC53;
        return hash ^ (hash >> 33);
    }

    private static string MachineId()
    {
        foreach (string file in MachineIds)
        {
            try
            {
                return File.ReadAllText(file).Trim();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // another place, or none
            }
        }

        return "";
    }
}
