using System.Collections.Concurrent;
using AltruistManager.Altruists;

namespace AltruistManager.Probing;

/// <summary>
/// The places of one lane: so many probes at once in all, so many to one host and port, and one to one altruist. Lanes share
/// nothing, so that a storm of timeouts in one does not delay the others.
/// </summary>
internal sealed class Lane(int concurrency, int perHost) : IDisposable
{
    private readonly SemaphoreSlim places = new(concurrency, concurrency);

    // One small object per host that was ever probed.
    private readonly ConcurrentDictionary<string, SemaphoreSlim> hosts = new();
    private readonly ConcurrentDictionary<AltruistId, byte> underWay = new();

    /// <summary>Runs the probe as soon as there is a place; skips it, with null, when one of the same altruist is still under way.</summary>
    public Task<ProbeResult?> RunAsync(Altruist altruist, Func<Task<ProbeResult?>> probe, CancellationToken cancellation) =>
        underWay.TryAdd(altruist.Id, 0) ? RunInPlaceAsync(altruist, probe, cancellation) : Task.FromResult<ProbeResult?>(null);

    public void Dispose()
    {
        places.Dispose();
        foreach (var host in hosts.Values)
            host.Dispose();
    }

    private async Task<ProbeResult?> RunInPlaceAsync(Altruist altruist, Func<Task<ProbeResult?>> probe, CancellationToken cancellation)
    {
        try
        {
            // The host first: those who queue for a slow host take no place from the others.
            var host = hosts.GetOrAdd(new Uri(altruist.Url).Authority, _ => new SemaphoreSlim(perHost, perHost));
            await host.WaitAsync(cancellation);
            try
            {
                await places.WaitAsync(cancellation);
                try
                {
                    return await probe();
                }
                finally
                {
                    places.Release();
                }
            }
            finally
            {
                host.Release();
            }
        }
        finally
        {
            underWay.TryRemove(altruist.Id, out _);
        }
    }
}
