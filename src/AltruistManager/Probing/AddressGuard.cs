using System.Net;
using System.Net.Sockets;

namespace AltruistManager.Probing;

/// <summary>Tells addresses of the public Internet from those that lead into somebody's inside (ASVS 1.3.6). Pure; used at registration and at connect.</summary>
public static class AddressGuard
{
    /// <summary>The ranges of the IANA special-purpose registries, those for everybody too because nobody's node lives there, and what passes for public but is a cloud's inside.</summary>
    private static readonly IPNetwork[] Refused4 =
    [
        IPNetwork.Parse("0.0.0.0/8"), // this host, this network
        IPNetwork.Parse("10.0.0.0/8"), // private
        IPNetwork.Parse("100.64.0.0/10"), // carrier-grade NAT; metadata of one cloud
        IPNetwork.Parse("127.0.0.0/8"), // loopback
        IPNetwork.Parse("168.63.129.16/32"), // metadata of one cloud, in its public space
        IPNetwork.Parse("169.254.0.0/16"), // link-local; metadata of most clouds
        IPNetwork.Parse("172.16.0.0/12"), // private
        IPNetwork.Parse("192.0.0.0/24"), // protocol assignments; metadata of one cloud
        IPNetwork.Parse("192.0.2.0/24"), // documentation
        IPNetwork.Parse("192.31.196.0/24"), // AS112: answered by the nearest, whoever that is
        IPNetwork.Parse("192.52.193.0/24"), // AMT: the same
        IPNetwork.Parse("192.88.99.0/24"), // 6to4 relays, deprecated
        IPNetwork.Parse("192.168.0.0/16"), // private
        IPNetwork.Parse("192.175.48.0/24"), // AS112
        IPNetwork.Parse("198.18.0.0/15"), // benchmarking
        IPNetwork.Parse("198.51.100.0/24"), // documentation
        IPNetwork.Parse("203.0.113.0/24"), // documentation
        IPNetwork.Parse("224.0.0.0/4"), // multicast
        IPNetwork.Parse("240.0.0.0/4"), // reserved, broadcast
    ];

    /// <summary>All of today's global unicast; whatever lies outside is not public.</summary>
    private static readonly IPNetwork Global6 = IPNetwork.Parse("2000::/3");

    private static readonly IPNetwork[] Refused6 =
    [
        IPNetwork.Parse("2001::/23"), // protocol assignments: benchmarking, ORCHID, …; Teredo is unwrapped before
        IPNetwork.Parse("2001:db8::/32"), // documentation
        IPNetwork.Parse("2620:4f:8000::/48"), // AS112
        IPNetwork.Parse("3fff::/20"), // documentation
    ];

    private static readonly IPNetwork Nat64 = IPNetwork.Parse("64:ff9b::/96");
    private static readonly IPNetwork SixToFour = IPNetwork.Parse("2002::/16");
    private static readonly IPNetwork Teredo = IPNetwork.Parse("2001::/32");

    /// <summary>True when the address, and every IPv4 address wrapped in it, is one of the public Internet.</summary>
    public static bool IsPublic(IPAddress address)
    {
        if (address.AddressFamily == AddressFamily.InterNetwork)
            return !Array.Exists(Refused4, range => range.Contains(address));
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
            return false;

        var bytes = address.GetAddressBytes();
        if (address.IsIPv4MappedToIPv6)
            return IsPublic(address.MapToIPv4());
        if (Nat64.Contains(address))
            return IsPublic(new IPAddress(bytes.AsSpan(12)));
        if (SixToFour.Contains(address))
            return IsPublic(new IPAddress(bytes.AsSpan(2, 4)));
        if (Teredo.Contains(address))
        {
            // The server's address, and the client's with every bit inverted.
            var client = new[] { (byte)~bytes[12], (byte)~bytes[13], (byte)~bytes[14], (byte)~bytes[15] };
            return IsPublic(new IPAddress(bytes.AsSpan(4, 4))) && IsPublic(new IPAddress(client));
        }

        return Global6.Contains(address) && !Array.Exists(Refused6, range => range.Contains(address));
    }
}
