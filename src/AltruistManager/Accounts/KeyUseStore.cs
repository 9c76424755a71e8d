using System.Text.Json;
using AltruistManager.Storage;

namespace AltruistManager.Accounts;

/// <summary>When keys were used, in the database; apart from the keys, whose every change all instances take up.</summary>
public sealed class KeyUseStore(Database database)
{
    /// <summary>By key; none of one that was never used.</summary>
    public async Task<Dictionary<string, KeyUse>> FindAsync(IReadOnlyCollection<string> keys, CancellationToken cancellation)
    {
        var rows = await database.QueryAsync<Row>(
            $"select key_id, first_at, last_at from key_uses where {database.Dialect.In("key_id", "Keys")}", new { Keys = database.Dialect.List(keys) }, cancellation);
        return rows.ToDictionary(row => row.KeyId, row => new KeyUse(UnixTime.FromMs(row.FirstAt), UnixTime.FromMs(row.LastAt)));
    }

    /// <summary>Widens what is stored: others write as well.</summary>
    internal Task WriteAsync(IReadOnlyList<(string Key, long FirstAt, long LastAt)> uses, CancellationToken cancellation) => database.WriteAsync(async write =>
    {
        // In one order on every instance, so that two that write at once wait for each other and never in a circle.
        var sorted = uses.OrderBy(use => use.Key, StringComparer.Ordinal).ToList();
        await write.ExecuteAsync(
            $"""
            insert into key_uses (key_id, first_at, last_at)
            {database.Dialect.Pick(
                "select json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]') from json_each(@Rows) where true",
                "select * from unnest(@Keys, @Firsts, @Lasts)")}
            on conflict (key_id) do update set
                first_at = case when excluded.first_at < key_uses.first_at then excluded.first_at else key_uses.first_at end,
                last_at  = case when key_uses.last_at > excluded.last_at then key_uses.last_at else excluded.last_at end
            """,
            database.Dialect.IsSqlite
                ? new { Rows = JsonSerializer.Serialize(sorted.Select(use => new object[] { use.Key, use.FirstAt, use.LastAt })) }
                : new { Keys = sorted.Select(use => use.Key).ToArray(), Firsts = sorted.Select(use => use.FirstAt).ToArray(), Lasts = sorted.Select(use => use.LastAt).ToArray() });
    }, cancellation);

    private sealed record Row
    {
        public required string KeyId { get; init; }
        public required long FirstAt { get; init; }
        public long? LastAt { get; init; }
    }
}
