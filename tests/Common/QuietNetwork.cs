using System.Runtime.CompilerServices;

namespace Raop.Tests;

/// <summary>What tests announce and look for stays on the machine; those that make networks of their own say so to what they start there.</summary>
internal static class QuietNetwork
{
#pragma warning disable CA2255 // a test program is no library
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void StayOnLoopback()
    {
        if (Environment.GetEnvironmentVariable("RAOP_INTERFACES") is null) Environment.SetEnvironmentVariable("RAOP_INTERFACES", "lo");
    }
}
