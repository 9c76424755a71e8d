using System.Text.Json;
using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Storage;

namespace AltruistManager.Selection;

/// <summary>The origin, the slots and the sessions.</summary>
public sealed class SelectionStore(Database database, TimeProvider time)
{
    /// <summary>How many sessions of a slot are looked through for when an altruist was last picked: days of them, and no more with the years.</summary>
    private const int MostLookedBack = 1000;

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
    internal async Task CloseSessionsAsync(WriteTransaction write, IReadOnlyCollection<(int Slot, AltruistId Altruist)> closed, long atMs)
    {
        if (closed.Count == 0)
            return;
        await write.ExecuteAsync(
            database.Dialect.Pick(
                """
                update sessions set ended_at = @At
                where ended_at is null
                  and (slot_id, altruist_id) in (select json_extract(value, '$[0]'), json_extract(value, '$[1]') from json_each(@Rows))
                """,
                """
                update sessions set ended_at = @At
                where ended_at is null and (slot_id, altruist_id) in (select * from unnest(@Slots, @Altruists))
                """),
            database.Dialect.Name == "sqlite"
                ? new { At = atMs, Rows = JsonSerializer.Serialize(closed.Select(row => new object[] { row.Slot, row.Altruist.Value })) }
                : new { At = atMs, Slots = closed.Select(row => row.Slot).ToArray(), Altruists = closed.Select(row => row.Altruist.Value).ToArray() });
    }

    internal async Task OpenSessionsAsync(WriteTransaction write, IReadOnlyCollection<OpenedSession> opened, long generation, long atMs)
    {
        if (opened.Count == 0)
            return;
        await write.ExecuteAsync(
            database.Dialect.Pick(
                """
                insert into sessions (slot_id, altruist_id, weight, generation, ordinal, started_at)
                select json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'), @Generation, json_extract(value, '$[3]'), @At
                from json_each(@Rows)
                """,
                """
                insert into sessions (slot_id, altruist_id, weight, generation, ordinal, started_at)
                select slot, altruist, weight, @Generation, ordinal, @At
                from unnest(@Slots, @Altruists, @Weights, @Ordinals) as opened (slot, altruist, weight, ordinal)
                """),
            database.Dialect.Name == "sqlite"
                ? new { Generation = generation, At = atMs, Rows = JsonSerializer.Serialize(opened.Select(row => new object[] { row.Slot, row.Altruist.Value, row.Weight, row.Ordinal })) }
                : new
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
            var times = new { EndedAt = endedAt.ToUnixTimeMilliseconds(), ResumedAt = resumedAt.ToUnixTimeMilliseconds() };
            if (await write.ExecuteAsync("update sessions set ended_at = @EndedAt where ended_at is null and started_at < @EndedAt", times) > 0)
            {
                await write.ExecuteAsync(
                    """
                    insert into sessions (slot_id, altruist_id, weight, generation, ordinal, started_at)
                    select slot_id, altruist_id, weight, generation, ordinal, @ResumedAt
                    from sessions
                    where ended_at = @EndedAt
                    """,
                    times);
            }
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
        return database.QueryAsync<DecisionRow>(
            $"""
            select generation, ordinal, slot_id
            from log_decisions
            where (generation < @Generation or (generation = @Generation and ordinal > @Ordinal)) {slots}
            order by generation desc, ordinal
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
            "select generation, ordinal, slot_id from log_decisions where generation = @Generation and ordinal = @Ordinal",
            new { id.Generation, id.Ordinal },
            cancellation);

    /// <summary>By slot, how many sessions of each altruist touched the time since then.</summary>
    internal async Task<IReadOnlyDictionary<int, IReadOnlyDictionary<AltruistId, int>>> CountSlotSessionsAsync(IReadOnlyCollection<int> slots, DateTimeOffset since, CancellationToken cancellation) =>
        (await database.QueryAsync<SlotCountRow>(
            $"""
            select slot_id, altruist_id, count(*) as sessions
            from sessions
            where {database.Dialect.In("slot_id", "Slots")} and (ended_at is null or ended_at > @Since)
            group by slot_id, altruist_id
            """,
            new { Slots = database.Dialect.List(slots), Since = since.ToUnixTimeMilliseconds() },
            cancellation))
        .GroupBy(row => row.SlotId)
        .ToDictionary(group => group.Key, IReadOnlyDictionary<AltruistId, int> (group) => group.ToDictionary(row => new AltruistId(row.AltruistId), row => (int)row.Sessions));

    internal async Task<IReadOnlyList<Session>> SessionsAsync(int slot, long? before, int limit, CancellationToken cancellation) =>
    [
        .. (await database.QueryAsync<SessionRow>(
                """
                select id, altruist_id, weight, started_at, ended_at, generation, ordinal
                from sessions
                where slot_id = @Slot and id < @Before
                order by id desc
                limit @Limit
                """,
                new { Slot = slot, Before = before ?? long.MaxValue, Limit = limit },
                cancellation))
            .Select(row => new Session(
                row.Id, new AltruistId(row.AltruistId), row.Weight, UnixTime.FromMs(row.StartedAt), UnixTime.FromMs(row.EndedAt), new DecisionId(row.Generation, row.Ordinal))),
    ];

    internal async Task<IReadOnlyDictionary<AltruistId, int>> CountSessionsAsync(IReadOnlyCollection<AltruistId> altruists, DateTimeOffset since, CancellationToken cancellation) =>
        (await database.QueryAsync<CountRow>(
            $"""
            select altruist_id, count(*) as sessions
            from sessions
            where {database.Dialect.In("altruist_id", "Altruists")} and (ended_at is null or ended_at > @Since)
            group by altruist_id
            """,
            new { Altruists = database.Dialect.List(altruists.Select(id => id.Value).ToArray()), Since = since.ToUnixTimeMilliseconds() },
            cancellation))
        .ToDictionary(row => new AltruistId(row.AltruistId), row => (int)row.Sessions);

    /// <summary>When each altruist last became the pick of the slot before a moment, as far as it is among the newest of these.</summary>
    internal async Task<IReadOnlyDictionary<AltruistId, DateTimeOffset>> LastStartsAsync(int slot, DateTimeOffset before, CancellationToken cancellation) =>
        (await database.QueryAsync<LastRow>(
            """
            select altruist_id, max(started_at) as started_at
            from (select altruist_id, started_at from sessions where slot_id = @Slot and started_at < @Before order by id desc limit @Most) as newest
            group by altruist_id
            """,
            new { Slot = slot, Before = before.ToUnixTimeMilliseconds(), Most = MostLookedBack },
            cancellation))
        .ToDictionary(row => new AltruistId(row.AltruistId), row => UnixTime.FromMs(row.StartedAt));

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
        public required long Id { get; init; }
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

    private sealed record LastRow
    {
        public required string AltruistId { get; init; }
        public required long StartedAt { get; init; }
    }
}

/// <param name="Weight">The percentage of the slot's traffic.</param>
/// <param name="Ordinal">The slot's place in the entry.</param>
internal readonly record struct OpenedSession(int Slot, AltruistId Altruist, int Weight, int Ordinal);
