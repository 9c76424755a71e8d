using System.Net;
using AltruistManager.Altruists;
using FsCheck;
using FsCheck.Fluent;

namespace AltruistManager.Tests.Altruists;

public sealed class AltruistUrlTests
{
    [Theory]
    [InlineData("https://eth1.acme.example/rpc", "https://eth1.acme.example/rpc")]
    [InlineData("  https://eth1.acme.example/rpc\t", "https://eth1.acme.example/rpc")]
    [InlineData("HTTPS://ETH1.Acme.Example/RPC", "https://eth1.acme.example/RPC")]
    [InlineData("https://eth1.acme.example:443/", "https://eth1.acme.example")]
    [InlineData("https://eth1.acme.example:8545", "https://eth1.acme.example:8545")]
    [InlineData("https://eth1.acme.example./rpc/", "https://eth1.acme.example/rpc")]
    [InlineData("https://eth1.acme.example//", "https://eth1.acme.example")]
    [InlineData("https://eth1.acme.example/a/../rpc", "https://eth1.acme.example/rpc")]
    [InlineData("https://eth1.acme.example/%72pc/%7euser/%2f", "https://eth1.acme.example/rpc/~user/%2F")]
    [InlineData("https://eth1.acme.example/rpc/?key=a%62c/", "https://eth1.acme.example/rpc/?key=abc/")]
    [InlineData("https://eth1.acme.example/rpc?", "https://eth1.acme.example/rpc")]
    [InlineData("https://bücher.example/rpc", "https://xn--bcher-kva.example/rpc")]
    [InlineData("https://BÜCHER.example/rpc", "https://xn--bcher-kva.example/rpc")]
    [InlineData("https://my_node.acme.example", "https://my_node.acme.example")]
    public void One_place_has_one_url(string text, string expected)
    {
        var parsed = Parse(text);
        Assert.Null(parsed.Error);
        Assert.Equal(expected, parsed.Url);
        Assert.Null(parsed.Literal);
    }

    [Theory]
    [InlineData("https://127.0.0.1", "127.0.0.1")]
    [InlineData("https://127.1", "127.0.0.1")]
    [InlineData("https://2130706433", "127.0.0.1")]
    [InlineData("https://0x7f000001", "127.0.0.1")]
    [InlineData("https://0X7F.0.0.1", "127.0.0.1")]
    [InlineData("https://0177.0.0.1", "127.0.0.1")]
    [InlineData("https://017700000001", "127.0.0.1")]
    [InlineData("https://127.0.0.1.", "127.0.0.1")]
    [InlineData("https://0x7f.1.", "127.0.0.1")]
    [InlineData("https://127。0。0。1", "127.0.0.1")]
    [InlineData("https://169.254.169.254/latest", "169.254.169.254")]
    [InlineData("https://[::1]", "::1")]
    [InlineData("https://[0:0:0:0:0:0:0:1]", "::1")]
    [InlineData("https://[::ffff:127.0.0.1]", "::ffff:127.0.0.1")]
    [InlineData("https://[::FFFF:7f00:1]", "::ffff:127.0.0.1")]
    [InlineData("https://[2001:DB8::1]:8545/rpc", "2001:db8::1")]
    public void An_address_in_any_notation_is_known_as_one(string text, string address)
    {
        var parsed = Parse(text);
        Assert.Null(parsed.Error);
        Assert.Equal(IPAddress.Parse(address), parsed.Literal);
        Assert.Contains(parsed.Literal!.ToString(), parsed.Url);
    }

    [Theory]
    [InlineData(null, "absolute")]
    [InlineData("", "absolute")]
    [InlineData("eth1.acme.example", "absolute")]
    [InlineData("//eth1.acme.example", "absolute")]
    [InlineData("https:eth1.acme.example", "absolute")]
    [InlineData("https://", "absolute")]
    [InlineData("https:///rpc", "absolute")]
    [InlineData("ftp://eth1.acme.example", "must start with https://")]
    [InlineData("file:///etc/passwd", "must start with https://")]
    [InlineData("javascript:alert(1)", "absolute")]
    [InlineData("http://eth1.acme.example", "http is not allowed here")]
    [InlineData("wss://eth1.acme.example", "must start with https://")]
    [InlineData("https://user:secret@eth1.acme.example", "user name")]
    [InlineData("https://user@eth1.acme.example", "user name")]
    [InlineData("https://@eth1.acme.example", "user name")]
    [InlineData("https://:@eth1.acme.example", "user name")]
    [InlineData("https://public.example\\@127.0.0.1/", "backslashes")]
    [InlineData("https:\\\\eth1.acme.example", "backslashes")]
    [InlineData("https://eth1.acme.example/rpc#here", "fragment")]
    [InlineData("https://eth1.acme.example/rpc#", "fragment")]
    [InlineData("https://eth1.acme.example/a b", "spaces")]
    [InlineData("https://eth1.acme.example/a\tb", "spaces")]
    [InlineData("https://eth1.acme.example/a\nb", "spaces")]
    [InlineData("https://eth1.acme.example/a\0b", "control")]
    [InlineData("https://eth1.acme.example:0", "port")]
    [InlineData("https://eth1.acme.example:99999", "absolute")]
    [InlineData("https://.", "absolute")]
    [InlineData("https://a..example", "absolute")]
    [InlineData("https://１２７.0.0.1", "host")]
    [InlineData("https://-a.example", "host")]
    [InlineData("https://1.2.3.4.5", "host")]
    [InlineData("https://256.256.256.256", "host")]
    [InlineData("https://eth1.0x7f", "host")]
    [InlineData("https://[fe80::1%25eth0]", "host")]
    [InlineData("https://[::1", "absolute")]
    [InlineData("https://127.0.0.1%00.example", "")]
    public void What_two_parsers_could_read_differently_is_refused(string? text, string word)
    {
        var parsed = Parse(text);
        Assert.NotNull(parsed.Error);
        Assert.Contains(word, parsed.Error);
        Assert.Empty(parsed.Url);
    }

    [Fact]
    public void Http_is_taken_where_it_is_allowed() =>
        Assert.Equal("http://eth1.acme.example", AltruistUrl.Parse("http://eth1.acme.example:80/", "https", "http", allowPlain: true).Url);

    [Fact]
    public void A_very_long_url_is_refused() => Assert.Contains("2048", Parse("https://eth1.acme.example/" + new string('a', 2048)).Error);

    [Fact]
    public void Whatever_is_taken_is_its_own_normal_form_and_leads_where_every_other_parser_leads()
    {
        string[] schemes = ["https://", "HTTPS://", "http://", "https:/", "//"];
        string[] users = ["", "", "", "user@", "u:p@", "@"];
        string[] hosts =
        [
            "eth1.acme.example", "ETH1.acme.EXAMPLE.", "bücher.example", "xn--bcher-kva.example", "127.1", "0x7f.1", "017700000001", "2130706433", "10.0.0.1", "1.2.3.4.5", "[::1]", "[::ffff:10.0.0.1]",
            "[fe80::1%25lo]", "localhost", "a..b", "%31%32%37.0.0.1", "１２７.1", "",
        ];
        string[] ports = ["", "", ":443", ":8545", ":0", ":70000", ":"];
        string[] paths = ["", "/", "/rpc", "/rpc/", "/a/../b", "/%41%2f", "//", "/?", "/?k=%7E", "/x#y", "/\\x", "/ü", "/%", "/%zz"];
        var texts = from scheme in Gen.Elements(schemes)
                    from user in Gen.Elements(users)
                    from host in Gen.Elements(hosts)
                    from port in Gen.Elements(ports)
                    from path in Gen.Elements(paths)
                    select scheme + user + host + port + path;

        Prop.ForAll(Arb.From(texts), text =>
        {
            var parsed = Parse(text);
            if (parsed.Error is not null)
                return parsed.Url.Length == 0;
            var again = Parse(parsed.Url);
            var uri = new Uri(parsed.Url);
            return again.Error is null
                && again.Url == parsed.Url
                && Equals(again.Literal, parsed.Literal)
                && uri.Scheme == "https" && uri.UserInfo.Length == 0 && uri.Fragment.Length == 0
                && (parsed.Literal is null) == !IPAddress.TryParse(uri.Host.Trim('[', ']'), out _)
                && parsed.Url.All(char.IsAscii);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(3000));
    }

    [Theory]
    [InlineData("https://eth1.acme.example", "eth1.acme.example")]
    [InlineData("https://eth1.acme.example/rpc", "eth1.acme.example/…")]
    [InlineData("https://eth1.acme.example:8545/v3/0123456789abcdef", "eth1.acme.example:8545/…cdef")]
    [InlineData("https://eth1.acme.example/?key=0123456789", "eth1.acme.example/…6789")]
    public void Others_see_the_host_and_a_short_tail(string url, string shown) => Assert.Equal(shown, AltruistUrl.Redact(url));

    private static AltruistUrl.Parsed Parse(string? text) => AltruistUrl.Parse(text, "https", "http", allowPlain: false);

    [Theory]
    [InlineData("https://a.example/rpc", "", "https://a.example/rpc")]
    [InlineData("https://a.example", "/ext/bc/C/rpc", "https://a.example/ext/bc/C/rpc")]
    [InlineData("https://a.example/rpc?key=x", "/ext", "https://a.example/rpc/ext?key=x")]
    public void The_path_of_a_chain_stands_before_the_query(string url, string path, string whole) => Assert.Equal(whole, AltruistUrl.WithPath(url, path));
}
