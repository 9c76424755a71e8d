using System.Net;
using AltruistManager.Probing;

namespace AltruistManager.Tests.Probing;

public sealed class AddressGuardTests
{
    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("0.255.255.255")]
    [InlineData("10.0.0.0")]
    [InlineData("10.255.255.255")]
    [InlineData("100.64.0.0")]
    [InlineData("100.100.100.200")]
    [InlineData("100.127.255.255")]
    [InlineData("127.0.0.1")]
    [InlineData("127.255.255.255")]
    [InlineData("168.63.129.16")]
    [InlineData("169.254.0.0")]
    [InlineData("169.254.169.254")]
    [InlineData("172.16.0.0")]
    [InlineData("172.31.255.255")]
    [InlineData("192.0.0.0")]
    [InlineData("192.0.0.170")]
    [InlineData("192.0.0.192")]
    [InlineData("192.0.2.1")]
    [InlineData("192.88.99.1")]
    [InlineData("192.168.0.0")]
    [InlineData("192.168.255.255")]
    [InlineData("198.18.0.0")]
    [InlineData("198.19.255.255")]
    [InlineData("198.51.100.1")]
    [InlineData("203.0.113.1")]
    [InlineData("224.0.0.1")]
    [InlineData("239.255.255.255")]
    [InlineData("240.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("::")]
    [InlineData("::1")]
    [InlineData("::8.8.8.8")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("::ffff:10.1.2.3")]
    [InlineData("::ffff:0:8.8.8.8")]
    [InlineData("64:ff9b::10.0.0.1")]
    [InlineData("64:ff9b::169.254.169.254")]
    [InlineData("64:ff9b:1::1")]
    [InlineData("100::1")]
    [InlineData("100:0:0:1::1")]
    [InlineData("2001::1")]
    [InlineData("2001:0:a9fe:a9fe::f7f7:f7f7")] // Teredo: the server is link-local
    [InlineData("2001:0:808:808::80ff:fffe")] // Teredo: the client is 127.0.0.1
    [InlineData("2001:1::1")]
    [InlineData("2001:2::1")]
    [InlineData("2001:3::1")]
    [InlineData("2001:4:112::1")]
    [InlineData("2001:10::1")]
    [InlineData("2001:20::1")]
    [InlineData("2001:30::1")]
    [InlineData("2001:db8::1")]
    [InlineData("2002:a00:1::1")] // 6to4 of 10.0.0.1
    [InlineData("2002:7f00:1::1")]
    [InlineData("3fff::1")]
    [InlineData("4000::1")]
    [InlineData("5f00::1")]
    [InlineData("fc00::1")]
    [InlineData("fd00:ec2::254")]
    [InlineData("fe80::1")]
    [InlineData("fe80::1%2")]
    [InlineData("fec0::1")]
    [InlineData("ff02::1")]
    public void Address_of_a_special_range_is_not_public(string address) => Assert.False(AddressGuard.IsPublic(IPAddress.Parse(address)));

    [Theory]
    [InlineData("1.1.1.1")]
    [InlineData("9.255.255.255")]
    [InlineData("11.0.0.0")]
    [InlineData("100.63.255.255")]
    [InlineData("100.128.0.0")]
    [InlineData("126.255.255.255")]
    [InlineData("128.0.0.0")]
    [InlineData("168.63.129.17")]
    [InlineData("169.253.255.255")]
    [InlineData("169.255.0.0")]
    [InlineData("172.15.255.255")]
    [InlineData("172.32.0.0")]
    [InlineData("192.0.1.0")]
    [InlineData("192.167.255.255")]
    [InlineData("192.169.0.0")]
    [InlineData("198.17.255.255")]
    [InlineData("198.20.0.0")]
    [InlineData("223.255.255.255")]
    [InlineData("::ffff:8.8.8.8")]
    [InlineData("64:ff9b::8.8.8.8")]
    [InlineData("2001:200::1")]
    [InlineData("2001:0:808:808::f7f7:f7f7")]
    [InlineData("2002:808:808::1")]
    [InlineData("2606:4700:4700::1111")]
    [InlineData("2a00:1450:4001::1")]
    public void Other_address_is_public(string address) => Assert.True(AddressGuard.IsPublic(IPAddress.Parse(address)));

    /// <summary>One row for each range of the IANA special-purpose address registries (IPv4 and IPv6), and of multicast; its first and last address.</summary>
    [Theory]
    [InlineData("this network", "0.0.0.0", "0.255.255.255")]
    [InlineData("private use", "10.0.0.0", "10.255.255.255")]
    [InlineData("shared address space", "100.64.0.0", "100.127.255.255")]
    [InlineData("loopback", "127.0.0.0", "127.255.255.255")]
    [InlineData("link-local", "169.254.0.0", "169.254.255.255")]
    [InlineData("private use", "172.16.0.0", "172.31.255.255")]
    [InlineData("IETF protocol assignments", "192.0.0.0", "192.0.0.255")]
    [InlineData("service continuity", "192.0.0.0", "192.0.0.7")]
    [InlineData("dummy address", "192.0.0.8", "192.0.0.8")]
    [InlineData("port control anycast", "192.0.0.9", "192.0.0.9")]
    [InlineData("TURN anycast", "192.0.0.10", "192.0.0.10")]
    [InlineData("NAT64/DNS64 discovery", "192.0.0.170", "192.0.0.171")]
    [InlineData("documentation, TEST-NET-1", "192.0.2.0", "192.0.2.255")]
    [InlineData("AS112-v4", "192.31.196.0", "192.31.196.255")]
    [InlineData("AMT", "192.52.193.0", "192.52.193.255")]
    [InlineData("6to4 relay anycast", "192.88.99.0", "192.88.99.255")]
    [InlineData("private use", "192.168.0.0", "192.168.255.255")]
    [InlineData("direct delegation AS112", "192.175.48.0", "192.175.48.255")]
    [InlineData("benchmarking", "198.18.0.0", "198.19.255.255")]
    [InlineData("documentation, TEST-NET-2", "198.51.100.0", "198.51.100.255")]
    [InlineData("documentation, TEST-NET-3", "203.0.113.0", "203.0.113.255")]
    [InlineData("multicast", "224.0.0.0", "239.255.255.255")]
    [InlineData("reserved", "240.0.0.0", "255.255.255.254")]
    [InlineData("limited broadcast", "255.255.255.255", "255.255.255.255")]
    [InlineData("unspecified", "::", "::")]
    [InlineData("loopback", "::1", "::1")]
    [InlineData("IPv4-compatible", "::0.0.0.2", "::255.255.255.255")]
    [InlineData("IPv4-mapped, private inside", "::ffff:10.0.0.0", "::ffff:10.255.255.255")]
    [InlineData("IPv4-translated", "::ffff:0:0:0", "::ffff:0:255.255.255.255")]
    [InlineData("IPv4-IPv6 translation, private inside", "64:ff9b::192.168.0.0", "64:ff9b::192.168.255.255")]
    [InlineData("IPv4-IPv6 translation, local", "64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff")]
    [InlineData("discard-only", "100::", "100::ffff:ffff:ffff:ffff")]
    [InlineData("dummy prefix", "100:0:0:1::", "100:0:0:1:ffff:ffff:ffff:ffff")]
    [InlineData("IETF protocol assignments", "2001:40::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff")]
    [InlineData("Teredo, private inside", "2001:0:a00:1::f7f7:f7f7", "2001:0:808:808::f5ff:fffe")]
    [InlineData("port control, TURN, DNS-SD anycast", "2001:1::1", "2001:1::3")]
    [InlineData("benchmarking", "2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff")]
    [InlineData("AMT", "2001:3::", "2001:3:ffff:ffff:ffff:ffff:ffff:ffff")]
    [InlineData("AS112-v6", "2001:4:112::", "2001:4:112:ffff:ffff:ffff:ffff:ffff")]
    [InlineData("ORCHID", "2001:10::", "2001:1f:ffff:ffff:ffff:ffff:ffff:ffff")]
    [InlineData("ORCHIDv2", "2001:20::", "2001:2f:ffff:ffff:ffff:ffff:ffff:ffff")]
    [InlineData("drone remote identification", "2001:30::", "2001:3f:ffff:ffff:ffff:ffff:ffff:ffff")]
    [InlineData("documentation", "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff")]
    [InlineData("6to4, private inside", "2002:ac10::", "2002:ac1f:ffff:ffff:ffff:ffff:ffff:ffff")]
    [InlineData("direct delegation AS112", "2620:4f:8000::", "2620:4f:8000:ffff:ffff:ffff:ffff:ffff")]
    [InlineData("documentation", "3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff")]
    [InlineData("segment routing", "5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff")]
    [InlineData("unique-local", "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")]
    [InlineData("link-local", "fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff")]
    [InlineData("site-local, deprecated", "fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")]
    [InlineData("multicast", "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")]
    public void No_special_purpose_range_is_public(string range, string first, string last)
    {
        Assert.False(AddressGuard.IsPublic(IPAddress.Parse(first)), $"{range}: {first}");
        Assert.False(AddressGuard.IsPublic(IPAddress.Parse(last)), $"{range}: {last}");
    }

    /// <summary>Only what routers unwrap is unwrapped: an address that merely looks as if it held another one is judged as it is.</summary>
    [Theory]
    [InlineData("2606:4700::5efe:10.0.0.1", true)]
    [InlineData("fe80::5efe:8.8.8.8", false)]
    public void Interface_part_of_an_address_decides_nothing(string address, bool isPublic) =>
        Assert.Equal(isPublic, AddressGuard.IsPublic(IPAddress.Parse(address)));

    [Fact]
    public void Allowed_network_holds_its_addresses_in_every_notation()
    {
        var allowed = AllowedNetworks.Parse(["127.0.0.0/8", "fd00::/8"]);

        Assert.True(allowed.Contains(IPAddress.Parse("127.1.2.3")));
        Assert.True(allowed.Contains(IPAddress.Parse("::ffff:127.0.0.1")));
        Assert.True(allowed.Contains(IPAddress.Parse("fd12::1")));
        Assert.False(allowed.Contains(IPAddress.Parse("128.0.0.1")));
        Assert.False(allowed.Contains(IPAddress.Parse("::1")));
        Assert.False(AllowedNetworks.None.Contains(IPAddress.Loopback));
    }

    [Fact]
    public void Every_network_that_is_no_cidr_is_named()
    {
        Assert.Equal(["10.0.0.0", "10.0.0.1/8", "x", "10.0.0.0/33", ""], AllowedNetworks.FindWrong(["10.0.0.0", "10.0.0.0/8", "10.0.0.1/8", "x", "10.0.0.0/33", "fd00::/8", ""]));
        var error = Assert.Throws<FormatException>(() => AllowedNetworks.Parse(["x", "y"]));
        Assert.Contains("x, y", error.Message, StringComparison.Ordinal);
    }
}
