using System.Text.Json;
using System.Text.Json.Serialization;
using AltruistManager.Altruists;
using AltruistManager.Storage;
using Microsoft.Extensions.Options;

namespace AltruistManager.Probing;

/// <param name="Id">Grows with time; pages by it.</param>
public sealed record StoredProbe(long Id, string Vantage, ProbeRow Row);

/// <summary>What the probes of a stretch of time saw together; checks, tests and trials are not among them.</summary>
/// <param name="At">When it begins.</param>
/// <param name="Probes">Without those that failed by a fault of ours.</param>
/// <param name="LatencyMs">Their mean; null where none was answered.</param>
/// <param name="HeadAgeSeconds">How old the newest block was on the whole when it was told; null where none said.</param>
public sealed record ProbeBucket(DateTimeOffset At, long Probes, long Failures, double? LatencyMs, double? HeadAgeSeconds)
{
    /// <summary>From 0 to 1; null without a probe.</summary>
    public double? Answered => Probes == 0 ? null : (double)(Probes - Failures) / Probes;
}

/// <summary>The raw probes; kept for 48 hours.</summary>
public sealed partial class ProbeStore(Database database, IOptions<ProbingOptions> options)
{
    private const int DeleteBatch = 5_000;

    /// <summary>The spans of the index by altruist, in milliseconds.</summary>
    private const int Span = 300_000;

    /// <summary>The spans that hold anything, from the newest to @From, each found by one look into the index by time.</summary>
    private const string Spans =
        """
        with recursive spans (span) as (
            select max(at) / 300000
            from   probes
            union all
            select (select max(at) from probes where at < span * 300000) / 300000
            from   spans
            where  span > @From
        )
        """;

    public Task AddAsync(IReadOnlyCollection<ProbeRow> rows, CancellationToken cancellation)
    {
        if (rows.Count == 0)
            return Task.CompletedTask;
        return database.Dialect.IsSqlite
            ? database.WriteAsync(write =>
            {
                SqliteRows.Execute(write, InsertSqlite, rows, Add);
                return Task.CompletedTask;
            }, cancellation)
            : database.WriteAsync(write => write.ExecuteAsync(InsertPostgres, new { Rows = ToJson(rows), options.Value.Vantage }), cancellation);
    }

    /// <summary>What was stored of an altruist, newest first.</summary>
    /// <param name="before">Only what has a lesser id; null for the newest.</param>
    public async Task<IReadOnlyList<StoredProbe>> RecentAsync(AltruistId altruist, long? before, int limit, CancellationToken cancellation)
    {
        var rows = await database.QueryAsync<ProbeData>(
            $"""
            {Spans}
            select   id, vantage, lane, at, outcome, detail, latency_ms, connect_ms, height, head_time, head_hash,
                     probes, failures, latency_min_ms, latency_max_ms, calls
            from     spans
            join     probes on at / 300000 = span and altruist_id = @Altruist
            where    id < @Before
            order by id desc
            limit    @Limit
            """,
            new { Altruist = altruist.Value, Before = before ?? long.MaxValue, Limit = limit, From = 0L }, cancellation);
        return [.. rows.Select(row => row.ToProbe(altruist))];
    }

    /// <summary>Probes and calls of one altruist by lane; reads its own rows only.</summary>
    public async Task<IReadOnlyDictionary<ProbeLane, (long Probes, long Calls)>> CallsSinceAsync(AltruistId altruist, DateTimeOffset since, CancellationToken cancellation)
    {
        var rows = await database.QueryAsync<CallsData>(
            $"""
            {Spans}
            select   lane, cast(sum(probes) as bigint) as probes, cast(sum(calls) as bigint) as calls
            from     spans
            join     probes on at / 300000 = span and altruist_id = @Altruist
            where    at >= @Since
            group by lane
            """,
            new { Altruist = altruist.Value, Since = since.ToUnixTimeMilliseconds(), From = since.ToUnixTimeMilliseconds() / Span }, cancellation);
        return rows.ToDictionary(row => Enum.Parse<ProbeLane>(row.Lane), row => (row.Probes, row.Calls));
    }

    /// <summary>Oldest first; stretches without a probe are left out. Reads the altruist's own rows only.</summary>
    public async Task<IReadOnlyList<ProbeBucket>> SeriesAsync(AltruistId altruist, DateTimeOffset since, TimeSpan bucket, CancellationToken cancellation)
    {
        var rows = await database.QueryAsync<BucketData>(
            $"""
            {Spans}
            select   at / @Bucket as bucket,
                     cast(sum(probes) as bigint) as probes,
                     cast(sum(failures) as bigint) as failures,
                     cast(sum(latency_ms * (probes - failures)) as double precision) as latency_sum,
                     cast(sum(case when latency_ms is null then 0 else probes - failures end) as bigint) as latencies,
                     cast(avg((at - head_time) / 1000.0) as double precision) as head_age
            from     spans
            join     probes on at / 300000 = span and altruist_id = @Altruist
            where    at >= @Since and lane not in ('Check', 'Test', 'Trial') and outcome not in ('ResolverFailed', 'NoSockets')
            group by at / @Bucket
            order by at / @Bucket
            """,
            new { Altruist = altruist.Value, Since = since.ToUnixTimeMilliseconds(), From = since.ToUnixTimeMilliseconds() / Span, Bucket = (long)bucket.TotalMilliseconds }, cancellation);
        return [.. rows.Select(row => new ProbeBucket(
            UnixTime.FromMs(row.Bucket * (long)bucket.TotalMilliseconds), row.Probes, row.Failures, row.Latencies > 0 ? row.LatencySum / row.Latencies : null, row.HeadAge))];
    }

    /// <summary>Deletes what is older, in short transactions.</summary>
    /// <returns>How many rows.</returns>
    public async Task<int> DeleteOlderAsync(DateTimeOffset than, CancellationToken cancellation)
    {
        var deleted = 0;
        while (true)
        {
            var batch = await database.WriteAsync(write => write.ExecuteAsync(
                "delete from probes where id in (select id from probes where at < @Than order by at limit @Limit)",
                new { Than = than.ToUnixTimeMilliseconds(), Limit = DeleteBatch }), cancellation);
            deleted += batch;
            if (batch < DeleteBatch)
                return deleted;
        }
    }

    private const string InsertSqlite =
        """
        insert into probes (altruist_id, vantage, lane, at, outcome, detail, latency_ms, connect_ms, height, head_time, head_hash,
                            probes, failures, latency_min_ms, latency_max_ms, calls)
        values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """;

    private const string InsertPostgres =
        """
        insert into probes (altruist_id, vantage, lane, at, outcome, detail, latency_ms, connect_ms, height, head_time, head_hash,
                            probes, failures, latency_min_ms, latency_max_ms, calls)
        select altruist_id, @Vantage, lane, at, outcome, detail, latency_ms, connect_ms, height, head_time, head_hash,
               probes, failures, latency_min_ms, latency_max_ms, calls
        from json_to_recordset(@Rows::json) as row (
            altruist_id text, lane text, at bigint, outcome text, detail text, latency_ms float8, connect_ms float8, height bigint,
            head_time bigint, head_hash text, probes integer, failures integer, latency_min_ms float8, latency_max_ms float8, calls integer)
        """;

    private void Add(SqliteRows values, ProbeRow row) => values
        .Add(row.Last.Altruist.Value)
        .Add(options.Value.Vantage)
        .Add(row.Last.Lane.ToString())
        .Add(row.Last.At.ToUnixTimeMilliseconds())
        .Add(row.Last.Outcome.ToString())
        .Add(row.Last.Detail)
        .Add(row.Last.LatencyMs)
        .Add(row.Last.ConnectMs)
        .Add(row.Last.Height)
        .Add(row.Last.HeadTime?.ToUnixTimeMilliseconds())
        .Add(row.Last.HeadHash)
        .Add(row.Probes)
        .Add(row.Failures)
        .Add(row.LatencyMinMs)
        .Add(row.LatencyMaxMs)
        .Add(row.Calls);

    private static string ToJson(IEnumerable<ProbeRow> rows) => JsonSerializer.Serialize(rows.Select(row => new ProbeJson(
        row.Last.Altruist.Value,
        row.Last.Lane.ToString(),
        row.Last.At.ToUnixTimeMilliseconds(),
        row.Last.Outcome.ToString(),
        row.Last.Detail,
        row.Last.LatencyMs,
        row.Last.ConnectMs,
        row.Last.Height,
        row.Last.HeadTime?.ToUnixTimeMilliseconds(),
        row.Last.HeadHash,
        row.Probes,
        row.Failures,
        row.LatencyMinMs,
        row.LatencyMaxMs,
        row.Calls)).ToArray(), RowJson.Default.ProbeJsonArray);

    private sealed record ProbeJson(
        string AltruistId, string Lane, long At, string Outcome, string? Detail, double? LatencyMs, double? ConnectMs, long? Height,
        long? HeadTime, string? HeadHash, int Probes, int Failures, double? LatencyMinMs, double? LatencyMaxMs, int Calls);

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
    [JsonSerializable(typeof(ProbeJson[]))]
    private sealed partial class RowJson : JsonSerializerContext;

    private sealed record CallsData
    {
        public required string Lane { get; init; }
        public required long Probes { get; init; }
        public required long Calls { get; init; }
    }

    private sealed record BucketData
    {
        public required long Bucket { get; init; }
        public required long Probes { get; init; }
        public required long Failures { get; init; }
        public double? LatencySum { get; init; }
        public required long Latencies { get; init; }
        public double? HeadAge { get; init; }
    }

    private sealed record ProbeData
    {
        public required long Id { get; init; }
        public required string Vantage { get; init; }
        public required string Lane { get; init; }
        public required long At { get; init; }
        public required string Outcome { get; init; }
        public string? Detail { get; init; }
        public double? LatencyMs { get; init; }
        public double? ConnectMs { get; init; }
        public long? Height { get; init; }
        public long? HeadTime { get; init; }
        public string? HeadHash { get; init; }
        public required long Probes { get; init; }
        public required long Failures { get; init; }
        public double? LatencyMinMs { get; init; }
        public double? LatencyMaxMs { get; init; }
        public required long Calls { get; init; }

        public StoredProbe ToProbe(AltruistId altruist) => new(Id, Vantage, new ProbeRow(
            new ProbeResult
            {
                Altruist = altruist,
                Lane = Enum.Parse<ProbeLane>(Lane),
                At = UnixTime.FromMs(At),
                Outcome = Enum.Parse<ProbeOutcome>(Outcome),
                Detail = Detail,
                LatencyMs = LatencyMs,
                ConnectMs = ConnectMs,
                Height = Height,
                HeadTime = UnixTime.FromMs(HeadTime),
                HeadHash = HeadHash,
            },
            (int)Probes, (int)Failures, LatencyMinMs, LatencyMaxMs, (int)Calls));
    }
}
