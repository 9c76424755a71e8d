using AltruistManager.Altruists;

namespace AltruistManager.Probing;

/// <summary>
/// Decides which hot probes become rows: one whose outcome differs from the one before or that changed the verdict, and one row per
/// interval for all the others (design 5.1). Pure but for its memory; callers take turns.
/// </summary>
internal sealed class HotFolds(TimeSpan interval)
{
    /// <summary>Latencies kept for a median; at the default intervals there are thirty.</summary>
    private const int MaxLatencies = 1_000;

    private readonly Dictionary<AltruistId, Fold> folds = [];

    /// <param name="changedVerdict">The verdict is another one after this probe.</param>
    /// <returns>The rows to store now.</returns>
    public IReadOnlyList<ProbeRow> Add(ProbeResult result, bool changedVerdict)
    {
        if (folds.TryGetValue(result.Altruist, out var fold) && fold.Outcome == result.Outcome && !changedVerdict)
        {
            fold.Take(result);
            return [];
        }

        folds[result.Altruist] = new Fold(result.Outcome, result.At);
        return fold?.Close() is { } before ? [before, ProbeRow.Of(result)] : [ProbeRow.Of(result)];
    }

    /// <summary>The rows of all folds that are an interval old. A fold that stayed empty for so long is forgotten: its altruist is not hot any more.</summary>
    public IReadOnlyList<ProbeRow> TakeDue(DateTimeOffset now) => Take(fold => fold.BeganAt is { } began && now - began >= interval, now);

    public IReadOnlyList<ProbeRow> TakeAll(DateTimeOffset now) => Take(fold => fold.BeganAt is not null, now);

    private List<ProbeRow> Take(Func<Fold, bool> isDue, DateTimeOffset now)
    {
        var rows = new List<ProbeRow>();
        foreach (var (altruist, fold) in folds)
        {
            if (isDue(fold))
            {
                rows.Add(fold.Close()!);
                fold.Clear(now);
            }
            else if (fold.BeganAt is null && now - fold.EmptySince >= interval)
            {
                folds.Remove(altruist);
            }
        }

        return rows;
    }

    private sealed class Fold(ProbeOutcome outcome, DateTimeOffset openedAt)
    {
        private readonly List<double> latencies = [];
        private ProbeResult? last;
        private int probes;
        private int calls;

        public ProbeOutcome Outcome => outcome;

        /// <summary>When the first of the folded probes ended; null while there is none.</summary>
        public DateTimeOffset? BeganAt { get; private set; }

        public DateTimeOffset EmptySince { get; private set; } = openedAt;

        public void Take(ProbeResult result)
        {
            BeganAt ??= result.At;
            last = result;
            probes++;
            calls += result.Exchanges.Count;
            if (result.LatencyMs is { } latency && latencies.Count < MaxLatencies)
                latencies.Add(latency);
        }

        public ProbeRow? Close()
        {
            if (last is null)
                return null;
            latencies.Sort();
            var failures = outcome == ProbeOutcome.Ok ? 0 : probes;
            return latencies.Count == 0
                ? new ProbeRow(last, probes, failures, null, null, calls)
                : new ProbeRow(last with { LatencyMs = latencies[latencies.Count / 2] }, probes, failures, latencies[0], latencies[^1], calls);
        }

        public void Clear(DateTimeOffset now)
        {
            latencies.Clear();
            last = null;
            probes = 0;
            calls = 0;
            BeganAt = null;
            EmptySince = now;
        }
    }
}
