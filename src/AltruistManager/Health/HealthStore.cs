using System.Data.Common;
using System.Runtime.CompilerServices;
using System.Text.Json;
using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Storage;
using Dapper;

namespace AltruistManager.Health;

/// <summary>A verdict as it is stored.</summary>
public sealed record StoredVerdict(AltruistId Altruist, VerdictState State, string Reason, DateTimeOffset Since, Memory Memory, string? Evidence = null);

/// <summary>One line of an altruist's history: from which state to which, when and why.</summary>
/// <param name="Evidence">Hash of what it rests on; null for changes of before there was any.</param>
public sealed record VerdictChange(long Id, AltruistId Altruist, DateTimeOffset At, VerdictState From, VerdictState To, string Reason, string? Evidence = null);

/// <summary>What the newest stored probes of an altruist say.</summary>
internal sealed record LastSeen(DateTimeOffset? ProbeAt, DateTimeOffset? AnswerAt, long? Height, double? LatencyMs, Performance Performance);

/// <summary>Verdicts, their changes and the traces of the networks, in the database.</summary>
public sealed class HealthStore(Database database) : IHealthHeritage
{
    private const int DeleteBatch = 1_000;
    private const int LoadBatch = 1_000;

    /// <summary>All verdicts of a vantage, read page by page: as rows they take several times what is kept of them.</summary>
    public async IAsyncEnumerable<StoredVerdict> LoadAsync(string vantage, [EnumeratorCancellation] CancellationToken cancellation)
    {
        for (var after = ""; ;)
        {
            var rows = await database.QueryAsync<VerdictRow>(
                """
                select   altruist_id, state, reason, since, memory, evidence
                from     verdicts
                where    vantage = @vantage and altruist_id > @after
                order by altruist_id
                limit    @limit
                """,
                new { vantage, after, limit = LoadBatch }, cancellation);
            foreach (var row in rows)
                yield return row.ToVerdict();
            if (rows.Count < LoadBatch)
                yield break;
            after = rows[^1].AltruistId;
        }
    }

    /// <summary>The verdicts of these altruists, where there are any.</summary>
    public async Task<IReadOnlyList<StoredVerdict>> LoadAsync(string vantage, IReadOnlyCollection<AltruistId> altruists, CancellationToken cancellation)
    {
        var rows = await database.QueryAsync<VerdictRow>(
            $"select altruist_id, state, reason, since, memory, evidence from verdicts where vantage = @vantage and {database.Dialect.In("altruist_id", "Ids")}",
            new { vantage, Ids = database.Dialect.List(altruists.Select(altruist => altruist.Value).ToList()) }, cancellation);
        return rows.ConvertAll(row => row.ToVerdict());
    }

    public async Task<IReadOnlyDictionary<NetworkId, ReferenceTrace>> LoadTracesAsync(CancellationToken cancellation)
    {
        var rows = await database.QueryAsync<TraceRow>("select network, trace from network_traces", null, cancellation);
        return rows.ToDictionary(row => new NetworkId(row.Network), row => ReferenceTrace.FromJson(row.Trace));
    }

    /// <summary>The times in which a vantage had frozen its verdicts.</summary>
    internal async Task<IReadOnlyList<Freeze>> LoadFreezesAsync(string vantage, CancellationToken cancellation)
    {
        var rows = await database.QueryAsync<string>("select value from meta where name = @name", new { name = $"freezes:{vantage}" }, cancellation);
        return rows.Count == 0 ? [] : JsonSerializer.Deserialize<List<Freeze>>(rows[0]) ?? [];
    }

    internal Task SaveFreezesAsync(string vantage, IReadOnlyList<Freeze> freezes, CancellationToken cancellation) =>
        database.WriteAsync(write => write.ExecuteAsync(
            "insert into meta (name, value) values (@name, @value) on conflict (name) do update set value = excluded.value",
            new { name = $"freezes:{vantage}", value = JsonSerializer.Serialize(freezes) }), cancellation);

    /// <summary>Newest changes first.</summary>
    /// <param name="before">The id where the page before ended; null for the first page.</param>
    public async Task<IReadOnlyList<VerdictChange>> ChangesAsync(AltruistId altruist, long? before, int limit, CancellationToken cancellation)
    {
        var rows = await database.QueryAsync<ChangeRow>(
            """
            select   id, altruist_id, at, from_state, to_state, reason, evidence
            from     verdict_changes
            where    altruist_id = @altruist and id < @before
            order by id desc
            limit    @limit
            """,
            new { altruist = altruist.Value, before = before ?? long.MaxValue, limit }, cancellation);
        return rows.ConvertAll(row => row.ToChange());
    }

    /// <summary>The body of that hash, as it was stored; null when this altruist has none, or no longer.</summary>
    public Task<string?> EvidenceAsync(AltruistId altruist, string hash, CancellationToken cancellation) =>
        database.SingleOrDefaultAsync<string>("select body from evidence where hash = @hash and altruist_id = @altruist", new { hash, altruist = altruist.Value }, cancellation);

    /// <summary>Deletes what is older, in short transactions.</summary>
    /// <returns>How many bodies.</returns>
    public async Task<int> DeleteEvidenceOlderAsync(DateTimeOffset than, CancellationToken cancellation)
    {
        var deleted = 0;
        while (true)
        {
            var batch = await database.WriteAsync(write => write.ExecuteAsync(
                "delete from evidence where hash in (select hash from evidence where at < @than order by at limit @limit)",
                new { than = than.ToUnixTimeMilliseconds(), limit = DeleteBatch }), cancellation);
            deleted += batch;
            if (batch < DeleteBatch)
                return deleted;
        }
    }

    /// <summary>Whoever is added at the URL of a retired altruist takes over its health.</summary>
    public Task InheritAsync(WriteTransaction write, AltruistId retired, AltruistId heir) =>
        write.ExecuteAsync(
            """
            insert into verdicts (altruist_id, vantage, state, reason, since, memory, evidence, updated_at)
            select @heir, vantage, state, reason, since, memory, evidence, updated_at
            from   verdicts
            where  altruist_id = @retired
            on conflict (altruist_id, vantage) do nothing
            """,
            new { retired = retired.Value, heir = heir.Value });

    public async Task<IReadOnlyDictionary<AltruistId, string>> TakeUrlsAsync(WriteTransaction write)
    {
        List<MemoryRow> rows = [.. await write.QueryAsync<MemoryRow>("select altruist_id, vantage, memory from verdicts where memory like '%Url\"%'")];
        await write.ExecuteAsync(
            "update verdicts set memory = @Memory where altruist_id = @AltruistId and vantage = @Vantage",
            rows.Select(row => new { row.AltruistId, row.Vantage, Memory = Health.Memory.FromJson(row.Memory).ToJson() }));

        var served = new Dictionary<AltruistId, string>();
        foreach (var row in rows)
            if (Health.Memory.ServingUrlIn(row.Memory) is { } url)
                served[new AltruistId(row.AltruistId)] = url;
        return served;
    }

    /// <summary>What one batch changed, in one transaction.</summary>
    internal Task WriteAsync(
        string vantage,
        DateTimeOffset now,
        IReadOnlyCollection<StoredVerdict> verdicts,
        IReadOnlyCollection<VerdictChange> changes,
        IReadOnlyCollection<Evidence> evidence,
        (NetworkId Network, ReferenceTrace Trace)? trace,
        CancellationToken cancellation) =>
        database.WriteAsync(Write(vantage, now, verdicts, changes, evidence, trace), cancellation);

    /// <summary>The same in somebody else's transaction.</summary>
    internal Func<WriteTransaction, Task> Write(
        string vantage,
        DateTimeOffset now,
        IReadOnlyCollection<StoredVerdict> verdicts,
        IReadOnlyCollection<VerdictChange> changes,
        IReadOnlyCollection<Evidence> evidence,
        (NetworkId Network, ReferenceTrace Trace)? trace) =>
        async write =>
        {
            var at = now.ToUnixTimeMilliseconds();
            if (verdicts.Count > 0)
            {
                var rows = JsonSerializer.Serialize(verdicts.Select(verdict => new
                {
                    altruist_id = verdict.Altruist.Value,
                    state = VerdictNames.Of(verdict.State),
                    reason = verdict.Reason,
                    since = verdict.Since.ToUnixTimeMilliseconds(),
                    memory = verdict.Memory.ToJson(),
                    evidence = verdict.Evidence,
                }));
                await write.ExecuteAsync(
                    $"""
                    insert into verdicts (altruist_id, vantage, state, reason, since, memory, evidence, updated_at)
                    {database.Dialect.Pick(
                        """
                        select value ->> 'altruist_id', @vantage, value ->> 'state', value ->> 'reason', value ->> 'since', value ->> 'memory', value ->> 'evidence', @at
                        from   json_each(@rows)
                        where  true
                        """,
                        """
                        select altruist_id, @vantage, state, reason, since, memory, evidence, @at
                        from   json_to_recordset(cast(@rows as json)) as given (altruist_id text, state text, reason text, since bigint, memory text, evidence text)
                        """)}
                    on conflict (altruist_id, vantage) do update set
                        state      = excluded.state,
                        reason     = excluded.reason,
                        since      = excluded.since,
                        memory     = excluded.memory,
                        evidence   = excluded.evidence,
                        updated_at = excluded.updated_at
                    """,
                    new { vantage, at, rows });
            }

            if (changes.Count > 0)
            {
                var rows = JsonSerializer.Serialize(changes.Select(change => new
                {
                    altruist_id = change.Altruist.Value,
                    at = change.At.ToUnixTimeMilliseconds(),
                    from_state = VerdictNames.Of(change.From),
                    to_state = VerdictNames.Of(change.To),
                    reason = change.Reason,
                    evidence = change.Evidence,
                }));
                await write.ExecuteAsync(
                    $"""
                    insert into verdict_changes (altruist_id, vantage, at, from_state, to_state, reason, evidence)
                    {database.Dialect.Pick(
                        """
                        select value ->> 'altruist_id', @vantage, value ->> 'at', value ->> 'from_state', value ->> 'to_state', value ->> 'reason', value ->> 'evidence'
                        from   json_each(@rows)
                        """,
                        """
                        select altruist_id, @vantage, at, from_state, to_state, reason, evidence
                        from   json_to_recordset(cast(@rows as json)) as given (altruist_id text, at bigint, from_state text, to_state text, reason text, evidence text)
                        """)}
                    """,
                    new { vantage, rows });
            }

            foreach (var body in evidence)
            {
                await write.ExecuteAsync(
                    """
                    insert into evidence (hash, altruist_id, at, body)
                    values (@Hash, @Altruist, @At, @Body)
                    on conflict (hash) do nothing
                    """,
                    new { body.Hash, Altruist = body.Altruist.Value, At = body.At.ToUnixTimeMilliseconds(), body.Body });
            }

            if (trace is { } seen)
            {
                await write.ExecuteAsync(
                    """
                    insert into network_traces (network, trace, updated_at)
                    values (@network, @trace, @at)
                    on conflict (network) do update set trace = excluded.trace, updated_at = excluded.updated_at
                    """,
                    new { network = seen.Network.Value, trace = seen.Trace.ToJson(), at });
            }
        };

    /// <summary>What the newest probes since then say; for the time right after a start.</summary>
    /// <param name="successSince">From when on the share of good probes is counted.</param>
    internal async Task<IReadOnlyDictionary<AltruistId, LastSeen>> LastSeenAsync(string vantage, DateTimeOffset since, DateTimeOffset successSince, CancellationToken cancellation)
    {
        var successes = (await database.QueryAsync<SuccessRow>(
                """
                select altruist_id, sum(probes) as probes, sum(failures) as failures
                from probes
                where at >= @since and vantage = @vantage and lane in ('Steady', 'Hot', 'Retry')
                group by altruist_id
                """,
                new { vantage, since = successSince.ToUnixTimeMilliseconds() }, cancellation))
            .ToDictionary(row => row.AltruistId, row => 1 - row.Failures / (double)row.Probes);
        return await database.ReadAsync(connection => NewestAsync(connection, successes, vantage, since, cancellation), cancellation);
    }

    /// <summary>When the newest stored probe was made; null when there is none.</summary>
    /// <param name="now">What is newer is from before somebody set the clock back.</param>
    internal async Task<DateTimeOffset?> WatchedUntilAsync(string vantage, DateTimeOffset now, CancellationToken cancellation) =>
        UnixTime.FromMs((await database.QueryAsync<long?>(
            "select at from probes where vantage = @vantage and at <= @now order by at desc limit 1", new { vantage, now = now.ToUnixTimeMilliseconds() }, cancellation)).FirstOrDefault());

    /// <summary>Of one altruist after the other: all rows at once would be several times what is kept of them.</summary>
    private static async Task<IReadOnlyDictionary<AltruistId, LastSeen>> NewestAsync(DbConnection connection, Dictionary<string, double> successes, string vantage, DateTimeOffset since, CancellationToken cancellation)
    {
        var rows = connection.QueryUnbufferedAsync<SeenRow>(
            """
            select altruist_id, at, height, latency_ms, answered
            from  (select altruist_id, at, height, latency_ms, answered,
                          row_number() over (partition by altruist_id, answered order by id desc) as nth
                   from  (select id, altruist_id, at, height, latency_ms, case when lower(outcome) = 'ok' then 1 else 0 end as answered
                          from   probes
                          where  at >= @since and vantage = @vantage and lane not in ('Trial', 'Test', 'Check')) as recent) as numbered
            where  nth <= @remembered
            order by altruist_id, at desc
            """,
            new { vantage, since = since.ToUnixTimeMilliseconds(), remembered = Performance.Remembered });
        var seen = new Dictionary<AltruistId, LastSeen>();
        var own = new List<SeenRow>();
        await foreach (var row in rows.WithCancellation(cancellation))
        {
            if (own.Count > 0 && own[0].AltruistId != row.AltruistId)
                Close();
            own.Add(row);
        }

        if (own.Count > 0)
            Close();
        return seen;

        void Close()
        {
            var answers = own.FindAll(row => row.Answered == 1);
            var newest = answers.Count > 0 ? answers[0] : null;
            var performance = new Performance(
                successes.GetValueOrDefault(own[0].AltruistId, 1), answers.Where(row => row.LatencyMs is not null).Take(Performance.Remembered).Select(row => row.LatencyMs!.Value).ToArray());
            seen.Add(new AltruistId(own[0].AltruistId), new LastSeen(UnixTime.FromMs(own[0].At), UnixTime.FromMs(newest?.At), newest?.Height, newest?.LatencyMs, performance));
            own.Clear();
        }
    }

    private sealed record VerdictRow
    {
        public required string AltruistId { get; init; }
        public required string State { get; init; }
        public required string Reason { get; init; }
        public required long Since { get; init; }
        public required string Memory { get; init; }
        public required string? Evidence { get; init; }

        public StoredVerdict ToVerdict() => new(new AltruistId(AltruistId), VerdictNames.Parse(State), Reason, UnixTime.FromMs(Since), Health.Memory.FromJson(Memory), Evidence);
    }

    private sealed record MemoryRow
    {
        public required string AltruistId { get; init; }
        public required string Vantage { get; init; }
        public required string Memory { get; init; }
    }

    private sealed record ChangeRow
    {
        public required long Id { get; init; }
        public required string AltruistId { get; init; }
        public required long At { get; init; }
        public required string FromState { get; init; }
        public required string ToState { get; init; }
        public required string Reason { get; init; }
        public required string? Evidence { get; init; }

        public VerdictChange ToChange() => new(Id, new AltruistId(AltruistId), UnixTime.FromMs(At), VerdictNames.Parse(FromState), VerdictNames.Parse(ToState), Reason, Evidence);
    }

    private sealed record TraceRow
    {
        public required string Network { get; init; }
        public required string Trace { get; init; }
    }

    private sealed record SeenRow
    {
        public required string AltruistId { get; init; }
        public required long At { get; init; }
        public required long? Height { get; init; }
        public required double? LatencyMs { get; init; }
        public required long Answered { get; init; }
    }

    private sealed record SuccessRow
    {
        public required string AltruistId { get; init; }
        public required long Probes { get; init; }
        public required long Failures { get; init; }
    }
}
