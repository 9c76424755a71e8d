using System.Collections.Concurrent;
using AltruistManager.Altruists;
using AltruistManager.Probing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AltruistManager.Health;

/// <summary>Follows the trials of changed endpoints, and puts into service what passed.</summary>
public sealed partial class TrialMonitor(
    RosterCache rosters, TrialStore store, HealthMonitor health, AltruistRegistry registry, IOptions<HealthOptions> options, IOptions<ProbingOptions> probing, TimeProvider time,
    ILogger<TrialMonitor> logger) : ITrials
{
    private readonly ConcurrentDictionary<AltruistId, Trial> trials = new();

    public IReadOnlyCollection<TrialWish> Wishes =>
        [.. rosters.Current.OnTrial.Where(altruist => altruist.Enabled).Select(altruist => new TrialWish(altruist.Id, IsUndecided(altruist)))];

    /// <summary>Every few seconds while that can lead to something: at first, once control is proven, and while good probes are being counted that may be enough.</summary>
    private bool IsUndecided(Altruist altruist) =>
        Of(altruist) is not { Tries: >= Trial.OftenLimit } trial || trial.Attested != altruist.Attested || (altruist.Attested && trial.Good > 0);

    /// <summary>Takes up what was known before the start; call once.</summary>
    public async Task LoadAsync(CancellationToken cancellation)
    {
        foreach (var (altruist, trial) in await store.LoadAsync(probing.Value.Vantage, cancellation))
            trials[altruist] = trial;
    }

    /// <summary>How its changed endpoint does; null where the newest is in service.</summary>
    public Trial? Of(Altruist altruist)
    {
        if (altruist.Serving is null)
        {
            trials.TryRemove(altruist.Id, out _);
            return null;
        }

        var place = rosters.Current.PlaceOf(altruist);
        return trials.AddOrUpdate(altruist.Id, _ => Trial.Begin(place, time.GetUtcNow()), (_, known) => known.Endpoint == place ? known : Trial.Begin(place, time.GetUtcNow()));
    }

    public async Task ObserveAsync(ProbeResult result, CancellationToken cancellation)
    {
        if (!rosters.Current.Altruists.TryGetValue(result.Altruist, out var altruist) || altruist is not { RetiredAt: null, Enabled: true, Serving: not null } || rosters.Current.PlaceOf(altruist) != result.Endpoint)
            return;

        var tried = altruist with { Serving = null };
        var head = health.JudgeBeside(tried, result);
        var (after, passed) = Of(altruist)!.Next(result, head, altruist.Network.Identity, altruist.Attested, options.Value);
        trials[altruist.Id] = after;
        await store.PutAsync(altruist.Id, probing.Value.Vantage, after, time.GetUtcNow(), cancellation);
        if (passed && await health.MoveAsync(tried, result, head, after.Good, also => registry.PromoteAsync(altruist.Id, altruist.Fingerprint, async write =>
        {
            await TrialStore.EndAsync(write, altruist.Id);
            await also(write);
        }, cancellation), cancellation))
        {
            trials.TryRemove(altruist.Id, out _);
            LogPromoted(altruist.Id, altruist.Provider);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The changed endpoint of altruist {Altruist} of {Provider} passed its trial and is in service")]
    private partial void LogPromoted(AltruistId altruist, ProviderId provider);
}
