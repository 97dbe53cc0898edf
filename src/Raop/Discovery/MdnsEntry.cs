using System.Globalization;
using System.Net;
using System.Text;
using Raop.Network;

namespace Raop.Discovery;

/// <summary>A name that is ours alone on every link, and what is said of it.</summary>
internal abstract class MdnsEntry
{
    protected const uint HostTtl = 120, OtherTtl = 4500; // RFC 6762 section 10

    /// <summary>Which of the names it would take it has: 1 is the one that was asked for.</summary>
    private int _number = 1;

    public abstract DnsName Name { get; }

    /// <summary>Conflicts of late: when they began and how many (RFC 6762 section 8.1).</summary>
    public (long Since, int Count) Conflicts { get; set; }

    protected int Number => _number;

    /// <summary>What is said of the name on a link. Shared ones others may say as well, of the same name.</summary>
    public abstract IEnumerable<(DnsRecord Record, bool IsShared)> RecordsOn(MulticastLink link);

    /// <summary>Whether it is published on a link at all.</summary>
    public virtual bool IsOn(MulticastLink link) => true;

    /// <summary>Whether a record of this name that somebody else sent denies what we say.</summary>
    public abstract bool IsDeniedBy(DnsRecord record, IReadOnlyList<MulticastLink> links);

    /// <summary>Somebody else has the name.</summary>
    public void TakeNextName()
    {
        _number++;
        Renamed();
    }

    protected abstract void Renamed();

    /// <summary>The longest beginning of a text that takes so many bytes of UTF-8, whole characters only.</summary>
    internal static string Cut(string text, int bytes)
    {
        int used = 0, length = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (used + rune.Utf8SequenceLength > bytes) break;
            used += rune.Utf8SequenceLength;
            length += rune.Utf16SequenceLength;
        }

        return text[..length];
    }

    protected static DnsRecord Nsec(DnsName name, params IEnumerable<DnsType> types) =>
        new(name, DnsType.Nsec, HostTtl, new DnsNsec(name, [.. types.Order()]), IsUnique: true);
}

/// <summary>Our host: "kitchen.local", then "kitchen-2.local".</summary>
/// <param name="label">What the system calls it.</param>
/// <param name="only">The only address that is said, or null for all of the link.</param>
internal sealed class MdnsHost(string label, IPAddress? only) : MdnsEntry
{
    private const int MaxAddresses = 16;

    private DnsName _name = NameOf(label, 1);

    public override DnsName Name => _name;

    public IPAddress? Only => only;

    /// <summary>Services whose SRV leads here.</summary>
    public int Users { get; set; }

    public override bool IsOn(MulticastLink link) => link.Addresses.Any(IsSaid);

    public override IEnumerable<(DnsRecord Record, bool IsShared)> RecordsOn(MulticastLink link)
    {
        DnsAddress[] addresses = [.. link.Addresses.Where(IsSaid).Select(address => new DnsAddress(address.Address)).OrderBy(address => address.Type).Take(MaxAddresses)];
        foreach (DnsAddress address in addresses) yield return (new DnsRecord(_name, address.Type, HostTtl, address, IsUnique: true), false);
        yield return (Nsec(_name, addresses.Select(address => address.Type).Distinct()), false);
    }

    /// <summary>Another program of this host may say the same addresses, Avahi for one, on this link or another.</summary>
    public override bool IsDeniedBy(DnsRecord record, IReadOnlyList<MulticastLink> links) =>
        record.Data is DnsAddress said && !links.Any(link => link.Addresses.Any(own => own.Address.Equals(said.Address)));

    protected override void Renamed() => _name = NameOf(label, Number);

    private static DnsName NameOf(string label, int number)
    {
        string suffix = number == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $"-{number}");
        return DnsName.Parse("local").Prepend(Cut(label, DnsName.MaxLabel - suffix.Length) + suffix);
    }

    private bool IsSaid(LinkAddress address) => only is null || address.Address.Equals(only);
}

/// <summary>A service: "0123456789AB@Kitchen._raop._tcp.local", then "0123456789AB@Kitchen (2)…".</summary>
internal sealed class MdnsPublished : MdnsEntry
{
    private static readonly DnsName Enumeration = DnsName.Parse("_services._dns-sd._udp.local");

    private readonly ServiceInstance _service;
    private byte[] _txt;
    private DnsName _name = DnsName.Root;

    public MdnsPublished(ServiceInstance service, MdnsHost host)
    {
        (_service, Host, Type) = (service, host, DnsName.Parse(service.Type + ".local"));
        _txt = DnsTxt.Write(service.Txt);
        Renamed();
    }

    public MdnsHost Host { get; }

    public DnsName Type { get; }

    public override DnsName Name => _name;

    /// <summary>What people see, without the prefix.</summary>
    public string VisibleName { get; private set; } = "";

    /// <summary>Whether others with the same visible name and another prefix are asked for.</summary>
    public bool HasPrefix => !string.IsNullOrEmpty(_service.Prefix);

    /// <summary>Told the name when it has been found free and announced.</summary>
    public required Action<string> Established { get; init; }

    /// <summary>The name last told.</summary>
    public string? Told { get; set; }

    public void SetTxt(byte[] txt) => _txt = txt;

    public override bool IsOn(MulticastLink link) => Host.IsOn(link);

    public override IEnumerable<(DnsRecord Record, bool IsShared)> RecordsOn(MulticastLink link) =>
    [
        (new DnsRecord(Type, DnsType.Ptr, OtherTtl, new DnsPointer(_name)), true),
        (new DnsRecord(_name, DnsType.Srv, HostTtl, new DnsService(Host.Name, _service.Port), IsUnique: true), false),
        (new DnsRecord(_name, DnsType.Txt, OtherTtl, new DnsText(_txt), IsUnique: true), false),
        (Nsec(_name, DnsType.Txt, DnsType.Srv), false),
        (new DnsRecord(Enumeration, DnsType.Ptr, OtherTtl, new DnsPointer(Type)), true),
    ];

    public override bool IsDeniedBy(DnsRecord record, IReadOnlyList<MulticastLink> links) => record.Data switch
    {
        DnsService said => said != new DnsService(Host.Name, _service.Port),
        DnsText said => !said.Strings.Span.SequenceEqual(_txt),
        _ => false,
    };

    /// <summary>Whether an instance is of our type and shows our name, but is another one.</summary>
    public bool LooksLike(DnsName instance)
    {
        if (!HasPrefix || instance == _name || instance.IsRoot || instance.Parent != Type) return false;
        string label = instance.FirstLabel;
        return label[(label.IndexOf('@', StringComparison.Ordinal) + 1)..].Equals(VisibleName, StringComparison.OrdinalIgnoreCase);
    }

    protected override void Renamed()
    {
        string prefix = _service.Prefix ?? "", suffix = Number == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $" ({Number})");
        VisibleName = Cut(_service.Name, DnsName.MaxLabel - Encoding.UTF8.GetByteCount(prefix) - suffix.Length).TrimEnd() + suffix;
        _name = Type.Prepend(prefix + VisibleName);
    }
}
