using System.Text.Json.Nodes;
using AltruistManager.Accounts;
using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Storage;

namespace AltruistManager.Selection;

/// <summary>Pins and exclusions in the database; <see cref="Active"/> is kept in memory and refreshed after each write.</summary>
public sealed class OverrideStore(Database database, TimeProvider time) : IDisposable
{
    private const string Columns =
        "id, kind, chain_id, region_id, altruist_id, provider_id, reason, note, expires_at, force, revoke, created_at, created_by, deleted_at";

    private readonly SemaphoreSlim turn = new(1, 1);
    private volatile IReadOnlyList<Override> active = [];

    /// <summary>Not deleted and, when loaded, not expired; newest first.</summary>
    public IReadOnlyList<Override> Active => active;

    /// <summary>Reads <see cref="Active"/> anew; after a start, and when another process wrote.</summary>
    public async Task RefreshAsync(CancellationToken cancellation)
    {
        // One at a time: an older reading must not replace a newer one.
        await turn.WaitAsync(cancellation);
        try
        {
            var rows = await database.QueryAsync<Row>(
                $"select {Columns} from overrides where deleted_at is null and expires_at > @Now order by id desc", new { Now = time.NowMs() }, cancellation);
            active = [.. rows.Select(row => row.ToOverride())];
        }
        finally
        {
            turn.Release();
        }
    }

    public void Dispose() => turn.Dispose();

    /// <param name="provider">Whose altruists it concerns.</param>
    internal async Task AddAsync(Actor actor, Override added, ProviderId? provider, CancellationToken cancellation)
    {
        await database.WriteAsync(async write =>
        {
            var revision = await write.NextRevisionAsync();
            await write.ExecuteAsync(
                """
                insert into overrides (
                    id, kind, chain_id, region_id, altruist_id, provider_id, reason, note, expires_at, force, revoke, created_at, created_by, revision)
                values (
                    @Id, @Kind, @Chain, @Region, @Altruist, @Provider, @Reason, @Note, @ExpiresAt, @Force, @Revoke, @CreatedAt, @CreatedBy, @Revision)
                """,
                new
                {
                    added.Id,
                    Kind = NameOf(added.Kind),
                    Chain = added.Chain?.Value,
                    Region = added.Region?.Value,
                    Altruist = added.Altruist?.Value,
                    Provider = added.Provider?.Value,
                    added.Reason,
                    added.Note,
                    ExpiresAt = added.ExpiresAt.ToUnixTimeMilliseconds(),
                    added.Force,
                    added.Revoke,
                    CreatedAt = added.CreatedAt.ToUnixTimeMilliseconds(),
                    added.CreatedBy,
                    Revision = revision,
                });
            await AuditStore.AppendAsync(write, time.GetUtcNow(), actor, new AuditEntry("override.add", "override", added.Id) { Provider = provider?.Value, After = Show(added) });
        }, cancellation);
        await RefreshAsync(cancellation);
    }

    /// <summary>False when there is no such override, or it is over.</summary>
    /// <param name="kind">Only one of this kind; null for any.</param>
    /// <param name="provider">Tells whose altruists it concerns.</param>
    internal async Task<bool> DeleteAsync(Actor actor, string id, OverrideKind? kind, Func<Override, ProviderId?> provider, CancellationToken cancellation)
    {
        var deleted = await database.WriteAsync(async write =>
        {
            var revision = await write.NextRevisionAsync();
            var row = await write.SingleOrDefaultAsync<Row>(
                $"""
                update overrides
                set deleted_at = @Now, revision = @Revision
                where id = @Id and (@Kind is null or kind = @Kind) and deleted_at is null and expires_at > @Now
                returning {Columns}
                """,
                new { Id = id, Kind = kind is { } only ? NameOf(only) : null, Now = time.NowMs(), Revision = revision });
            if (row?.ToOverride() is { } ended)
                await AuditStore.AppendAsync(write, time.GetUtcNow(), actor, new AuditEntry("override.end", "override", id) { Provider = provider(ended)?.Value, Before = Show(ended) });
            return row is not null;
        }, cancellation);
        await RefreshAsync(cancellation);
        return deleted;
    }

    /// <summary>Newest first, over and deleted ones too.</summary>
    /// <param name="before">The id to continue after; null starts with the newest.</param>
    public async Task<IReadOnlyList<Override>> ListAsync(string? before, int limit, CancellationToken cancellation)
    {
        var rows = await database.QueryAsync<Row>(
            $"select {Columns} from overrides where (@Before is null or id < @Before) order by id desc limit @Limit",
            new { Before = before, Limit = limit },
            cancellation);
        return [.. rows.Select(row => row.ToOverride())];
    }

    /// <summary>Those that expired or were ended, newest first.</summary>
    /// <param name="before">The id to continue after; null starts with the newest.</param>
    public async Task<IReadOnlyList<Override>> ListOverAsync(string? before, int limit, CancellationToken cancellation)
    {
        var rows = await database.QueryAsync<Row>(
            $"select {Columns} from overrides where (deleted_at is not null or expires_at <= @Now) and (@Before is null or id < @Before) order by id desc limit @Limit",
            new { Now = time.NowMs(), Before = before, Limit = limit },
            cancellation);
        return [.. rows.Select(row => row.ToOverride())];
    }

    /// <summary>Without the note, which is staff's alone.</summary>
    private static JsonObject Show(Override rule) => new()
    {
        ["kind"] = NameOf(rule.Kind),
        ["chain"] = rule.Chain?.Value,
        ["region"] = rule.Region?.Value,
        ["altruist"] = rule.Altruist?.Value,
        ["provider"] = rule.Provider?.Value,
        ["reason"] = rule.Reason,
        ["expiresAt"] = rule.ExpiresAt.UtcDateTime,
        ["force"] = rule.Force,
        ["revoke"] = rule.Revoke,
    };

    private static string NameOf(OverrideKind kind) => kind == OverrideKind.Pin ? "pin" : "exclude";

    private sealed record Row
    {
        public required string Id { get; init; }
        public required string Kind { get; init; }
        public string? ChainId { get; init; }
        public string? RegionId { get; init; }
        public string? AltruistId { get; init; }
        public string? ProviderId { get; init; }
        public required string Reason { get; init; }
        public string? Note { get; init; }
        public required long ExpiresAt { get; init; }
        public required bool Force { get; init; }
        public required bool Revoke { get; init; }
        public required long CreatedAt { get; init; }
        public required string CreatedBy { get; init; }
        public long? DeletedAt { get; init; }

        public Override ToOverride() => new()
        {
            Id = Id,
            Kind = Kind == "pin" ? OverrideKind.Pin : OverrideKind.Exclude,
            Chain = ChainId is null ? null : new ChainId(ChainId),
            Region = RegionId is null ? null : new RegionId(RegionId),
            Altruist = AltruistId is null ? null : new AltruistId(AltruistId),
            Provider = ProviderId is null ? null : new ProviderId(ProviderId),
            Reason = Reason,
            Note = Note,
            ExpiresAt = UnixTime.FromMs(ExpiresAt),
            Force = Force,
            Revoke = Revoke,
            CreatedAt = UnixTime.FromMs(CreatedAt),
            CreatedBy = CreatedBy,
            DeletedAt = UnixTime.FromMs(DeletedAt),
        };
    }
}
