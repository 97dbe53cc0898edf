using System.Net;

namespace Raop.Discovery;

/// <summary>A service to publish.</summary>
/// <param name="Name">What people see; cut to what a label holds. When another has it, it becomes "Name (2)".</param>
/// <param name="Type">"_raop._tcp".</param>
/// <param name="Port">Where it listens.</param>
/// <param name="Txt">Strings "key=value" of at most 255 bytes.</param>
/// <param name="Prefix">Stands before the name in the instance, "0123456789AB@"; others whose name is the same after theirs are avoided.</param>
/// <param name="Address">The only address that it listens on, or null for every one.</param>
internal sealed record ServiceInstance(
    string Name, string Type, int Port, IReadOnlyList<string> Txt, string? Prefix = null, IPAddress? Address = null);

/// <summary>A service that is published. Disposing takes it back.</summary>
internal interface IMdnsRegistration : IAsyncDisposable
{
    /// <summary>The name that it has got, without the prefix, when it has been found free and been announced; cancelled by disposing.</summary>
    Task<string> Established { get; }

    /// <summary>Announces another TXT record.</summary>
    void Update(IReadOnlyList<string> txt);
}
