using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using AltruistManager.Chains;

namespace AltruistManager.Altruists;

/// <summary>How a kind of thing is told in the audit trail: never a whole URL, never a credential.</summary>
/// <param name="Kind">The first half of its actions.</param>
/// <param name="Known">The same thing as the roster has it; null where there is none.</param>
/// <param name="Provider">Whose it is; null for what belongs to nobody.</param>
internal sealed record Told<T>(string Kind, Func<T, string> Id, Func<Roster, T, T?> Known, Func<T, string?> Provider, Func<T, JsonObject> Show)
    where T : class;

/// <inheritdoc cref="Told{T}"/>
internal static class Told
{
    public static readonly Told<Region> Region = new(
        "region", region => region.Id.Value, (roster, region) => roster.Regions.GetValueOrDefault(region.Id), _ => null,
        region => new JsonObject { ["name"] = region.Name, ["fallbacks"] = List(region.Fallbacks), ["retired"] = region.RetiredAt is not null });

    public static readonly Told<Provider> Provider = new(
        "provider", provider => provider.Id.Value, (roster, provider) => roster.Providers.GetValueOrDefault(provider.Id), provider => provider.Id.Value,
        provider => new JsonObject
        {
            ["name"] = provider.Name,
            ["website"] = provider.Website,
            ["contact"] = provider.Contact,
            ["payoutAddress"] = provider.PayoutAddress,
            ["nextPayoutAddress"] = provider.NextPayoutAddress,
            ["nextPayoutAt"] = provider.NextPayoutAt?.UtcDateTime,
            ["shares"] = provider.Shares,
            ["maxAltruists"] = provider.MaxAltruists,
        });

    public static readonly Told<Chain> Chain = new(
        "chain", chain => chain.Id.Value, (roster, chain) => roster.Chains.GetValueOrDefault(chain.Id), _ => null,
        chain => new JsonObject
        {
            ["name"] = chain.Name,
            ["network"] = chain.Network.Value,
            ["requires"] = List(chain.Requires),
            ["blockTimeSeconds"] = chain.BlockTimeSeconds,
            ["lagToleranceBlocks"] = chain.LagToleranceBlocks,
            ["maxHeadAgeSeconds"] = chain.MaxHeadAgeSeconds,
            ["integrityOffsetBlocks"] = chain.IntegrityOffsetBlocks,
            ["aliases"] = List(chain.Aliases),
            ["path"] = chain.Path,
            ["probe"] = chain.Probe,
            ["policy"] = chain.Policy,
            ["primaries"] = chain.Primaries,
            ["requestTimeoutMs"] = chain.RequestTimeoutMs,
            ["minEligible"] = chain.MinEligible,
            ["maxAltruists"] = chain.MaxAltruists,
            ["enabled"] = chain.Enabled,
            ["successor"] = chain.Successor?.Value,
            ["retired"] = chain.RetiredAt is not null,
        });

    public static readonly Told<Altruist> Altruist = new(
        "altruist", altruist => altruist.Id.Value, (roster, altruist) => roster.Altruists.GetValueOrDefault(altruist.Id), altruist => altruist.Provider.Value, Show);

    private static JsonObject Show(Altruist altruist) => new()
    {
        ["label"] = altruist.Label,
        ["chains"] = List(altruist.Chains),
        ["regions"] = List(altruist.Regions),
        ["url"] = AltruistUrl.Redact(altruist.Url),
        ["urls"] = new JsonObject(altruist.Urls.Select(url => KeyValuePair.Create(url.Key, (JsonNode?)AltruistUrl.Redact(url.Value)))),
        ["auth"] = altruist.Auth.ToString(),
        // Two that look alike above are told apart.
        ["endpoint"] = altruist.Undecryptable is null ? PrintOf(altruist) : null,
        ["inService"] = altruist.Serving is { } serving ? AltruistUrl.Redact(serving.Url) : null,
        ["capabilities"] = List(altruist.Capabilities),
        ["capacityRps"] = altruist.CapacityRps,
        ["tier"] = altruist.Tier,
        ["role"] = AltruistStore.RoleText(altruist.Role),
        ["visibility"] = AltruistStore.VisibilityText(altruist.Visibility),
        ["enabled"] = altruist.Enabled,
        ["controlProven"] = altruist.Attested,
        ["controlBy"] = altruist.Attested ? AltruistStore.ControlText(altruist.ControlBy) : null,
        ["retired"] = altruist.RetiredAt is not null,
    };

    private static string PrintOf(Altruist altruist) => altruist.Urls.Count == 0
        ? altruist.Fingerprint[..8]
        : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', [altruist.Fingerprint, .. altruist.Urls.OrderBy(url => url.Key, StringComparer.Ordinal).Select(url => $"{url.Key} {url.Value}")]))).AsSpan(0, 4));

    private static JsonArray List<T>(IEnumerable<T> items) => [.. items.Select(item => (JsonNode?)item!.ToString())];
}
