using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AltruistManager.Probing;
using AltruistManager.Probing.Checks;

namespace AltruistManager.Tests.Probing.Checks;

public sealed class CertificateCheckTests : IDisposable
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    private readonly CheckBench bench = new();

    [Theory]
    [InlineData(60, CheckState.Passed, "the certificate of eth.example is valid until 2027-01-20")]
    [InlineData(22, CheckState.Passed, "the certificate of eth.example is valid until 2026-12-13")]
    [InlineData(21, CheckState.Warned, "the certificate of eth.example expires in 21 days, on 2026-12-12: plan its renewal")]
    [InlineData(7, CheckState.Warned, "the certificate of eth.example expires in 7 days, on 2026-11-28: renew it now, portals will be cut off then")]
    [InlineData(1, CheckState.Warned, "the certificate of eth.example expires in 1 day, on 2026-11-22: renew it now, portals will be cut off then")]
    public void Certificate_that_expires_soon_is_told_twice_in_different_words(int days, CheckState state, string reason) =>
        Assert.Equal((state, reason), CertificateCheck.Judge("eth.example", new CertificateSeen(Noon.AddDays(days), null), Noon));

    [Fact]
    public void Host_that_cannot_be_reached_says_nothing_of_its_certificate() =>
        Assert.Equal(
            (CheckState.Unknown, "eth.example: could not be read: the connection was refused"),
            CertificateCheck.Judge("eth.example", new CertificateSeen(default, new ProbeFailure(ProbeOutcome.ConnectRefused, "the connection was refused")), Noon));

    [Theory]
    [InlineData(-20, -1, "127.0.0.1", "the certificate is valid only from ")]
    [InlineData(-20, 20, "other.example", "the certificate is for another host")]
    public async Task Expired_certificate_or_one_for_another_host_fails_with_host_and_reason(int from, int to, string name, string reason)
    {
        using var certificate = Make(name, from, to);
        await using var node = Tls(certificate);

        var result = await bench.RunAsync(new CertificateCheck(bench.Http, TimeProvider.System), CheckBench.Altruist(node.Url.Replace("http:", "https:", StringComparison.Ordinal)));

        Assert.Equal(CheckState.Failed, result.State);
        Assert.StartsWith($"127.0.0.1: {reason}", result.Reason);
        Assert.EndsWith("; install a valid one", result.Reason);
    }

    [Fact]
    public async Task Every_url_is_looked_at_and_the_gravest_is_told()
    {
        using var certificate = Make("127.0.0.1", -20, -1);
        await using var node = Tls(certificate);
        var altruist = CheckBench.Altruist("https://127.0.0.1:1") with { Urls = new Dictionary<string, string> { ["websocket"] = $"wss://127.0.0.1:{node.Port}/ws" } };

        var result = await bench.RunAsync(new CertificateCheck(bench.Http, TimeProvider.System), altruist);

        Assert.Equal((CheckState.Failed, 2), (result.State, result.Exchanges.Count));
        Assert.DoesNotContain("/ws", result.Reason);
    }

    [Fact]
    public void Plain_http_has_no_certificate() =>
        Assert.False(new CertificateCheck(bench.Http, TimeProvider.System).Concerns(CheckBench.Subject(CheckBench.Altruist("http://a.example"))));

    public void Dispose() => bench.Dispose();

    private static X509Certificate2 Make(string name, int fromDays, int toDays)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var wanted = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        if (IPAddress.TryParse(name, out var address))
            names.AddIpAddress(address);
        else
            names.AddDnsName(name);
        wanted.CertificateExtensions.Add(names.Build());
        using var made = wanted.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(fromDays), TimeProvider.System.GetUtcNow().AddDays(toDays));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
    }

    private static TestNode Tls(X509Certificate2 certificate) => new(exchange => exchange.ReplyAsync(TestNode.Block(5)), async stream =>
    {
        var secured = new SslStream(stream);
        await secured.AuthenticateAsServerAsync(certificate);
        return secured;
    });
}
