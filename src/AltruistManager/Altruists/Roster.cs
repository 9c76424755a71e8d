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
        : this(
            revision,
            chains.ToFrozenDictionary(chain => chain.Id),
            regions.ToFrozenDictionary(region => region.Id),
            providers.ToFrozenDictionary(provider => provider.Id),
            altruists.ToDictionary(altruist => altruist.Id),
            [.. altruists.Where(altruist => altruist.RetiredAt is null).OrderBy(altruist => altruist.Id)])
    {
        LiveByNetwork = Live.GroupBy(altruist => altruist.Network).ToFrozenDictionary(group => group.Key, group => (IReadOnlyList<Altruist>)[.. group]);
    }

    private Roster(
        long revision, FrozenDictionary<ChainId, Chain> chains, FrozenDictionary<RegionId, Region> regions, FrozenDictionary<ProviderId, Provider> providers,
        IReadOnlyDictionary<AltruistId, Altruist> altruists, IReadOnlyList<Altruist> live)
    {
        Revision = revision;
        Chains = chains;
        Regions = regions;
        Providers = providers;
        Altruists = altruists;
        Live = live;
        OnTrial = [.. live.Where(altruist => altruist.Serving is not null)];
        Undecryptable = [.. live.Where(altruist => altruist.Undecryptable is not null)];
        LiveByNetwork = FrozenDictionary<NetworkId, IReadOnlyList<Altruist>>.Empty;
        ChainsByNetwork = chains.Values.Where(chain => chain.RetiredAt is null).GroupBy(chain => chain.Network)
            .ToFrozenDictionary(group => group.Key, group => (IReadOnlyList<Chain>)[.. group.OrderBy(chain => chain.Id)]);

        // An id wins over an alias; stores keep the two apart, a database edited by hand may not.
        var names = new Dictionary<string, Chain>();
        foreach (var chain in chains.Values)
            names[chain.Id.Value] = chain;
        // Among aliases the living win: those of retired chains only say who followed.
        foreach (var chain in chains.Values.OrderBy(chain => chain.RetiredAt is not null))
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

    public FrozenDictionary<NetworkId, IReadOnlyList<Altruist>> LiveByNetwork { get; private init; }

    /// <summary>The altruists that are not retired and whose changed endpoint is not in service yet.</summary>
    public IReadOnlyList<Altruist> OnTrial { get; }

    /// <summary>The altruists that are not retired and whose endpoints cannot be decrypted.</summary>
    public IReadOnlyList<Altruist> Undecryptable { get; }

    /// <summary>The chains that are not retired, lowest id first.</summary>
    public FrozenDictionary<NetworkId, IReadOnlyList<Chain>> ChainsByNetwork { get; }

    /// <summary>The chain of this id or alias; a retired one only where no living one has the name. Null when there is none.</summary>
    public Chain? FindChain(string idOrAlias) => byName.GetValueOrDefault(idOrAlias);

    /// <summary>The path behind its URL: that of its first chain; all of an altruist's are at one.</summary>
    public string PathOf(Altruist altruist) => altruist.Chains.Count > 0 ? Chains.GetValueOrDefault(altruist.Chains[0])?.Path ?? "" : "";

    /// <summary>Tells the place of its newest endpoint from others: what was proven at one says nothing of another.</summary>
    public string PlaceOf(Altruist altruist) => Endpoint.PlaceOf(altruist.Fingerprint, PathOf(altruist));

    /// <summary>True when nothing but the revision may differ: other writes count it up as well.</summary>
    public bool HoldsTheSameAs(Roster other) =>
        ReferenceEquals(Chains, other.Chains) && ReferenceEquals(Regions, other.Regions) && ReferenceEquals(Providers, other.Providers) && ReferenceEquals(Altruists, other.Altruists);

    /// <summary>This roster with the things given in the place of those with their ids. Costs what changed, not what there is: 100,000 altruists are not sorted again for one.</summary>
    internal Roster With(long revision, List<Chain> chains, List<Region> regions, List<Provider> providers, List<Altruist> altruists)
    {
        if (Altruists.Count == 0)
            return new Roster(revision, Merge(Chains, chains, chain => chain.Id).Values, MergeRegions(regions).Values,
                Merge(Providers, providers, provider => provider.Id).Values, altruists);

        var changed = altruists.ToDictionary(altruist => altruist.Id);
        IReadOnlyDictionary<AltruistId, Altruist> all = Altruists;
        var live = Live;
        if (changed.Count > 0)
        {
            var copy = new Dictionary<AltruistId, Altruist>(Altruists);
            foreach (var (id, altruist) in changed)
                copy[id] = altruist;
            all = copy;
            live = MergeLive(changed);
        }

        return new Roster(revision, Merge(Chains, chains, chain => chain.Id), MergeRegions(regions), Merge(Providers, providers, provider => provider.Id), all, live)
        {
            LiveByNetwork = changed.Count == 0 ? LiveByNetwork : MergeNetworks(changed, live),
        };
    }

    private static FrozenDictionary<TKey, T> Merge<TKey, T>(FrozenDictionary<TKey, T> known, List<T> changed, Func<T, TKey> key)
        where TKey : notnull
    {
        if (changed.Count == 0)
            return known;

        var merged = new Dictionary<TKey, T>(known);
        foreach (var item in changed)
            merged[key(item)] = item;
        return merged.ToFrozenDictionary();
    }

    private FrozenDictionary<RegionId, Region> MergeRegions(List<Region> changed) =>
        changed.Count == 0 ? Regions : Merge(Regions, changed, region => region.Id).Where(region => region.Value.RetiredAt is null).ToFrozenDictionary();

    private List<Altruist> MergeLive(Dictionary<AltruistId, Altruist> changed)
    {
        Altruist[] added = [.. changed.Values.Where(altruist => altruist.RetiredAt is null).OrderBy(altruist => altruist.Id)];
        var merged = new List<Altruist>(Live.Count + added.Length);
        var next = 0;
        foreach (var altruist in Live)
        {
            while (next < added.Length && added[next].Id.CompareTo(altruist.Id) < 0)
                merged.Add(added[next++]);
            if (!changed.ContainsKey(altruist.Id))
                merged.Add(altruist);
        }

        merged.AddRange(added.AsSpan(next));
        return merged;
    }

    private FrozenDictionary<NetworkId, IReadOnlyList<Altruist>> MergeNetworks(Dictionary<AltruistId, Altruist> changed, IReadOnlyList<Altruist> live)
    {
        var touched = new HashSet<NetworkId>();
        foreach (var altruist in changed.Values)
        {
            touched.Add(altruist.Network);
            if (Altruists.TryGetValue(altruist.Id, out var before))
                touched.Add(before.Network);
        }

        var merged = LiveByNetwork.Where(network => !touched.Contains(network.Key)).ToDictionary();
        foreach (var group in live.Where(altruist => touched.Contains(altruist.Network)).GroupBy(altruist => altruist.Network))
            merged.Add(group.Key, [.. group]);
        return merged.ToFrozenDictionary();
    }
}
