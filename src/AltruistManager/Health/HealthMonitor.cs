using System.Collections.Concurrent;
using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Probing;
using AltruistManager.Probing.Checks;
using AltruistManager.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AltruistManager.Health;

/// <summary>Turns batches of probes into verdicts: reads the trace and the memories, lets the pure parts decide, writes, tells. Also says what to ask next.</summary>
public sealed partial class HealthMonitor(
    RosterCache rosters,
    HealthStore store,
    HealthBoard board,
    Preservation preservation,
    CheckBook checks,
    CheckList list,
    DrainStore drains,
    IEnumerable<IVerdictObserver> observers,
    IOptions<HealthOptions> health,
    IOptions<ProbingOptions> probing,
    TimeProvider time,
    ILogger<HealthMonitor> logger) : IProbeObserver, IProbeDemand, ICheckObserver, IDisposable
{
    private static readonly TimeSpan ClockSlack = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<NetworkId, WatchedNetwork> networks = new();

    // Whom the retry lane asks, which wants to know every second: everybody is looked at only when people have changed something.
    private readonly Lock undecidedGate = new();
    private readonly HashSet<AltruistId> undecided = [];
    private Roster walked = Roster.Empty;

    private readonly SemaphoreSlim returning = new(1, 1);
    private Roster seen = Roster.Empty;

    private DateTimeOffset? watchedUntil;

    /// <summary>Takes up what was known before the start. Call once, before the first probe and the first round.</summary>
    public async Task LoadAsync(CancellationToken cancellation)
    {
        seen = rosters.Current;
        await preservation.LoadAsync(cancellation);
        foreach (var (network, trace) in await store.LoadTracesAsync(cancellation))
            NetworkOf(network).Trace = trace;

        var now = time.GetUtcNow();
        var answered = await store.LastSeenAsync(probing.Value.Vantage, now - 2 * probing.Value.Interval, now - Performance.Span, cancellation);
        var roster = rosters.Current;
        watchedUntil = await store.WatchedUntilAsync(probing.Value.Vantage, now, cancellation);
        await foreach (var stored in store.LoadAsync(probing.Value.Vantage, cancellation))
        {
            var known = Sharing(roster, stored);
            Keep(known.Altruist, WithStanding(roster, known.Altruist, Watched.FromStored(known, answered.GetValueOrDefault(known.Altruist))));
        }
    }

    public IReadOnlyCollection<AltruistId> Retries
    {
        get
        {
            lock (undecidedGate)
            {
                var roster = rosters.Current;
                if (!roster.HoldsTheSameAs(walked))
                {
                    undecided.Clear();
                    undecided.UnionWith(roster.Live.Where(altruist => IsUndecided(roster, altruist)).Select(altruist => altruist.Id));
                }

                walked = roster;
                return [.. undecided];
            }
        }
    }

    public IReadOnlyCollection<NetworkId> TakeSweepsWanted()
    {
        NetworkId[] wanted = [.. networks.Where(network => network.Value.TakeSweepWanted()).Select(network => network.Key)];
        return preservation.TakeSweepsWanted() ? [.. rosters.Current.LiveByNetwork.Keys] : wanted;
    }

    public bool TakeCanariesWanted() => preservation.TakeCanariesWanted(Eligible);

    public ProbeQuestions QuestionsFor(Altruist altruist, ProbeLane lane)
    {
        var watched = board.Find(altruist.Id) ?? Watched.New;
        var proof = watched.MustProve(rosters.Current, altruist, lane);
        return lane switch
        {
            ProbeLane.Steady => new ProbeQuestions(proof, SweepHeight(altruist.Network), Syncing: true, watched.Sweeps),
            ProbeLane.Ahead => new ProbeQuestions(proof, AgreedHash(altruist.Network)?.Height, Syncing: true),
            _ => new ProbeQuestions(proof, lane == ProbeLane.Retry && watched.Verdict.State == VerdictState.Unknown ? AgreedHash(altruist.Network)?.Height : null, Syncing: false),
        };
    }

    public async Task<IReadOnlyCollection<AltruistId>> ObserveAsync(NetworkId network, IReadOnlyList<ProbeResult> results, CancellationToken cancellation)
    {
        if (results.Count == 0)
            return [];

        var watchedNetwork = NetworkOf(network);
        (bool Wake, IReadOnlyCollection<AltruistId> Changed) judged;
        await watchedNetwork.Turn.WaitAsync(cancellation);
        try
        {
            judged = await JudgeAsync(network, watchedNetwork, results, cancellation);
        }
        finally
        {
            watchedNetwork.Turn.Release();
        }

        await preservation.SaveAsync(cancellation);
        if (judged.Wake)
            await TellAsync(cancellation);
        return judged.Changed;
    }

    /// <summary>A test that its owner or staff asked for passed: ends a suspension or a cool-down (design 5.3).</summary>
    public Task TestPassedAsync(AltruistId altruist, CancellationToken cancellation) =>
        board[altruist].State == VerdictState.Suspended
            ? ResumeAsync(altruist, cancellation)
            : ChangeAsync(altruist, watched =>
            {
                var memory = HealthEvaluator.EndCooldown(watched.Memory, health.Value, time.GetUtcNow());
                var ended = watched.Verdict.CooldownUntil is not null && memory.CooldownUntil is null;
                return watched with
                {
                    Memory = memory,
                    Verdict = watched.Verdict with
                    {
                        Reason = ended ? $"{VerdictNames.Of(watched.Verdict.State)}; a passed test ended its cool-down" : watched.Verdict.Reason,
                        CooldownUntil = memory.CooldownUntil,
                    },
                };
            }, cancellation);

    /// <summary>Ends a suspension, as a passing test by the owner or staff may.</summary>
    public Task ResumeAsync(AltruistId altruist, CancellationToken cancellation) =>
        ChangeAsync(altruist, watched => watched.Resumed(time.GetUtcNow()), cancellation);

    /// <summary>Takes up what the checks at their own pace say of an altruist now: what it has proven, what it is penalised for.</summary>
    public async Task CheckedAsync(AltruistId altruist, CancellationToken cancellation)
    {
        if (!rosters.Current.Altruists.TryGetValue(altruist, out var registered))
            return;

        var network = NetworkOf(registered.Network);
        await network.Turn.WaitAsync(cancellation);
        try
        {
            await TakeUpAsync(board.Find(altruist) is not null ? [] : [altruist], cancellation);
            var before = board.Find(altruist) ?? Watched.New;
            if (StandingOf(rosters.Current, registered).SameAs(before.Verdict))
                return;
            Keep(altruist, WithStanding(rosters.Current, altruist, before));
        }
        finally
        {
            network.Turn.Release();
        }

        await TellAsync(cancellation);
    }

    public bool Answers(AltruistId altruist) => board.Find(altruist) is { Answers: true };

    /// <summary>What the checks of a sweep are judged by.</summary>
    internal SweepFacts FactsOf(AltruistId altruist, NetworkId network)
    {
        var watched = board.Find(altruist) ?? Watched.New;
        var remembered = SweepFindings.Remembered(watched.Memory, network.Identity);
        // Not every sweep asks for the identity: what was proven before holds meanwhile.
        return watched.Findings?.Facts(network.Identity) is { } found ? found with { Identity = found.Identity ?? remembered.Identity } : remembered;
    }

    /// <summary>What most providers told in the last sweep; null when they did not agree.</summary>
    internal AgreedHash? AgreedHash(NetworkId network) => networks.GetValueOrDefault(network)?.Agreed;

    public NetworkPace PaceOf(NetworkId network)
    {
        var rules = RulesOf(network);
        var blockTime = TraceOf(network).BlockTime(rules);
        return new NetworkPace(blockTime, rules.ToleranceBlocks(blockTime));
    }

    /// <summary>
    /// Looks for whom somebody, of any process, switched on again, or whose lost endpoint can be read again: what was known of them before is old, so that they
    /// have to show anew that they are well. A cool-down goes on, and a suspension, which only a passing test ends. Call before picks are settled upon a changed roster.
    /// </summary>
    public async Task TakeUpReturnedAsync(CancellationToken cancellation)
    {
        // Whoever comes second waits as well: afterwards nobody is picked by what is old.
        await returning.WaitAsync(cancellation);
        try
        {
            var (before, now) = (seen, rosters.Current);
            if (!ReferenceEquals(before.Altruists, now.Altruists))
            {
                foreach (var altruist in now.Live)
                    if (IsInService(altruist) && before.Altruists.TryGetValue(altruist.Id, out var known) && !IsInService(known))
                        await ReturnAsync(altruist.Id, cancellation);
            }

            seen = now;
        }
        finally
        {
            returning.Release();
        }

        static bool IsInService(Altruist altruist) => altruist is { Enabled: true, Undecryptable: null };
    }

    public void Dispose() => returning.Dispose();

    private Task ReturnAsync(AltruistId altruist, CancellationToken cancellation) =>
        ChangeAsync(altruist, watched => watched.Memory.Suspended ? watched : watched with
        {
            Memory = HealthEvaluator.Resume(watched.Memory) with { CooldownUntil = watched.Memory.CooldownUntil },
            Verdict = watched.Verdict with { State = VerdictState.Unknown, Reason = "begins anew; not decided yet", Since = time.GetUtcNow() },
            Retries = 0,
        }, cancellation);

    /// <summary>What the network's head was, for those who show it.</summary>
    public ReferenceTrace TraceOf(NetworkId network) => networks.GetValueOrDefault(network)?.Trace ?? ReferenceTrace.Empty;

    private async Task<(bool Wake, IReadOnlyCollection<AltruistId> Changed)> JudgeAsync(NetworkId network, WatchedNetwork watchedNetwork, IReadOnlyList<ProbeResult> results, CancellationToken cancellation)
    {
        var roster = rosters.Current;
        var now = time.GetUtcNow();
        var judged = new List<(ProbeResult Probe, Altruist Altruist)>();
        foreach (var result in results)
            if (roster.Altruists.TryGetValue(result.Altruist, out var registered) && registered is { RetiredAt: null, Enabled: true, InService: var altruist } && altruist.Network == network
                // What was asked elsewhere says nothing of the endpoint that is in service now.
                && (result.Endpoint.Length == 0 || result.Endpoint == roster.PlaceOf(altruist))
                // What a slow batch brings late was overtaken by newer probes; those that lie ahead are from before the clock was set back.
                && !(board.Find(altruist.Id) is { } known && known.Verdict.LastProbeAt > result.At && known.Verdict.LastProbeAt <= now + ClockSlack))
                judged.Add((result, altruist));
        if (judged.Count == 0)
            return (false, []);

        await TakeUpAsync([.. judged.Select(pair => pair.Altruist.Id).Where(id => board.Find(id) is null)], cancellation);

        // What was proven at another place, such as before its chain's path was changed, is proven no longer.
        var elsewhere = judged.Where(pair => board.Find(pair.Altruist.Id) is { } known && known.Memory.ProvenAt is { } place && place != roster.PlaceOf(pair.Altruist))
            .Select(pair => pair.Altruist.Id).ToHashSet();
        preservation.Observe(judged, Eligible);
        var outcome = new HealthBatch
        {
            Network = network,
            Probes = judged,
            Roster = roster,
            Trace = watchedNetwork.Trace,
            Agreed = watchedNetwork.Agreed,
            Known = board.Find,
            Health = health.Value,
            Probing = probing.Value,
            Preservation = preservation,
            Drains = drains.Current,
            Eligible = Eligible,
            WatchedUntil = watchedUntil,
            Now = now,
        }.Judge();

        var swept = results[0].Lane == ProbeLane.Steady;
        if (outcome.Written.Count > 0 || swept)
            await store.WriteAsync(probing.Value.Vantage, now, outcome.Written.Values, outcome.Changes, outcome.Evidence, swept ? (network, outcome.Trace) : null, cancellation);

        watchedNetwork.Trace = outcome.Trace;
        if (swept)
        {
            watchedNetwork.EndSweep();
            watchedNetwork.Agreed = Health.AgreedHash.Of(judged.Where(pair => outcome.Watched[pair.Altruist.Id] is var known && known.Proves(roster, pair.Altruist) && known.Memory.DivergedAt is null));
        }

        if (outcome.SweepWanted)
            watchedNetwork.WantSweep(probing.Value, now);
        foreach (var (id, watched) in outcome.Watched)
            Keep(id, elsewhere.Contains(id) ? WithStanding(roster, id, watched) : watched);
        foreach (var change in outcome.Changes)
        {
            HealthMetrics.Changed(change.From, change.To);
            LogChanged(change.Altruist, network, VerdictNames.Of(change.From), VerdictNames.Of(change.To), change.Reason);
        }

        return (outcome.Wake, outcome.Changes.Count == 0 ? [] : [.. outcome.Changes.Select(change => change.Altruist)]);
    }

    private IEnumerable<Altruist> Eligible()
    {
        var now = time.GetUtcNow();
        var book = drains.Current;
        return rosters.Current.Live
            .Where(altruist => altruist.Enabled && board[altruist.Id].State is VerdictState.Healthy or VerdictState.Failing && book.InForce(altruist.Id, now) is null)
            .Select(altruist => altruist.InService);
    }

    private bool IsUndecided(Roster roster, Altruist altruist) =>
        altruist is { RetiredAt: null, Enabled: true, Undecryptable: null }
        && (board.Find(altruist.Id) is not { } watched || watched.IsUndecided(roster, altruist.InService, health.Value));

    private long? SweepHeight(NetworkId network) => NetworkOf(network).SweepHeight(() => RulesOf(network), time.GetUtcNow());

    private NetworkRules RulesOf(NetworkId network) => NetworkRules.From(rosters.Current.ChainsByNetwork.GetValueOrDefault(network, []));

    private Standing StandingOf(Roster roster, Altruist altruist) =>
        Standing.Of(list.MadeHere(checks[altruist.Id], altruist.InService, roster.PathOf(altruist)), health.Value);

    private Watched WithStanding(Roster roster, AltruistId altruist, Watched watched) =>
        roster.Altruists.TryGetValue(altruist, out var registered) ? watched with { Verdict = StandingOf(roster, registered).On(watched.Verdict) } : watched;

    /// <summary>Altruists that memory does not know: new, or heirs of a retired one.</summary>
    private async Task TakeUpAsync(IReadOnlyCollection<AltruistId> unknown, CancellationToken cancellation)
    {
        if (unknown.Count == 0)
            return;
        var roster = rosters.Current;
        foreach (var stored in await store.LoadAsync(probing.Value.Vantage, unknown, cancellation))
            Keep(stored.Altruist, WithStanding(roster, stored.Altruist, WithLastProbe(roster, Watched.FromStored(stored, seen: null), stored.Altruist)));
    }

    /// <summary>Nobody has looked since the retired altruist was probed whose downtime the heir has taken over.</summary>
    private Watched WithLastProbe(Roster roster, Watched taken, AltruistId heir) =>
        taken.Memory.DownSince is not null && roster.Altruists.TryGetValue(heir, out var altruist) && new RosterView(roster).PredecessorOf(altruist) is { } retired
            ? taken with { Verdict = taken.Verdict with { LastProbeAt = board.Find(retired.Id)?.Verdict.LastProbeAt ?? retired.RetiredAt } }
            : taken;

    /// <summary>How a probe of an endpoint that is not in service stands beside the network; it is no vote.</summary>
    internal HeadAssessment? JudgeBeside(Altruist altruist, ProbeResult probe)
    {
        if (probe is not { Outcome: ProbeOutcome.Ok, Height: { } height })
            return null;
        // As somebody whom the trace does not know: what is remembered of the altruist is of its other endpoint.
        var stranger = new Observation(new AltruistId($"{altruist.Id}/trial"), altruist.Provider, Reference: false, Votes: false, probe.At, height, probe.HeadTime);
        // Where nobody answers any more there is nobody to compare with: a new endpoint may be what brings the network back.
        var trace = TraceOf(altruist.Network);
        return (trace.IsFresh(probe.At, 2 * probing.Value.Interval) ? trace : ReferenceTrace.Empty).Judge(stranger, NetworkRules.From(rosters.Current.ChainsByNetwork.GetValueOrDefault(altruist.Network, [])));
    }

    /// <summary>The verdict goes on at a new endpoint, which was found good beside the one in service.</summary>
    /// <param name="moved">With the new endpoint.</param>
    /// <param name="probe">The last of its good probes.</param>
    /// <param name="goods">Good probes of the new endpoint in a row, with that one.</param>
    /// <param name="commit">Puts it into service and does in the same transaction what it is handed; false when that could not be.</param>
    /// <returns>What <paramref name="commit"/> said.</returns>
    internal async Task<bool> MoveAsync(Altruist moved, ProbeResult probe, HeadAssessment? head, int goods, Func<Func<WriteTransaction, Task>, Task<bool>> commit, CancellationToken cancellation)
    {
        var network = NetworkOf(moved.Network);
        await network.Turn.WaitAsync(cancellation);
        try
        {
            await TakeUpAsync(board.Find(moved.Id) is not null ? [] : [moved.Id], cancellation);
            var before = board.Find(moved.Id) ?? Watched.New;
            var now = time.GetUtcNow();
            var evaluation = HealthEvaluator.Evaluate(
                HealthEvaluator.AtNewEndpoint(before.Memory, goods, health.Value), new Assessment(probe, rosters.Current.PlaceOf(moved), moved.Network.Identity, moved.Attested, head), health.Value, now);
            var after = before.After(probe, head, evaluation, network.Trace.BlockTime(NetworkRules.From(rosters.Current.ChainsByNetwork.GetValueOrDefault(moved.Network, []))), now);
            var rules = RulesOf(moved.Network);
            var outcome = new HealthBatchOutcome { Trace = network.Trace, Watched = new Dictionary<AltruistId, Watched>() };
            if (evaluation.State != before.Verdict.State)
                after = outcome.Change(after, before.Verdict.State, moved, probing.Value.Vantage, probe, ComparedWith.Of(network.Trace, rules, probe, head, integrity: null), now);
            if (!await commit(store.Write(probing.Value.Vantage, now, [after.ToStored(moved.Id)], outcome.Changes, outcome.Evidence, trace: null)))
                return false;

            Keep(moved.Id, after with { Verdict = Standing.Of(list.MadeHere(checks[moved.Id], moved, rosters.Current.PathOf(moved)), health.Value).On(after.Verdict) });
            foreach (var change in outcome.Changes)
                LogChanged(change.Altruist, moved.Network, VerdictNames.Of(change.From), VerdictNames.Of(change.To), change.Reason);
        }
        finally
        {
            network.Turn.Release();
        }

        await TellAsync(cancellation);
        return true;
    }

    private async Task ChangeAsync(AltruistId id, Func<Watched, Watched> change, CancellationToken cancellation)
    {
        if (!rosters.Current.Altruists.TryGetValue(id, out var altruist))
            return;

        var network = NetworkOf(altruist.Network);
        bool told;
        var wake = false;
        await network.Turn.WaitAsync(cancellation);
        try
        {
            await TakeUpAsync(board.Find(id) is not null ? [] : [id], cancellation);
            if (board.Find(id) is not { } before)
                return;
            var after = change(before);
            if (after == before)
                return;
            told = after.Verdict.State != before.Verdict.State;
            wake = told || after.Verdict.CooldownUntil != before.Verdict.CooldownUntil;
            var now = time.GetUtcNow();
            var changes = new List<VerdictChange>();
            var evidence = new List<Evidence>();
            if (told)
            {
                var step = new VerdictChange(0, id, now, before.Verdict.State, after.Verdict.State, after.Verdict.Reason);
                evidence.Add(Evidence.Of(step, altruist, probing.Value.Vantage, probe: null, compared: null));
                changes.Add(step with { Evidence = evidence[0].Hash });
                after = after with { Verdict = after.Verdict with { Evidence = evidence[0].Hash } };
            }

            await store.WriteAsync(probing.Value.Vantage, now, [after.ToStored(id)], changes, evidence, trace: null, cancellation);
            Keep(id, after);
        }
        finally
        {
            network.Turn.Release();
        }

        if (wake)
            await TellAsync(cancellation);
    }

    /// <summary>The verdicts are written, whatever becomes of the picks: whoever decides them tries again by itself.</summary>
    private async Task TellAsync(CancellationToken cancellation)
    {
        foreach (var observer in observers)
        {
            try
            {
                await observer.VerdictsWrittenAsync(cancellation);
            }
            catch (Exception failed) when (!cancellation.IsCancellationRequested)
            {
                LogNotSettled(failed);
            }
        }
    }

    private void Keep(AltruistId altruist, Watched watched)
    {
        board.Keep(altruist, watched);
        lock (undecidedGate)
        {
            var roster = rosters.Current;
            if (roster.Altruists.TryGetValue(altruist, out var registered) && IsUndecided(roster, registered))
                undecided.Add(registered.Id);
            else
                undecided.Remove(altruist);
        }
    }

    /// <summary>With the texts that the roster holds anyway: of 100,000 altruists they are megabytes.</summary>
    private static StoredVerdict Sharing(Roster roster, StoredVerdict stored)
    {
        if (!roster.Altruists.TryGetValue(stored.Altruist, out var registered))
            return stored;
        var place = roster.PlaceOf(registered.InService);
        var name = VerdictNames.Of(stored.State);
        return stored with { Altruist = registered.Id, Reason = stored.Reason == name ? name : stored.Reason, Memory = stored.Memory.ProvenAt == place ? stored.Memory with { ProvenAt = place } : stored.Memory };
    }

    private WatchedNetwork NetworkOf(NetworkId network) => networks.GetOrAdd(network, static _ => new WatchedNetwork());

    [LoggerMessage(Level = LogLevel.Information, Message = "Altruist {Altruist} of {Network} went from {From} to {To}: {Reason}")]
    private partial void LogChanged(AltruistId altruist, NetworkId network, string from, string to, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "The picks could not be settled after new verdicts; the next second tries again")]
    private partial void LogNotSettled(Exception exception);
}
