using System.Text.Json.Nodes;
using AltruistManager.Accounts;
using AltruistManager.Storage;
using Dapper;

namespace AltruistManager.Altruists;

/// <summary>Maintenance windows in the database; <see cref="Current"/> is kept in memory and refreshed after each write.</summary>
public sealed class DrainStore(Database database, TimeProvider time) : IDisposable
{
    private const string Columns = "id, altruist_id, reason, from_at, until_at, created_at, created_by, ended_at, let_go_at";

    /// <summary>For so long what is over stays in memory: downtime is counted back to it.</summary>
    private static readonly TimeSpan Remembered = TimeSpan.FromDays(31);

    private readonly SemaphoreSlim turn = new(1, 1);
    private volatile DrainBook current = DrainBook.Empty;

    /// <summary>Planned, in force, and over for less than a month.</summary>
    public DrainBook Current => current;

    /// <summary>Reads <see cref="Current"/> anew; after a start, and when another process wrote.</summary>
    public async Task RefreshAsync(CancellationToken cancellation)
    {
        // One at a time: an older reading must not replace a newer one.
        await turn.WaitAsync(cancellation);
        try
        {
            var rows = await database.QueryAsync<Row>(
                $"select {Columns} from drains where coalesce(ended_at, until_at, @Since) >= @Since", new { Since = (time.GetUtcNow() - Remembered).ToUnixTimeMilliseconds() }, cancellation);
            current = new DrainBook(rows.Select(row => row.ToDrain()));
        }
        finally
        {
            turn.Release();
        }
    }

    public void Dispose() => turn.Dispose();

    /// <param name="provider">Of the altruist.</param>
    internal async Task AddAsync(Actor actor, Drain added, ProviderId provider, CancellationToken cancellation)
    {
        await database.WriteAsync(async write =>
        {
            var revision = await write.NextRevisionAsync();
            await write.ExecuteAsync(
                """
                insert into drains (id, altruist_id, reason, from_at, until_at, created_at, created_by, revision)
                values (@Id, @Altruist, @Reason, @From, @Until, @CreatedAt, @CreatedBy, @Revision)
                """,
                new
                {
                    added.Id,
                    Altruist = added.Altruist.Value,
                    added.Reason,
                    From = added.From.ToUnixTimeMilliseconds(),
                    Until = added.Until?.ToUnixTimeMilliseconds(),
                    CreatedAt = added.CreatedAt.ToUnixTimeMilliseconds(),
                    added.CreatedBy,
                    Revision = revision,
                });
            await AuditStore.AppendAsync(write, time.GetUtcNow(), actor, new AuditEntry("altruist.drain", "altruist", added.Altruist.Value)
            {
                Provider = provider.Value,
                After = new JsonObject { ["drain"] = added.Id, ["reason"] = added.Reason, ["from"] = added.From.UtcDateTime, ["until"] = added.Until?.UtcDateTime },
            });
        }, cancellation);
        await RefreshAsync(cancellation);
    }

    /// <summary>Ends what is in force, or the one that is named.</summary>
    /// <param name="provider">Of the altruist.</param>
    /// <param name="id">May be planned only; null for all that are in force.</param>
    /// <returns>How many there were.</returns>
    internal async Task<int> EndAsync(Actor actor, AltruistId altruist, ProviderId provider, string? id, CancellationToken cancellation)
    {
        var ended = await database.WriteAsync(async write =>
        {
            var revision = await write.NextRevisionAsync();
            var drains = (await write.QueryAsync<string>(
                """
                update drains
                set ended_at = @Now, revision = @Revision
                where altruist_id = @Altruist and ended_at is null and (until_at is null or until_at > @Now) and (id = @Id or (@Id is null and from_at <= @Now))
                returning id
                """,
                new { Altruist = altruist.Value, Id = id, Now = time.NowMs(), Revision = revision })).AsList();
            foreach (var drain in drains)
            {
                await AuditStore.AppendAsync(write, time.GetUtcNow(), actor, new AuditEntry("altruist.resume", "altruist", altruist.Value)
                {
                    Provider = provider.Value,
                    Before = new JsonObject { ["drain"] = drain },
                });
            }

            return drains.Count;
        }, cancellation);
        await RefreshAsync(cancellation);
        return ended;
    }

    /// <summary>No portal goes on with it any more. The first who says so is right.</summary>
    public async Task LetGoAsync(string id, CancellationToken cancellation)
    {
        await database.WriteAsync(
            write => write.ExecuteAsync("update drains set let_go_at = @Now where id = @Id and let_go_at is null", new { Id = id, Now = time.NowMs() }), cancellation);
        await RefreshAsync(cancellation);
    }

    private sealed record Row
    {
        public required string Id { get; init; }
        public required string AltruistId { get; init; }
        public required string Reason { get; init; }
        public required long FromAt { get; init; }
        public long? UntilAt { get; init; }
        public required long CreatedAt { get; init; }
        public required string CreatedBy { get; init; }
        public long? EndedAt { get; init; }
        public long? LetGoAt { get; init; }

        public Drain ToDrain() => new()
        {
            Id = Id,
            Altruist = new AltruistId(AltruistId),
            Reason = Reason,
            From = UnixTime.FromMs(FromAt),
            Until = UnixTime.FromMs(UntilAt),
            CreatedAt = UnixTime.FromMs(CreatedAt),
            CreatedBy = CreatedBy,
            EndedAt = UnixTime.FromMs(EndedAt),
            LetGoAt = UnixTime.FromMs(LetGoAt),
        };
    }
}
