using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Selection;

namespace AltruistManager.Publishing;

/// <summary>Where publishers read what portals are told: this manager's own snapshot, or a mirror's.</summary>
public interface IPickSource
{
    /// <summary>All slots of a region as the bulk call tells them (contract 3.1, UTF-8 JSON); null while nothing is known of it.</summary>
    ReadOnlyMemory<byte>? BodyOf(string region);

    /// <summary>Completes once something may be told that was not at the call.</summary>
    Task ChangedAsync(CancellationToken cancellation);

    /// <summary>All who may serve a slot now, by chain, without chains of which that is not known just now; null from a source that knows picks only.</summary>
    Task<IReadOnlyDictionary<string, IReadOnlyList<PublishedAltruist>>?> EligibleAsync(string region, IReadOnlyCollection<string> chains, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyDictionary<string, IReadOnlyList<PublishedAltruist>>?>(null);

    /// <summary>False once its owner does not let the altruist's URL be told to everybody any more.</summary>
    bool IsPublic(string altruist) => true;
}

/// <summary>The manager's own snapshot.</summary>
internal sealed class SnapshotSource(SnapshotHolder snapshots, SelectionRound round, RosterCache rosters) : IPickSource
{
    public ReadOnlyMemory<byte>? BodyOf(string region) => snapshots.Current is { IsLoaded: true } snapshot ? snapshot.FindAll(region)?.Body : null;

    public Task ChangedAsync(CancellationToken cancellation) => snapshots.NextAsync(snapshots.Current, cancellation);

    public async Task<IReadOnlyDictionary<string, IReadOnlyList<PublishedAltruist>>?> EligibleAsync(string region, IReadOnlyCollection<string> chains, CancellationToken cancellation)
    {
        var slots = await round.EligibleAsync([.. chains.Select(chain => new SlotKey(new ChainId(chain), new RegionId(region)))], cancellation);
        return slots.ToDictionary(
            slot => slot.Key.Chain.Value,
            slot => (IReadOnlyList<PublishedAltruist>)[.. slot.Value.Altruists.Select(altruist => PublishedAltruist.Of(altruist, slot.Value.Chain))]);
    }

    public bool IsPublic(string altruist) =>
        rosters.Current.Altruists.GetValueOrDefault(new AltruistId(altruist)) is { RetiredAt: null, Visibility: AltruistVisibility.Public };
}
