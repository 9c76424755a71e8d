using AltruistManager.Selection;
using AltruistManager.Storage;

namespace AltruistManager.Transparency;

/// <summary>The tables of the log: entries and, pointing into them, decisions.</summary>
internal sealed class EntryStore(Database database)
{
    private const string Columns = "generation, body, body_hash, previous_hash, hash";

    public async Task AppendAsync(WriteTransaction write, PackedEntry packed, IReadOnlyList<int> slotIds)
    {
        var entry = packed.Entry;
        await write.ExecuteAsync(
            """
            insert into log_entries (
                origin, generation, trigger, round, is_round, scheduled_at, at, body, body_hash, previous_hash, hash)
            values (
                @Origin, @Generation, @Trigger, @Round, @IsRound, @ScheduledAt, @At, @Body, @BodyHash, @PreviousHash, @Hash)
            """,
            new
            {
                entry.Origin,
                entry.Generation,
                Trigger = CanonicalEntry.Name(entry.Trigger),
                entry.Round,
                entry.IsRound,
                ScheduledAt = entry.ScheduledAt.ToUnixTimeMilliseconds(),
                At = entry.At.ToUnixTimeMilliseconds(),
                Body = packed.Compressed,
                BodyHash = Convert.ToHexStringLower(packed.BodyHash),
                PreviousHash = Convert.ToHexStringLower(packed.PreviousHash),
                Hash = Convert.ToHexStringLower(packed.Hash),
            });
        await write.ExecuteAsync(
            database.Dialect.Pick(
                "insert into log_decisions (generation, ordinal, slot_id) select @Generation, key, value from json_each(@Slots)",
                """
                insert into log_decisions (generation, ordinal, slot_id)
                select @Generation, place - 1, slot from unnest(@Slots) with ordinality as decided (slot, place)
                """),
            new { entry.Generation, Slots = database.Dialect.List(slotIds) });
    }

    /// <summary>From the newest round on, oldest first; all, when there was no round yet.</summary>
    public Task<List<EntryRow>> TailAsync(string origin, CancellationToken cancellation) =>
        database.QueryAsync<EntryRow>(
            $"""
            select {Columns}
            from log_entries
            where origin = @Origin
              and generation >= coalesce((select generation from log_entries where origin = @Origin and is_round order by generation desc limit 1), 0)
            order by generation
            """,
            new { Origin = origin },
            cancellation);

    public Task<EntryRow?> FindAsync(long generation, CancellationToken cancellation) =>
        database.SingleOrDefaultAsync<EntryRow>(
            $"select {Columns} from log_entries where generation = @Generation and origin = (select value from meta where name = 'origin')",
            new { Generation = generation },
            cancellation);

    internal sealed record EntryRow
    {
        public required long Generation { get; init; }

        /// <summary>Brotli; null once it is no longer kept.</summary>
        public byte[]? Body { get; init; }
        public required string BodyHash { get; init; }
        public required string PreviousHash { get; init; }
        public required string Hash { get; init; }
    }
}
