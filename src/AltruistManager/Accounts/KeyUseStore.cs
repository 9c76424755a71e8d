using AltruistManager.Storage;

namespace AltruistManager.Accounts;

/// <summary>When keys were used, in the database; apart from the keys, whose every change all instances take up.</summary>
public sealed class KeyUseStore(Database database)
{
    public async Task<KeyUse?> FindAsync(string key, CancellationToken cancellation) =>
        await database.SingleOrDefaultAsync<Row>("select first_at, last_at from key_uses where key_id = @key", new { key }, cancellation) is { } row
            ? new KeyUse(UnixTime.FromMs(row.FirstAt), UnixTime.FromMs(row.LastAt))
            : null;

    /// <summary>By key; none of one that was never used.</summary>
    public async Task<IReadOnlyDictionary<string, KeyUse>> FindAsync(IReadOnlyCollection<string> keys, CancellationToken cancellation) =>
        keys.Count == 0 ? new Dictionary<string, KeyUse>() : (await database.QueryAsync<KeyRow>(
            $"select key_id, first_at, last_at from key_uses where {database.Dialect.In("key_id", "Keys")}", new { Keys = database.Dialect.List<string>([.. keys]) }, cancellation))
            .ToDictionary(row => row.KeyId, row => new KeyUse(UnixTime.FromMs(row.FirstAt), UnixTime.FromMs(row.LastAt)));

    /// <summary>Widens what is stored: others write as well.</summary>
    internal Task WriteAsync(IReadOnlyList<(string Key, long FirstAt, long LastAt)> uses, CancellationToken cancellation) => database.WriteAsync(async write =>
    {
        // In one order on every instance, so that two that write at once wait for each other and never in a circle.
        foreach (var (key, firstAt, lastAt) in uses.OrderBy(use => use.Key, StringComparer.Ordinal))
        {
            await write.ExecuteAsync(
                """
                insert into key_uses (key_id, first_at, last_at)
                values (@Key, @FirstAt, @LastAt)
                on conflict (key_id) do update set
                    first_at = case when excluded.first_at < key_uses.first_at then excluded.first_at else key_uses.first_at end,
                    last_at  = case when key_uses.last_at > excluded.last_at then key_uses.last_at else excluded.last_at end
                """,
                new { Key = key, FirstAt = firstAt, LastAt = lastAt });
        }
    }, cancellation);

    private sealed record KeyRow
    {
        public required string KeyId { get; init; }
        public required long FirstAt { get; init; }
        public long? LastAt { get; init; }
    }

    private sealed record Row
    {
        public required long FirstAt { get; init; }
        public long? LastAt { get; init; }
    }
}
