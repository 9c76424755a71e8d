using AltruistManager.Altruists;
using AltruistManager.Storage;

namespace AltruistManager.Traffic;

/// <summary>What the database knows of a portal's keys and of who was picked for what it reads.</summary>
public sealed class PortalExposureStore(Database database)
{
    /// <summary>Those that ended as well; oldest first.</summary>
    internal async Task<IReadOnlyList<PortalKeyUse>> KeysAsync(string portal, CancellationToken cancellation)
    {
        var rows = await database.QueryAsync<KeyRow>(
            "select id, name, created_at, expires_at, revoked_at from api_keys where portal_id = @portal order by created_at, id", new { portal }, cancellation);
        return rows.ConvertAll(row => new PortalKeyUse(row.Id, row.Name, UnixTime.FromMs(row.CreatedAt), UnixTime.FromMs(row.ExpiresAt), UnixTime.FromMs(row.RevokedAt), null));
    }

    /// <summary>Who was a primary of a slot that the portal reads, as far as sessions are kept.</summary>
    internal async Task<IReadOnlyList<(AltruistId Altruist, DateTimeOffset From, DateTimeOffset Until)>> PickedAsync(Portal portal, DateTimeOffset since, DateTimeOffset until, CancellationToken cancellation)
    {
        var regions = portal.Regions is [Portal.All] ? "" : $"and {database.Dialect.In("slots.region_id", "Regions")}";
        var chains = portal.Chains is [Portal.All] ? "" : $"and {database.Dialect.In("slots.chain_id", "Chains")}";
        var rows = await database.QueryAsync<PickRow>(
            $"""
            select   altruist_id,
                     min(case when started_at < @Since then @Since else started_at end) as picked_from,
                     max(case when ended_at is null or ended_at > @Until then @Until else ended_at end) as picked_until
            from     (select slot_id, altruist_id, started_at, ended_at from sessions
                      union all
                      select slot_id, altruist_id, started_at, null from open_sessions) as picked
            join     slots on slots.id = picked.slot_id
            where    started_at <= @Until and (ended_at is null or ended_at >= @Since) {regions} {chains}
            group by altruist_id
            """,
            new
            {
                Since = since.ToUnixTimeMilliseconds(),
                Until = until.ToUnixTimeMilliseconds(),
                Regions = database.Dialect.List<string>([.. portal.Regions]),
                Chains = database.Dialect.List<string>([.. portal.Chains]),
            }, cancellation);
        return rows.ConvertAll(row => (new AltruistId(row.AltruistId), UnixTime.FromMs(row.PickedFrom), UnixTime.FromMs(row.PickedUntil)));
    }

    private sealed record KeyRow
    {
        public required string Id { get; init; }
        public required string Name { get; init; }
        public required long CreatedAt { get; init; }
        public long? ExpiresAt { get; init; }
        public long? RevokedAt { get; init; }
    }

    private sealed record PickRow
    {
        public required string AltruistId { get; init; }
        public required long PickedFrom { get; init; }
        public required long PickedUntil { get; init; }
    }
}
