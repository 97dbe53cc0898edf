using System.Security.Cryptography;
using System.Text;

namespace Raop.Receiving;

/// <summary>Six bytes that a receiver is known by.</summary>
internal static class DeviceAddress
{
    private static readonly string[] MachineIds = ["/etc/machine-id", "/var/lib/dbus/machine-id"]; // Linux, BSD

    /// <summary>The same each time for this name and port on this machine, another one elsewhere: locally administered, from a hash.</summary>
    public static byte[] Of(string name, int port)
    {
        byte[] address = SHA256.HashData(Encoding.UTF8.GetBytes($"{MachineId()}\n{Environment.MachineName}\n{port}\n{name}"))[..6];
        address[0] = (byte)((address[0] & 0xFC) | 2);
        return address;
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
