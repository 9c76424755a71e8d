using System.Net;
using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Chains.Protocols;
using AltruistManager.Probing;
using AltruistManager.Probing.Checks;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace AltruistManager.Tests.Probing.Checks;

/// <summary>Runs one check at its own pace against a server of the test; loopback is allowed, and nobody's patience ends unless the test moves the clock.</summary>
internal sealed class CheckBench : IDisposable, ICheckObserver
{
    private readonly NameResolver resolver = new(_ => [IPAddress.Loopback]);
    private readonly CheckRunner runner;

    public CheckBench(bool allowHttp = true)
    {
        Options = Microsoft.Extensions.Options.Options.Create(new ProbingOptions { AllowHttp = allowHttp, AllowedPrivateNetworks = ["127.0.0.0/8"] });
        Http = new GuardedHttp(resolver, new EgressProof(TimeProvider.System), Options, Time);
        runner = new CheckRunner(Http, this, new BrokenProbes(TimeProvider.System, NullLogger<BrokenProbes>.Instance), Options, Time);
    }

    public ManualTime Time { get; } = new();

    public GuardedHttp Http { get; }

    public IOptions<ProbingOptions> Options { get; }

    /// <summary>As the network is known.</summary>
    public NetworkPace Pace { get; set; } = new(BlockTimeSeconds: 12, ToleranceBlocks: 3);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static Altruist Altruist(string url, params string[] capabilities) => ProbeBench.Altruist(url) with { Capabilities = capabilities };

    public static CheckSubject Subject(Altruist altruist) => new(altruist, new EvmProtocol(), []);

    public Task<CheckResult> RunAsync(IOwnCheck check, Altruist altruist) => RunAsync(check, Subject(altruist));

    public Task<CheckResult> RunAsync(IOwnCheck check, CheckSubject subject) => runner.RunAsync(check, subject, Cancellation).WaitAsync(Wait.Patience, Cancellation);

    /// <summary>One probe by these checks, with the calls of each.</summary>
    public Task<(ProbeResult Probe, IReadOnlyDictionary<string, IReadOnlyList<Exchange>> Asked)> ProbeAsync(CheckSubject subject, CheckList checks, ProbeQuestions questions) =>
        runner.ProbeAsync(subject, checks, questions, TimeSpan.FromMinutes(1), Cancellation).WaitAsync(Wait.Patience, Cancellation);

    public Task CheckedAsync(AltruistId altruist, CancellationToken cancellation) => Task.CompletedTask;

    public bool Answers(AltruistId altruist) => true;

    public NetworkPace PaceOf(NetworkId network) => Pace;

    public void Dispose()
    {
        Http.Dispose();
        resolver.Dispose();
    }
}
