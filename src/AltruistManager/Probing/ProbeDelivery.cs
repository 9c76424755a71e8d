using System.Collections.Concurrent;
using AltruistManager.Altruists;
using AltruistManager.Chains;
using Microsoft.Extensions.Logging;

namespace AltruistManager.Probing;

/// <summary>Stores a batch of results and then tells the observer, one batch at a time per network. Neither can stop the lanes.</summary>
internal sealed partial class ProbeDelivery(ProbeStore store, IProbeObserver observer, ILogger<ProbeDelivery> logger)
{
    private readonly ConcurrentDictionary<NetworkId, SemaphoreSlim> turns = new();

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
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !cancellation.IsCancellationRequested)
        {
            LogNotStored(exception, rows.Count);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Count} probes could not be stored")]
    private partial void LogNotStored(Exception exception, int count);

    [LoggerMessage(Level = LogLevel.Error, Message = "Probes of {Network} could not be judged")]
    private partial void LogNotObserved(Exception exception, NetworkId network);
}
