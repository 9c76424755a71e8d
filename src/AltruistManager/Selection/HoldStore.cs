using System.Text.Json.Nodes;
using AltruistManager.Accounts;
using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Storage;

namespace AltruistManager.Selection;

/// <summary>Holds in the database; <see cref="Active"/> is kept in memory and refreshed after each write.</summary>
public sealed class HoldStore(Database database, TimeProvider time) : IDisposable
{
    private const string Columns = "id, chain_id, region_id, reason, until_at, created_at, created_by, deleted_at";

    private readonly SemaphoreSlim turn = new(1, 1);
    private volatile IReadOnlyList<Hold> active = [];

    /// <summary>Not deleted and, when loaded, not over; newest first.</summary>
    public IReadOnlyList<Hold> Active => active;

    /// <summary>Reads <see cref="Active"/> anew; after a start, and when another process wrote.</summary>
    public async Task RefreshAsync(CancellationToken cancellation)
    {
        // One at a time: an older reading must not replace a newer one.
        await turn.WaitAsync(cancellation);
        try
        {
            var rows = await database.QueryAsync<Row>(
                $"select {Columns} from holds where deleted_at is null and until_at > @Now order by id desc", new { Now = time.NowMs() }, cancellation);
            active = [.. rows.Select(row => row.ToHold())];
        }
        finally
        {
            turn.Release();
        }
    }

    public void Dispose() => turn.Dispose();

    internal async Task AddAsync(Actor actor, Hold added, CancellationToken cancellation)
    {
        await database.WriteAsync(async write =>
        {
            var revision = await write.NextRevisionAsync();
            await write.ExecuteAsync(
                """
                insert into holds (id, chain_id, region_id, reason, until_at, created_at, created_by, revision)
                values (@Id, @Chain, @Region, @Reason, @Until, @CreatedAt, @CreatedBy, @Revision)
                """,
                new
                {
                    added.Id,
                    Chain = added.Chain?.Value,
                    Region = added.Region?.Value,
                    added.Reason,
                    Until = added.Until.ToUnixTimeMilliseconds(),
                    CreatedAt = added.CreatedAt.ToUnixTimeMilliseconds(),
                    added.CreatedBy,
                    Revision = revision,
                });
            await AuditStore.AppendAsync(write, time.GetUtcNow(), actor, new AuditEntry("hold.add", "hold", added.Id) { After = Show(added) });
        }, cancellation);
        await RefreshAsync(cancellation);
    }

    /// <summary>False when there is no such hold, or it is over.</summary>
    internal async Task<bool> DeleteAsync(Actor actor, string id, CancellationToken cancellation)
    {
        var deleted = await database.WriteAsync(async write =>
        {
            var revision = await write.NextRevisionAsync();
            var row = await write.SingleOrDefaultAsync<Row>(
                $"update holds set deleted_at = @Now, revision = @Revision where id = @Id and deleted_at is null and until_at > @Now returning {Columns}",
                new { Id = id, Now = time.NowMs(), Revision = revision });
            if (row is not null)
                await AuditStore.AppendAsync(write, time.GetUtcNow(), actor, new AuditEntry("hold.end", "hold", id) { Before = Show(row.ToHold()) });
            return row is not null;
        }, cancellation);
        await RefreshAsync(cancellation);
        return deleted;
    }

    /// <summary>Newest first, over and deleted ones too.</summary>
    /// <param name="before">The id to continue after; null starts with the newest.</param>
    public async Task<IReadOnlyList<Hold>> ListAsync(string? before, int limit, CancellationToken cancellation)
    {
        var rows = await database.QueryAsync<Row>(
            $"select {Columns} from holds where (@Before is null or id < @Before) order by id desc limit @Limit",
            new { Before = before, Limit = limit },
            cancellation);
        return [.. rows.Select(row => row.ToHold())];
    }

    /// <summary>Those whose time is over or that were ended, newest first.</summary>
    /// <param name="before">The id to continue after; null starts with the newest.</param>
    public async Task<IReadOnlyList<Hold>> ListOverAsync(string? before, int limit, CancellationToken cancellation)
    {
        var rows = await database.QueryAsync<Row>(
            $"select {Columns} from holds where (deleted_at is not null or until_at <= @Now) and (@Before is null or id < @Before) order by id desc limit @Limit",
            new { Now = time.NowMs(), Before = before, Limit = limit },
            cancellation);
        return [.. rows.Select(row => row.ToHold())];
    }

    private static JsonObject Show(Hold hold) => new()
    {
        ["chain"] = hold.Chain?.Value,
        ["region"] = hold.Region?.Value,
        ["reason"] = hold.Reason,
        ["until"] = hold.Until.UtcDateTime,
    };

    private sealed record Row
    {
        public required string Id { get; init; }
        public string? ChainId { get; init; }
        public string? RegionId { get; init; }
        public required string Reason { get; init; }
        public required long UntilAt { get; init; }
        public required long CreatedAt { get; init; }
        public required string CreatedBy { get; init; }
        public long? DeletedAt { get; init; }

        public Hold ToHold() => new()
        {
            Id = Id,
            Chain = ChainId is null ? null : new ChainId(ChainId),
            Region = RegionId is null ? null : new RegionId(RegionId),
            Reason = Reason,
            Until = UnixTime.FromMs(UntilAt),
            CreatedAt = UnixTime.FromMs(CreatedAt),
            CreatedBy = CreatedBy,
            DeletedAt = UnixTime.FromMs(DeletedAt),
        };
    }
}
