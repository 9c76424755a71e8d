using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Chains.Protocols;
using AltruistManager.Health;
using AltruistManager.Probing;
using AltruistManager.Probing.Checks;
using AltruistManager.Selection;
using AltruistManager.Simulator;
using AltruistManager.Tests.Probing;

namespace AltruistManager.Tests.Chains.Protocols;

/// <summary>
/// Simulated nodes of one network that speak its protocol, swept over HTTP by the real prober and judged by the real rules, by a clock
/// that only the test moves. Nothing is stored.
/// </summary>
internal sealed class ProbedNetwork : IAsyncDisposable
{
    private readonly ManualTime clock;
    private readonly SimulatedWorld world;
    private readonly ProbeBench bench;
    private readonly Spoken spoken;
    private readonly double configuredBlockTime;
    private readonly int tolerance;
    private readonly Dictionary<AltruistId, Seat> seats = [];
    private readonly List<Altruist> altruists = [];

    private ProbedNetwork(SimulatedWorld world, ManualTime clock, Spoken spoken, TimeSpan blockTime, double configuredBlockTime, int tolerance, int skippedEvery, int transactions)
    {
        (this.world, this.clock, this.spoken, this.configuredBlockTime, this.tolerance) = (world, clock, spoken, configuredBlockTime, tolerance);
        bench = new ProbeBench(time: clock);
        Chain = world.AddChain(spoken.Language, spoken.Identity, blockTime, transactionsPerBlock: transactions, skippedEvery: skippedEvery);
    }

    /// <summary>A protocol, and identities of its kind.</summary>
    /// <param name="LongerIdentity">Begins as the right one does, so far as its kind allows; another chain's.</param>
    /// <param name="Probe">For the protocol <c>json</c>: what is declared, of nodes that speak <paramref name="As"/>.</param>
    public sealed record Spoken(string Protocol, string Identity, string LongerIdentity, string? As = null, string? Probe = null)
    {
        public string Language => As ?? Protocol;

        public NetworkId Network { get; } = new(Protocol, Identity);

        public IChainProtocol Questions { get; } = ProtocolList.All.Find(
            new NetworkId(Protocol, Identity),
            [new Chain { Id = new ChainId("0021"), Name = Protocol, Network = new NetworkId(Protocol, Identity), Probe = Probe, BlockTimeSeconds = 2, LagToleranceBlocks = 5, RequestTimeoutMs = 10_000 }])!;

        public override string ToString() => Protocol;
    }

    public SimulatedChain Chain { get; }

    public ReferenceTrace Trace { get; private set; } = ReferenceTrace.Empty;

    public static async Task<ProbedNetwork> StartAsync(Spoken spoken, double blockTime = 2, double? configuredBlockTime = null, int tolerance = 5, int skippedEvery = 0, int transactions = 4)
    {
        var time = new ManualTime();
        var nodes = await SimulatedWorld.StartAsync(new SimulatedWorldOptions { Clock = time }, TestContext.Current.CancellationToken);
        return new ProbedNetwork(nodes, time, spoken, TimeSpan.FromSeconds(blockTime), configuredBlockTime ?? blockTime, tolerance, skippedEvery, transactions);
    }

    /// <summary>A node and the altruist of that name, each of a provider of its own.</summary>
    public SimulatedNode Add(string name, Fault? fault = null)
    {
        var node = world.AddNode(Chain, name);
        node.Fault = fault;
        altruists.Add(ProbeBench.Altruist(node.Url.ToString(), network: spoken.Network.Value, id: name) with { Provider = new ProviderId(name), Attested = true, Url = node.Url.ToString() });
        seats[new AltruistId(name)] = new Seat();
        return node;
    }

    public VerdictState State(string name) => seats[new AltruistId(name)].States[^1];

    public string Reason(string name) => seats[new AltruistId(name)].Reason;

    /// <summary>Its states, one after another.</summary>
    public IReadOnlyList<VerdictState> History(string name) => seats[new AltruistId(name)].States;

    /// <summary>One probe that asks everything and is not judged.</summary>
    public Task<ProbeResult> ProbeAsync(string name, long? integrityHeight = null) =>
        bench.ProbeAsync(Find(name), new ProbeQuestions(Identity: true, integrityHeight, Syncing: true), spoken.Questions);

    /// <summary>For checks at their own pace.</summary>
    public CheckSubject SubjectOf(string name, params IReadOnlyList<string> capabilities) => new(Find(name) with { Capabilities = capabilities }, spoken.Questions, []);

    /// <summary>How far it would be used where its checks at their own pace found this.</summary>
    public Usability UsabilityOf(string name, params IReadOnlyCollection<CheckRecord> found)
    {
        var verdict = Verdict.NeverProbed with { State = State(name), Reason = Reason(name), LastGoodAt = clock.GetUtcNow() };
        return Eligibility.Judge(Find(name), Standing.Of(found, new HealthOptions()).On(verdict), drain: null, clock.GetUtcNow());
    }

    /// <summary>Asks about a capability as the checks do, after the head.</summary>
    public async Task<NodeReply<bool>> ProveAsync(string name, string capability)
    {
        var question = new CapabilityQuestion(spoken.Questions, capability);
        await bench.ProbeAsync(Find(name), default, question);
        return question.Reply;
    }

    /// <summary>Sweeps that many times, a minute apart.</summary>
    /// <param name="secondsBetween">From one altruist of a sweep to the next.</param>
    public async Task SweepAsync(int times, double secondsApart = 60, double secondsBetween = 0)
    {
        for (var sweep = 0; sweep < times; sweep++)
        {
            clock.Advance(TimeSpan.FromSeconds(secondsApart));
            var questions = new ProbeQuestions(Identity: true, Trace.Height is { } head and > 33 ? head - 32 : null, Syncing: true);
            var results = new List<(ProbeResult Probe, Altruist Altruist)>();
            foreach (var altruist in altruists)
            {
                results.Add((await bench.ProbeAsync(altruist, questions, spoken.Questions), altruist));
                clock.Advance(TimeSpan.FromSeconds(secondsBetween));
            }

            Judge(results);
        }
    }

    public async ValueTask DisposeAsync()
    {
        bench.Dispose();
        await world.DisposeAsync();
    }

    private Altruist Find(string name) => altruists.Single(altruist => altruist.Id.Value == name);

    /// <summary>As a batch of a sweep is judged: who votes first, then the trace, then everybody against it.</summary>
    private void Judge(List<(ProbeResult Probe, Altruist Altruist)> results)
    {
        var rules = NetworkRules.Default with { SeedBlockTimeSeconds = configuredBlockTime, LagToleranceBlocks = tolerance };
        bool IsProven(ProbeResult probe) => probe.Identity == spoken.Identity || (probe.Identity is null && seats[probe.Altruist].Memory is { IdentityProven: true, WrongIdentity: null });
        var integrity = IntegrityCheck.Compare([.. results
            .Where(pair => pair.Probe is { IntegrityHeight: not null, IntegrityHash: not null } && IsProven(pair.Probe))
            .Select(pair => new IntegrityAnswer(pair.Altruist.Id, pair.Altruist.Provider, pair.Probe.IntegrityHeight!.Value, pair.Probe.IntegrityHash!, seats[pair.Altruist.Id].Memory.DivergedAt is not null))]);
        bool Votes(AltruistId id) => results.Exists(pair => pair.Altruist.Id == id && IsProven(pair.Probe))
            && seats[id].Memory.DivergedAt is null && integrity.GetValueOrDefault(id).Finding != IntegrityFinding.Differs;

        var heads = results.Where(pair => pair.Probe.Height is not null).ToDictionary(
            pair => pair.Altruist.Id,
            pair => new Observation(pair.Altruist.Id, pair.Altruist.Provider, Reference: false, Votes(pair.Altruist.Id), pair.Probe.At, pair.Probe.Height!.Value, pair.Probe.HeadTime));
        Trace = Trace.Observe(heads.Values, Votes, rules, TimeSpan.FromSeconds(60));
        foreach (var (probe, altruist) in results)
        {
            HeadAssessment? head = heads.TryGetValue(altruist.Id, out var seen) ? Trace.Judge(seen, rules) : null;
            var (finding, reason) = integrity.GetValueOrDefault(altruist.Id, (IntegrityFinding.NotJudged, null));
            var seat = seats[altruist.Id];
            var evaluation = HealthEvaluator.Evaluate(seat.Memory, new Assessment(probe, altruist.Fingerprint, spoken.Identity, Attested: true, head, finding, reason), new HealthOptions(), clock.GetUtcNow());
            (seat.Memory, seat.Reason) = (evaluation.Memory, evaluation.Reason);
            if (seat.States.Count == 0 || seat.States[^1] != evaluation.State)
                seat.States.Add(evaluation.State);
        }
    }

    private sealed class Seat
    {
        public Memory Memory { get; set; } = Memory.New;

        public string Reason { get; set; } = "";

        public List<VerdictState> States { get; } = [];
    }
}
