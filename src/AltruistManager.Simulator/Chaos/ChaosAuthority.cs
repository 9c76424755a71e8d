using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace AltruistManager.Simulator.Chaos;

/// <summary>A certificate authority of a test's own. Who shall trust it is given <see cref="Pem"/>, such as by <c>SSL_CERT_FILE</c>.</summary>
public sealed class ChaosAuthority : IDisposable
{
    private readonly ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 own;
    private readonly TimeProvider clock;

    public ChaosAuthority(TimeProvider clock)
    {
        this.clock = clock;
        var request = new CertificateRequest("CN=Chaos CA", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        own = request.CreateSelfSigned(clock.GetUtcNow().AddYears(-1), clock.GetUtcNow().AddYears(1));
    }

    public string Pem => own.ExportCertificatePem();

    /// <param name="host">The only name, or address, that it is for.</param>
    /// <param name="validUntil">From now; negative is expired.</param>
    public X509Certificate2 Issue(string host, TimeSpan validUntil)
    {
        using var hostKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var serial = RandomNumberGenerator.GetBytes(16);
        using var issued = Request(host, hostKey).Create(own, clock.GetUtcNow().AddDays(-90), clock.GetUtcNow() + validUntil, serial);
        return issued.CopyWithPrivateKey(hostKey);
    }

    /// <summary>Of nobody's authority but its own.</summary>
    public X509Certificate2 SelfSigned(string host)
    {
        using var hostKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return Request(host, hostKey).CreateSelfSigned(clock.GetUtcNow().AddDays(-1), clock.GetUtcNow().AddDays(90));
    }

    public void Dispose()
    {
        own.Dispose();
        key.Dispose();
    }

    private static CertificateRequest Request(string host, ECDsa hostKey)
    {
        var request = new CertificateRequest($"CN={host}", hostKey, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        if (IPAddress.TryParse(host, out var address))
            names.AddIpAddress(address);
        else
            names.AddDnsName(host);
        request.CertificateExtensions.Add(names.Build());
        return request;
    }
}
