using AltruistManager.Chains;

namespace AltruistManager.Altruists;

/// <summary>A roster as decisions about altruists look into it: here every one is looked at, which is the least work for a single decision.</summary>
internal class RosterView(Roster roster)
{
    /// <summary>Chains, regions and providers; of altruists, those of the beginning.</summary>
    public Roster Roster => roster;

    public virtual Altruist? Find(AltruistId id) => roster.Altruists.GetValueOrDefault(id);

    /// <summary>At least those that are not retired and have one of these URLs, or had it before it was lost; in the order of their ids.</summary>
    /// <param name="provider">Whose claims of lost URLs count.</param>
    public virtual IEnumerable<Altruist> LiveAt(ProviderId provider, IEnumerable<string> urls) => roster.Live;

    /// <summary>At least those that are retired and were in service at this URL.</summary>
    public virtual IEnumerable<Altruist> RetiredAt(string url) => roster.Altruists.Values.Where(altruist => altruist.RetiredAt is not null);

    /// <summary>Who was last at its URL; on another network that says nothing.</summary>
    public Altruist? PredecessorOf(Altruist added) =>
        RetiredAt(added.Url).Where(altruist => altruist.InService.Url == added.Url && altruist.Network == added.Network).MaxBy(altruist => altruist.RetiredAt);

    /// <summary>How many altruists that are not retired it has.</summary>
    public virtual int CountOf(ProviderId provider) => roster.Live.Count(altruist => altruist.Provider == provider);

    /// <inheritdoc cref="CountOf(ProviderId)"/>
    public virtual int CountOf(Chain chain) => roster.LiveByNetwork.GetValueOrDefault(chain.Network, []).Count(altruist => altruist.Chains.Contains(chain.Id));
}

/// <summary>The same for many decisions, each upon those before it: what one costs does not grow with how many altruists there are.</summary>
internal sealed class GrowingRoster : RosterView
{
    private static readonly SortedSet<AltruistId> Nobody = [];

    private readonly Dictionary<AltruistId, Altruist> all;
    private readonly Dictionary<string, SortedSet<AltruistId>> liveByUrl = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SortedSet<AltruistId>> retiredByUrl = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SortedSet<AltruistId>> lostByKey = new(StringComparer.Ordinal);
    private readonly Dictionary<ProviderId, int> ofProviders = [];
    private readonly Dictionary<ChainId, int> ofChains = [];

    public GrowingRoster(Roster roster)
        : base(roster)
    {
        all = new Dictionary<AltruistId, Altruist>(roster.Altruists.Count);
        foreach (var altruist in roster.Altruists.Values)
            Put(altruist);
    }

    public override Altruist? Find(AltruistId id) => all.GetValueOrDefault(id);

    public override IEnumerable<Altruist> LiveAt(ProviderId provider, IEnumerable<string> urls) =>
        urls.SelectMany(url => At(liveByUrl, url).Concat(lostByKey.Count == 0 ? [] : AltruistStore.KeysOf(provider, url).SelectMany(key => At(lostByKey, key))))
            .Distinct().Order().Select(id => all[id]);

    public override IEnumerable<Altruist> RetiredAt(string url) => At(retiredByUrl, url).Select(id => all[id]);

    public override int CountOf(ProviderId provider) => ofProviders.GetValueOrDefault(provider);

    public override int CountOf(Chain chain) => ofChains.GetValueOrDefault(chain.Id);

    /// <summary>From now on it is as given.</summary>
    public void Put(Altruist altruist)
    {
        if (all.Remove(altruist.Id, out var before))
            Take(before);
        all.Add(altruist.Id, altruist);
        if (altruist.RetiredAt is not null)
        {
            Add(retiredByUrl, altruist.InService.Url, altruist.Id);
            return;
        }

        foreach (var url in UrlsOf(altruist))
            Add(liveByUrl, url, altruist.Id);
        if (altruist.Undecryptable?.UrlKey is { } key)
            Add(lostByKey, key, altruist.Id);
        Count(altruist, 1);
    }

    private void Take(Altruist altruist)
    {
        if (altruist.RetiredAt is not null)
        {
            retiredByUrl[altruist.InService.Url].Remove(altruist.Id);
            return;
        }

        foreach (var url in UrlsOf(altruist))
            liveByUrl[url].Remove(altruist.Id);
        if (altruist.Undecryptable?.UrlKey is { } key)
            lostByKey[key].Remove(altruist.Id);
        Count(altruist, -1);
    }

    private static void Add(Dictionary<string, SortedSet<AltruistId>> index, string key, AltruistId id)
    {
        if (!index.TryGetValue(key, out var there))
            index.Add(key, there = []);
        there.Add(id);
    }

    private static SortedSet<AltruistId> At(Dictionary<string, SortedSet<AltruistId>> index, string key) => index.GetValueOrDefault(key, Nobody);

    private void Count(Altruist altruist, int change)
    {
        ofProviders[altruist.Provider] = ofProviders.GetValueOrDefault(altruist.Provider) + change;
        foreach (var chain in altruist.Chains)
            ofChains[chain] = ofChains.GetValueOrDefault(chain) + change;
    }

    private static IEnumerable<string> UrlsOf(Altruist altruist)
    {
        var urls = altruist.Urls.Values.Append(altruist.Url);
        return altruist.Serving is { } serving ? urls.Concat(serving.Urls.Values).Append(serving.Url) : urls;
    }
}
