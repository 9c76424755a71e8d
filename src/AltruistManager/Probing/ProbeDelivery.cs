using System.Collections.Concurrent;
using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Storage;
using Microsoft.Extensions.Logging;

namespace AltruistManager.Probing;

/// <summary>Stores a batch of results and then tells the observer, one batch at a time per network. Neither can stop the lanes.</summary>
internal sealed partial class ProbeDelivery(ProbeStore store, IProbeObserver observer, ILogger<ProbeDelivery> logger)
{
    private readonly ConcurrentDictionary<NetworkId, SemaphoreSlim> turns = new();

    private readonly Lock gate = new();

    // Rows lost since the database fell ill; null while it is well.
    private long? lost;

    /// <param name="results">All of one network and lane.</param>
    /// <param name="rows">What of them is stored.</param>
    /// <returns>Those whose verdict changed.</returns>
    public async Task<IReadOnlyCollection<AltruistId>> DeliverAsync(NetworkId network, IReadOnlyList<ProbeResult> results, IReadOnlyCollection<ProbeRow> rows, CancellationToken cancellation)
    {
        var turn = turns.GetOrAdd(network, _ => new SemaphoreSlim(1, 1));
        await turn.WaitAsync(cancellation);
        try
        {
            if (rows.Count > 0)
                await StoreAsync(rows, cancellation);
            return results.Count > 0 ? await observer.ObserveAsync(network, results, cancellation) : [];
        }
        catch (Exception failed) when (Database.IsFailure(failed))
        {
            // Neither verdicts nor picks change by what could not be written.
            NoteLost(failed, 0);
            return [];
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !cancellation.IsCancellationRequested)
        {
            LogNotObserved(exception, network);
            return [];
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>Rows that cannot be stored are lost; the verdicts do not depend on them.</summary>
    public async Task StoreAsync(IReadOnlyCollection<ProbeRow> rows, CancellationToken cancellation)
    {
        try
        {
            await store.AddAsync(rows, cancellation);
            NoteStored();
        }
        catch (Exception failed) when (Database.IsFailure(failed))
        {
            NoteLost(failed, rows.Count);
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !cancellation.IsCancellationRequested)
        {
            LogNotStored(exception, rows.Count);
        }
    }

    /// <summary>A database that is ill fails every batch: told once.</summary>
    private void NoteLost(Exception failed, int rows)
    {
        bool isNew;
        lock (gate)
        {
            isNew = lost is null;
            lost = (lost ?? 0) + rows;
        }

        if (isNew)
            LogIll(failed.Message.ReplaceLineEndings(" "));
    }

    private void NoteStored()
    {
        long? missing;
        lock (gate)
        {
            missing = lost;
            lost = null;
        }

        if (missing is { } rows)
            LogStoredAgain(rows);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Probes can be neither stored nor judged: {Why}")]
    private partial void LogIll(string why);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Probes can be stored again; rows lost: {Count}")]
    private partial void LogStoredAgain(long count);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Count} probes could not be stored")]
    private partial void LogNotStored(Exception exception, int count);

    [LoggerMessage(Level = LogLevel.Error, Message = "Probes of {Network} could not be judged")]
    private partial void LogNotObserved(Exception exception, NetworkId network);
}
