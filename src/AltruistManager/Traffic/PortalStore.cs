using System.Text.Json;
using System.Text.Json.Nodes;
using AltruistManager.Accounts;
using AltruistManager.Storage;

namespace AltruistManager.Traffic;

/// <summary>Portals in the database. Who made a key first may have made its portal (<see cref="Accounts.ApiKeyStore"/>).</summary>
public sealed class PortalStore(Database database)
{
    private const string Steady = "select id, reports, first_report_at, last_report_at from portals where last_report_at is not null and retired_at is null";

    /// <param name="before">Null for a new one.</param>
    internal static async Task PutAsync(WriteTransaction write, Actor actor, Portal? before, Portal portal, DateTimeOffset now, long revision)
    {
        await PutAsync(write, portal, revision);
        if (new AuditEntry(before is null ? "portal.add" : "portal.change", "portal", portal.Id).WithChange(before is null ? null : Show(before), Show(portal)) is { } entry)
            await AuditStore.AppendAsync(write, now, actor, entry);
    }

    private static Task<int> PutAsync(WriteTransaction write, Portal portal, long revision) => write.ExecuteAsync(
        """
        insert into portals (id, name, regions, chains, reads_since, created_at, revision)
        values (
            @Id, @Name, @Regions, @Chains,
            (select coalesce(max(generation), 0) from log_entries where origin = (select value from meta where name = 'origin')),
            @CreatedAt, @Revision)
        on conflict (id) do update set
            name        = excluded.name,
            regions     = excluded.regions,
            chains      = excluded.chains,
            reads_since = case
                when portals.regions = excluded.regions and portals.chains = excluded.chains then portals.reads_since
                else excluded.reads_since
            end,
            retired_at  = null,
            revision    = excluded.revision
        """,
        new
        {
            portal.Id,
            portal.Name,
            Regions = JsonSerializer.Serialize(portal.Regions),
            Chains = JsonSerializer.Serialize(portal.Chains),
            CreatedAt = portal.CreatedAt.ToUnixTimeMilliseconds(),
            Revision = revision,
        });

    /// <summary>Retires a portal and ends its keys; what it reported stays.</summary>
    /// <returns>False when there is no such portal that is not retired.</returns>
    internal Task<bool> RetireAsync(Actor actor, string id, DateTimeOffset now, CancellationToken cancellation) => database.WriteAsync(async write =>
    {
        var parameters = new { Id = id, Now = now.ToUnixTimeMilliseconds(), Revision = await write.NextRevisionAsync() };
        if (await write.ExecuteAsync("update portals set retired_at = @Now, revision = @Revision where id = @Id and retired_at is null", parameters) == 0)
            return false;
        var keys = await write.ExecuteAsync("update api_keys set revoked_at = @Now, revision = @Revision where portal_id = @Id and scope = 'portal' and revoked_at is null", parameters);
        await AuditStore.AppendAsync(write, now, actor, new AuditEntry("portal.retire", "portal", id) { After = new JsonObject { ["retired"] = true, ["revokedKeys"] = keys } });
        return true;
    }, cancellation);

    /// <summary>The portals written after a revision, and the newest revision among them (or the one given).</summary>
    internal async Task<(IReadOnlyList<Portal> Portals, long Revision)> ChangedSinceAsync(long revision, CancellationToken cancellation)
    {
        var rows = await database.QueryAsync<Row>(
            "select id, name, regions, chains, reads_since, created_at, retired_at, revision from portals where revision > @Revision order by revision", new { Revision = revision }, cancellation);
        return (rows.ConvertAll(row => row.ToPortal()), rows.Count == 0 ? revision : rows[^1].Revision);
    }

    /// <summary>Of those that ever reported.</summary>
    public async Task<IReadOnlyList<PortalSteadiness>> SteadinessAsync(CancellationToken cancellation) =>
        (await database.QueryAsync<SteadinessRow>($"{Steady} order by id", null, cancellation)).ConvertAll(row => row.ToSteadiness());

    /// <summary>Of one portal; null where it never reported.</summary>
    public async Task<PortalSteadiness?> SteadinessOfAsync(string portal, CancellationToken cancellation) =>
        (await database.SingleOrDefaultAsync<SteadinessRow>($"{Steady} and id = @Portal", new { Portal = portal }, cancellation))?.ToSteadiness();

    private static JsonObject Show(Portal portal) => new()
    {
        ["name"] = portal.Name,
        ["regions"] = new JsonArray([.. portal.Regions]),
        ["chains"] = new JsonArray([.. portal.Chains]),
    };

    private sealed record Row
    {
        public required string Id { get; init; }
        public required string Name { get; init; }
        public required string Regions { get; init; }
        public required string Chains { get; init; }
        public required long ReadsSince { get; init; }
        public required long CreatedAt { get; init; }
        public long? RetiredAt { get; init; }
        public required long Revision { get; init; }

        public Portal ToPortal() => new()
        {
            Id = Id,
            Name = Name,
            Regions = JsonSerializer.Deserialize<string[]>(Regions)!,
            Chains = JsonSerializer.Deserialize<string[]>(Chains)!,
            ReadsSince = ReadsSince,
            CreatedAt = UnixTime.FromMs(CreatedAt),
            RetiredAt = UnixTime.FromMs(RetiredAt),
        };
    }

    private sealed record SteadinessRow
    {
        public required string Id { get; init; }
        public required long Reports { get; init; }
        public required long FirstReportAt { get; init; }
        public required long LastReportAt { get; init; }

        public PortalSteadiness ToSteadiness() => new(Id, Reports, UnixTime.FromMs(FirstReportAt), UnixTime.FromMs(LastReportAt));
    }
}
