using AltruistManager.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AltruistManager.Accounts;

/// <param name="Entry">The last of them.</param>
internal sealed record FoldedRefusal(DateTimeOffset At, Actor Actor, AuditEntry Entry, int Times);

/// <summary>
/// Writes refusals and failed sign-ins into the audit trail, within seconds and off the way of the request. A flood of them is no flood of lines: the first of an
/// actor and action is written at once, what follows as one line after a minute, then after two, and so on up to an hour while it goes on.
/// </summary>
public sealed partial class RefusalLog(AuditStore store, TimeProvider time, ILogger<RefusalLog> logger) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Shortest = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    /// <summary>Addresses of nobody we know that are kept apart; users and keys are as many as staff made.</summary>
    private const int MostUnknown = 100;

    private const int MostKnown = 5000;

    private readonly Dictionary<(string Author, string Action), Fold> folds = [];
    private readonly Lock gate = new();
    private readonly SemaphoreSlim turn = new(1, 1);
    private bool failing;

    /// <summary>Costs nothing worth waiting for.</summary>
    /// <param name="entry">Its detail says why.</param>
    public void Note(Actor actor, AuditEntry entry)
    {
        lock (gate)
        {
            if (!folds.TryGetValue((actor.Author, entry.Action), out var fold))
            {
                var isKnown = actor.Kind is not ActorKind.Nobody;
                if (folds.Values.Count(other => other.IsKnown == isKnown) >= (isKnown ? MostKnown : MostUnknown))
                    actor = Actor.Nobody("many");
                if (!folds.TryGetValue((actor.Author, entry.Action), out fold))
                    folds.Add((actor.Author, entry.Action), fold = new Fold { IsKnown = isKnown });
            }

            fold.Times++;
            (fold.At, fold.Actor, fold.Entry) = (time.GetUtcNow(), actor, entry);
        }
    }

    /// <summary>Writes what there is, whether or not its time has come; over when what was on its way is written too.</summary>
    public Task FlushAsync(CancellationToken cancellation) => WriteAsync(all: true, cancellation);

    /// <summary>Writes what has waited long enough.</summary>
    internal Task WriteDueAsync(CancellationToken cancellation) => WriteAsync(all: false, cancellation);

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await FlushAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
            await WriteDueAsync(stoppingToken);
    }

    public override void Dispose()
    {
        turn.Dispose();
        base.Dispose();
    }

    private async Task WriteAsync(bool all, CancellationToken cancellation)
    {
        // One at a time: who asks for all of them waits for those on their way too.
        try
        {
            await turn.WaitAsync(cancellation);
        }
        catch (OperationCanceledException)
        {
            return;
        }

        try
        {
            await WriteAsync(Take(all), cancellation);
        }
        finally
        {
            turn.Release();
        }
    }

    private async Task WriteAsync(List<(Fold Fold, FoldedRefusal Refusal)> due, CancellationToken cancellation)
    {
        if (due.Count == 0)
            return;

        try
        {
            await store.AppendAsync([.. due.Select(pair => pair.Refusal)], cancellation);
            failing = false;
        }
        catch (Exception failed) when (Database.IsFailure(failed) || failed is OperationCanceledException)
        {
            lock (gate)
                due.ForEach(pair => pair.Fold.TakeBack(pair.Refusal));
            if (!failing && failed is not OperationCanceledException)
                LogNotWritten(failed);
            failing = true;
        }
    }

    private List<(Fold Fold, FoldedRefusal Refusal)> Take(bool all)
    {
        var now = time.GetTimestamp();
        var due = new List<(Fold, FoldedRefusal)>();
        lock (gate)
        {
            foreach (var (key, fold) in folds)
            {
                var isOver = fold.WrittenAt is not { } written || time.GetElapsedTime(written, now) >= fold.Waits;
                if (fold.Times == 0 && isOver)
                    folds.Remove(key);
                if (fold.Times == 0 || !(isOver || all))
                    continue;
                due.Add((fold, new FoldedRefusal(fold.At, fold.Actor!, fold.Entry!, fold.Times)));
                fold.Waits = fold.WrittenAt is null ? Shortest : fold.Waits * 2 < Longest ? fold.Waits * 2 : Longest;
                fold.WrittenAt = now;
                fold.Times = 0;
            }
        }

        return due;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Refusals cannot be written into the audit trail; tried again until they can")]
    private partial void LogNotWritten(Exception exception);

    private sealed class Fold
    {
        public bool IsKnown { get; init; }

        public int Times { get; set; }

        public DateTimeOffset At { get; set; }

        public Actor? Actor { get; set; }

        public AuditEntry? Entry { get; set; }

        /// <summary>Null before the first time.</summary>
        public long? WrittenAt { get; set; }

        public TimeSpan Waits { get; set; }

        public void TakeBack(FoldedRefusal unwritten)
        {
            if (Times == 0)
                (At, Actor, Entry) = (unwritten.At, unwritten.Actor, unwritten.Entry);
            Times += unwritten.Times;
            WrittenAt = null;
        }
    }
}
