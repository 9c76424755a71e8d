using System.Net;
using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Chains.Protocols;
using AltruistManager.Probing;
using AltruistManager.Probing.Checks;
using Microsoft.Extensions.Options;

namespace AltruistManager.Tests.Probing;

/// <summary>A prober that may reach loopback, and altruists for it.</summary>
internal sealed class ProbeBench : IDisposable
{
    /// <summary>Enough for an answer on a busy machine.</summary>
    private const int PatienceMs = 120_000;

    private readonly NameResolver resolver;
    private readonly GuardedHttp http;

    public ProbeBench(Func<string, IPAddress[]>? lookUp = null, Action<ProbingOptions>? configure = null, TimeProvider? time = null)
    {
        var options = new ProbingOptions { AllowHttp = true, AllowedPrivateNetworks = ["127.0.0.0/8"] };
        configure?.Invoke(options);
        resolver = new NameResolver(lookUp ?? (_ => throw new InvalidOperationException("This test looks up no names.")));
        http = new GuardedHttp(resolver, Egress, Options.Create(options), time ?? TimeProvider.System);
        Prober = new Prober(http, new CheckList([new HeightCheck(), new IdentityCheck(), new DataIntegrityCheck(), new HeadAgeCheck(), new LatencyCheck()]), Options.Create(options), time ?? TimeProvider.System);
    }

    public Prober Prober { get; }

    public EgressProof Egress { get; } = new(TimeProvider.System);

    /// <summary>One whose connections rest for a minute from one probe to the next; those of who is seldom asked rest for a second.</summary>
    public static ProbeBench Often() => new(configure: options => options.Interval = GuardedHttp.Kept);

    public static Altruist Altruist(string url, bool mayBePrivate = true, string network = "evm:1", string id = "a1") => new()
    {
        Id = new AltruistId(id),
        Provider = new ProviderId("acme"),
        Network = new NetworkId(network),
        Chains = [new ChainId("0021")],
        Regions = [RegionId.Everywhere],
        Url = url,
        MayBePrivate = mayBePrivate,
        Label = id,
        CreatedAt = DateTimeOffset.UnixEpoch,
    };

    public Task<ProbeResult> ProbeAsync(string url, ProbeQuestions questions = default, int timeoutMs = PatienceMs, bool mayBePrivate = true, string path = "", IChainProtocol? protocol = null) =>
        Prober.ProbeAsync(Altruist(url, mayBePrivate), protocol ?? new EvmProtocol(), path, ProbeLane.Steady, questions, TimeSpan.FromMilliseconds(timeoutMs), TestContext.Current.CancellationToken)
            .WaitAsync(Wait.Patience + TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);

    public Task<ProbeResult> ProbeAsync(Altruist altruist, ProbeQuestions questions = default, IChainProtocol? protocol = null) =>
        Prober.ProbeAsync(altruist, protocol ?? new EvmProtocol(), "", ProbeLane.Steady, questions, TimeSpan.FromMilliseconds(PatienceMs), TestContext.Current.CancellationToken)
            .WaitAsync(Wait.Patience + TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);

    public void Dispose()
    {
        http.Dispose();
        resolver.Dispose();
    }
}
