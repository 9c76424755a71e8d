using System.Text.Json;
using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Storage;
using Dapper;

namespace AltruistManager.Selection;

/// <summary>The origin, the slots and the sessions: those that last, and those that ended, each with the one of its slot that ended before.</summary>
public sealed class SelectionStore(Database database, TimeProvider time)
{
    /// <summary>How many sessions of a slot are looked through for when an altruist was last picked: days of them, and no more with the years.</summary>
    private const int MostLookedBack = 1000;

    /// <summary>The spans of the index by altruist, in milliseconds.</summary>
    private const int Span = 300_000;

    /// <summary>Names this database for as long as it exists; made with its first use.</summary>
    internal async Task<(string Origin, DateTimeOffset CreatedAt)> OriginAsync(CancellationToken cancellation) =>
        // Read first: a restart must do without writing.
        ToOrigin(await database.QueryAsync<MetaRow>(SelectOrigin, null, cancellation)) ?? await database.WriteAsync(async write =>
        {
            await write.ExecuteAsync(
                "insert into meta (name, value) values ('origin', @Origin), ('created_at', @CreatedAt) on conflict (name) do nothing",
                new { Origin = Guid.CreateVersion7(time.GetUtcNow()).ToString(), CreatedAt = time.NowMs().ToString() });
            return ToOrigin(await write.QueryAsync<MetaRow>(SelectOrigin))!.Value;
        }, cancellation);

    private const string SelectOrigin = "select name, value from meta where name in ('origin', 'created_at')";

    private static (string Origin, DateTimeOffset CreatedAt)? ToOrigin(IEnumerable<MetaRow> rows)
    {
        var values = rows.ToDictionary(row => row.Name, row => row.Value);
        return values.Count < 2 ? null : (values["origin"], UnixTime.FromMs(long.Parse(values["created_at"])));
    }

    /// <summary>Instances publish one after the other, so that the second fails by the keys of the log rather than by a deadlock.</summary>
    internal async Task LockAsync(WriteTransaction write)
    {
        // On SQLite there is one writer at a time anyhow.
        if (!database.Dialect.IsSqlite)
            await write.ExecuteAsync("select value from meta where name = 'origin' for update");
    }

    internal async Task<Dictionary<SlotKey, int>> SlotIdsAsync(CancellationToken cancellation) =>
        (await database.QueryAsync<SlotRow>("select id, chain_id, region_id from slots", null, cancellation))
        .ToDictionary(row => new SlotKey(new ChainId(row.ChainId), new RegionId(row.RegionId)), row => row.Id);

    internal async Task AddSlotsAsync(WriteTransaction write, IReadOnlyList<(int Id, SlotKey Key)> slots)
    {
        if (slots.Count == 0)
            return;
        await write.ExecuteAsync(
            database.Dialect.Pick(
                """
                insert into slots (id, chain_id, region_id)
                select json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]')
                from json_each(@Rows)
                """,
                """
                insert into slots (id, chain_id, region_id)
                select * from unnest(@Ids, @Chains, @Regions)
                """),
            database.Dialect.Name == "sqlite"
                ? new { Rows = JsonSerializer.Serialize(slots.Select(slot => new object[] { slot.Id, slot.Key.Chain.Value, slot.Key.Region.Value })) }
                : new
                {
                    Ids = slots.Select(slot => slot.Id).ToArray(),
                    Chains = slots.Select(slot => slot.Key.Chain.Value).ToArray(),
                    Regions = slots.Select(slot => slot.Key.Region.Value).ToArray(),
                });
    }

    /// <summary>Ends the open sessions of these altruists in these slots.</summary>
    /// <param name="closed">Those of a slot one after the other.</param>
    internal async Task CloseSessionsAsync(WriteTransaction write, IReadOnlyList<(int Slot, AltruistId Altruist)> closed, long atMs)
    {
        if (closed.Count == 0)
            return;
        await KeepAsync(write, closed, atMs);
        if (database.Dialect.IsSqlite)
        {
            SqliteRows.Execute(
                write, "delete from open_sessions where slot_id = ? and altruist_id = ?", closed, static (values, session) => values.Add(session.Slot).Add(session.Altruist.Value));
        }
        else
        {
            await write.ExecuteAsync("delete from open_sessions where (slot_id, altruist_id) in (select * from unnest(@Slots, @Altruists))", new
            {
                Slots = closed.Select(session => session.Slot).ToArray(),
                Altruists = closed.Select(session => session.Altruist.Value).ToArray(),
            });
        }
    }

    /// <summary>Appends what ends to the history of its slot; it stays open.</summary>
    private async Task KeepAsync(WriteTransaction write, IReadOnlyList<(int Slot, AltruistId Altruist)> ended, long atMs)
    {
        var last = await write.ScalarAsync<long>("select coalesce(max(id), 0) from sessions");
        // Of several of one slot each follows the one before it, the first what the slot ended last.
        var rows = ended.Select((session, place) => new EndedSession(
            last + 1 + place, session.Slot, session.Altruist, place > 0 && ended[place - 1].Slot == session.Slot ? last + place : null)).ToList();
        if (database.Dialect.IsSqlite)
        {
            SqliteRows.Execute(
                write,
                """
                insert into sessions (id, slot_id, altruist_id, weight, generation, ordinal, started_at, ended_at, before_id)
                select ?, slot_id, altruist_id, weight, generation, ordinal, started_at, ?, coalesce(?, last_ended)
                from open_sessions
                join slots on slots.id = slot_id
                where slot_id = ? and altruist_id = ?
                """,
                rows,
                (values, row) => values.Add(row.Id).Add(atMs).Add(row.Before).Add(row.Slot).Add(row.Altruist.Value));
        }
        else
        {
            await write.ExecuteAsync(
                """
                insert into sessions (id, slot_id, altruist_id, weight, generation, ordinal, started_at, ended_at, before_id)
                select ended.id, slot_id, altruist_id, weight, generation, ordinal, started_at, @At, coalesce(before, last_ended)
                from unnest(@Ids, @Slots, @Altruists, @Befores) as ended (id, slot, altruist, before)
                join open_sessions on slot_id = slot and altruist_id = altruist
                join slots on slots.id = slot_id
                """,
                new
                {
                    At = atMs,
                    Ids = rows.Select(row => row.Id).ToArray(),
                    Slots = rows.Select(row => row.Slot).ToArray(),
                    Altruists = rows.Select(row => row.Altruist.Value).ToArray(),
                    Befores = rows.Select(row => row.Before).ToArray(),
                });
        }

        await write.ExecuteAsync(
            """
            update slots
            set last_ended = ended.id
            from (select slot_id, max(id) as id from sessions where id > @Last group by slot_id) as ended
            where slots.id = ended.slot_id
            """,
            new { Last = last });
    }

    /// <summary>A session that nobody closed must not stand in the way of every round to come.</summary>
    private const string OrBeginAnew =
        """
        on conflict (slot_id, altruist_id) do update set
            weight = excluded.weight, generation = excluded.generation, ordinal = excluded.ordinal, started_at = excluded.started_at
        """;

    internal async Task OpenSessionsAsync(WriteTransaction write, IReadOnlyCollection<OpenedSession> opened, long generation, long atMs)
    {
        if (opened.Count == 0)
            return;
        if (database.Dialect.IsSqlite)
        {
            SqliteRows.Execute(
                write,
                $"insert into open_sessions (slot_id, altruist_id, weight, generation, ordinal, started_at) values (?, ?, ?, ?, ?, ?) {OrBeginAnew}",
                opened,
                (values, row) => values.Add(row.Slot).Add(row.Altruist.Value).Add(row.Weight).Add(generation).Add(row.Ordinal).Add(atMs));
            return;
        }

        await write.ExecuteAsync(
            $"""
            insert into open_sessions (slot_id, altruist_id, weight, generation, ordinal, started_at)
            select slot, altruist, weight, @Generation, ordinal, @At
            from unnest(@Slots, @Altruists, @Weights, @Ordinals) as opened (slot, altruist, weight, ordinal)
            {OrBeginAnew}
            """,
            new
            {
                Generation = generation,
                At = atMs,
                Slots = opened.Select(row => row.Slot).ToArray(),
                Altruists = opened.Select(row => row.Altruist.Value).ToArray(),
                Weights = opened.Select(row => row.Weight).ToArray(),
                Ordinals = opened.Select(row => row.Ordinal).ToArray(),
            });
    }

    /// <summary>Splits the open sessions around a time when nobody looked after them: it is nobody's service time.</summary>
    internal Task BreakSessionsAsync(DateTimeOffset endedAt, DateTimeOffset resumedAt, CancellationToken cancellation) =>
        database.WriteAsync(async write =>
        {
            // Two instances that start after a rest must not both do it.
            await LockAsync(write);
            var times = new { EndedAt = endedAt.ToUnixTimeMilliseconds(), ResumedAt = resumedAt.ToUnixTimeMilliseconds() };
            var broken = (await write.QueryAsync<OpenRow>(
                "select slot_id, altruist_id from open_sessions where started_at < @EndedAt order by slot_id, altruist_id", times)).AsList();
            await KeepAsync(write, broken.ConvertAll(row => (row.SlotId, new AltruistId(row.AltruistId))), times.EndedAt);
            await write.ExecuteAsync("update open_sessions set started_at = @ResumedAt where started_at < @EndedAt", times);
        }, cancellation);

    /// <summary>Null for a slot that never was.</summary>
    internal Task<int?> FindSlotAsync(SlotKey slot, CancellationToken cancellation) =>
        database.SingleOrDefaultAsync<int?>(
            "select id from slots where chain_id = @Chain and region_id = @Region",
            new { Chain = slot.Chain.Value, Region = slot.Region.Value },
            cancellation);

    /// <summary>Newest first; of one entry in the order of its slots.</summary>
    internal Task<List<DecisionRow>> DecisionsAsync(ChainId? chain, RegionId? region, DecisionId? before, int limit, CancellationToken cancellation)
    {
        var slots = chain is null && region is null
            ? ""
            : $"and slot_id in (select id from slots where {(chain is null ? "true" : "chain_id = @Chain")} and {(region is null ? "true" : "region_id = @Region")})";
        // Entry by entry, from the newest whose decisions are kept: an index by slot would cost each round more, the longer the history is.
        return database.QueryAsync<DecisionRow>(
            $"""
            select log_decisions.generation, ordinal, slot_id, at
            from log_entries
            cross join log_decisions
            where body is not null
              and log_entries.generation <= @Generation
              and log_decisions.generation = log_entries.generation
              and (log_decisions.generation < @Generation or ordinal > @Ordinal) {slots}
            order by log_entries.generation desc, ordinal
            limit @Limit
            """,
            new
            {
                Generation = before?.Generation ?? long.MaxValue,
                Ordinal = before?.Ordinal ?? -1,
                Chain = chain?.Value,
                Region = region?.Value,
                Limit = limit,
            },
            cancellation);
    }

    internal Task<DecisionRow?> FindDecisionAsync(DecisionId id, CancellationToken cancellation) =>
        database.SingleOrDefaultAsync<DecisionRow>(
            """
            select log_decisions.generation, ordinal, slot_id, at
            from log_decisions
            join log_entries on log_entries.generation = log_decisions.generation and body is not null
            where log_decisions.generation = @Generation and ordinal = @Ordinal
            """,
            new { id.Generation, id.Ordinal },
            cancellation);

    /// <summary>By slot, how many sessions of each altruist touched the time since then.</summary>
    internal async Task<IReadOnlyDictionary<int, IReadOnlyDictionary<AltruistId, int>>> CountSlotSessionsAsync(IReadOnlyCollection<int> slots, DateTimeOffset since, CancellationToken cancellation) =>
        (await database.QueryAsync<SlotCountRow>(
            $"""
            with recursive ended (slot_id, altruist_id, before_id) as (
                select slot_id, altruist_id, before_id
                from slots
                join sessions on sessions.id = last_ended
                where {database.Dialect.In("slots.id", "Slots")} and ended_at > @Since
                union all
                select sessions.slot_id, sessions.altruist_id, sessions.before_id
                from ended
                join sessions on sessions.id = ended.before_id
                where ended_at > @Since
            )
            select slot_id, altruist_id, count(*) as sessions
            from (
                select slot_id, altruist_id from ended
                union all
                select slot_id, altruist_id from open_sessions where {database.Dialect.In("slot_id", "Slots")}
            ) as touching
            group by slot_id, altruist_id
            """,
            new { Slots = database.Dialect.List(slots), Since = since.ToUnixTimeMilliseconds() },
            cancellation))
        .GroupBy(row => row.SlotId)
        .ToDictionary(group => group.Key, IReadOnlyDictionary<AltruistId, int> (group) => group.ToDictionary(row => new AltruistId(row.AltruistId), row => (int)row.Sessions));

    /// <summary>Those that last, newest first; then those that ended, in the order of their ends, the last one first.</summary>
    /// <param name="before">The id of one that ended, to continue after; null starts with those that last.</param>
    internal Task<IReadOnlyList<Session>> SessionsAsync(int slot, long? before, int limit, CancellationToken cancellation) =>
        database.ReadSnapshotAsync(async Task<IReadOnlyList<Session>> (connection) =>
        {
            var given = new { Slot = slot, Before = before, Limit = limit };
            var open = before is null
                ? await connection.QueryAsync<SessionRow>(new CommandDefinition(
                    """
                    select altruist_id, weight, started_at, generation, ordinal
                    from open_sessions
                    where slot_id = @Slot
                    order by started_at desc, generation desc, altruist_id
                    limit @Limit
                    """,
                    given,
                    cancellationToken: cancellation))
                : [];
            var ended = await connection.QueryAsync<SessionRow>(new CommandDefinition(
                $"""
                with recursive ended (place, id) as (
                    select 1, {(before is null ? "last_ended from slots where id = @Slot" : "before_id from sessions where id = @Before and slot_id = @Slot")}
                    union all
                    select place + 1, before_id
                    from ended
                    join sessions on sessions.id = ended.id
                    where place < @Limit
                )
                select sessions.id, altruist_id, weight, started_at, ended_at, generation, ordinal
                from ended
                join sessions on sessions.id = ended.id
                order by place
                """,
                given,
                cancellationToken: cancellation));
            return
            [
                .. open.Concat(ended).Take(limit).Select(row => new Session(
                    row.Id, new AltruistId(row.AltruistId), row.Weight, UnixTime.FromMs(row.StartedAt), UnixTime.FromMs(row.EndedAt), new DecisionId(row.Generation, row.Ordinal))),
            ];
        }, cancellation);

    /// <summary>Of one altruist since then, those that last first, then those that ended last; reads its own rows only.</summary>
    /// <param name="skip">How many to leave out.</param>
    internal async Task<IReadOnlyList<OwnSession>> SessionsOfAsync(AltruistId altruist, DateTimeOffset since, int skip, int limit, CancellationToken cancellation) =>
    [
        .. (await database.QueryAsync<OwnSessionRow>(
            $"""
            with recursive spans (span) as (
                select @Since / {Span}
                union all
                select span + 1 from spans where span < @Now / {Span}
            )
            select chain_id, region_id, weight, started_at, ended_at, generation, ordinal
            from (
                select slot_id, weight, started_at, ended_at, generation, ordinal
                from spans
                join sessions on ended_at / {Span} = span and altruist_id = @Altruist
                where ended_at > @Since
                union all
                select slot_id, weight, started_at, null, generation, ordinal from open_sessions where altruist_id = @Altruist
            ) as own
            join slots on slots.id = slot_id
            order by coalesce(ended_at, @Never) desc, started_at desc, chain_id, region_id
            limit @Limit offset @Skip
            """,
            new { Altruist = altruist.Value, Since = since.ToUnixTimeMilliseconds(), Now = time.NowMs(), Never = long.MaxValue, Limit = limit, Skip = skip },
            cancellation))
        .Select(row => new OwnSession(
            new SlotKey(new ChainId(row.ChainId), new RegionId(row.RegionId)), row.Weight, UnixTime.FromMs(row.StartedAt), UnixTime.FromMs(row.EndedAt), new DecisionId(row.Generation, row.Ordinal))),
    ];

    internal async Task<IReadOnlyDictionary<AltruistId, int>> CountSessionsAsync(IReadOnlyCollection<AltruistId> altruists, DateTimeOffset since, CancellationToken cancellation) =>
        (await database.QueryAsync<CountRow>(
            $"""
            with recursive spans (span) as (
                select @Since / {Span}
                union all
                select span + 1 from spans where span < @Now / {Span}
            )
            select altruist_id, count(*) as sessions
            from (
                select altruist_id
                from spans
                join sessions on ended_at / {Span} = span and {database.Dialect.In("altruist_id", "Altruists")}
                where ended_at > @Since
                union all
                select altruist_id from open_sessions where {database.Dialect.In("altruist_id", "Altruists")}
            ) as touching
            group by altruist_id
            """,
            new { Altruists = database.Dialect.List(altruists.Select(id => id.Value).ToArray()), Since = since.ToUnixTimeMilliseconds(), Now = time.NowMs() },
            cancellation))
        .ToDictionary(row => new AltruistId(row.AltruistId), row => (int)row.Sessions);

    /// <summary>Oldest first: how often an altruist became the pick of these slots, and how often anybody did, in stretches of time. Reads what these slots served since then only.</summary>
    internal async Task<IReadOnlyList<ShareRow>> SharesAsync(AltruistId altruist, IReadOnlyCollection<int> slots, DateTimeOffset since, TimeSpan bucket, CancellationToken cancellation) =>
        await database.QueryAsync<ShareRow>(
            $"""
            with recursive ended (slot_id, altruist_id, started_at, before_id) as (
                select slot_id, altruist_id, started_at, before_id
                from slots
                join sessions on sessions.id = last_ended
                where {database.Dialect.In("slots.id", "Slots")} and ended_at > @Since
                union all
                select sessions.slot_id, sessions.altruist_id, sessions.started_at, sessions.before_id
                from ended
                join sessions on sessions.id = ended.before_id
                where ended_at > @Since
            ),
            begun (slot_id, altruist_id, bucket) as (
                select slot_id, altruist_id, started_at / @Bucket from ended where started_at >= @Since
                union all
                select slot_id, altruist_id, started_at / @Bucket from open_sessions where {database.Dialect.In("slot_id", "Slots")} and started_at >= @Since
            )
            select slot_id, bucket, count(*) as sessions, cast(sum(case when altruist_id = @Altruist then 1 else 0 end) as bigint) as own, count(distinct altruist_id) as altruists
            from begun
            group by slot_id, bucket
            order by bucket, slot_id
            """,
            new { Altruist = altruist.Value, Slots = database.Dialect.List(slots), Since = since.ToUnixTimeMilliseconds(), Bucket = (long)bucket.TotalMilliseconds },
            cancellation);

    /// <summary>When each altruist last became the pick of a slot before a moment, as far as it is among the newest of these.</summary>
    /// <returns>By slot and moment, in Unix milliseconds.</returns>
    internal async Task<IReadOnlyDictionary<(int Slot, long Moment), IReadOnlyDictionary<AltruistId, DateTimeOffset>>> LastStartsAsync(IEnumerable<(int Slot, long Moment)> asked, CancellationToken cancellation)
    {
        var distinct = asked.Distinct().ToList();
        var rows = await database.QueryAsync<LastRow>(
            $"""
            with recursive asked (slot_id, moment) as (
                {database.Dialect.Pick(
                    "select places.value, moments.value from json_each(@Slots) as places join json_each(@Moments) as moments on moments.key = places.key",
                    "select slot_id, moment from unnest(@Slots, @Moments) as pairs (slot_id, moment)")}
            ),
            ended (slot_id, moment, altruist_id, started_at, before_id, place) as (
                select asked.slot_id, moment, altruist_id, started_at, before_id, case when started_at < moment then 1 else 0 end
                from asked
                join slots on slots.id = asked.slot_id
                join sessions on sessions.id = last_ended
                union all
                select ended.slot_id, moment, sessions.altruist_id, sessions.started_at, sessions.before_id, place + case when sessions.started_at < moment then 1 else 0 end
                from ended
                join sessions on sessions.id = ended.before_id
                where place < @Most
            )
            select slot_id, moment, altruist_id, max(started_at) as started_at
            from (
                select slot_id, moment, altruist_id, started_at from ended
                union all
                select asked.slot_id, moment, altruist_id, started_at from asked join open_sessions on open_sessions.slot_id = asked.slot_id
            ) as newest
            where started_at < moment
            group by slot_id, moment, altruist_id
            """,
            new { Slots = database.Dialect.List(distinct.ConvertAll(pair => pair.Slot)), Moments = database.Dialect.List(distinct.ConvertAll(pair => pair.Moment)), Most = MostLookedBack },
            cancellation);
        return rows.GroupBy(row => (row.SlotId, row.Moment))
            .ToDictionary(group => group.Key, IReadOnlyDictionary<AltruistId, DateTimeOffset> (group) => group.ToDictionary(row => new AltruistId(row.AltruistId), row => UnixTime.FromMs(row.StartedAt)));
    }

    /// <param name="Before">The one of its slot that ends just before it, in the same transaction; null where that is the slot's last one.</param>
    private readonly record struct EndedSession(long Id, int Slot, AltruistId Altruist, long? Before);

    private sealed record OpenRow
    {
        public required int SlotId { get; init; }
        public required string AltruistId { get; init; }
    }

    private sealed record SlotCountRow
    {
        public required int SlotId { get; init; }
        public required string AltruistId { get; init; }
        public required long Sessions { get; init; }
    }

    internal sealed record DecisionRow
    {
        public required long Generation { get; init; }
        public required int Ordinal { get; init; }
        public required int SlotId { get; init; }

        /// <summary>Of its entry.</summary>
        public required long At { get; init; }

        public DecisionId Id => new(Generation, Ordinal);
    }

    private sealed record MetaRow
    {
        public required string Name { get; init; }
        public required string Value { get; init; }
    }

    private sealed record SlotRow
    {
        public required int Id { get; init; }
        public required string ChainId { get; init; }
        public required string RegionId { get; init; }
    }

    private sealed record SessionRow
    {
        public long? Id { get; init; }
        public required string AltruistId { get; init; }
        public required int Weight { get; init; }
        public required long StartedAt { get; init; }
        public long? EndedAt { get; init; }
        public required long Generation { get; init; }
        public required int Ordinal { get; init; }
    }

    private sealed record CountRow
    {
        public required string AltruistId { get; init; }
        public required long Sessions { get; init; }
    }

    private sealed record OwnSessionRow
    {
        public required string ChainId { get; init; }
        public required string RegionId { get; init; }
        public required int Weight { get; init; }
        public required long StartedAt { get; init; }
        public long? EndedAt { get; init; }
        public required long Generation { get; init; }
        public required int Ordinal { get; init; }
    }

    internal sealed record ShareRow
    {
        public required long SlotId { get; init; }

        /// <summary>Its number since 1970.</summary>
        public required long Bucket { get; init; }

        public required long Sessions { get; init; }

        public required long Own { get; init; }

        /// <summary>How many different ones had these sessions.</summary>
        public required long Altruists { get; init; }
    }

    private sealed record LastRow
    {
        public required int SlotId { get; init; }
        public required long Moment { get; init; }
        public required string AltruistId { get; init; }
        public required long StartedAt { get; init; }
    }
}

/// <param name="Weight">The percentage of the slot's traffic.</param>
/// <param name="Ordinal">The slot's place in the entry.</param>
internal readonly record struct OpenedSession(int Slot, AltruistId Altruist, int Weight, int Ordinal);
