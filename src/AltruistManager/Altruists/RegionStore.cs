using System.Data.Common;
using System.Text.Json;
using AltruistManager.Storage;
using Dapper;

namespace AltruistManager.Altruists;

/// <summary>Regions in the database.</summary>
internal static class RegionStore
{
    public static Task PutAsync(WriteTransaction write, Region region, long revision) => write.ExecuteAsync(
        """
        insert into regions (id, name, fallbacks, retired_at, revision)
        values (@Id, @Name, @Fallbacks, @RetiredAt, @Revision)
        on conflict (id) do update set
            name       = excluded.name,
            fallbacks  = excluded.fallbacks,
            retired_at = excluded.retired_at,
            revision   = excluded.revision
        """,
        new
        {
            Id = region.Id.Value,
            region.Name,
            Fallbacks = JsonSerializer.Serialize(region.Fallbacks.Select(fallback => fallback.Value)),
            RetiredAt = region.RetiredAt?.ToUnixTimeMilliseconds(),
            Revision = revision,
        });

    /// <summary>The regions written after <paramref name="revision"/>, those retired since among them.</summary>
    public static async Task<List<Region>> ChangedSinceAsync(DbConnection connection, DbTransaction? transaction, long revision, CancellationToken cancellation)
    {
        var rows = await connection.QueryAsync<Row>(new CommandDefinition(
            "select id, name, fallbacks, retired_at from regions where revision > @Revision",
            new { Revision = revision }, transaction, cancellationToken: cancellation));
        return
        [
            .. rows.Select(row => new Region(new(row.Id), row.Name, [.. JsonSerializer.Deserialize<string[]>(row.Fallbacks)!.Select(fallback => new RegionId(fallback))])
            {
                RetiredAt = UnixTime.FromMs(row.RetiredAt),
            }),
        ];
    }

    private sealed record Row
    {
        public required string Id { get; init; }
        public required string Name { get; init; }
        public required string Fallbacks { get; init; }
        public long? RetiredAt { get; init; }
    }
}
