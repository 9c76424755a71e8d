using AltruistManager.Altruists;
using Microsoft.Extensions.Options;

namespace AltruistManager.Probing.Checks;

/// <summary>
/// The lane of the checks at their own pace: at once for a new altruist, endpoint or claim that answers, then every interval, sooner for an hour after it became
/// unlike it should be. After a start only what the stored results are too old for is asked. No sweep ever waits for it, and nobody in it for those who do not answer.
/// </summary>
internal sealed class CheckWatch
{
    private static readonly TimeSpan Sooner = TimeSpan.FromMinutes(5);

    /// <summary>What has not become better for so long is looked at every interval: thousands of altruists may stay as they are for months.</summary>
    private static readonly TimeSpan PressesFor = TimeSpan.FromHours(1);

    /// <summary>Altruists whose checks run at the same time.</summary>
    private const int MostAtOnce = 64;

    /// <summary>Started within one tick, however few altruists there are.</summary>
    internal const int LeastPerTick = 16;

    /// <summary>Where all are due at once, as after a long rest, they are spread over this many ticks.</summary>
    private const int SpreadTicks = 1_800;

    private readonly RosterCache rosters;
    private readonly ProbeStarter starter;
    private readonly CheckList checks;
    private readonly CheckRunner runner;
    private readonly CheckBook book;
    private readonly ICheckObserver observer;
    private readonly ProbeDelivery delivery;
    private readonly ProbeWork work;
    private readonly TimeProvider time;
    private readonly Lane lane;
    private readonly Lock gate = new();
    private Dictionary<AltruistId, Plan> plans = [];
    private Roster? enrolled;

    public CheckWatch(
        RosterCache rosters, ProbeStarter starter, CheckList checks, CheckRunner runner, CheckBook book, ICheckObserver observer, ProbeDelivery delivery, ProbeWork work,
        IOptions<ProbingOptions> options, TimeProvider time)
    {
        this.rosters = rosters;
        this.starter = starter;
        this.checks = checks;
        this.runner = runner;
        this.book = book;
        this.observer = observer;
        this.delivery = delivery;
        this.work = work;
        this.time = time;
        lane = new Lane(Math.Min(options.Value.Concurrency, MostAtOnce), options.Value.PerHost) { Name = ProbeLane.Check };
    }

    /// <summary>Starts the checks that are due and does not wait for them.</summary>
    public void Tick()
    {
        List<Plan> due;
        lock (gate)
        {
            Enrol(rosters.Current);
            due = TakeDue(Now, most: Math.Max(LeastPerTick, plans.Count / SpreadTicks));
        }

        foreach (var plan in due)
            _ = work.Start(() => RunAsync(plan));
    }

    /// <summary>Of perhaps a hundred thousand that are due, those who come first: without its proof a capability counts for nothing, so those who claim one and were never asked do.</summary>
    private List<Plan> TakeDue(TimeSpan now, int most)
    {
        var lastFirst = new PriorityQueue<Plan, (bool CanWait, TimeSpan DueAt)>(most + 1, Comparer<(bool, TimeSpan)>.Create((one, other) => other.CompareTo(one)));
        foreach (var plan in plans.Values)
        {
            if (plan.DueAt > now || !observer.Answers(plan.Altruist.Id))
                continue;
            lastFirst.Enqueue(plan, (!plan.AwaitsProof, plan.DueAt));
            if (lastFirst.Count > most)
                lastFirst.Dequeue();
        }

        var due = new List<Plan>(lastFirst.Count);
        while (lastFirst.TryDequeue(out var plan, out _))
        {
            plan.DueAt = TimeSpan.MaxValue;
            due.Add(plan);
        }

        due.Reverse();
        return due;
    }

    private TimeSpan Now => time.GetElapsedTime(0, time.GetTimestamp());

    private async Task RunAsync(Plan plan)
    {
        var done = false;
        try
        {
            if (starter.SubjectOf(plan.Altruist.InService) is { } subject)
                await lane.DoAsync<object>(plan.Altruist, () => RunAsync(subject), work.Stopping, isFirst: plan.AwaitsProof);
            done = true;
        }
        finally
        {
            // What cannot be written is asked again, but not in a storm.
            lock (gate)
            {
                plan.DueAt = done ? DueAt(plan.Altruist) : Now + Sooner;
                plan.AwaitsProof = AwaitsProof(plan.Altruist);
            }
        }
    }

    private async Task<object?> RunAsync(CheckSubject subject)
    {
        // While it waited for its place it may have fallen silent.
        if (!observer.Answers(subject.Altruist.Id))
            return null;
        var found = new List<(CheckResult Result, CheckPlace Place)>();
        foreach (var check in checks.Own.Where(check => check.Concerns(subject) && Remaining(check, subject) <= TimeSpan.Zero))
            found.Add((await runner.RunAsync(check, subject, work.Stopping), CheckRecord.PlaceOf(check, subject.Altruist, subject.Path)));
        await RecordAsync(subject.Altruist, found, ProbeLane.Check, work.Stopping);
        return null;
    }

    /// <summary>Keeps what was found, as results and as calls that were made.</summary>
    public async Task RecordAsync(Altruist altruist, IReadOnlyCollection<(CheckResult Result, CheckPlace Place)> found, ProbeLane lane, CancellationToken cancellation)
    {
        if (found.Count == 0)
            return;
        var at = time.GetUtcNow();
        await book.RecordAsync(altruist.Id, found, at, cancellation);
        if (lane == ProbeLane.Check)
            await delivery.StoreAsync([RowOf(altruist, [.. found.Select(one => one.Result)], at)], cancellation);
        await observer.CheckedAsync(altruist.Id, cancellation);
    }

    private static ProbeRow RowOf(Altruist altruist, IReadOnlyList<CheckResult> results, DateTimeOffset at)
    {
        var failed = results.Any(result => result.State == CheckState.Failed);
        return new ProbeRow(
            new ProbeResult
            {
                Altruist = altruist.Id,
                Lane = ProbeLane.Check,
                At = at,
                Outcome = failed ? ProbeOutcome.InvalidAnswer : ProbeOutcome.Ok,
                Detail = string.Join("; ", results.Select(result => $"{result.Check} {result.State.ToString().ToLowerInvariant()}: {result.Reason}")),
                Endpoint = altruist.Fingerprint,
            },
            Probes: 1, failed ? 1 : 0, LatencyMinMs: null, LatencyMaxMs: null, results.Sum(result => result.Exchanges.Count));
    }

    private void Enrol(Roster roster)
    {
        if (ReferenceEquals(roster, enrolled))
            return;
        var sameChains = ReferenceEquals(roster.Chains, enrolled?.Chains);
        enrolled = roster;
        var next = new Dictionary<AltruistId, Plan>(roster.Live.Count);
        foreach (var altruist in roster.Live)
        {
            if (!starter.MayProbe(altruist))
                continue;
            var known = plans.GetValueOrDefault(altruist.Id);
            next.Add(altruist.Id, sameChains && known is not null && ReferenceEquals(known.Altruist, altruist) ? known : new Plan(altruist) { DueAt = DueAt(altruist), AwaitsProof = AwaitsProof(altruist) });
        }

        plans = next;
    }

    private TimeSpan DueAt(Altruist altruist)
    {
        if (starter.SubjectOf(altruist.InService) is not { } subject)
            return TimeSpan.MaxValue;
        var remaining = checks.Own.Where(check => check.Concerns(subject)).Min(check => Remaining(check, subject));
        return remaining is { } wait ? Now + wait : TimeSpan.MaxValue;
    }

    /// <summary>Whether it claims a capability and some check of it never ran where it is now.</summary>
    private bool AwaitsProof(Altruist altruist) =>
        altruist.Capabilities.Count > 0 && starter.SubjectOf(altruist.InService) is { } subject && checks.Own.Any(check => check.Concerns(subject) && Newest(check, subject) is null);

    /// <summary>Null where it never ran at the present place.</summary>
    private CheckRecord? Newest(IOwnCheck check, CheckSubject subject) =>
        book.Find(subject.Altruist.Id, check.Name) is { } newest && newest.Place == CheckRecord.PlaceOf(check, subject.Altruist, subject.Path) ? newest : null;

    /// <summary>How long a check of an altruist may still rest; null for ever, because what it would say was said and needs no asking.</summary>
    private TimeSpan? Remaining(IOwnCheck check, CheckSubject subject)
    {
        var interval = check.Pace.Interval!.Value;
        if (Newest(check, subject) is not { } newest)
            return TimeSpan.Zero;
        if (check.Foregone(subject) is { } clear)
            return clear == (newest.State, newest.Reason) ? null : TimeSpan.Zero;
        var now = time.GetUtcNow();
        var period = check.IsPressing(newest) && now - newest.Since < PressesFor && Sooner < interval ? Sooner : interval;
        var rested = now - newest.At;
        // A result of the future is from before somebody set the clock back.
        return rested < TimeSpan.Zero || rested >= period ? TimeSpan.Zero : period - rested;
    }

    /// <summary>When an altruist's next check is due, by the monotonic clock; never while one runs.</summary>
    private sealed class Plan(Altruist altruist)
    {
        public Altruist Altruist => altruist;

        public TimeSpan DueAt { get; set; }

        public bool AwaitsProof { get; set; }
    }
}
