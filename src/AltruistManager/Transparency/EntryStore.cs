using System.Runtime.CompilerServices;
using AltruistManager.Storage;
using Dapper;

namespace AltruistManager.Transparency;

/// <summary>The tables of the log: entries and, pointing into them, decisions.</summary>
internal sealed class EntryStore(Database database)
{
    private const string HeaderColumns = "origin, generation, trigger, round, is_round, scheduled_at, at, body_hash, previous_hash, hash, signature";

    private const string Columns = $"{HeaderColumns}, body";

    /// <summary>Bodies that a start needs are those from this entry on.</summary>
    private const string NewestRound = "coalesce((select generation from log_entries where origin = @Origin and is_round order by generation desc limit 1), 0)";

    /// <param name="slotIds">Row ids of the entry's slots, in their order.</param>
    public async Task AppendDecisionsAsync(WriteTransaction write, long generation, IReadOnlyList<int> slotIds)
    {
        if (database.Dialect.IsSqlite)
        {
            SqliteRows.Execute(
                write,
                "insert into log_decisions (generation, slot_id, ordinal) values (?, ?, ?)",
                slotIds.Index(),
                (values, decision) => values.Add(generation).Add(decision.Item).Add(decision.Index));
        }
        else
        {
            await write.ExecuteAsync(
                """
                insert into log_decisions (generation, slot_id, ordinal)
                select @Generation, slot, place - 1
                from unnest(@Slots) with ordinality as decided (slot, place)
                """,
                new { Generation = generation, Slots = database.Dialect.List(slotIds) });
        }
    }

    /// <param name="publicKey">That the header's signature fits.</param>
    public static async Task AppendAsync(WriteTransaction write, LogHeader header, string publicKey, byte[] body)
    {
        var signedBefore = await write.SingleOrDefaultAsync<string>(
            "select public_key from log_keys where origin = @Origin order by from_generation desc limit 1", new { header.Origin });
        if (signedBefore != publicKey)
        {
            await write.ExecuteAsync(
                "insert into log_keys (origin, from_generation, public_key) values (@Origin, @Generation, @PublicKey)",
                new { header.Origin, header.Generation, PublicKey = publicKey });
        }

        await write.ExecuteAsync(
            $"""
            insert into log_entries ({Columns})
            values (
                @Origin, @Generation, @Trigger, @Round, @IsRound, @ScheduledAt, @At, @BodyHash, @PreviousHash, @Hash, @Signature, @Body)
            """,
            new
            {
                header.Origin,
                header.Generation,
                header.Trigger,
                header.Round,
                header.IsRound,
                header.ScheduledAt,
                header.At,
                header.BodyHash,
                header.PreviousHash,
                header.Hash,
                header.Signature,
                Body = body,
            });
    }

    /// <summary>From the newest round on, oldest first; all, when there was no round yet.</summary>
    public Task<List<EntryRow>> TailAsync(string origin, CancellationToken cancellation) =>
        database.QueryAsync<EntryRow>(
            $"""
            select {Columns}
            from log_entries
            where origin = @Origin and generation >= {NewestRound}
            order by generation
            """,
            new { Origin = origin },
            cancellation);

    public Task<EntryRow?> FindAsync(long generation, CancellationToken cancellation) =>
        database.SingleOrDefaultAsync<EntryRow>(
            $"select {Columns} from log_entries where generation = @Generation and origin = (select value from meta where name = 'origin')",
            new { Generation = generation },
            cancellation);

    /// <summary>One after the other, as they are read.</summary>
    public async IAsyncEnumerable<EntryRow> FindAsync(IReadOnlyCollection<long> generations, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await using var connection = await database.Dialect.OpenReaderAsync(cancellation);
        var rows = connection.QueryUnbufferedAsync<EntryRow>(
            $"select {Columns} from log_entries where {database.Dialect.In("generation", "Generations")} and origin = (select value from meta where name = 'origin')",
            new { Generations = database.Dialect.List(generations) });
        await foreach (var row in rows.WithCancellation(cancellation))
            yield return row;
    }

    /// <summary>Without its body, which may have megabytes.</summary>
    public Task<KeptHeader?> FindHeaderAsync(long generation, CancellationToken cancellation) =>
        database.SingleOrDefaultAsync<KeptHeader>(
            $"""
            select {HeaderColumns}, case when body is null then 0 else 1 end as kept
            from log_entries
            where generation = @Generation and origin = (select value from meta where name = 'origin')
            """,
            new { Generation = generation },
            cancellation);

    /// <summary>Null until the database has had its first use.</summary>
    public Task<string?> OriginAsync(CancellationToken cancellation) =>
        database.SingleOrDefaultAsync<string>("select value from meta where name = 'origin'", null, cancellation);

    public Task<LogHeader?> HeadAsync(string origin, CancellationToken cancellation) =>
        database.SingleOrDefaultAsync<LogHeader>(
            $"select {HeaderColumns} from log_entries where origin = @Origin order by generation desc limit 1", new { Origin = origin }, cancellation);

    /// <summary>Oldest first.</summary>
    public Task<List<LogHeader>> HeadersAsync(string origin, long from, int limit, CancellationToken cancellation) =>
        database.QueryAsync<LogHeader>(
            $"select {HeaderColumns} from log_entries where origin = @Origin and generation >= @From order by generation limit @Limit",
            new { Origin = origin, From = from, Limit = limit },
            cancellation);

    /// <summary>Newest first.</summary>
    public Task<List<LogHeader>> HeadersBeforeAsync(string origin, long before, int limit, CancellationToken cancellation) =>
        database.QueryAsync<LogHeader>(
            $"select {HeaderColumns} from log_entries where origin = @Origin and generation < @Before order by generation desc limit @Limit",
            new { Origin = origin, Before = before, Limit = limit },
            cancellation);

    /// <summary>Oldest first.</summary>
    public Task<List<LogKey>> KeysAsync(string origin, CancellationToken cancellation) =>
        database.QueryAsync<LogKey>(
            "select origin, from_generation, public_key from log_keys where origin = @Origin order by from_generation", new { Origin = origin }, cancellation);

    /// <summary>The oldest entry whose body is kept; null when there is none.</summary>
    public Task<LogHeader?> OldestKeptAsync(string origin, CancellationToken cancellation) =>
        database.SingleOrDefaultAsync<LogHeader>(
            $"""
            select {HeaderColumns}
            from log_entries
            where body is not null and origin = @Origin
            order by generation
            limit 1
            """,
            new { Origin = origin },
            cancellation);

    /// <summary>
    /// Forgets the oldest body, and the decisions that point into it, when it is from before <paramref name="before"/> and no start needs it. Always the oldest:
    /// what is kept has no gaps.
    /// </summary>
    /// <returns>False when there is nothing more to forget.</returns>
    public Task<bool> ExpireOldestAsync(string origin, DateTimeOffset before, CancellationToken cancellation) =>
        database.WriteAsync(async write =>
        {
            var oldest = await write.SingleOrDefaultAsync<long?>(
                $"""
                select generation
                from (
                    select generation, at
                    from log_entries
                    where body is not null and origin = @Origin
                    order by generation
                    limit 1
                ) as oldest
                where at < @Before and generation < {NewestRound}
                """,
                new { Origin = origin, Before = before.ToUnixTimeMilliseconds() });
            if (oldest is null)
                return false;
            var expired = new { Origin = origin, Generation = oldest.Value };
            await write.ExecuteAsync("update log_entries set body = null where origin = @Origin and generation = @Generation", expired);
            await write.ExecuteAsync("delete from log_decisions where generation = @Generation", expired);
            return true;
        }, cancellation);

    /// <summary>As verified: every row with its decisions, whatever it says of its origin, as they were at one moment. Oldest first.</summary>
    public Task<List<(EntryRow Entry, List<DecidedSlot> Decisions)>> PageAsync(long after, long to, int limit, CancellationToken cancellation) =>
        database.ReadSnapshotAsync(async connection =>
        {
            var entries = (await connection.QueryAsync<EntryRow>(new CommandDefinition(
                $"select {Columns} from log_entries where generation > @After and generation <= @To order by generation limit @Limit",
                new { After = after, To = to, Limit = limit },
                cancellationToken: cancellation))).AsList();
            var page = new List<(EntryRow, List<DecidedSlot>)>(entries.Count);
            foreach (var entry in entries)
            {
                page.Add((entry, (await connection.QueryAsync<DecidedSlot>(new CommandDefinition(
                    """
                    select d.ordinal, s.chain_id, s.region_id
                    from log_decisions d
                    join slots s on s.id = d.slot_id
                    where d.generation = @Generation
                    order by d.ordinal
                    """,
                    new { entry.Generation },
                    cancellationToken: cancellation))).AsList()));
            }

            return page;
        }, cancellation);

    /// <summary>The generation of the newest entry before this one; null when there is none.</summary>
    public Task<long?> BeforeAsync(long generation, CancellationToken cancellation) =>
        database.SingleOrDefaultAsync<long?>("select max(generation) from log_entries where generation < @Generation", new { Generation = generation }, cancellation);

    /// <summary>The newest entry of any origin; null when there is none.</summary>
    public Task<long?> NewestAsync(CancellationToken cancellation) =>
        database.SingleOrDefaultAsync<long?>("select max(generation) from log_entries", null, cancellation);

    /// <summary>Every row, oldest first, whatever it says of its origin.</summary>
    public Task<List<LogKey>> AllKeysAsync(CancellationToken cancellation) =>
        database.QueryAsync<LogKey>("select origin, from_generation, public_key from log_keys order by from_generation", null, cancellation);

    /// <summary>A generation within these bounds that decisions name and no entry has; null when there is none.</summary>
    public Task<long?> StrayDecisionAsync(long from, long to, CancellationToken cancellation) => StrayAsync("log_decisions", "generation", from, to, cancellation);

    /// <summary>A generation from which a key is said to have signed, and that no entry has; null when there is none.</summary>
    public Task<long?> StrayKeyAsync(CancellationToken cancellation) => StrayAsync("log_keys", "from_generation", long.MinValue, long.MaxValue, cancellation);

    private Task<long?> StrayAsync(string table, string column, long from, long to, CancellationToken cancellation) =>
        database.SingleOrDefaultAsync<long?>(
            $"""
            select min({column})
            from {table}
            where {column} >= @From and {column} <= @To and {column} not in (select generation from log_entries)
            """,
            new { From = from, To = to },
            cancellation);

    internal sealed record KeptHeader : HeaderRow
    {
        public required long Kept { get; init; }
    }

    internal sealed record EntryRow : HeaderRow
    {
        /// <summary>Brotli; null once it is no longer kept.</summary>
        public byte[]? Body { get; init; }
    }

    internal abstract record HeaderRow
    {
        public required string Origin { get; init; }
        public required long Generation { get; init; }
        public required string Trigger { get; init; }
        public required long Round { get; init; }
        public required bool IsRound { get; init; }
        public required long ScheduledAt { get; init; }
        public required long At { get; init; }
        public required string BodyHash { get; init; }
        public required string PreviousHash { get; init; }
        public required string Hash { get; init; }
        public string? Signature { get; init; }

        public LogHeader Header => new()
        {
            Origin = Origin,
            Generation = Generation,
            Trigger = Trigger,
            Round = Round,
            IsRound = IsRound,
            ScheduledAt = ScheduledAt,
            At = At,
            BodyHash = BodyHash,
            PreviousHash = PreviousHash,
            Hash = Hash,
            Signature = Signature,
        };
    }
}

/// <summary>A row of the decisions: which slot has this place in its entry.</summary>
internal sealed record DecidedSlot
{
    public required int Ordinal { get; init; }
    public required string ChainId { get; init; }
    public required string RegionId { get; init; }
}
