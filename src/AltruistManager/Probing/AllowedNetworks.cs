using System.Net;

namespace AltruistManager.Probing;

/// <summary>The parsed <c>Probing:AllowedPrivateNetworks</c>: where altruists that staff added may live although it is not public.</summary>
public sealed class AllowedNetworks
{
    public static readonly AllowedNetworks None = new([]);

    private readonly IPNetwork[] ranges;

    private AllowedNetworks(IPNetwork[] ranges) => this.ranges = ranges;

    /// <exception cref="FormatException">An item is not a CIDR; names all such items.</exception>
    public static AllowedNetworks Parse(IEnumerable<string> cidrs)
    {
        var (networks, wrong) = Read(cidrs);
        return wrong.Count == 0 ? networks : throw new FormatException($"Not a network in CIDR notation: {string.Join(", ", wrong)}");
    }

    /// <summary>The items that are not CIDRs (<c>10.1.0.0/16</c>, <c>fd00::/8</c>; no bits set behind the prefix).</summary>
    public static IReadOnlyList<string> FindWrong(IEnumerable<string> cidrs) => Read(cidrs).Wrong;

    public bool Contains(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        return Array.Exists(ranges, range => range.Contains(address));
    }

    private static (AllowedNetworks Networks, List<string> Wrong) Read(IEnumerable<string> cidrs)
    {
        var known = new List<IPNetwork>();
        var wrong = new List<string>();
        foreach (var cidr in cidrs)
        {
            // A prefix that swallows set bits is a typing error, whatever the platform's parser makes of it.
            if (IPNetwork.TryParse(cidr, out var range) && IPAddress.TryParse(cidr.AsSpan(0, cidr.IndexOf('/')), out var start) && start.Equals(range.BaseAddress))
                known.Add(range);
            else
                wrong.Add(cidr);
        }

        return (new AllowedNetworks([.. known]), wrong);
    }
}
