using AltruistManager.Storage;

namespace AltruistManager.Publishing;

/// <summary>The states of targets in the database.</summary>
internal sealed class PublisherStore(Database database) : IPublisherMemory
{
    public async Task<PublisherState> RecallAsync(string name, string place, string target, CancellationToken cancellation)
    {
        var row = await database.SingleOrDefaultAsync<Row>(
            """
            select origin, generation, confirmed_at, behind_since, error, error_at, memory, doubts
            from publisher_states
            where name = @name and place = @place and target = @target
            """,
            new { name, place, target }, cancellation);
        return row is null ? PublisherState.Unknown : new PublisherState
        {
            Confirmed = row.Origin.Length == 0 ? null : new PickStamp(row.Origin, row.Generation),
            ConfirmedAt = UnixTime.FromMs(row.ConfirmedAt),
            BehindSince = UnixTime.FromMs(row.BehindSince),
            Error = row.Error,
            ErrorAt = UnixTime.FromMs(row.ErrorAt),
            Memory = row.Memory,
            Doubts = row.Doubts,
        };
    }

    public Task RememberAsync(string name, string place, string target, PublisherState state, CancellationToken cancellation) =>
        database.WriteAsync<int>(write => write.ExecuteAsync(
            """
            insert into publisher_states (name, place, target, origin, generation, confirmed_at, behind_since, error, error_at, memory, doubts)
            values (@Name, @Place, @Target, @Origin, @Generation, @ConfirmedAt, @BehindSince, @Error, @ErrorAt, @Memory, @Doubts)
            on conflict (name, place) do update set
                target       = excluded.target,
                origin       = excluded.origin,
                generation   = excluded.generation,
                confirmed_at = excluded.confirmed_at,
                behind_since = excluded.behind_since,
                error        = excluded.error,
                error_at     = excluded.error_at,
                memory       = excluded.memory,
                doubts       = excluded.doubts
            """,
            new
            {
                Name = name,
                Place = place,
                Target = target,
                Origin = state.Confirmed?.Origin ?? "",
                Generation = state.Confirmed?.Generation ?? 0,
                ConfirmedAt = state.ConfirmedAt?.ToUnixTimeMilliseconds(),
                BehindSince = state.BehindSince?.ToUnixTimeMilliseconds(),
                state.Error,
                ErrorAt = state.ErrorAt?.ToUnixTimeMilliseconds(),
                state.Memory,
                state.Doubts,
            }), cancellation);

    /// <summary>On SQLite one process serves.</summary>
    public bool IsShared => !database.Dialect.IsSqlite;

    public Task<long?> ClaimAsync(string name, string place, string holder, TimeSpan lease, CancellationToken cancellation)
    {
        // The database's clock: those of the instances differ.
        var now = database.Dialect.Pick("cast((julianday('now') - 2440587.5) * 86400000 as integer)", "cast(extract(epoch from clock_timestamp()) * 1000 as bigint)");
        return database.WriteAsync(write => write.SingleOrDefaultAsync<long?>(
            $"""
            insert into publisher_claims (name, place, holder, until_at, doubts)
            values (@Name, @Place, @Holder, {now} + @Lease, 0)
            on conflict (name, place) do update set
                holder   = excluded.holder,
                until_at = excluded.until_at
            where publisher_claims.holder = excluded.holder or publisher_claims.until_at <= {now}
            returning doubts
            """,
            new { Name = name, Place = place, Holder = holder, Lease = (long)lease.TotalMilliseconds }), cancellation);
    }

    public Task DoubtAsync(string name, string place, CancellationToken cancellation) =>
        database.WriteAsync<int>(write => write.ExecuteAsync("update publisher_claims set doubts = doubts + 1 where name = @name and place = @place", new { name, place }), cancellation);

    private sealed record Row
    {
        public required string Origin { get; init; }
        public required long Generation { get; init; }
        public required long? ConfirmedAt { get; init; }
        public required long? BehindSince { get; init; }
        public required string? Error { get; init; }
        public required long? ErrorAt { get; init; }
        public required string Memory { get; init; }
        public required long Doubts { get; init; }
    }
}
