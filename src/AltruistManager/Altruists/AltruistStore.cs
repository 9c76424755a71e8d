using System.Data.Common;
using System.Text.Json;
using AltruistManager.Chains;
using AltruistManager.Storage;
using Dapper;

namespace AltruistManager.Altruists;

/// <summary>Altruists in the database.</summary>
internal static class AltruistStore
{
    /// <summary>Makes the altruist or replaces it; a retired one gives its URL free.</summary>
    public static Task PutAsync(WriteTransaction write, Altruist altruist, long revision) => write.ExecuteAsync(
        """
        insert into altruists (
            id, provider_id, network, chains, regions, url, url_key, urls, private_url, label, auth, capabilities, capacity_rps,
            tier, role, enabled, attested, created_at, retired_at, revision)
        values (
            @Id, @ProviderId, @Network, @Chains, @Regions, @Url, @UrlKey, @Urls, @PrivateUrl, @Label, @Auth, @Capabilities, @CapacityRps,
            @Tier, @Role, @Enabled, @Attested, @CreatedAt, @RetiredAt, @Revision)
        on conflict (id) do update set
            network      = excluded.network,
            chains       = excluded.chains,
            regions      = excluded.regions,
            url          = excluded.url,
            url_key      = excluded.url_key,
            urls         = excluded.urls,
            private_url  = excluded.private_url,
            label        = excluded.label,
            auth         = excluded.auth,
            capabilities = excluded.capabilities,
            capacity_rps = excluded.capacity_rps,
            tier         = excluded.tier,
            role         = excluded.role,
            enabled      = excluded.enabled,
            attested     = excluded.attested,
            retired_at   = excluded.retired_at,
            revision     = excluded.revision
        """,
        new
        {
            Id = altruist.Id.Value,
            ProviderId = altruist.Provider.Value,
            Network = altruist.Network.Value,
            Chains = JsonSerializer.Serialize(altruist.Chains.Select(chain => chain.Value)),
            Regions = JsonSerializer.Serialize(altruist.Regions.Select(region => region.Value)),
            altruist.Url,
            UrlKey = altruist.RetiredAt is null ? altruist.Url : null,
            Urls = JsonSerializer.Serialize(altruist.Urls),
            PrivateUrl = altruist.MayBePrivate,
            altruist.Label,
            Auth = """{"type":"none"}""",
            Capabilities = JsonSerializer.Serialize(altruist.Capabilities),
            altruist.CapacityRps,
            altruist.Tier,
            Role = RoleText(altruist.Role),
            altruist.Enabled,
            altruist.Attested,
            CreatedAt = altruist.CreatedAt.ToUnixTimeMilliseconds(),
            RetiredAt = altruist.RetiredAt?.ToUnixTimeMilliseconds(),
            Revision = revision,
        });

    /// <summary>The altruists written after <paramref name="revision"/>, retired ones too.</summary>
    public static async Task<List<Altruist>> ChangedSinceAsync(DbConnection connection, DbTransaction? transaction, long revision, CancellationToken cancellation)
    {
        var rows = await connection.QueryAsync<Row>(new CommandDefinition(
            """
            select id, provider_id, network, chains, regions, url, urls, private_url, label, capabilities, capacity_rps,
                   tier, role, enabled, attested, created_at, retired_at
            from altruists
            where revision > @Revision
            """,
            new { Revision = revision }, transaction, cancellationToken: cancellation));

        // Most of 100,000 altruists say the same of their chains, regions and capabilities: parsed and kept once.
        var chains = new Dictionary<string, IReadOnlyList<ChainId>>();
        var regions = new Dictionary<string, IReadOnlyList<RegionId>>();
        var words = new Dictionary<string, IReadOnlyList<string>>();
        var urls = new Dictionary<string, IReadOnlyDictionary<string, string>>();
        return [.. rows.Select(row => new Altruist
        {
            Id = new(row.Id),
            Provider = new(row.ProviderId),
            Network = new(row.Network),
            Chains = Once(chains, row.Chains, json => [.. JsonSerializer.Deserialize<string[]>(json)!.Select(chain => new ChainId(chain))]),
            Regions = Once(regions, row.Regions, json => [.. JsonSerializer.Deserialize<string[]>(json)!.Select(region => new RegionId(region))]),
            Url = row.Url,
            Urls = Once(urls, row.Urls, json => JsonSerializer.Deserialize<Dictionary<string, string>>(json)!),
            MayBePrivate = row.PrivateUrl,
            Label = row.Label,
            Capabilities = Once(words, row.Capabilities, json => JsonSerializer.Deserialize<string[]>(json)!),
            CapacityRps = row.CapacityRps,
            Tier = row.Tier,
            Role = row.Role == "reference" ? AltruistRole.Reference : AltruistRole.Serve,
            Enabled = row.Enabled,
            Attested = row.Attested,
            CreatedAt = UnixTime.FromMs(row.CreatedAt),
            RetiredAt = UnixTime.FromMs(row.RetiredAt),
        })];

        static T Once<T>(Dictionary<string, T> parsed, string json, Func<string, T> parse)
        {
            if (!parsed.TryGetValue(json, out var value))
                parsed.Add(json, value = parse(json));
            return value;
        }
    }

    public static string RoleText(AltruistRole role) => role == AltruistRole.Reference ? "reference" : "serve";

    private sealed record Row
    {
        public required string Id { get; init; }
        public required string ProviderId { get; init; }
        public required string Network { get; init; }
        public required string Chains { get; init; }
        public required string Regions { get; init; }
        public required string Url { get; init; }
        public required string Urls { get; init; }
        public required bool PrivateUrl { get; init; }
        public required string Label { get; init; }
        public required string Capabilities { get; init; }
        public required int? CapacityRps { get; init; }
        public required int Tier { get; init; }
        public required string Role { get; init; }
        public required bool Enabled { get; init; }
        public required bool Attested { get; init; }
        public required long CreatedAt { get; init; }
        public required long? RetiredAt { get; init; }
    }
}
