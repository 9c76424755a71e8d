using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using AltruistManager.Altruists;
using AltruistManager.Probing.Checks;
using Microsoft.Extensions.Options;

namespace AltruistManager.Probing;

/// <summary>
/// HTTP towards hosts that strangers chose: no redirects, proxies or cookies, capped headers, and connections only to the very
/// addresses that were checked. Bodies are capped by whoever reads them.
/// </summary>
internal sealed class GuardedHttp : IDisposable
{
    /// <summary>How long one of several addresses is tried before the next.</summary>
    private static readonly TimeSpan AddressPatience = TimeSpan.FromMilliseconds(700);

    private const int AddressesTried = 3;

    /// <summary>Names that lead elsewhere by time or place are followed within a minute.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromSeconds(60);

    /// <summary>From one question of a probe to the next; a hundred thousand who are asked once in minutes would fill memory with connections that rest.</summary>
    private static readonly TimeSpan KeptWhereSeldom = TimeSpan.FromSeconds(1);

    private readonly NameResolver resolver;
    private readonly EgressProof egress;
    private readonly TimeProvider time;
    private readonly HttpMessageInvoker strict;
    private readonly HttpMessageInvoker withAllowance;
    private readonly HttpMessageInvoker seldomStrict;
    private readonly HttpMessageInvoker seldomWithAllowance;
    private readonly CredentialPools credentials;
    private readonly AllowedNetworks allowance;

    public GuardedHttp(NameResolver resolver, EgressProof egress, IOptions<ProbingOptions> options, TimeProvider time)
    {
        this.resolver = resolver;
        this.egress = egress;
        this.time = time;
        allowance = AllowedNetworks.Parse(options.Value.AllowedPrivateNetworks);
        strict = new HttpMessageInvoker(Create(AllowedNetworks.None));
        withAllowance = new HttpMessageInvoker(Create(allowance));
        seldomStrict = new HttpMessageInvoker(Create(AllowedNetworks.None, idle: KeptWhereSeldom));
        seldomWithAllowance = new HttpMessageInvoker(Create(allowance, idle: KeptWhereSeldom));
        credentials = new CredentialPools((mayBePrivate, isSeldom) => Create(mayBePrivate ? allowance : AllowedNetworks.None, idle: isSeldom ? KeptWhereSeldom : null), time);
    }

    /// <summary>
    /// The way to an altruist's endpoint: to public addresses only, where staff set the URL to <c>Probing:AllowedPrivateNetworks</c> too; with its credentials,
    /// if it has any, over connections that are its own.
    /// </summary>
    /// <param name="isSeldom">It is not asked again before a connection that rests would be closed anyway.</param>
    public EndpointLine Open(Altruist altruist, bool isSeldom) => altruist.Auth.Kind != AuthKind.None
        ? credentials.Open(altruist, isSeldom)
        : new EndpointLine((altruist.MayBePrivate, isSeldom) switch
        {
            (true, true) => seldomWithAllowance,
            (true, false) => withAllowance,
            (false, true) => seldomStrict,
            (false, false) => strict,
        }, altruist, release: null);

    /// <summary>For URLs of our own configuration.</summary>
    public HttpMessageInvoker Own => withAllowance;

    /// <summary>Only notes in <see cref="EgressProof"/> whether the name was found.</summary>
    /// <exception cref="IOException">It was not.</exception>
    public Task LookUpAsync(string host, CancellationToken cancellation) => ResolveAsync(host, cancellation);

    /// <summary>Shakes hands with a TLS host and tells until when its certificate is valid, or what is wrong.</summary>
    /// <param name="deadline">Ends the attempt; linked to <paramref name="stopping"/>.</param>
    public async Task<CertificateSeen> ReadCertificateAsync(Uri url, bool mayBePrivate, CancellationToken deadline, CancellationToken stopping)
    {
        var connection = new ProbeConnection(time, deadline);
        try
        {
            await using var stream = await ConnectAsync(connection, url.IdnHost.Trim('[', ']'), url.Port, secure: true, mayBePrivate ? allowance : AllowedNetworks.None, deadline);
            return stream is SslStream { RemoteCertificate: X509Certificate2 certificate }
                ? new CertificateSeen(new DateTimeOffset(certificate.NotAfter.ToUniversalTime()), null)
                : new CertificateSeen(default, new ProbeFailure(ProbeOutcome.TlsInvalid, "the host showed no certificate"));
        }
        catch (ConnectException exception)
        {
            return new CertificateSeen(default, exception.Failure);
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            return new CertificateSeen(default, new ProbeFailure(ProbeOutcome.Timeout, "the TLS handshake did not end in time"));
        }
    }

    /// <summary>The same over connections that only this line uses.</summary>
    /// <param name="kept">How long a connection is used again; zero for a new one with every request.</param>
    public EndpointLine OpenFresh(Altruist altruist, TimeSpan kept)
    {
        HttpMessageHandler handler = Create(altruist.MayBePrivate ? allowance : AllowedNetworks.None, kept);
        if (altruist.Auth.Kind != AuthKind.None)
            handler = new CredentialHandler(altruist, handler);
        var http = new HttpMessageInvoker(handler);
        return new EndpointLine(http, altruist, http.Dispose);
    }

    public void Dispose()
    {
        strict.Dispose();
        withAllowance.Dispose();
        seldomStrict.Dispose();
        seldomWithAllowance.Dispose();
        credentials.Dispose();
    }

    /// <param name="kept">How long a connection is used again; null for the usual time.</param>
    /// <param name="idle">How long it may rest; null for the usual time.</param>
    private SocketsHttpHandler Create(AllowedNetworks allowed, TimeSpan? kept = null, TimeSpan? idle = null) => new()
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        Credentials = null,
        AutomaticDecompression = DecompressionMethods.None,
        MaxResponseHeadersLength = 64,
        MaxResponseDrainSize = 0,
        ConnectTimeout = TimeSpan.FromMinutes(1),
        PooledConnectionLifetime = kept ?? Kept,
        PooledConnectionIdleTimeout = idle ?? Kept,
        // What is traced of a request would hold its URL.
        ActivityHeadersPropagator = null,
        ConnectCallback = (context, cancellation) => ConnectAsync(context, allowed, cancellation),
    };

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, AllowedNetworks allowed, CancellationToken cancellation)
    {
        if (!context.InitialRequestMessage.Options.TryGetValue(ProbeConnection.Key, out var connection))
            throw new InvalidOperationException("A guarded request carries its ProbeConnection.");

        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation, connection.Deadline);
        return await ConnectAsync(
            connection, context.DnsEndPoint.Host.Trim('[', ']'), context.DnsEndPoint.Port, context.InitialRequestMessage.RequestUri!.Scheme is "https" or "wss", allowed, deadline.Token);
    }

    private async Task<Stream> ConnectAsync(ProbeConnection connection, string host, int port, bool secure, AllowedNetworks allowed, CancellationToken cancellation)
    {
        try
        {
            connection.Enter(ConnectPhase.Resolving);
            var addresses = await ResolveAsync(host, cancellation);
            if (Array.Find(addresses, address => !AddressGuard.IsPublic(address) && !allowed.Contains(address)) is { } refused)
                throw Refuse(new ProbeFailure(ProbeOutcome.AddressRefused, "the name leads to an address that may not be probed", Refused: refused));

            connection.Enter(ConnectPhase.Connecting);
            var socket = await ConnectAsync(connection, addresses, port, cancellation);
            Stream stream = new NetworkStream(socket, ownsSocket: true);
            if (secure)
            {
                connection.Enter(ConnectPhase.Securing);
                stream = await SecureAsync(stream, host, cancellation);
            }

            connection.Enter(ConnectPhase.Open);
            return stream;
        }
        catch (ConnectException exception)
        {
            connection.Fail(exception.Failure);
            throw;
        }
    }

    private async Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancellation)
    {
        if (IPAddress.TryParse(host, out var literal))
            return [literal];
        try
        {
            var addresses = await resolver.ResolveAsync(host, cancellation);
            egress.Found(host, addresses);
            return addresses.Length > 0 ? addresses : throw Refuse(new ProbeFailure(ProbeOutcome.NameNotFound, $"{host} has no address"));
        }
        catch (OperationCanceledException)
        {
            egress.NotFound(host);
            throw;
        }
        catch (SocketException exception)
        {
            if (exception.SocketErrorCode is SocketError.HostNotFound or SocketError.NoData)
                egress.SaidMissing(host);
            else
                egress.NotFound(host);
            throw Refuse(exception.SocketErrorCode switch
            {
                SocketError.HostNotFound or SocketError.NoData => new ProbeFailure(ProbeOutcome.NameNotFound, $"the name {host} does not exist"),
                SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable => new ProbeFailure(ProbeOutcome.NoSockets, "the prober has no sockets left"),
                _ => new ProbeFailure(ProbeOutcome.ResolverFailed, $"the prober's resolver did not answer for {host} ({exception.SocketErrorCode})"),
            });
        }
    }

    /// <summary>The first address that takes the connection; all of them were checked.</summary>
    private async Task<Socket> ConnectAsync(ProbeConnection connection, IPAddress[] addresses, int port, CancellationToken cancellation)
    {
        (ProbeFailure Told, IPAddress At)? failure = null;
        (ProbeFailure Told, IPAddress At)? noRoute = null;
        var tried = 0;
        for (var index = 0; ; index++)
        {
            var last = index == addresses.Length - 1 || tried == AddressesTried - 1;
            using var patience = last ? null : CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            using var alarm = patience is null ? null : time.CreateTimer(_ => patience.Cancel(), null, AddressPatience, Timeout.InfiniteTimeSpan);
            Socket? socket = null;
            connection.Try(addresses[index]);
            try
            {
                socket = new Socket(addresses[index].AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                if (!HandleReserve.IsLeft(socket, HandleReserve.OfProbes))
                    throw new SocketException((int)SocketError.TooManyOpenSockets);
                await socket.ConnectAsync(new IPEndPoint(addresses[index], port), patience?.Token ?? cancellation);
                egress.Reached(addresses[index]);
                return socket;
            }
            catch (SocketException exception)
            {
                socket?.Dispose();
                if (exception.SocketErrorCode is SocketError.ConnectionRefused or SocketError.ConnectionReset)
                    egress.Reached(addresses[index]);
                var told = Classify(exception.SocketErrorCode);
                if (told.Outcome == ProbeOutcome.NoSockets)
                    throw Refuse(told);
                // Of a family that has no way out of here, such as IPv6 in many a container: it says nothing of the altruist's others.
                if (HasNoRoute(exception.SocketErrorCode))
                {
                    noRoute ??= (told, addresses[index]);
                }
                else
                {
                    failure ??= (told, addresses[index]);
                    tried++;
                }

                if (index == addresses.Length - 1 || tried == AddressesTried)
                {
                    var (first, at) = (failure ?? noRoute)!.Value;
                    connection.Try(at);
                    throw Refuse(first);
                }
            }
            catch (OperationCanceledException) when (!last && !cancellation.IsCancellationRequested)
            {
                socket?.Dispose();
                failure ??= (Classify(SocketError.TimedOut), addresses[index]);
                tried++;
            }
            catch
            {
                socket?.Dispose();
                throw;
            }
        }
    }

    /// <summary>There is no way from here to that address; whether that is our fault shows in how others do (design 5.4), not in the error.</summary>
    private static bool HasNoRoute(SocketError error) =>
        error is SocketError.AddressNotAvailable or SocketError.AddressFamilyNotSupported or SocketError.NetworkUnreachable or SocketError.AccessDenied;

    internal static ProbeFailure Classify(SocketError error) => error switch
    {
        SocketError.ConnectionRefused => new ProbeFailure(ProbeOutcome.ConnectRefused, "the connection was refused"),
        SocketError.ConnectionReset or SocketError.ConnectionAborted => new ProbeFailure(ProbeOutcome.ConnectionLost, "the connection was reset"),
        SocketError.TimedOut => new ProbeFailure(ProbeOutcome.ConnectTimeout, "the connection was not made in time"),
        SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable or SocketError.AddressAlreadyInUse or SocketError.NetworkDown
            => new ProbeFailure(ProbeOutcome.NoSockets, $"the prober could not open a socket ({error})"),
        _ => new ProbeFailure(ProbeOutcome.Unreachable, $"the host is unreachable ({error})"),
    };

    private static async Task<SslStream> SecureAsync(Stream stream, string host, CancellationToken cancellation)
    {
        string? wrong = null;
        var secured = new SslStream(stream, leaveInnerStreamOpen: false);
        try
        {
            await secured.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = host,
                ApplicationProtocols = [SslApplicationProtocol.Http11],
                // Nothing that a certificate refers to is fetched: it may lead anywhere, beside every guard of ours.
                CertificateChainPolicy = new X509ChainPolicy { DisableCertificateDownloads = true, RevocationMode = X509RevocationMode.NoCheck },
                RemoteCertificateValidationCallback = (_, certificate, chain, errors) =>
                {
                    wrong = Describe(certificate, chain, errors);
                    return wrong is null;
                },
            }, cancellation);
            return secured;
        }
        catch (AuthenticationException)
        {
            await secured.DisposeAsync();
            throw Refuse(new ProbeFailure(ProbeOutcome.TlsInvalid, wrong ?? "the TLS handshake failed"));
        }
        catch (IOException)
        {
            await secured.DisposeAsync();
            throw Refuse(new ProbeFailure(ProbeOutcome.ConnectionLost, "the connection was lost during the TLS handshake"));
        }
        catch
        {
            await secured.DisposeAsync();
            throw;
        }
    }

    /// <summary>What is wrong with a certificate; null when nothing is.</summary>
    private static string? Describe(X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (errors == SslPolicyErrors.None)
            return null;
        var states = chain?.ChainStatus.Select(status => status.Status).ToList() ?? [];
        if (certificate is X509Certificate2 own && states.Contains(X509ChainStatusFlags.NotTimeValid))
            return $"the certificate is valid only from {own.NotBefore.ToUniversalTime():yyyy-MM-dd HH:mm} to {own.NotAfter.ToUniversalTime():yyyy-MM-dd HH:mm} UTC";
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
            return "the certificate is for another host";
        return errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable)
            ? "the host showed no certificate"
            : $"the certificate is not trusted ({string.Join(", ", states)})";
    }

    private static ConnectException Refuse(ProbeFailure failure) => new(failure);

    /// <summary>Carries the reason out of the connect callback; never leaves this folder.</summary>
    private sealed class ConnectException(ProbeFailure failure) : IOException(failure.Detail)
    {
        public ProbeFailure Failure => failure;
    }
}
