using System.Collections.Frozen;
using AltruistManager.Chains;

namespace AltruistManager.Altruists;

/// <summary>
/// Everything people have registered, as of one revision of the database; immutable. Holds retired chains and altruists too, because
/// the history refers to them; <see cref="Live"/> does not.
/// </summary>
public sealed class Roster
{
    public static readonly Roster Empty = new(0, [], [], [], []);

    private readonly FrozenDictionary<string, Chain> byName;

    public Roster(long revision, IReadOnlyCollection<Chain> chains, IReadOnlyCollection<Region> regions, IReadOnlyCollection<Provider> providers, IReadOnlyCollection<Altruist> altruists)
    {
        Revision = revision;
        Chains = chains.ToFrozenDictionary(chain => chain.Id);
        Regions = regions.ToFrozenDictionary(region => region.Id);
        Providers = providers.ToFrozenDictionary(provider => provider.Id);
        Altruists = altruists.ToDictionary(altruist => altruist.Id);
        Live = [.. altruists.Where(altruist => altruist.RetiredAt is null).OrderBy(altruist => altruist.Id)];
        LiveByNetwork = Live.GroupBy(altruist => altruist.Network).ToFrozenDictionary(group => group.Key, group => (IReadOnlyList<Altruist>)[.. group]);
        ChainsByNetwork = chains.Where(chain => chain.RetiredAt is null).GroupBy(chain => chain.Network)
            .ToFrozenDictionary(group => group.Key, group => (IReadOnlyList<Chain>)[.. group.OrderBy(chain => chain.Id)]);

        // An id wins over an alias; stores keep the two apart, a database edited by hand may not.
        var names = new Dictionary<string, Chain>();
        foreach (var chain in chains)
            names[chain.Id.Value] = chain;
        foreach (var chain in chains.Where(chain => chain.RetiredAt is null))
            foreach (var alias in chain.Aliases)
                names.TryAdd(alias, chain);
        byName = names.ToFrozenDictionary();
    }

    public long Revision { get; }

    public FrozenDictionary<ChainId, Chain> Chains { get; }

    public FrozenDictionary<RegionId, Region> Regions { get; }

    public FrozenDictionary<ProviderId, Provider> Providers { get; }

    public IReadOnlyDictionary<AltruistId, Altruist> Altruists { get; }

    /// <summary>The altruists that are not retired, in the order of their ids.</summary>
    public IReadOnlyList<Altruist> Live { get; }

    public FrozenDictionary<NetworkId, IReadOnlyList<Altruist>> LiveByNetwork { get; }

    /// <summary>The chains that are not retired, lowest id first.</summary>
    public FrozenDictionary<NetworkId, IReadOnlyList<Chain>> ChainsByNetwork { get; }

    /// <summary>The chain of this id or alias, retired ones by id only; null when there is none.</summary>
    public Chain? FindChain(string idOrAlias) => byName.GetValueOrDefault(idOrAlias);
}
