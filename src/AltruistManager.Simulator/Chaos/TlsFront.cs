using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace AltruistManager.Simulator.Chaos;

/// <summary>A port that speaks TLS with a given certificate and hands on what is inside to a node with a port of its own.</summary>
public sealed class TlsFront : IAsyncDisposable
{
    private readonly TcpListener listener;
    private readonly X509Certificate2 certificate;
    private readonly Uri backend;
    private readonly CancellationTokenSource ending = new();
    private readonly Task accepting;

    /// <param name="address">One of loopback; the port is a free one.</param>
    /// <param name="certificate">Owned from now on.</param>
    public TlsFront(IPAddress address, X509Certificate2 certificate, Uri backend)
    {
        this.certificate = certificate;
        this.backend = backend;
        listener = new TcpListener(address, 0);
        listener.Start();
        Port = ((IPEndPoint)listener.LocalEndpoint).Port;
        accepting = AcceptAsync();
    }

    public int Port { get; }

    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync();
        listener.Stop();
        await accepting;
        ending.Dispose();
        certificate.Dispose();
    }

    private async Task AcceptAsync()
    {
        var served = new List<Task>();
        try
        {
            while (true)
                served.Add(ServeAsync(await listener.AcceptTcpClientAsync(ending.Token)));
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(served);
        }
    }

    private async Task ServeAsync(TcpClient guest)
    {
        try
        {
            using var visitor = guest;
            await using var secured = new SslStream(visitor.GetStream());
            await secured.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate }, ending.Token);
            using var node = new TcpClient();
            await node.ConnectAsync(backend.Host, backend.Port, ending.Token);
            await using var plain = node.GetStream();
            await Task.WhenAny(secured.CopyToAsync(plain, ending.Token), plain.CopyToAsync(secured, ending.Token));
        }
        catch (Exception gone) when (gone is IOException or SocketException or AuthenticationException or OperationCanceledException)
        {
            // One of the two went away, or the guest did not like the certificate.
        }
    }
}
