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
