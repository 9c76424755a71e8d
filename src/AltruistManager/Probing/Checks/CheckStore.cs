using System.Runtime.CompilerServices;
using AltruistManager.Altruists;
using AltruistManager.Storage;
using Microsoft.Extensions.Options;

namespace AltruistManager.Probing.Checks;

/// <summary>The newest result of each check at its own pace, in the database.</summary>
public sealed class CheckStore(Database database, IOptions<ProbingOptions> options)
{
    private const int LoadBatch = 1_000;

    /// <summary>All of this vantage, those of an altruist one after the other.</summary>
    public async IAsyncEnumerable<CheckRecord> LoadAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        for (var (altruist, name) = ("", ""); ;)
        {
            var rows = await database.QueryAsync<Row>(
                """
                select   altruist_id, name, state, reason, at, since, failures, passes, has_passed, warned_at, place
                from     checks
                where    vantage = @Vantage and (altruist_id, name) > (@altruist, @name)
                order by altruist_id, name
                limit    @limit
                """,
                new { options.Value.Vantage, altruist, name, limit = LoadBatch }, cancellation);
            foreach (var row in rows)
                yield return row.ToRecord();
            if (rows.Count < LoadBatch)
                yield break;
            (altruist, name) = (rows[^1].AltruistId, rows[^1].Name);
        }
    }

    public Task PutAsync(IReadOnlyCollection<CheckRecord> records, CancellationToken cancellation) =>
        database.WriteAsync(async write =>
        {
            foreach (var record in records)
            {
                await write.ExecuteAsync(
                    """
                    insert into checks (altruist_id, vantage, name, state, reason, at, since, failures, passes, has_passed, warned_at, place)
                    values (@Altruist, @Vantage, @Check, @State, @Reason, @At, @Since, @Failures, @Passes, @HasPassed, @WarnedAt, @Place)
                    on conflict (altruist_id, vantage, name) do update set
                        state      = excluded.state,
                        reason     = excluded.reason,
                        at         = excluded.at,
                        since      = excluded.since,
                        failures   = excluded.failures,
                        passes     = excluded.passes,
                        has_passed = excluded.has_passed,
                        warned_at  = excluded.warned_at,
                        place      = excluded.place
                    """,
                    new
                    {
                        Altruist = record.Altruist.Value,
                        options.Value.Vantage,
                        record.Check,
                        State = record.State.ToString().ToLowerInvariant(),
                        record.Reason,
                        At = record.At.ToUnixTimeMilliseconds(),
                        Since = record.Since.ToUnixTimeMilliseconds(),
                        record.Failures,
                        record.Passes,
                        record.HasPassed,
                        WarnedAt = record.WarnedAt?.ToUnixTimeMilliseconds(),
                        Place = record.Place.ToString(),
                    });
            }
        }, cancellation);

    private sealed record Row
    {
        public required string AltruistId { get; init; }
        public required string Name { get; init; }
        public required string State { get; init; }
        public required string Reason { get; init; }
        public required long At { get; init; }
        public required long Since { get; init; }
        public required long Failures { get; init; }
        public required long Passes { get; init; }
        public required bool HasPassed { get; init; }
        public required long? WarnedAt { get; init; }
        public required string Place { get; init; }

        public CheckRecord ToRecord() => new()
        {
            Altruist = new AltruistId(AltruistId),
            Check = Name,
            State = Enum.Parse<CheckState>(State, ignoreCase: true),
            Reason = Reason,
            At = UnixTime.FromMs(At),
            Since = UnixTime.FromMs(Since),
            Failures = (int)Failures,
            Passes = (int)Passes,
            HasPassed = HasPassed,
            WarnedAt = UnixTime.FromMs(WarnedAt),
            Place = CheckPlace.Parse(Place),
        };
    }
}
