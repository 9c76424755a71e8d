using System.Net;
using System.Text.Json.Nodes;
using AltruistManager.Simulator;
using AltruistManager.Simulator.Chaos;

namespace AltruistManager.Web.Tests.EndToEnd.Faults;

/// <summary>
/// The real process, which resolves names by a name server of the tests and trusts an authority of the tests, among simulated nodes that
/// may do anything. Each test takes a chain of its own (<see cref="SceneAsync"/>), so that all share one process.
/// </summary>
/// <remarks>
/// The service uses the resolver of the system. So it runs in a mount namespace in which <c>/etc/resolv.conf</c> names our server, which takes
/// root; a machine that does not allow that fails these tests and says so.
/// </remarks>
public sealed class ChaosWorld : IAsyncLifetime
{
    public const string Region = "us-east";

    /// <summary>The only private range that altruists may use here; every other private address is the inside that nobody may reach.</summary>
    private const string Allowed = "127.77.0.0/16";

    private readonly string folder = Directory.CreateTempSubdirectory("altruist-manager-test-").FullName;
    private readonly ChaosAuthority authority = new(TimeProvider.System);
    private readonly List<IAsyncDisposable> fronts = [];
    private SimulatedWorld? simulated;
    private DnsServer? names;
    private Service? service;
    private long chains;
    private int hosts;

    internal Service Service => service!;

    internal DnsServer Names => names!;

    internal ChaosAuthority Authority => authority;

    internal SimulatedWorld Simulated => simulated!;

    /// <summary>A chain with a node whose head is frozen from the first test on: to be sure of that takes a minute, which passes during the others.</summary>
    internal (Scene Scene, string Altruist) Frozen { get; private set; }

    public async ValueTask InitializeAsync()
    {
        await RequireNamespacesAsync();
        simulated = await SimulatedWorld.StartAsync(new SimulatedWorldOptions(), CancellationToken.None);
        var address = OwnAddress.Draw();
        names = new DnsServer(address, 53, TimeProvider.System);
        var resolver = Path.Combine(folder, "resolv.conf");
        await File.WriteAllTextAsync(resolver, $"nameserver {address}\noptions timeout:1 attempts:1\n");
        var trusted = Path.Combine(folder, "trusted.pem");
        await File.WriteAllTextAsync(trusted, authority.Pem);

        service = await Service.StartAsync(
            ["unshare", "--mount", "sh", "-c", $"mount --bind {resolver} /etc/resolv.conf && exec \"$@\"", "sh"],
            ("SSL_CERT_FILE", trusted),
            ("SSL_CERT_DIR", Path.Combine(folder, "none")),
            ("Probing__AllowedPrivateNetworks__0", Allowed),
            // Generous, as far as a node that says nothing is to be down within a minute.
            ("Probing__Timeout", "00:00:06"),
            ("Probing__HotTimeout", "00:00:06"),
            // Nobody that a sweep heard of is asked once more before a failover, with a second to answer: on a busy machine that makes one look ill.
            ("Probing__HotInterval", "00:00:10"),
            ("Probing__PerHost", "20"));
        await service.PutAsync($"/api/v1/regions/{Region}", new JsonObject { ["name"] = "US East" });
        foreach (var provider in (string[])["acme", "bolt", "core", "dusk", "evil"])
            await service.PutAsync($"/api/v1/providers/{provider}", new JsonObject { ["name"] = provider });

        var scene = await SceneAsync();
        var (altruist, node) = await scene.AddBadAsync("frozen");
        await scene.BeginAsync();
        node.Fault = Simulator.Faults.Frozen;
        Frozen = (scene, altruist);
    }

    /// <summary>A chain of its own, with three good altruists of three providers that are healthy and picked.</summary>
    internal async Task<Scene> SceneAsync()
    {
        var number = Interlocked.Increment(ref chains);
        var scene = new Scene(this, $"chaos-{number}", 990_000 + number);
        await scene.PrepareAsync();
        return scene;
    }

    /// <summary>A host of the allowed range that nobody else has.</summary>
    internal IPAddress NewHost()
    {
        var host = Interlocked.Increment(ref hosts);
        return new IPAddress([127, 77, (byte)(host / 250), (byte)((host % 250) + 1)]);
    }

    /// <summary>TLS before a node.</summary>
    internal int Front(IPAddress address, System.Security.Cryptography.X509Certificates.X509Certificate2 certificate, SimulatedNode node)
    {
        var front = new TlsFront(address, certificate, node.Url);
        lock (fronts)
            fronts.Add(front);
        return front.Port;
    }

    public async ValueTask DisposeAsync()
    {
        if (service is not null)
            await service.DisposeAsync();
        foreach (var front in fronts)
            await front.DisposeAsync();
        if (names is not null)
            await names.DisposeAsync();
        if (simulated is not null)
            await simulated.DisposeAsync();
        authority.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private static async Task RequireNamespacesAsync()
    {
        using var tried = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("unshare", ["--mount", "true"]) { RedirectStandardError = true, UseShellExecute = false })!;
        var error = await tried.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await tried.WaitForExitAsync(TestContext.Current.CancellationToken);
        if (tried.ExitCode != 0)
            throw new InvalidOperationException($"These tests give the service a resolver of its own, for which they must be allowed a mount namespace (root, or CAP_SYS_ADMIN in a container): {error.Trim()}");
    }
}
