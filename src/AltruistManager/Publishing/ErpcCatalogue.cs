using System.Text.Json;
using AltruistManager.Altruists;
using AltruistManager.Selection;

namespace AltruistManager.Publishing;

/// <summary>A catalogue for eRPC's <c>repository</c>, which fetches it from our own API.</summary>
public sealed class ErpcCatalogueOptions : PublisherOptions
{
    internal override string Target => "our own API";

    internal override IPublisher Create(PublisherTools tools) => new ErpcCatalogue();

    protected override IEnumerable<(string Key, string Error)> FindMore(bool allowHttp)
    {
        if (Chains.Count == 0)
            yield return (nameof(Chains), "must hold at least one chain with its EVM chain id");
        foreach (var (chain, target) in Chains.Where(chain => !ulong.TryParse(chain.Value, System.Globalization.NumberStyles.None, null, out _)))
            yield return ($"{nameof(Chains)}:{chain}", $"must be an EVM chain id in decimal, not '{target}'");
    }
}

/// <summary>
/// All public altruists without credentials that may serve, by EVM chain id. eRPC caches it for an hour, so it does not follow the pick. Of a chain that has nobody it
/// goes on telling who was last there, but never who was revoked or is not public any more.
/// </summary>
internal sealed class ErpcCatalogue : IPublisher
{
    private volatile Answer? current;

    /// <summary>What is served; null until it was put together for the first time.</summary>
    public Answer? Current => current;

    public PublisherReach Reach { get; } = new([AuthKind.None], [], IsOpen: true, WantsAll: true);

    public bool TakesTurns => false;

    public Task<Publication> PublishAsync(PublisherWork work, CancellationToken cancellation)
    {
        var last = work.Memory.Length == 0 ? [] : JsonSerializer.Deserialize<SortedDictionary<string, List<Listed>>>(work.Memory)!;
        var next = new SortedDictionary<string, List<Listed>>(StringComparer.Ordinal);
        var kept = new List<KeptSlot>();
        foreach (var chain in work.Slots.GroupBy(slot => slot.Target))
        {
            var listed = chain.SelectMany(slot => slot.Altruists).Select(altruist => new Listed(altruist.Id, altruist.Url)).Distinct().ToList();
            if (listed.Count == 0)
            {
                listed = last.GetValueOrDefault(chain.Key, []).FindAll(listing => !work.Region.Revoked.Contains(listing.Id) && work.IsPublic(listing.Id));
                kept.Add(new KeptSlot(chain.First().Chain, chain.Key, listed.Count == 0 ? "nobody can be told of" : "nobody may serve now: it keeps who was there last"));
            }

            if (listed.Count > 0)
                next.Add(chain.Key, listed);
        }

        var body = JsonSerializer.SerializeToUtf8Bytes(next.ToDictionary(chain => chain.Key, chain => new { endpoints = chain.Value.Select(listing => listing.Url).Distinct() }));
        current = Answer.Of(body, work.Region.Stamp.Generation, hasPick: true);
        return Task.FromResult(new Publication(JsonSerializer.Serialize(next)) { Kept = kept });
    }

    private sealed record Listed(string Id, string Url);
}
