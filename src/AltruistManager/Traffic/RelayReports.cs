using AltruistManager.Selection;

namespace AltruistManager.Traffic;

public enum ReportReceipt
{
    Counted,

    /// <summary>It was counted before.</summary>
    Repeat,

    /// <summary>Too many wait to be written: to be sent again later. Nothing was counted.</summary>
    Busy,
}

/// <summary>Takes portals' reports. What is acknowledged is stored: those that come while others are being written are written together next.</summary>
public sealed class RelayReports(RelayReportStore store, PortalPolls polls, SnapshotHolder snapshots, Complaints complaints, TimeProvider time) : IDisposable
{
    /// <summary>Reports that may wait; more are refused, so that a crowd that returns does not fill the memory.</summary>
    internal const int MostWaiting = 1_000;

    /// <summary>Rows of reports written in one transaction, so that nobody else's write waits long; a report that has more is written alone.</summary>
    internal const int MostTogether = 2_000;

    /// <summary>Different reasons of one portal; the rest are told apart no more.</summary>
    private const int MostReasons = 100;

    private const string OtherReason = "other";

    private readonly SemaphoreSlim turn = new(1, 1);
    private readonly Lock gate = new();
    private readonly Queue<Waiting> queue = new();

    /// <summary>By portal, since the start; touched only by whose turn it is.</summary>
    private readonly Dictionary<string, HashSet<string>> reasons = [];

    public async Task<ReportReceipt> TakeAsync(RelayReport report, CancellationToken cancellation)
    {
        var own = new Waiting(report);
        lock (gate)
        {
            if (queue.Count >= MostWaiting)
                return ReportReceipt.Busy;
            queue.Enqueue(own);
        }

        // Whose turn comes writes what waits, its own and others', unless another did so meanwhile. Once queued it is written whether or not its sender still waits.
        await turn.WaitAsync(CancellationToken.None);
        try
        {
            while (!own.Done.Task.IsCompleted)
                await WriteAsync();
        }
        finally
        {
            turn.Release();
        }

        return await own.Done.Task.WaitAsync(cancellation);
    }

    public void Dispose() => turn.Dispose();

    private async Task WriteAsync()
    {
        var together = new List<Waiting>();
        lock (gate)
        {
            for (var rows = 0; queue.TryPeek(out var next) && (together.Count == 0 || rows + next.Report.Rows <= MostTogether); rows += next.Report.Rows)
                together.Add(queue.Dequeue());
        }

        IReadOnlyList<bool> counted;
        try
        {
            counted = await store.AddAsync([.. together.Select(waiting => Named(waiting.Report))], time.GetUtcNow(), CancellationToken.None);
        }
        catch (Exception failed)
        {
            together.ForEach(waiting => waiting.Done.SetException(failed));
            return;
        }

        foreach (var (waiting, isNew) in together.Zip(counted))
        {
            Note(waiting.Report);
            waiting.Done.SetResult(isNew ? ReportReceipt.Counted : ReportReceipt.Repeat);
        }

        await complaints.NoteAsync([.. together.Where((_, index) => counted[index]).Select(waiting => waiting.Report)]);
    }

    /// <summary>A report confirms a generation as a poll does, as far as it is known here.</summary>
    private void Note(RelayReport report)
    {
        if (report is { Region: { } region, Generation: { } generation } && snapshots.Current.GenerationOf(region.Value) is { } newest)
            polls.Note(report.Portal, region.Value, chain: "", Math.Min(generation, newest));
    }

    private RelayReport Named(RelayReport report)
    {
        if (!reasons.TryGetValue(report.Portal, out var known))
            reasons.Add(report.Portal, known = []);
        return report with { Chains = [.. report.Chains.Select(chain => chain with { FallbackReasons = Named(chain.FallbackReasons, known) })] };
    }

    private static Dictionary<string, long> Named(IReadOnlyDictionary<string, long> told, HashSet<string> known)
    {
        var named = new Dictionary<string, long>();
        foreach (var (reason, count) in told)
        {
            var name = known.Contains(reason) || (known.Count < MostReasons && known.Add(reason)) ? reason : OtherReason;
            named[name] = named.GetValueOrDefault(name) + count;
        }

        return named;
    }

    private sealed record Waiting(RelayReport Report)
    {
        public TaskCompletionSource<ReportReceipt> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
