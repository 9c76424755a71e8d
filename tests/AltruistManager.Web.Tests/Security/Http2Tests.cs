using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AltruistManager.Web.Tests.Api;

namespace AltruistManager.Web.Tests.Security;

/// <summary>Many streams over one connection, as portals of one machine have them.</summary>
public sealed class Http2Tests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Over_tls_one_connection_carries_many_streams_and_calls()
    {
        var folder = Directory.CreateTempSubdirectory("altruist-manager-test-").FullName;
        try
        {
            var file = System.IO.Path.Combine(folder, "certificate.pfx");
            using var certificate = Certificate();
            await File.WriteAllBytesAsync(file, certificate.Export(X509ContentType.Pfx, "test"), Cancellation);
            await using var app = await AppFixture.StartAsync(
                ("Kestrel:Endpoints:Https:Url", "https://127.0.0.1:0"), ("Kestrel:Endpoints:Https:Certificate:Path", file), ("Kestrel:Endpoints:Https:Certificate:Password", "test"));
            await CarriesManyAsync(app, certificate);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Without_tls_where_that_is_configured()
    {
        await using var app = await AppFixture.StartAsync(("Kestrel:Endpoints:Plain:Url", "http://127.0.0.1:0"), ("Kestrel:Endpoints:Plain:Protocols", "Http2"));
        await CarriesManyAsync(app, null);
    }

    private static async Task CarriesManyAsync(AppFixture app, X509Certificate2? trusted)
    {
        var connections = 0;
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        if (trusted is not null)
            policy.CustomTrustStore.Add(trusted);
        using var handler = new SocketsHttpHandler
        {
            SslOptions = { CertificateChainPolicy = policy },
            PlaintextStreamFilter = (context, _) =>
            {
                Interlocked.Increment(ref connections);
                return ValueTask.FromResult(context.PlaintextStream);
            },
        };
        using var client = new HttpClient(handler) { BaseAddress = app.Address, DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", app.Portal.DefaultRequestHeaders.Authorization!.Parameter);
        var listeners = new List<Listener>();
        for (var number = 0; number < 50; number++)
        {
            listeners.Add(await Listener.OpenAsync(client, "global"));
            Assert.Equal("snapshot", (await listeners[^1].NextAsync()).Event);
        }

        using var answer = await client.GetAsync("/api/v1/selections", Cancellation);
        Assert.Equal((HttpStatusCode.OK, HttpVersion.Version20, 1), (answer.StatusCode, answer.Version, connections));
        listeners.ForEach(listener => listener.Dispose());
    }

    private static X509Certificate2 Certificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }
}
