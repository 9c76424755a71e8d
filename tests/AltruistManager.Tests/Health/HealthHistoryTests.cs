using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Health;
using AltruistManager.Probing;
using AltruistManager.Tests.Scheduling;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AltruistManager.Tests.Health;

/// <summary>
/// The state machine over random histories of a whole network: probes of all kinds, other identities, people who switch altruists and their
/// attestation on and off, clocks that are set, restarts, and our own network that fails. What must hold in each of them, whatever happens (design 5.3, 5.4).
/// </summary>
public sealed class HealthHistoryTests
{
    /// <summary>One thing that happens; the numbers say what, to whom and how.</summary>
    private readonly record struct Event(int Kind, int Who, int How, int Seconds);

    [Fact]
    public void Any_history_of_a_network_keeps_the_rules_of_its_states()
    {
        var steps = from kind in Gen.Choose(0, 99)
                    from who in Gen.Choose(0, 6)
                    from how in Gen.Choose(0, 999)
                    from seconds in Gen.Frequency((8, Gen.Choose(1, 20)), (2, Gen.Choose(20, 900)), (1, Gen.Choose(900, 30_000)))
                    select new Event(kind, who, how, seconds);
        var histories = Arb.From(Gen.ArrayOf(steps, 250), history => history.Length < 2 ? [] : new[] { history[..(history.Length / 2)], history[1..], history[..^1] });
        var reached = new HashSet<string>();
        var all = Enum.GetNames<VerdictState>().Append("Frozen").Append("Thawed").Append("Held").ToHashSet();
        // What is rare may by chance come about in none of them: then more are drawn.
        for (var most = 10; most > 0 && !all.IsSubsetOf(reached); most--)
            Prop.ForAll(histories, history => new World(reached).Live(history)).Check(Config.QuickThrowOnFailure.WithMaxTest(60));
        // A rule that is never put to the test is not kept.
        Assert.Superset(all, reached);
    }

    private sealed class World
    {
        private static readonly NetworkId Network = new("evm", "1");
        private static readonly System.Net.IPAddress PublicAddress = System.Net.IPAddress.Parse("93.184.216.34");

        private readonly Clock clock = new();
        private readonly HealthOptions options = new() { SuspendAfter = TimeSpan.FromHours(2) };
        private readonly ProbingOptions probing = new();
        private readonly Node[] nodes;
        private readonly HashSet<string> reached;
        private HealthBoard board = new();
        private EgressProof egress = null!;
        private Preservation preservation = null!;
        private Dictionary<AltruistId, Watched> watched = [];
        private readonly Dictionary<AltruistId, Watched> twin = [];
        private ReferenceTrace trace = ReferenceTrace.Empty;
        private bool isCut;
        private int step;

        /// <param name="reached">Filled with the states that came to be.</param>
        public World(HashSet<string> reached)
        {
            this.reached = reached;
            nodes = [.. Enumerable.Range(0, 7).Select(number => new Node(number))];
            StartWatching();
        }

        private sealed class Clock : TimeProvider
        {
            public TimeSpan Elapsed { get; set; } = TimeSpan.FromDays(1);

            public TimeSpan SetBy { get; set; }

            public override long TimestampFrequency => TimeSpan.TicksPerSecond;

            public override DateTimeOffset GetUtcNow() => Heads.Start + Elapsed + SetBy;

            public override long GetTimestamp() => Elapsed.Ticks;
        }

        /// <summary>An altruist, and what a bystander with a notebook knows of it.</summary>
        private sealed class Node(int number)
        {
            public Altruist Altruist { get; set; } = new()
            {
                Id = new AltruistId($"a{number}"),
                Provider = new ProviderId($"p{number % 4}"),
                Network = Network,
                Chains = [new ChainId("0021")],
                Regions = [RegionId.Everywhere],
                Url = $"https://a{number}.example/rpc",
                MayBePrivate = false,
                Label = $"a{number}",
                Attested = true,
                CreatedAt = Heads.Start,
            };

            public long Behind { get; set; }
            public long? StuckAt { get; set; }
            public string? ProvenAt { get; set; }
            public string? Serves { get; set; } = "1";
            public int NotGood { get; set; }
            public int Goods { get; set; }

            /// <summary>Downtime, frozen time not counted; null while it is not down.</summary>
            public TimeSpan? Down { get; set; }
        }

        private Roster Roster => new(1, [new Chain { Id = new ChainId("0021"), Name = "test", Network = Network, BlockTimeSeconds = 12, LagToleranceBlocks = 3, RequestTimeoutMs = 10_000 }], [], [], [.. nodes.Select(node => node.Altruist)]);

        public void Live(Event[] history)
        {
            foreach (var happened in history)
            {
                step++;
                Pass(TimeSpan.FromSeconds(happened.Seconds));
                var node = nodes[happened.Who % nodes.Length];
                switch (happened.Kind)
                {
                    case < 4:
                        (node.Behind, node.StuckAt) = (happened.How % 4 == 1 ? 400 : 0, happened.How % 4 == 2 ? HeadAt(clock.Elapsed) : null);
                        break;
                    case < 45:
                        Probe([(node, happened.How)], (happened.How / 7 % 2) == 0 ? ProbeLane.Hot : ProbeLane.Retry);
                        break;
                    case < 75:
                        Probe([.. nodes.Where(one => one.Altruist.Enabled).Select((one, nth) => (one, (happened.How + (nth * 131)) % (happened.How % 3 == 0 ? 1000 : 600)))], ProbeLane.Steady);
                        break;
                    case < 79:
                        node.Altruist = node.Altruist with { Enabled = !node.Altruist.Enabled };
                        break;
                    case < 82:
                        node.Altruist = node.Altruist with { Attested = !node.Altruist.Attested };
                        break;
                    case < 84:
                        node.Altruist = node.Altruist with { Capabilities = node.Altruist.Capabilities.Count == 0 ? ["archive"] : [] };
                        break;
                    case < 86:
                        node.Altruist = node.Altruist with { Url = $"https://a{happened.Who}-{step}.example/rpc" };
                        break;
                    case < 88:
                        node.Serves = happened.How % 3 == 0 ? "56" : "1";
                        break;
                    case < 92:
                        isCut = !isCut;
                        break;
                    case < 95:
                        Restart();
                        break;
                    case < 97:
                        var leap = TimeSpan.FromMinutes((happened.How % 4) switch { 0 => 7, 1 => -7, 2 => 24 * 60, _ => -24 * 60 });
                        clock.SetBy += leap;
                        // Who looks at a wall clock cannot tell a small leap from a late sweep.
                        foreach (var down in nodes.Where(one => one.Down is not null && leap > TimeSpan.Zero))
                            down.Down += leap < 2 * probing.Interval ? leap : 2 * probing.Interval;
                        break;
                    default:
                        if (watched.TryGetValue(node.Altruist.Id, out var suspended))
                        {
                            Keep(node, suspended with { Memory = HealthEvaluator.Resume(suspended.Memory), Verdict = suspended.Verdict with { State = VerdictState.Unknown, Reason = "resumed" } });
                            (node.Down, node.Goods, node.NotGood) = (null, 0, 0);
                        }

                        break;
                }
            }
        }

        private void Pass(TimeSpan time)
        {
            clock.Elapsed += time;
            foreach (var node in nodes.Where(node => node.Down is not null && board.FrozenSince is null))
                node.Down += time;
        }

        /// <summary>Forgets all that is not stored. Who was not restarted (the twin) must not notice a difference.</summary>
        private void Restart()
        {
            watched = watched.ToDictionary(pair => pair.Key, pair => Watched.FromStored(
                pair.Value.ToStored(pair.Key) with { Memory = Memory.FromJson(pair.Value.Memory.ToJson()) },
                new LastSeen(pair.Value.Verdict.LastProbeAt, AnswerAt: null, Height: null, LatencyMs: null, Performance.Unknown)));
            trace = ReferenceTrace.FromJson(trace.ToJson());
            // No probe goes on over a restart, so that none can wait for the same silence as one after it.
            foreach (var id in twin.Keys)
                twin[id] = twin[id] with { LastOutcome = null, LastSilence = null };
        }

        private void StartWatching()
        {
            board = new HealthBoard();
            egress = new EgressProof(clock);
            preservation = new Preservation(board, egress, null!, Options.Create(probing), clock, new Logger<Preservation>(new LoggerFactory([new ListLogger([])])));
        }

        private void Probe(IReadOnlyList<(Node Node, int How)> asked, ProbeLane lane)
        {
            var results = new List<(ProbeResult Probe, Altruist Altruist)>();
            foreach (var (node, how) in asked.Where(pair => pair.Node.Altruist.Enabled))
            {
                var probe = ResultOf(node, how, lane);
                if (probe.Outcome.IsAnswer() || probe.Outcome == ProbeOutcome.ConnectRefused)
                    egress.Reached(PublicAddress);
                results.Add((probe, node.Altruist));
            }

            if (results.Count == 0)
                return;
            var before = new Dictionary<AltruistId, Watched>(watched);
            var wasFrozen = board.FrozenSince is not null;
            preservation.Observe(results, () => nodes.Where(node => board[node.Altruist.Id].State is VerdictState.Healthy or VerdictState.Failing).Select(node => node.Altruist));
            var isFrozen = board.FrozenSince is not null;
            var outcome = Judge(results, watched);
            // The same with a memory that was never stored.
            var unstored = Judge(results, twin);
            trace = outcome.Trace;
            for (var i = 0; i < results.Count; i++)
            {
                var (probe, altruist) = results[i];
                var node = Array.Find(nodes, one => one.Altruist.Id == altruist.Id)!;
                var was = before.GetValueOrDefault(altruist.Id, Watched.New);
                var now = outcome.Watched[altruist.Id];
                Check(node, probe, was, now, isFrozen);
                Assert.Equal((now.Memory, now.Verdict.State), (unstored.Watched[altruist.Id].Memory, unstored.Watched[altruist.Id].Verdict.State));
                Keep(node, now);
                twin[altruist.Id] = unstored.Watched[altruist.Id];
            }

            if (wasFrozen && !isFrozen)
                reached.Add("Thawed");
            if (wasFrozen && isFrozen)
                Assert.Empty(outcome.Changes);
        }

        private void Keep(Node node, Watched now)
        {
            watched[node.Altruist.Id] = now;
            twin[node.Altruist.Id] = now;
            board.Set(node.Altruist.Id, now.Verdict);
        }

        private HealthBatchOutcome Judge(List<(ProbeResult Probe, Altruist Altruist)> results, Dictionary<AltruistId, Watched> known) => new HealthBatch
        {
            Network = Network,
            Probes = results,
            Roster = Roster,
            Trace = trace,
            Agreed = null,
            Known = id => known.GetValueOrDefault(id),
            Health = options,
            Drains = DrainBook.Empty,
            Probing = probing,
            Preservation = preservation,
            WatchedUntil = null,
            Eligible = () => nodes.Where(node => board[node.Altruist.Id].State is VerdictState.Healthy or VerdictState.Failing).Select(node => node.Altruist),
            Now = clock.GetUtcNow(),
        }.Judge();

        private ProbeResult ResultOf(Node node, int how, ProbeLane lane)
        {
            var outcome = isCut
                ? how % 5 == 0 ? ProbeOutcome.Timeout : ProbeOutcome.ConnectTimeout
                : how < 600 ? ProbeOutcome.Ok : (ProbeOutcome)(how % ((int)ProbeOutcome.NoSockets + 1));
            var isOk = outcome == ProbeOutcome.Ok;
            var head = (node.StuckAt ?? HeadAt(clock.Elapsed)) - node.Behind + (how % 97 == 5 ? 5_000_000 : 0);
            return new ProbeResult
            {
                Altruist = node.Altruist.Id,
                Lane = lane,
                At = clock.GetUtcNow(),
                Outcome = outcome,
                Height = isOk ? head : null,
                HeadTime = isOk ? clock.GetUtcNow().AddSeconds(-3 - (12 * (HeadAt(clock.Elapsed) - head))) : null,
                Identity = isOk && (how % 2 == 0 || node.ProvenAt != node.Altruist.Fingerprint) ? node.Serves : null,
                IntegrityHeight = isOk && lane == ProbeLane.Steady ? 1_000_000 : null,
                IntegrityHash = isOk && lane == ProbeLane.Steady ? how % 101 == 7 ? "0xother" : "0xsame" : null,
                RetryAfter = how % 3 == 0 ? TimeSpan.FromSeconds(how) : null,
            };
        }

        private static long HeadAt(TimeSpan elapsed) => 1_000_000 + (long)(elapsed.TotalSeconds / 12);

        private void Check(Node node, ProbeResult probe, Watched was, Watched now, bool isFrozen)
        {
            var (before, after) = (was.Verdict, now.Verdict);
            reached.Add(after.State.ToString());
            if (isFrozen)
                reached.Add("Frozen");
            if (after.Reason.Contains("is being checked;", StringComparison.Ordinal))
                reached.Add("Held");
            var message = $"step {step}, {node.Altruist.Id}: {before.State} ({before.Reason}) → {after.State} ({after.Reason}) after {probe.Outcome}, {probe.Identity}, frozen {isFrozen}";
            Assert.False(string.IsNullOrWhiteSpace(after.Reason), message);
            Assert.Equal(now.Memory, Memory.FromJson(now.Memory.ToJson()));
            if (isFrozen)
            {
                Assert.Equal((was.Memory, before), (now.Memory, after));
                return;
            }

            Assert.True(now.Memory.DownSince is { } fell ? now.Memory.Unwatched <= clock.GetUtcNow() - fell : now.Memory.Unwatched == TimeSpan.Zero, message);

            // The bystander's notes.
            if (probe.Identity is { } identity)
                node.ProvenAt = identity == "1" ? node.Altruist.Fingerprint : null;
            var good = after.LastGoodAt == probe.At && probe.Outcome == ProbeOutcome.Ok;
            // Times that lie ahead after the clock was set back are moved by any probe.
            var unmoved = now.Memory with { CooldownUntil = was.Memory.CooldownUntil, DownSince = was.Memory.DownSince, DivergedAt = was.Memory.DivergedAt, HealthySince = was.Memory.HealthySince, Unwatched = was.Memory.Unwatched, ThrottledSince = was.Memory.ThrottledSince, Falls = was.Memory.Falls };
            // A proof made elsewhere ends with the first probe at another endpoint, whatever came of it.
            var counted = unmoved with { IdentityProven = was.Memory.IdentityProven, IdentityMisses = was.Memory.IdentityMisses } != was.Memory || good;
            node.Goods = good ? node.Goods + 1 : probe.Outcome == ProbeOutcome.Ok || !counted ? node.Goods : 0;
            node.NotGood = good ? 0 : node.NotGood + 1;
            node.Down = after.State == VerdictState.Suspended || now.Memory.Base == VerdictState.Down ? node.Down ?? TimeSpan.Zero : null;

            var isIn = after.State is VerdictState.Healthy or VerdictState.Failing;
            Assert.False(isIn && (node.ProvenAt != node.Altruist.Fingerprint || !node.Altruist.Attested), message);
            Assert.False(isIn && now.Memory is not { WrongIdentity: null, DivergedAt: null, Suspended: false }, message);
            Assert.False(isIn && now.Memory.Base is not (VerdictState.Healthy or VerdictState.Failing), message);
            Assert.False(probe.Identity == "56" && after.State is not (VerdictState.WrongChain or VerdictState.Suspended), message);
            if (after.State == VerdictState.Healthy && before.State is not (VerdictState.Healthy or VerdictState.Unknown or VerdictState.Diverged or VerdictState.WrongChain))
                Assert.True(node.Goods >= options.Rise, message);
            if (now.Memory.Base == VerdictState.Down && was.Memory.Base != VerdictState.Down)
                Assert.True(node.NotGood >= options.Fall, message);
            if (after.State == VerdictState.Throttled)
                Assert.Null(now.Memory.DownSince);
            if (now.Memory.Suspended && !was.Memory.Suspended)
                Assert.True(node.Down >= options.SuspendAfter, message);
            Assert.True(now.Memory.CooldownUntil is not { } until || until <= clock.GetUtcNow() + HealthEvaluator.LongestCooldown, message);
            if (probe.Outcome.IsOurs())
                Assert.Equal(was.Memory.At(node.Altruist.Fingerprint), unmoved);
        }
    }
}
