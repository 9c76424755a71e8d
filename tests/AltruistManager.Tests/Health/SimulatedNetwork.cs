using AltruistManager.Altruists;
using AltruistManager.Health;
using AltruistManager.Probing;

namespace AltruistManager.Tests.Health;

/// <summary>
/// A chain, nodes that see it late or wrongly, and the three lanes that probe them; the real trace and evaluator judge. Nothing is
/// stored, and what is drawn comes from one seed.
/// </summary>
internal sealed class SimulatedNetwork(int seed, NetworkRules rules)
{
    private const int SweepSeconds = 300;

    private readonly Random random = new(seed);
    private readonly List<double> blocks = [];
    private readonly List<Node> nodes = [];
    private ReferenceTrace trace = ReferenceTrace.Empty;

    public sealed class Node
    {
        public required string Name { get; init; }

        public required string Provider { get; init; }

        /// <summary>What it shows at a second: a height and the time of that block; null when it does not answer.</summary>
        public required Func<double, (long Height, double HeadAt)?> Shows { get; init; }

        public bool Hot { get; init; }

        public Memory Memory { get; set; } = Memory.New;

        public VerdictState State { get; set; }

        public List<(double Second, VerdictState State, string Reason)> History { get; } = [];
    }

    public ReferenceTrace Trace => trace;

    public IReadOnlyList<Node> Nodes => nodes;

    /// <summary>The longest time from a request to its answer.</summary>
    public double MaxLatencySeconds { get; init; } = 0.5;

    public Random Random => random;

    /// <param name="next">The pause before the next block, in seconds, given the time.</param>
    public void Produce(double until, Func<double, double> next)
    {
        for (var at = -1000 * rules.SeedBlockTimeSeconds; at < until; at += next(at))
            blocks.Add(at);
    }

    public void Add(Node node) => nodes.Add(node);

    /// <summary>The head at that second.</summary>
    public (long Height, double HeadAt) Head(double second)
    {
        var index = blocks.BinarySearch(second);
        var height = Math.Max(0, index >= 0 ? index : ~index - 1);
        return (1_000_000 + height, blocks[height]);
    }

    public void Run(double seconds)
    {
        var wantedAt = double.NegativeInfinity;
        var nextSweep = 0.0;
        var retried = nodes.ToDictionary(node => node, _ => 0);
        for (var second = 0; second < seconds; second++)
        {
            if (second >= nextSweep || wantedAt == second)
            {
                Probe(nodes, second, ProbeLane.Steady, spread: 2);
                if (second >= nextSweep)
                    nextSweep += SweepSeconds;
            }

            if (second % 3 == 0)
            {
                var retries = nodes.FindAll(node => retried[node] < 20 && (node.State is VerdictState.Unknown or VerdictState.Failing || node.Memory.Goods is > 0 and < 2));
                retries.ForEach(node => retried[node]++);
                nodes.FindAll(node => node.State == VerdictState.Healthy).ForEach(node => retried[node] = 0);
                Probe(retries, second + 0.3, ProbeLane.Retry, spread: 0);
            }

            if (second % 10 == 5 && Probe(nodes.FindAll(node => node.Hot), second + 0.1, ProbeLane.Hot, spread: 0) && second - wantedAt >= 30)
                wantedAt = second + 1;
        }
    }

    private bool Probe(List<Node> asked, double second, ProbeLane lane, double spread)
    {
        var seen = asked.Select(node =>
        {
            var latency = random.NextDouble() * MaxLatencySeconds;
            var at = second + random.NextDouble() * spread + latency;
            // The node looked at its head at some moment between question and answer.
            var shown = node.Shows(at - random.NextDouble() * latency);
            return (node, at, shown);
        }).ToList();

        var observations = seen.Where(entry => entry.shown is not null).ToDictionary(entry => entry.node, entry => new Observation(
            new AltruistId(entry.node.Name), new ProviderId(entry.node.Provider), Reference: false, Votes: true,
            Time(entry.at), entry.shown!.Value.Height, Time(Math.Floor(entry.shown!.Value.HeadAt))));
        trace = trace.Observe(observations.Values, _ => true, rules, TimeSpan.FromSeconds(SweepSeconds));

        var undecided = false;
        foreach (var (node, at, shown) in seen)
        {
            HeadAssessment? head = observations.TryGetValue(node, out var observation) ? trace.Judge(observation, rules) : null;
            undecided |= head?.Judgement == HeadJudgement.Undecided;
            var probe = new ProbeResult
            {
                Altruist = new AltruistId(node.Name),
                Lane = lane,
                At = Time(at),
                Outcome = shown is null ? ProbeOutcome.Timeout : ProbeOutcome.Ok,
                Height = shown?.Height,
                Identity = "1",
            };
            var evaluation = HealthEvaluator.Evaluate(node.Memory, new Assessment(probe, "https://node", "1", Attested: true, head), new HealthOptions(), Time(at));
            node.Memory = evaluation.Memory;
            if (evaluation.State != node.State)
                node.History.Add((second, evaluation.State, evaluation.Reason));
            node.State = evaluation.State;
        }

        return undecided;
    }

    private static DateTimeOffset Time(double second) => Heads.Start.AddMilliseconds(Math.Round(second * 1000));
}
