using System.Collections.Concurrent;
using AltruistManager.Altruists;
using AltruistManager.Probing;
using AltruistManager.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AltruistManager.Health;

/// <summary>A time in which verdicts were frozen on one side; still going on without an end.</summary>
public sealed record Freeze(EgressSide Side, DateTimeOffset Since, DateTimeOffset? Until, string Why);

/// <summary>
/// Keeps us from blaming altruists for faults of our own (design 5.4): asks <see cref="SelfPreservation"/> with what probes and
/// <see cref="EgressProof"/> tell, remembers past freezes, and raises the alarms.
/// </summary>
public sealed partial class Preservation(HealthBoard board, EgressProof egress, HealthStore store, IOptions<ProbingOptions> options, TimeProvider time, ILogger<Preservation> logger)
{
    private static readonly TimeSpan AlarmEvery = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan KeepFreezes = TimeSpan.FromDays(30);

    private readonly Lock gate = new();
    private readonly DateTimeOffset startedAt = time.GetUtcNow();
    private readonly long startedStamp = time.GetTimestamp();
    private readonly Dictionary<EgressSide, SelfPreservation> sides = new() { [EgressSide.Public] = SelfPreservation.Calm, [EgressSide.Private] = SelfPreservation.Calm };

    // Who could not be reached at its newest probe, and when that was.
    private readonly ConcurrentDictionary<AltruistId, DateTimeOffset> unreached = new();
    private List<Freeze> freezes = [];
    private volatile Looked? lastLook;
    private bool unsaved;
    private volatile bool notSaved;
    private readonly ConcurrentDictionary<AltruistId, DateTimeOffset> heldSince = new();
    private bool sweepsWanted;
    private DateTimeOffset? sweptAt;
    private DateTimeOffset? canariesAskedAt;
    private DateTimeOffset? resolverDoubtedAt;
    private (string Why, DateTimeOffset At)? ownFault;
    private DateTimeOffset? ownFaultToldAt;

    private sealed record Looked(long At, TimeSpan Took);

    /// <summary>What is wrong with us now, for <c>/healthz/fresh</c> and the pages; empty when nothing is.</summary>
    public IReadOnlyList<string> Alarms
    {
        get
        {
            var alarms = new List<string>();
            lock (gate)
            {
                foreach (var freeze in freezes.Where(freeze => freeze.Until is null))
                    alarms.Add($"verdicts are frozen since {freeze.Since:yyyy-MM-dd HH:mm:ss} UTC, because nothing proves that our own network works: {freeze.Why}");
            }

            if (OwnFault is { } fault)
                alarms.Add(fault);
            return alarms;
        }
    }

    /// <summary>What of <see cref="Alarms"/> is no freeze: probes fail by the prober itself. Null when they do not.</summary>
    public string? OwnFault
    {
        get
        {
            lock (gate)
                return ownFault is { } fault && time.GetUtcNow() - fault.At < OwnFaultLasts ? $"probes fail by a fault of our own: {fault.Why}" : null;
        }
    }

    public bool IsFrozen(EgressSide side)
    {
        lock (gate)
            return sides[side].IsFrozen;
    }

    /// <summary>
    /// Takes up past freezes; one that a restart interrupted ends with it. Whatever kept it may be over, a new one takes seconds, and until then falls are
    /// held back for want of proof, so that every pick stays.
    /// </summary>
    internal async Task LoadAsync(CancellationToken cancellation)
    {
        var loaded = await store.LoadFreezesAsync(options.Value.Vantage, cancellation);
        lock (gate)
        {
            var now = time.GetUtcNow();
            unsaved = loaded.Any(freeze => freeze.Until is null);
            freezes = [.. loaded.Select(freeze => freeze.Until is null ? freeze with { Until = now } : freeze)];
            foreach (var (side, state) in sides)
                HealthMetrics.Show(side, state.IsFrozen);
            ShowFrozen();
        }
    }

    /// <summary>Takes in a batch before it is judged: proof ends a doubt and a freeze, too many unreached begin one.</summary>
    /// <param name="eligible">All that may be picked now; asked only when it matters.</param>
    internal void Observe(IReadOnlyCollection<(ProbeResult Probe, Altruist Altruist)> batch, Func<IEnumerable<Altruist>> eligible)
    {
        foreach (var (probe, altruist) in batch)
        {
            if (probe.Outcome.IsUnproven())
                unreached[altruist.Id] = Now;
            else if (unreached.TryRemove(altruist.Id, out _))
                heldSince.TryRemove(altruist.Id, out _);
            if (probe.Outcome.IsOurs())
                NoticeOwnFault(probe, altruist);
        }

        TakeProof();
        foreach (var side in batch.Where(pair => pair.Probe.Outcome.IsUnproven()).GroupBy(pair => SideOf(pair.Altruist)))
        {
            var began = side.Min(pair => BeganAt(pair.Probe));
            var proven = ProvenAt(side.Key);
            if (unreached.Count < SelfPreservation.LeastAltruists || IsFrozen(side.Key) || proven >= began || !MayLook())
                continue;
            var lookedAt = time.GetTimestamp();
            var reaches = Reaches(eligible(), side.Key);
            Change(side.Key, state => state.Look(began, proven, reaches, options.Value.Timeout, Now));
            lastLook = new Looked(time.GetTimestamp(), time.GetElapsedTime(lookedAt));
        }
    }

    /// <summary>Thaws at the first proof, whatever brought it.</summary>
    internal void TakeProof()
    {
        foreach (var side in (EgressSide[])[EgressSide.Public, EgressSide.Private])
            if (ProvenAt(side) is { } proven)
                Change(side, state => state.Proven(proven, Now));
    }

    /// <summary>Frozen: nothing about it changes now.</summary>
    internal bool IsFrozen(Altruist altruist) => board.FrozenSince is not null && IsFrozen(SideOf(altruist));

    /// <summary>Whose fault it is that the altruist's name was not found.</summary>
    internal Blame BlameOf(ProbeResult probe, Altruist altruist) =>
        probe.Outcome == ProbeOutcome.ResolverFailed && egress.OthersResolve(altruist.Host) ? Blame.TheAltruist : Blame.AsTold;

    /// <summary>Whether the altruist may fall by this probe, which never got through.</summary>
    /// <param name="isSmall">Asked only when it matters.</param>
    internal FallRuling MayFall(ProbeResult probe, Altruist altruist, Func<EgressSide, bool> isSmall)
    {
        var side = SideOf(altruist);
        var began = BeganAt(probe);
        var proven = ProvenAt(side);
        var small = !(proven >= began) && isSmall(side);
        DateTimeOffset? held = heldSince.TryGetValue(altruist.Id, out var since) ? since : null;
        var ruling = FallRuling.Counts;
        Change(side, state =>
        {
            (var next, ruling) = state.Fall(began, TimeoutOf(probe), held, proven, small, HoldAtMost, Now);
            return next;
        });
        // Forgotten with the first probe that gets through, not here: the same batch judged again gives the same.
        if (ruling == FallRuling.Held)
            heldSince.TryAdd(altruist.Id, began);
        return ruling;
    }

    internal bool IsSmall(EgressSide side, IEnumerable<Altruist> eligible) => SelfPreservation.IsSmall(eligible.Where(one => SideOf(one) == side));

    /// <summary>How much of the time since then verdicts were frozen: nobody's downtime.</summary>
    internal TimeSpan FrozenBetween(Altruist altruist, DateTimeOffset since, DateTimeOffset until)
    {
        lock (gate)
        {
            if (freezes.Count == 0)
                return TimeSpan.Zero;
            var side = SideOf(altruist);
            return TimeSpan.FromTicks(freezes.Where(freeze => freeze.Side == side).Sum(freeze => Math.Max(0, (Earlier(freeze.Until ?? until, until) - Later(freeze.Since, since)).Ticks)));
        }

        static DateTimeOffset Earlier(DateTimeOffset one, DateTimeOffset other) => one < other ? one : other;
        static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;
    }

    /// <summary>True once when a doubt arose or a freeze ended: every network is to be swept. Doubts that come and go make no storm of sweeps.</summary>
    internal bool TakeSweepsWanted()
    {
        var now = Now;
        lock (gate)
        {
            if (!sweepsWanted || now - sweptAt < WatchedNetwork.SweepPause(options.Value))
                return false;
            sweepsWanted = false;
            sweptAt = now;
            return true;
        }
    }

    /// <summary>True when canaries are to be asked now: at once in doubt, and every hot interval while it or a freeze lasts.</summary>
    /// <param name="eligible">All that may be picked now; asked only while something is frozen.</param>
    internal bool TakeCanariesWanted(Func<IEnumerable<Altruist>> eligible)
    {
        TakeProof();
        foreach (var side in (EgressSide[])[EgressSide.Public, EgressSide.Private])
            if (IsFrozen(side) && !eligible().Any(altruist => SideOf(altruist) == side))
                Change(side, state => state.Deserted(Now));
        var now = time.GetUtcNow();
        lock (gate)
        {
            var doubt = sides.Values.Any(state => state.IsFrozen || state.DoubtedAt is not null) || now - resolverDoubtedAt < options.Value.HotInterval;
            if (!doubt || now - canariesAskedAt < options.Value.HotInterval && now >= canariesAskedAt)
                return false;
            canariesAskedAt = now;
            return true;
        }
    }

    /// <summary>Stores what a restart must know. A database that is ill does not keep anybody from judging.</summary>
    internal async Task SaveAsync(CancellationToken cancellation)
    {
        List<Freeze> now;
        lock (gate)
        {
            if (!unsaved)
                return;
            unsaved = false;
            now = freezes;
        }

        try
        {
            await store.SaveFreezesAsync(options.Value.Vantage, now, cancellation);
            if (notSaved)
                LogSaved();
            notSaved = false;
        }
        catch (Exception failed) when (Database.IsFailure(failed))
        {
            lock (gate)
                unsaved = true;
            if (!notSaved)
                LogNotSaved(failed.Message.ReplaceLineEndings(" "));
            notSaved = true;
        }
    }

    /// <summary>A clock that nobody sets: what it tells is compared with nothing but itself.</summary>
    private DateTimeOffset Now => startedAt + time.GetElapsedTime(startedStamp);

    private TimeSpan HoldAtMost => 6 * options.Value.Timeout > TimeSpan.FromSeconds(30) ? 6 * options.Value.Timeout : TimeSpan.FromSeconds(30);

    private TimeSpan OwnFaultLasts => 3 * options.Value.HotInterval > AlarmEvery ? 3 * options.Value.HotInterval : AlarmEvery;

    private EgressSide SideOf(Altruist altruist) => egress.SideOf(altruist.Host);

    private DateTimeOffset? ProvenAt(EgressSide side) => egress.Age(side) is { } age ? Now - age : null;

    /// <summary>At the earliest; how long it really took is not known.</summary>
    private DateTimeOffset BeganAt(ProbeResult probe) => Now - (time.GetUtcNow() - probe.At) - TimeoutOf(probe);

    /// <summary>How long a probe waits at most.</summary>
    internal TimeSpan TimeoutOf(ProbeResult probe) => probe.Lane is ProbeLane.Hot or ProbeLane.Retry or ProbeLane.Failover ? options.Value.HotTimeout : options.Value.Timeout;

    private List<Reach> Reaches(IEnumerable<Altruist> eligible, EgressSide side)
    {
        // Within one sweep: what was not reached before that is another story.
        var since = Now - options.Value.Interval - options.Value.Timeout;
        return [.. eligible.Where(altruist => SideOf(altruist) == side)
            .Select(altruist => new Reach(altruist.Provider, altruist.Network, unreached.TryGetValue(altruist.Id, out var at) && at >= since))];
    }

    /// <summary>Looking at everybody may cost a tenth of a processor, not more.</summary>
    private bool MayLook() => lastLook is not { } last || time.GetElapsedTime(last.At) >= 10 * last.Took;

    private void Change(EgressSide side, Func<SelfPreservation, SelfPreservation> change)
    {
        SelfPreservation before, after;
        lock (gate)
        {
            before = sides[side];
            after = change(before);
            if (after == before)
                return;
            sides[side] = after;
            HealthMetrics.Show(side, after.IsFrozen);
            var now = time.GetUtcNow();
            if (after.IsFrozen && !before.IsFrozen)
                freezes = [.. freezes.Where(freeze => now - freeze.Since < KeepFreezes), new Freeze(side, now, null, after.Why!)];
            else if (before.IsFrozen && !after.IsFrozen)
                freezes = [.. freezes.Select(freeze => freeze.Side == side && freeze.Until is null ? freeze with { Until = now } : freeze)];
            unsaved |= after.IsFrozen != before.IsFrozen;
            // What was held back before says nothing of what comes after.
            if (after.IsFrozen != before.IsFrozen)
                heldSince.Clear();
            sweepsWanted |= after.DoubtedAt is not null && before.DoubtedAt is null || before.IsFrozen && !after.IsFrozen;
            if (after.DoubtedAt is not null && before.DoubtedAt is null)
                canariesAskedAt = null;
            ShowFrozen();
        }

        if (after.IsFrozen && !before.IsFrozen)
            LogFrozen($"nothing proves that our own network works ({side}): {after.Why}");
        else if (before.IsFrozen && !after.IsFrozen)
            LogThawed(side, Now - before.FrozenSince!.Value);
        else if (after.DoubtedAt is not null && before.DoubtedAt is null)
            LogDoubted(side);
    }

    private void ShowFrozen() => board.FrozenSince = freezes.Where(freeze => freeze.Until is null).Min(freeze => (DateTimeOffset?)freeze.Since);

    private void NoticeOwnFault(ProbeResult probe, Altruist altruist)
    {
        var now = time.GetUtcNow();
        if (probe.Outcome == ProbeOutcome.ResolverFailed)
        {
            lock (gate)
                resolverDoubtedAt = now;
            if (egress.OthersResolve(altruist.Host))
                return;
        }

        var why = probe.Detail ?? (probe.Outcome == ProbeOutcome.NoSockets ? "no sockets are left" : "the resolver does not answer");
        bool tell;
        lock (gate)
        {
            ownFault = (why, now);
            tell = !(now - ownFaultToldAt < AlarmEvery);
            if (tell)
                ownFaultToldAt = now;
        }

        if (tell)
            LogOwnFault(why);
    }

    [LoggerMessage(Level = LogLevel.Critical, Message = "Verdicts are frozen and every pick is kept: {Why}")]
    private partial void LogFrozen(string why);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Verdicts are no longer frozen ({Side}): our own network works again after {Lasted}")]
    private partial void LogThawed(EgressSide side, TimeSpan lasted);

    [LoggerMessage(Level = LogLevel.Information, Message = "Whether altruists or our own network ({Side}) failed is being checked by sweeps of all networks and by canaries")]
    private partial void LogDoubted(EgressSide side);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Since when verdicts are frozen could not be stored: {Why}. Each batch tries again")]
    private partial void LogNotSaved(string why);

    [LoggerMessage(Level = LogLevel.Information, Message = "Since when verdicts are frozen is stored")]
    private partial void LogSaved();

    [LoggerMessage(Level = LogLevel.Error, Message = "Probes fail by a fault of our own, which counts against nobody: {Why}")]
    private partial void LogOwnFault(string why);
}
