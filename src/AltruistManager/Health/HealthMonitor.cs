using System.Collections.Concurrent;
using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Probing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AltruistManager.Health;

/// <summary>Turns batches of probes into verdicts: reads the trace and the memories, lets the pure parts decide, writes, tells. Also says what to ask next.</summary>
public sealed partial class HealthMonitor(
    RosterCache rosters,
    HealthStore store,
    HealthBoard board,
    IEnumerable<IVerdictObserver> observers,
    IOptions<HealthOptions> health,
    IOptions<ProbingOptions> probing,
    TimeProvider time,
    ILogger<HealthMonitor> logger) : IProbeObserver, IProbeDemand
{
    /// <summary>Retry probes of one altruist without a change of its state; then the sweeps go on with it.</summary>
    private const int RetryLimit = 20;

    /// <summary>Every how many sweeps an identity is proven anew.</summary>
    private const int IdentityEvery = 12;

    private readonly ConcurrentDictionary<AltruistId, Watched> altruists = new();
    private readonly ConcurrentDictionary<NetworkId, WatchedNetwork> networks = new();

    /// <summary>What is known of an altruist in memory; replaced as a whole.</summary>
    private sealed record Watched
    {
        public static readonly Watched New = new() { Memory = Memory.New, Verdict = Verdict.NeverProbed };

        public required Memory Memory { get; init; }
        public required Verdict Verdict { get; init; }
        public ProbeOutcome? LastOutcome { get; init; }
        public int Retries { get; init; }

        // The identity is due at the first sweep after each start.
        public int SweepsSinceIdentity { get; init; } = IdentityEvery;
        public bool Jumped { get; init; }
    }

    private sealed class WatchedNetwork
    {
        /// <summary>Held while a batch or a person changes the verdicts of the network.</summary>
        public SemaphoreSlim Turn { get; } = new(1, 1);

        public volatile ReferenceTrace Trace = ReferenceTrace.Empty;

        // The height that a whole sweep is asked about, and when that was settled.
        public Lock SweepLock { get; } = new();
        public long? SweepHeight { get; set; }
        public DateTimeOffset? SweepHeightAt { get; set; }

        public volatile bool SweepWanted;
        public DateTimeOffset SweepWantedAt { get; set; }
    }

    /// <summary>Takes up what was known before the start. Call once, before the first probe and the first round.</summary>
    public async Task LoadAsync(CancellationToken cancellation)
    {
        foreach (var (network, trace) in await store.LoadTracesAsync(cancellation))
            NetworkOf(network).Trace = trace;

        var seen = await store.LastSeenAsync(probing.Value.Vantage, time.GetUtcNow() - 2 * probing.Value.Interval, cancellation);
        foreach (var stored in await store.LoadAsync(probing.Value.Vantage, cancellation))
            Keep(stored.Altruist, FromStored(stored, seen.GetValueOrDefault(stored.Altruist)));
    }

    public IReadOnlyCollection<AltruistId> Retries =>
        [.. rosters.Current.Live.Where(altruist => altruist.Enabled && IsUndecided(altruist)).Select(altruist => altruist.Id)];

    public IReadOnlyCollection<NetworkId> TakeSweepsWanted()
    {
        var wanted = new List<NetworkId>();
        foreach (var (id, network) in networks)
        {
            if (!network.SweepWanted)
                continue;
            network.SweepWanted = false;
            wanted.Add(id);
        }

        return wanted;
    }

    public ProbeQuestions QuestionsFor(Altruist altruist, ProbeLane lane)
    {
        var watched = altruists.GetValueOrDefault(altruist.Id, Watched.New);
        var proof = !IsProven(watched.Memory, altruist) || watched.Jumped;
        return lane == ProbeLane.Steady
            ? new ProbeQuestions(proof || watched.SweepsSinceIdentity >= IdentityEvery - 1, SweepHeight(altruist.Network), Syncing: true)
            : new ProbeQuestions(proof, IntegrityHeight: null, Syncing: false);
    }

    public async Task ObserveAsync(NetworkId network, IReadOnlyList<ProbeResult> results, CancellationToken cancellation)
    {
        if (results.Count == 0)
            return;

        var watchedNetwork = NetworkOf(network);
        bool wake;
        await watchedNetwork.Turn.WaitAsync(cancellation);
        try
        {
            wake = await JudgeAsync(network, watchedNetwork, results, cancellation);
        }
        finally
        {
            watchedNetwork.Turn.Release();
        }

        if (wake)
            await TellAsync(cancellation);
    }

    /// <summary>Ends a suspension, as a passing test by the owner or staff may.</summary>
    public Task ResumeAsync(AltruistId altruist, CancellationToken cancellation) =>
        ChangeAsync(altruist, watched => watched with
        {
            Memory = HealthEvaluator.Resume(watched.Memory),
            Verdict = watched.Verdict with { State = VerdictState.Unknown, Reason = "resumed; not decided yet", Since = time.GetUtcNow(), CooldownUntil = null },
            Retries = 0,
        }, cancellation);

    /// <summary>What the network's head was, for those who show it.</summary>
    public ReferenceTrace TraceOf(NetworkId network) => networks.GetValueOrDefault(network)?.Trace ?? ReferenceTrace.Empty;

    private async Task<bool> JudgeAsync(NetworkId network, WatchedNetwork watchedNetwork, IReadOnlyList<ProbeResult> results, CancellationToken cancellation)
    {
        var roster = rosters.Current;
        var judged = new List<(ProbeResult Probe, Altruist Altruist)>();
        foreach (var result in results)
            if (roster.Altruists.TryGetValue(result.Altruist, out var altruist) && altruist is { RetiredAt: null, Enabled: true } && altruist.Network == network
                // What a slow batch brings late was overtaken by newer probes.
                && !(altruists.TryGetValue(altruist.Id, out var known) && known.Verdict.LastProbeAt > result.At))
                judged.Add((result, altruist));
        if (judged.Count == 0)
            return false;

        await TakeUpAsync([.. judged.Select(pair => pair.Altruist.Id).Where(id => !altruists.ContainsKey(id))], cancellation);

        var now = time.GetUtcNow();
        var rules = NetworkRules.From(roster.ChainsByNetwork.GetValueOrDefault(network, []));
        var memories = judged.Select(pair => pair.Altruist.Id).Distinct().ToDictionary(id => id, id => altruists.GetValueOrDefault(id, Watched.New));

        // Who votes is settled first, with what this very batch proves.
        var proven = memories.ToDictionary(pair => pair.Key, pair => IsProven(pair.Value.Memory, roster.Altruists[pair.Key]));
        foreach (var (probe, altruist) in judged)
            if (probe.Identity is { } identity)
                proven[altruist.Id] = identity == network.Identity;
        var integrity = IntegrityCheck.Compare([.. judged
            .Where(pair => pair.Probe is { IntegrityHeight: not null, IntegrityHash: not null } && proven[pair.Altruist.Id])
            .Select(pair => new IntegrityAnswer(pair.Altruist.Id, pair.Altruist.Provider, pair.Probe.IntegrityHeight!.Value, pair.Probe.IntegrityHash!, memories[pair.Altruist.Id].Memory.DivergedAt is not null))]);

        var observations = judged.ConvertAll(pair => pair.Probe is { Outcome: ProbeOutcome.Ok, Height: { } height }
            ? new Observation(pair.Altruist.Id, pair.Altruist.Provider, pair.Altruist.Role == AltruistRole.Reference, Votes(pair.Altruist.Id), pair.Probe.At, height, pair.Probe.HeadTime)
            : (Observation?)null);
        var trace = watchedNetwork.Trace.Observe([.. observations.OfType<Observation>()], Votes, rules, probing.Value.Interval);

        var written = new Dictionary<AltruistId, StoredVerdict>();
        var changes = new List<VerdictChange>();
        var wake = false;
        foreach (var ((probe, altruist), observation) in judged.Zip(observations))
        {
            var before = memories[altruist.Id];
            var head = observation is { } seen ? trace.Judge(seen, rules) : (HeadAssessment?)null;
            var (finding, reason) = integrity.GetValueOrDefault(altruist.Id, (IntegrityFinding.NotJudged, null));
            var evaluation = HealthEvaluator.Evaluate(before.Memory, new Assessment(probe, altruist.Url, network.Identity, altruist.Attested, head, finding, reason), health.Value, now);
            var after = Next(before, probe, head, evaluation, trace.BlockTime(rules), now);
            memories[altruist.Id] = after;

            if (head?.Judgement == HeadJudgement.Undecided && probe.Lane != ProbeLane.Steady)
                WantSweep(watchedNetwork, now);
            if (evaluation.State != before.Verdict.State)
                changes.Add(new VerdictChange(0, altruist.Id, now, before.Verdict.State, evaluation.State, evaluation.Reason));
            if (evaluation.State != before.Verdict.State || evaluation.Memory != before.Memory)
                written[altruist.Id] = ToStored(altruist.Id, after);
            wake |= evaluation.State != before.Verdict.State
                || after.Memory.CooldownUntil != before.Memory.CooldownUntil
                || after.Memory.ServingUrl != before.Memory.ServingUrl
                || evaluation.Good && !(before.Verdict.LastGoodAt >= now - 2 * probing.Value.Interval);
        }

        var swept = results[0].Lane == ProbeLane.Steady;
        if (written.Count > 0 || swept)
            await store.WriteAsync(probing.Value.Vantage, now, written.Values, changes, swept ? (network, trace) : null, cancellation);

        watchedNetwork.Trace = trace;
        if (swept)
            lock (watchedNetwork.SweepLock)
                watchedNetwork.SweepHeightAt = null;
        foreach (var (id, watched) in memories)
            Keep(id, watched);
        foreach (var change in changes)
            LogChanged(change.Altruist, network, VerdictNames.Of(change.From), VerdictNames.Of(change.To), change.Reason);
        return wake;

        bool Votes(AltruistId id)
        {
            if (integrity.TryGetValue(id, out var found) && found.Finding == IntegrityFinding.Differs)
                return false;
            if (proven.TryGetValue(id, out var known))
                return known && memories[id].Memory.DivergedAt is null;
            return roster.Altruists.TryGetValue(id, out var other) && other is { RetiredAt: null, Enabled: true }
                && altruists.TryGetValue(id, out var watched) && IsProven(watched.Memory, other) && watched.Memory.DivergedAt is null;
        }
    }

    private static bool IsProven(Memory memory, Altruist altruist) => memory.At(altruist.Url) is { IdentityProven: true, WrongIdentity: null };

    private static Watched Next(Watched before, ProbeResult probe, HeadAssessment? head, Evaluation evaluation, double blockTime, DateTimeOffset now)
    {
        var verdict = before.Verdict;
        var changed = evaluation.State != verdict.State;
        return before with
        {
            Memory = evaluation.Memory,
            Verdict = new Verdict
            {
                State = evaluation.State,
                Reason = evaluation.Reason,
                Since = changed || verdict.LastProbeAt is null && verdict.Since == DateTimeOffset.UnixEpoch ? now : verdict.Since,
                CooldownUntil = evaluation.Memory.CooldownUntil > now ? evaluation.Memory.CooldownUntil : null,
                LastProbeAt = probe.At,
                LastGoodAt = evaluation.Good ? probe.At : verdict.LastGoodAt,
                Height = probe.Height ?? verdict.Height,
                LagBlocks = head is { } seen ? seen.LagBlocks : verdict.LagBlocks,
                LatencyMs = probe.LatencyMs ?? verdict.LatencyMs,
                ServingUrl = evaluation.Memory.ServingUrl,
            },
            LastOutcome = probe.Outcome,
            Retries = changed ? 0 : before.Retries + (probe.Lane == ProbeLane.Retry ? 1 : 0),
            SweepsSinceIdentity = probe.Identity is not null ? 0 : before.SweepsSinceIdentity + (probe.Lane == ProbeLane.Steady ? 1 : 0),
            Jumped = probe.Identity is null && (before.Jumped || HasJumped(verdict, probe, blockTime)),
        };
    }

    /// <summary>More than an hour's blocks away from where it should be: perhaps another chain's.</summary>
    private static bool HasJumped(Verdict before, ProbeResult probe, double blockTime) =>
        probe.Height is { } height && before is { Height: { } last, LastProbeAt: { } at }
        && Math.Abs(height - last - Math.Max(0, (probe.At - at).TotalSeconds) / blockTime) > 3600 / blockTime;

    private bool IsUndecided(Altruist altruist)
    {
        if (!altruists.TryGetValue(altruist.Id, out var watched))
            return true;
        if (watched.Retries >= RetryLimit || watched.LastOutcome is ProbeOutcome.Throttled or ProbeOutcome.Unauthorized or ProbeOutcome.QuotaExhausted)
            return false;
        var memory = watched.Memory.At(altruist.Url);
        var rising = memory.Goods > 0 && memory.Goods < health.Value.Rise;
        return watched.Verdict.State switch
        {
            // Without proof of control the next probe changes nothing; with a fresh one it does.
            VerdictState.Unknown => memory is not { IdentityProven: true, Base: VerdictState.Healthy } || altruist.Attested,
            VerdictState.Failing => true,
            VerdictState.Healthy => !memory.IdentityProven,
            VerdictState.Down or VerdictState.Lagging or VerdictState.Stale or VerdictState.Throttled => rising,
            _ => false,
        };
    }

    private long? SweepHeight(NetworkId id)
    {
        var network = NetworkOf(id);
        var now = time.GetUtcNow();
        lock (network.SweepLock)
        {
            // All altruists of a sweep are asked about one height, whatever other lanes see meanwhile.
            if (network.SweepHeightAt is { } at && now - at < TimeSpan.FromSeconds(30) && now >= at)
                return network.SweepHeight;

            var offset = NetworkRules.From(rosters.Current.ChainsByNetwork.GetValueOrDefault(id, [])).IntegrityOffsetBlocks;
            network.SweepHeightAt = now;
            network.SweepHeight = network.Trace.Height is { } head and > 1 ? head - Math.Min(offset, head - 1) : null;
            return network.SweepHeight;
        }
    }

    private void WantSweep(WatchedNetwork network, DateTimeOffset now)
    {
        // A network that rests makes everybody look behind for a while: that is worth a sweep now and then, not a storm.
        var pause = probing.Value.Interval / 10 > probing.Value.RetryInterval ? probing.Value.Interval / 10 : probing.Value.RetryInterval;
        if (now - network.SweepWantedAt < pause && now >= network.SweepWantedAt)
            return;
        network.SweepWantedAt = now;
        network.SweepWanted = true;
    }

    /// <summary>Altruists that memory does not know: new, or heirs of a retired one.</summary>
    private async Task TakeUpAsync(IReadOnlyCollection<AltruistId> unknown, CancellationToken cancellation)
    {
        if (unknown.Count == 0)
            return;
        foreach (var stored in await store.LoadAsync(probing.Value.Vantage, unknown, cancellation))
            Keep(stored.Altruist, FromStored(stored, seen: null));
    }

    private async Task ChangeAsync(AltruistId id, Func<Watched, Watched> change, CancellationToken cancellation)
    {
        if (!rosters.Current.Altruists.TryGetValue(id, out var altruist))
            return;

        var network = NetworkOf(altruist.Network);
        var told = false;
        await network.Turn.WaitAsync(cancellation);
        try
        {
            await TakeUpAsync(altruists.ContainsKey(id) ? [] : [id], cancellation);
            if (!altruists.TryGetValue(id, out var before))
                return;
            var after = change(before);
            told = after.Verdict.State != before.Verdict.State;
            var now = time.GetUtcNow();
            await store.WriteAsync(
                probing.Value.Vantage, now, [ToStored(id, after)],
                told ? [new VerdictChange(0, id, now, before.Verdict.State, after.Verdict.State, after.Verdict.Reason)] : [],
                trace: null, cancellation);
            Keep(id, after);
        }
        finally
        {
            network.Turn.Release();
        }

        if (told)
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
        altruists[altruist] = watched;
        board.Set(altruist, watched.Verdict);
    }

    private WatchedNetwork NetworkOf(NetworkId network) => networks.GetOrAdd(network, static _ => new WatchedNetwork());

    private static StoredVerdict ToStored(AltruistId altruist, Watched watched) =>
        new(altruist, watched.Verdict.State, watched.Verdict.Reason, watched.Verdict.Since, watched.Memory);

    private static Watched FromStored(StoredVerdict stored, LastSeen? seen) => new()
    {
        Memory = stored.Memory,
        Verdict = new Verdict
        {
            State = stored.State,
            Reason = stored.Reason,
            Since = stored.Since,
            CooldownUntil = stored.Memory.CooldownUntil,
            LastProbeAt = seen?.ProbeAt,
            LastGoodAt = stored.State is VerdictState.Healthy or VerdictState.Failing ? seen?.AnswerAt : null,
            Height = seen?.Height,
            LatencyMs = seen?.LatencyMs,
            ServingUrl = stored.Memory.ServingUrl,
        },
    };

    [LoggerMessage(Level = LogLevel.Information, Message = "Altruist {Altruist} of {Network} went from {From} to {To}: {Reason}")]
    private partial void LogChanged(AltruistId altruist, NetworkId network, string from, string to, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "The picks could not be settled after new verdicts; the next second tries again")]
    private partial void LogNotSettled(Exception exception);
}
