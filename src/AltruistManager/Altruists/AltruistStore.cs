using System.Data.Common;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using AltruistManager.Chains;
using AltruistManager.Storage;
using Dapper;
using Microsoft.Extensions.Logging;

namespace AltruistManager.Altruists;

/// <summary>Altruists in the database; their endpoints are encrypted there.</summary>
public sealed partial class AltruistStore(EndpointSeal seal, KeyRing ring, ILogger<AltruistStore> logger)
{
    // How the key ring stood when something could not be decrypted.
    private string? triedWith;

    /// <summary>Below so many altruists one processor is as fast.</summary>
    private const int WorthSharing = 1000;

    /// <summary>Makes the altruist or replaces it; a retired one gives its URL free. What could not be decrypted stays as it is.</summary>
    internal async Task PutAsync(WriteTransaction write, Altruist altruist, long revision)
    {
        // What is in service or gone is on trial nowhere; of one that cannot be decrypted that is not known.
        if (altruist is { RetiredAt: not null } or { Serving: null, Undecryptable: null })
            await write.ExecuteAsync("delete from trials where altruist_id = @id", new { id = altruist.Id.Value });
        await PutRowAsync(write, altruist, revision);
    }

    private Task<int> PutRowAsync(WriteTransaction write, Altruist altruist, long revision) => write.ExecuteAsync(
        """
        insert into altruists (
            id, provider_id, network, chains, regions, url, url_key, urls, private_url, label, auth, endpoint, capabilities, capacity_rps,
            tier, role, visibility, enabled, attested, control_by, created_at, retired_at, revision)
        values (
            @Id, @ProviderId, @Network, @Chains, @Regions, '', @UrlKey, '', @PrivateUrl, @Label, '', @Endpoint, @Capabilities, @CapacityRps,
            @Tier, @Role, @Visibility, @Enabled, @Attested, @ControlBy, @CreatedAt, @RetiredAt, @Revision)
        on conflict (id) do update set
            network      = excluded.network,
            chains       = excluded.chains,
            regions      = excluded.regions,
            url          = '',
            url_key      = case when @KeepsEndpoint then altruists.url_key else excluded.url_key end,
            urls         = '',
            private_url  = excluded.private_url,
            label        = excluded.label,
            auth         = '',
            endpoint     = coalesce(excluded.endpoint, altruists.endpoint),
            capabilities = excluded.capabilities,
            capacity_rps = excluded.capacity_rps,
            tier         = excluded.tier,
            role         = excluded.role,
            visibility   = excluded.visibility,
            enabled      = excluded.enabled,
            attested     = excluded.attested,
            control_by   = excluded.control_by,
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
            UrlKey = altruist.RetiredAt is null && altruist.Undecryptable is null ? KeyOf(altruist) : null,
            KeepsEndpoint = altruist is { RetiredAt: null, Undecryptable: not null },
            Endpoint = altruist.Undecryptable is null ? seal.Seal(altruist) : null,
            PrivateUrl = altruist.MayBePrivate,
            altruist.Label,
            Capabilities = JsonSerializer.Serialize(altruist.Capabilities),
            altruist.CapacityRps,
            altruist.Tier,
            Role = RoleText(altruist.Role),
            Visibility = VisibilityText(altruist.Visibility),
            altruist.Enabled,
            altruist.Attested,
            ControlBy = ControlText(altruist.ControlBy),
            CreatedAt = altruist.CreatedAt.ToUnixTimeMilliseconds(),
            RetiredAt = altruist.RetiredAt?.ToUnixTimeMilliseconds(),
            Revision = revision,
        });

    /// <summary>The altruists written after <paramref name="revision"/>, retired ones too.</summary>
    internal async Task<List<Altruist>> ChangedSinceAsync(DbConnection connection, DbTransaction? transaction, long revision, CancellationToken cancellation)
    {
        var rows = (await connection.QueryAsync<Row>(new CommandDefinition(
            """
            select id, provider_id, network, chains, regions, url, url_key, urls, endpoint, private_url, label, capabilities, capacity_rps,
                   tier, role, visibility, enabled, attested, control_by, created_at, retired_at
            from altruists
            where revision > @Revision
            """,
            new { Revision = revision }, transaction, cancellationToken: cancellation))).AsList();
        var altruists = ToAltruists(rows);
        OpenAll(altruists, rows);
        if (altruists.Exists(altruist => altruist.Undecryptable is not null))
        {
            // Another instance may have made a key since the ring was read.
            await ring.LoadAsync(cancellation);
            OpenAll(altruists, rows);
            triedWith = ring.Stand;
            if (altruists.Find(altruist => altruist is { Undecryptable: not null, RetiredAt: null }) is { } lost)
                LogUndecryptable(altruists.Count(altruist => altruist is { Undecryptable: not null, RetiredAt: null }), lost.Undecryptable!.Reason);
        }

        return altruists;
    }

    /// <summary>Tries to decrypt them again, once the key ring is another than at the last try.</summary>
    /// <returns>Those that can be by now.</returns>
    internal async Task<List<Altruist>> ReopenAsync(Database database, IReadOnlyList<Altruist> lost, CancellationToken cancellation)
    {
        await ring.LoadAsync(cancellation);
        if (ring.Stand == triedWith)
            return [];

        triedWith = ring.Stand;
        var rows = await database.QueryAsync<Row>(
            $"""
            select id, provider_id, network, chains, regions, url, url_key, urls, endpoint, private_url, label, capabilities, capacity_rps,
                   tier, role, visibility, enabled, attested, control_by, created_at, retired_at
            from altruists
            where {database.Dialect.In("id", "Ids")}
            """,
            new { Ids = database.Dialect.List([.. lost.Select(altruist => altruist.Id.Value)]) }, cancellation);
        var altruists = ToAltruists(rows);
        OpenAll(altruists, rows);
        altruists.RemoveAll(altruist => altruist.Undecryptable is not null);
        if (altruists.Count > 0)
            LogReopened(altruists.Count);
        return altruists;
    }

    /// <summary>Encrypts the rows of versions that did not.</summary>
    /// <param name="served">Of those whose changed URL is not in service yet: the one that is.</param>
    /// <returns>How many.</returns>
    internal async Task<int> SealPlainAsync(WriteTransaction write, IReadOnlyDictionary<AltruistId, string> served)
    {
        var rows = (await write.QueryAsync<Row>(
            """
            select id, provider_id, network, chains, regions, url, url_key, urls, endpoint, private_url, label, capabilities, capacity_rps,
                   tier, role, visibility, enabled, attested, control_by, created_at, retired_at
            from altruists
            where endpoint is null
            """)).AsList();
        var plain = ToAltruists(rows);
        OpenAll(plain, rows);
        await write.ExecuteAsync(
            "update altruists set endpoint = @Endpoint, url_key = @UrlKey, url = '', urls = '', auth = '' where id = @Id and endpoint is null",
            plain.Select(altruist => new
            {
                Id = altruist.Id.Value,
                UrlKey = altruist.RetiredAt is null ? KeyOf(altruist.Url) : null,
                Endpoint = seal.Seal(served.TryGetValue(altruist.Id, out var url) && url != altruist.Url
                    ? altruist with { Serving = new Endpoint { Url = url, MayBePrivate = altruist.MayBePrivate, Attested = true } }
                    : altruist),
            }));
        return rows.Count;
    }

    /// <summary>What there is to do after the rows of before were encrypted; survives the end of the process.</summary>
    internal static Task MarkUnscrubbedAsync(WriteTransaction write) =>
        write.ExecuteAsync("insert into meta (name, value) values ('unscrubbed', 'altruists') on conflict (name) do nothing");

    internal static Task MarkScrubbedAsync(WriteTransaction write) => write.ExecuteAsync("delete from meta where name = 'unscrubbed'");

    /// <summary>How many rows are not encrypted, and whether traces of such rows may be left in the files.</summary>
    internal static async Task<(long Plain, bool Unscrubbed)> PlainAsync(Database database, CancellationToken cancellation) => (
        await database.SingleOrDefaultAsync<long>("select count(*) from altruists where endpoint is null", null, cancellation),
        await database.SingleOrDefaultAsync<string>("select value from meta where name = 'unscrubbed'", null, cancellation) is not null);

    private static List<Altruist> ToAltruists(List<Row> rows)
    {
        // Most of 100,000 altruists say the same of their chains, regions and capabilities, and few are their providers and networks: parsed and kept once.
        var chains = new Dictionary<string, IReadOnlyList<ChainId>>();
        var regions = new Dictionary<string, IReadOnlyList<RegionId>>();
        var words = new Dictionary<string, IReadOnlyList<string>>();
        var names = new Dictionary<string, string>();
        return rows.ConvertAll(row => new Altruist
        {
            Id = new(row.Id),
            Provider = new(Once(names, row.ProviderId, name => name)),
            Network = new(Once(names, row.Network, name => name)),
            Chains = Once(chains, row.Chains, json => [.. JsonSerializer.Deserialize<string[]>(json)!.Select(chain => new ChainId(chain))]),
            Regions = Once(regions, row.Regions, json => [.. JsonSerializer.Deserialize<string[]>(json)!.Select(region => new RegionId(region))]),
            Url = row.Url,
            MayBePrivate = row.PrivateUrl,
            Label = row.Label,
            Capabilities = Once(words, row.Capabilities, json => JsonSerializer.Deserialize<string[]>(json)!),
            CapacityRps = row.CapacityRps,
            Tier = row.Tier,
            Role = row.Role == "reference" ? AltruistRole.Reference : AltruistRole.Serve,
            Visibility = row.Visibility == "public" ? AltruistVisibility.Public : AltruistVisibility.Portals,
            Enabled = row.Enabled,
            Attested = row.Attested,
            ControlBy = ControlOf(row.ControlBy),
            CreatedAt = UnixTime.FromMs(row.CreatedAt),
            RetiredAt = UnixTime.FromMs(row.RetiredAt),
        });

        static T Once<T>(Dictionary<string, T> parsed, string json, Func<string, T> parse)
        {
            if (!parsed.TryGetValue(json, out var value))
                parsed.Add(json, value = parse(json));
            return value;
        }
    }

    /// <summary>Gives altruists their endpoints.</summary>
    private void OpenAll(List<Altruist> altruists, List<Row> rows)
    {
        var opener = seal.Open();
        if (rows.Count < WorthSharing)
        {
            for (var i = 0; i < rows.Count; i++)
                OpenOne(i);
            return;
        }

        // Decrypting takes most of the time of a start.
        Parallel.For(0, rows.Count, OpenOne);

        void OpenOne(int i)
        {
            var row = rows[i];
            altruists[i] = row.Endpoint is { } text
                ? opener.Into(altruists[i] with { Undecryptable = null }, text, row.UrlKey)
                : altruists[i] with { Urls = JsonSerializer.Deserialize<Dictionary<string, string>>(row.Urls)! };
        }
    }

    /// <summary>
    /// A URL exists once among the living, and the database sees to it without knowing it. Without a key on purpose: a URL has to be known again when the key ring
    /// is lost (<see cref="Undecryptable.UrlKey"/>) and by every instance. Whoever reads the database can so confirm a URL that they guess in whole; a secret in its
    /// path that is worth the name cannot be guessed, and passwords are no part of it.
    /// </summary>
    /// <remarks>Only proven control holds a URL against everybody; a mere claim is the provider's own (design 5.7).</remarks>
    private static string KeyOf(Altruist altruist) => altruist.Attested ? KeyOf(altruist.Url) : KeyOfClaim(altruist.Provider, altruist.Url);

    private static string KeyOfClaim(ProviderId provider, string url) => KeyOf($"{provider} {url}");

    /// <summary>Whether a stored key is that of the URL, as the provider proved or claimed it.</summary>
    internal static bool IsKeyOf(string? key, ProviderId provider, string url) => key is not null && (key == KeyOf(url) || key == KeyOfClaim(provider, url));

    /// <summary>All that <see cref="IsKeyOf"/> holds of.</summary>
    internal static string[] KeysOf(ProviderId provider, string url) => [KeyOf(url), KeyOfClaim(provider, url)];

    private static string KeyOf(string url) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(url)));

    [LoggerMessage(Level = LogLevel.Error, Message = "{Count} altruists are out of service because their endpoints cannot be decrypted: {Why}. Put the key ring back from a backup, or say their URLs and credentials anew")]
    private partial void LogUndecryptable(int count, string why);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The endpoints of {Count} altruists can be decrypted again")]
    private partial void LogReopened(int count);

    public static string RoleText(AltruistRole role) => role == AltruistRole.Reference ? "reference" : "serve";

    internal static string ControlText(ControlProof proof) => proof switch { ControlProof.WellKnown => "well-known", ControlProof.Dns => "dns", _ => "staff" };

    internal static ControlProof ControlOf(string? text) => text switch { "well-known" => ControlProof.WellKnown, "dns" => ControlProof.Dns, _ => ControlProof.Staff };

    internal static string VisibilityText(AltruistVisibility visibility) => visibility == AltruistVisibility.Public ? "public" : "portals";

    private sealed record Row
    {
        public required string Id { get; init; }
        public required string ProviderId { get; init; }
        public required string Network { get; init; }
        public required string Chains { get; init; }
        public required string Regions { get; init; }
        public required string Url { get; init; }
        public required string? UrlKey { get; init; }
        public required string Urls { get; init; }
        public required string? Endpoint { get; init; }
        public required bool PrivateUrl { get; init; }
        public required string Label { get; init; }
        public required string Capabilities { get; init; }
        public required int? CapacityRps { get; init; }
        public required int Tier { get; init; }
        public required string Role { get; init; }
        public required string Visibility { get; init; }
        public required bool Enabled { get; init; }
        public required bool Attested { get; init; }
        public required string? ControlBy { get; init; }
        public required long CreatedAt { get; init; }
        public required long? RetiredAt { get; init; }
    }
}
