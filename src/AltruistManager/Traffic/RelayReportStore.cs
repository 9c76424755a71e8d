using System.Globalization;
using System.Text;
using System.Text.Json;
using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Storage;
using Dapper;

namespace AltruistManager.Traffic;

/// <summary>Whose reports, of whom and when; null is all.</summary>
/// <param name="Owner">Only altruists of this provider, and nothing of what portals relayed by other ways.</param>
public sealed record ReportFilter(AltruistId? Altruist, ProviderId? Provider, ChainId? Chain, string? Portal, ProviderId? Owner, DateTimeOffset From, DateTimeOffset To);

/// <summary>Some relays added up.</summary>
/// <param name="At">Begin of the interval, where it is one.</param>
/// <param name="Altruist">Where it is one's.</param>
/// <param name="Chain">Where it is one's.</param>
/// <param name="Portal">Where it is one's.</param>
public sealed record RelaySum(
    DateTimeOffset? At, AltruistId? Altruist, ChainId? Chain, string? Portal, long Relays, long AsStandby, RelayErrors Errors, IReadOnlyList<long> Latencies);

/// <summary>What portals relayed for a chain by whatever way.</summary>
public sealed record ChainSum(ChainId Chain, long PortalRelays, IReadOnlyDictionary<string, long> FallbackReasons);

/// <param name="From">Begin of the first interval.</param>
/// <param name="Bucket">How long an interval is.</param>
/// <param name="Points">Oldest first.</param>
/// <param name="Altruists">Those with the most relays.</param>
/// <param name="Portals">The same.</param>
/// <param name="Chains">The same.</param>
/// <param name="ByAnyWay">Empty where the filter has an altruist, provider or owner: it is of all altruists together.</param>
public sealed record RelaySummary(
    DateTimeOffset From, TimeSpan Bucket, IReadOnlyList<RelaySum> Points, IReadOnlyList<RelaySum> Altruists, IReadOnlyList<RelaySum> Portals, IReadOnlyList<RelaySum> Chains, IReadOnlyList<ChainSum> ByAnyWay);

/// <summary>Portals' reports, added up by minutes and by hours, and by which ids they were counted.</summary>
public sealed class RelayReportStore(Database database)
{
    /// <summary>Of altruists, portals and chains.</summary>
    public const int MostListed = 200;

    private const int DeleteBatch = 5_000;

    private static readonly Grain Minutes = new("minute", 60_000);
    private static readonly Grain Hours = new("hour", 3_600_000);

    private static readonly string[] Counts =
        ["relays", "standby_relays", "connect", "timeout", "http_5xx", "throttled", "rpc", .. LatencyBuckets.BoundsMs.Select(bound => $"le_{bound}"), "le_more"];

    private static readonly string Sums = string.Join(", ", Counts.Select(column => $"cast(sum({column}) as bigint) as {column}"));

    /// <summary>Counts those that were not counted before, all or none.</summary>
    /// <returns>For each whether it was counted now.</returns>
    public Task<IReadOnlyList<bool>> AddAsync(IReadOnlyList<RelayReport> reports, DateTimeOffset now, CancellationToken cancellation) => database.WriteAsync(async write =>
    {
        // In one order on every instance, so that two that write at once wait for each other and never in a circle.
        var known = reports.Select(report => (report.Portal, report.Id)).Distinct().OrderBy(key => key.Portal, StringComparer.Ordinal).ThenBy(key => key.Id, StringComparer.Ordinal).ToList();
        var fresh = (await write.QueryAsync<IdRow>(
            $"""
            insert into relay_reports (portal_id, id, at)
            select {Text(0)}, {Text(1)}, @Now
            from {Rows} where true
            on conflict (portal_id, id) do nothing
            returning portal_id, id
            """,
            new { Rows = Json(known.Select(key => (object[])[key.Portal, key.Id])), Now = now.ToUnixTimeMilliseconds() })).Select(row => (row.PortalId, row.Id)).ToHashSet();

        // The same one twice in a batch is counted once as well.
        List<bool> counted = [.. reports.Select(report => fresh.Remove((report.Portal, report.Id)))];
        var news = reports.Where((_, index) => counted[index]).ToList();
        if (news.Count == 0)
            return (IReadOnlyList<bool>)counted;

        foreach (var grain in new[] { Minutes, Hours })
        {
            await AddAltruistsAsync(write, news, grain);
            await AddChainsAsync(write, news, grain);
        }

        await write.ExecuteAsync(
            $"""
            update portals
            set reports         = reports + counted.number,
                first_report_at = coalesce(first_report_at, @Now),
                last_report_at  = @Now
            from (select {Text(0)} as portal_id, {Number(1)} as number from {Rows}) as counted
            where portals.id = counted.portal_id
            """,
            new { Rows = Json(news.CountBy(report => report.Portal).OrderBy(portal => portal.Key, StringComparer.Ordinal).Select(portal => (object[])[portal.Key, portal.Value])), Now = now.ToUnixTimeMilliseconds() });
        return counted;
    }, cancellation);

    /// <summary>What portals saw of some altruists, each portal by itself; one query.</summary>
    /// <param name="altruists">Null for all.</param>
    public Task<IReadOnlyList<PortalView>> ViewsAsync(IReadOnlyCollection<AltruistId>? altruists, DateTimeOffset since, CancellationToken cancellation) =>
        ViewsAsync(altruists is null ? null : "altruist_id", [.. (altruists ?? []).Select(id => id.Value)], since, cancellation);

    /// <summary>What some portals saw of all altruists; one query.</summary>
    public Task<IReadOnlyList<PortalView>> ViewsOfAsync(IReadOnlyCollection<string> portals, DateTimeOffset since, CancellationToken cancellation) =>
        ViewsAsync("portal_id", portals, since, cancellation);

    private async Task<IReadOnlyList<PortalView>> ViewsAsync(string? column, IReadOnlyCollection<string> ids, DateTimeOffset since, CancellationToken cancellation)
    {
        var some = column is null ? "" : $"and {database.Dialect.In(column, "Ids")}";
        var rows = await database.QueryAsync<ViewRow>(
            $"""
            select   altruist_id, portal_id, cast(sum(relays) as bigint) as relays, cast(sum(connect + timeout + http_5xx + throttled + rpc) as bigint) as errors
            from     relay_minutes
            where    minute >= @Since {some}
            group by altruist_id, portal_id
            """,
            new { Since = since.ToUnixTimeMilliseconds(), Ids = database.Dialect.List<string>([.. ids]) }, cancellation);
        return rows.ConvertAll(row => new PortalView(row.PortalId, new AltruistId(row.AltruistId), row.Relays, row.Errors));
    }

    /// <summary>Takes the turn of those that were not probed out of turn within <paramref name="distance"/>, by any instance: of those whose last turn is longest ago, and then in the order given.</summary>
    /// <param name="most">Turns to take.</param>
    /// <returns>Whose turn was taken.</returns>
    public async Task<IReadOnlyList<AltruistId>> TakeHintsAsync(IReadOnlyCollection<AltruistId> altruists, int most, DateTimeOffset now, TimeSpan distance, CancellationToken cancellation)
    {
        if (altruists.Count == 0)
            return [];
        var rows = await database.WriteAsync(write => write.QueryAsync<string>(
            $"""
            insert into relay_hints (altruist_id, at)
            select   id, @Now
            from     (select   asked.id
                      from     (select {Text(0)} as id, {Number(1)} as place from {Rows} where true) as asked
                      left join relay_hints as known on known.altruist_id = asked.id
                      where    known.at is null or known.at <= @Before or known.at > @Now
                      order by case when known.at is null or known.at > @Now then 0 else known.at end, asked.place
                      limit    @Most) as due
            order by id
            on conflict (altruist_id) do update set at = excluded.at where relay_hints.at <= @Before or relay_hints.at > @Now
            returning altruist_id
            """,
            new
            {
                Rows = Json(altruists.Select((id, place) => (object[])[id.Value, place])),
                Most = most,
                Now = now.ToUnixTimeMilliseconds(),
                Before = (now - distance).ToUnixTimeMilliseconds(),
            }), cancellation);
        return [.. rows.Select(id => new AltruistId(id))];
    }

    /// <param name="filter">From the begin of a minute or hour on.</param>
    /// <param name="bucket">A whole number of minutes below an hour, or of hours.</param>
    public Task<RelaySummary> SummaryAsync(ReportFilter filter, TimeSpan bucket, CancellationToken cancellation) => database.ReadSnapshotAsync(async connection =>
    {
        var parameters = new
        {
            Altruist = filter.Altruist?.Value,
            Provider = filter.Provider?.Value,
            Chain = filter.Chain?.Value,
            filter.Portal,
            Owner = filter.Owner?.Value,
            From = filter.From.ToUnixTimeMilliseconds(),
            To = filter.To.ToUnixTimeMilliseconds(),
            Bucket = (long)bucket.TotalMilliseconds,
            Most = MostListed,
        };
        var grain = parameters.Bucket < Hours.Ms ? Minutes : Hours;
        var where = ConditionsOf(filter, grain);
        var points = await QueryAsync($"select {grain.Column} / @Bucket * @Bucket as at, {Sums} from relay_{grain.Column}s where {where} group by {grain.Column} / @Bucket order by 1");
        var altruists = await QueryAsync($"select altruist_id, {Sums} from relay_{grain.Column}s where {where} group by altruist_id order by sum(relays) desc, altruist_id limit @Most");
        var portals = await QueryAsync($"select portal_id, {Sums} from relay_{grain.Column}s where {where} group by portal_id order by sum(relays) desc, portal_id limit @Most");
        var chains = await QueryAsync($"select chain_id, {Sums} from relay_{grain.Column}s where {where} group by chain_id order by sum(relays) desc, chain_id limit @Most");
        return new RelaySummary(filter.From, bucket, points, altruists, portals, chains, filter is { Altruist: null, Provider: null, Owner: null } ? await ByAnyWayAsync() : []);

        async Task<IReadOnlyList<RelaySum>> QueryAsync(string sql) =>
            [.. (await connection.QueryAsync<SumRow>(new CommandDefinition(sql, parameters, cancellationToken: cancellation))).Select(row => row.ToSum())];

        async Task<IReadOnlyList<ChainSum>> ByAnyWayAsync()
        {
            var relays = await connection.QueryAsync<ChainRow>(new CommandDefinition(
                $"select chain_id, cast(sum(relays) as bigint) as relays from portal_{grain.Column}s where {where} group by chain_id order by sum(relays) desc, chain_id limit @Most",
                parameters, cancellationToken: cancellation));
            var reasons = (await connection.QueryAsync<ReasonRow>(new CommandDefinition(
                $"select chain_id, reason, cast(sum(relays) as bigint) as relays from fallback_{grain.Column}s where {where} group by chain_id, reason order by sum(relays) desc, reason",
                parameters, cancellationToken: cancellation))).ToLookup(row => row.ChainId);
            return [.. relays.Select(row => new ChainSum(new ChainId(row.ChainId), row.Relays, reasons[row.ChainId].ToDictionary(reason => reason.Reason, reason => reason.Relays)))];
        }
    }, cancellation);

    /// <summary>Deletes minutes, hours and ids that are older, in short transactions.</summary>
    public async Task DeleteOlderAsync(DateTimeOffset minutes, DateTimeOffset hours, DateTimeOffset ids, CancellationToken cancellation)
    {
        foreach (var (table, key, column, than) in new[]
        {
            ("relay_minutes", "altruist_id, minute, chain_id, portal_id", "minute", minutes),
            ("portal_minutes", "chain_id, minute, portal_id", "minute", minutes),
            ("fallback_minutes", "chain_id, minute, portal_id, reason", "minute", minutes),
            ("relay_hours", "altruist_id, hour, chain_id, portal_id", "hour", hours),
            ("portal_hours", "chain_id, hour, portal_id", "hour", hours),
            ("fallback_hours", "chain_id, hour, portal_id, reason", "hour", hours),
            ("relay_reports", "portal_id, id", "at", ids),
        })
        {
            var parameters = new { Than = than.ToUnixTimeMilliseconds(), Limit = DeleteBatch };
            while (await database.WriteAsync(write => write.ExecuteAsync(
                $"delete from {table} where ({key}) in (select {key} from {table} where {column} < @Than order by {column} limit @Limit)", parameters), cancellation) == DeleteBatch)
            {
                // Others write in between.
            }
        }
    }

    private async Task AddAltruistsAsync(WriteTransaction write, List<RelayReport> reports, Grain grain)
    {
        var rows = new SortedDictionary<(string Altruist, long At, string Chain, string Portal), long[]>();
        foreach (var report in reports)
        {
            foreach (var altruist in report.Altruists)
            {
                var key = (altruist.Altruist.Value, grain.BeginOf(report.From), altruist.Chain.Value, report.Portal);
                if (!rows.TryGetValue(key, out var sum))
                    rows.Add(key, sum = new long[Counts.Length]);
                long[] counts =
                [
                    altruist.Relays, altruist.AsStandby, altruist.Errors.Connect, altruist.Errors.Timeout, altruist.Errors.Http5xx, altruist.Errors.Throttled, altruist.Errors.Rpc, .. altruist.Latencies,
                ];
                for (var i = 0; i < counts.Length; i++)
                    sum[i] += counts[i];
            }
        }

        if (rows.Count == 0)
            return;
        await write.ExecuteAsync(
            $"""
            insert into relay_{grain.Column}s (altruist_id, {grain.Column}, chain_id, portal_id, {string.Join(", ", Counts)})
            select {Text(0)}, {Number(1)}, {Text(2)}, {Text(3)}, {string.Join(", ", Counts.Select((_, index) => Number(4 + index)))}
            from {Rows} where true
            on conflict (altruist_id, {grain.Column}, chain_id, portal_id) do update set {string.Join(", ", Counts.Select(column => $"{column} = relay_{grain.Column}s.{column} + excluded.{column}"))}
            """,
            new { Rows = Json(rows.Select(row => (object[])[row.Key.Altruist, row.Key.At, row.Key.Chain, row.Key.Portal, .. row.Value.Cast<object>()])) });
    }

    private async Task AddChainsAsync(WriteTransaction write, List<RelayReport> reports, Grain grain)
    {
        var relays = new SortedDictionary<(string Chain, long At, string Portal), long>();
        var reasons = new SortedDictionary<(string Chain, long At, string Portal, string Reason), long>();
        foreach (var report in reports)
        {
            var at = grain.BeginOf(report.From);
            foreach (var chain in report.Chains)
            {
                relays[(chain.Chain.Value, at, report.Portal)] = relays.GetValueOrDefault((chain.Chain.Value, at, report.Portal)) + chain.PortalRelays;
                foreach (var (reason, count) in chain.FallbackReasons)
                    reasons[(chain.Chain.Value, at, report.Portal, reason)] = reasons.GetValueOrDefault((chain.Chain.Value, at, report.Portal, reason)) + count;
            }
        }

        if (relays.Count > 0)
        {
            await write.ExecuteAsync(
                $"""
                insert into portal_{grain.Column}s (chain_id, {grain.Column}, portal_id, relays)
                select {Text(0)}, {Number(1)}, {Text(2)}, {Number(3)}
                from {Rows} where true
                on conflict (chain_id, {grain.Column}, portal_id) do update set relays = portal_{grain.Column}s.relays + excluded.relays
                """,
                new { Rows = Json(relays.Select(row => (object[])[row.Key.Chain, row.Key.At, row.Key.Portal, row.Value])) });
        }

        if (reasons.Count > 0)
        {
            await write.ExecuteAsync(
                $"""
                insert into fallback_{grain.Column}s (chain_id, {grain.Column}, portal_id, reason, relays)
                select {Text(0)}, {Number(1)}, {Text(2)}, {Text(3)}, {Number(4)}
                from {Rows} where true
                on conflict (chain_id, {grain.Column}, portal_id, reason) do update set relays = fallback_{grain.Column}s.relays + excluded.relays
                """,
                new { Rows = Json(reasons.Select(row => (object[])[row.Key.Chain, row.Key.At, row.Key.Portal, row.Key.Reason, row.Value])) });
        }
    }

    private static string ConditionsOf(ReportFilter filter, Grain grain)
    {
        var conditions = new StringBuilder($"{grain.Column} >= @From and {grain.Column} < @To");
        if (filter.Chain is not null)
            conditions.Append(" and chain_id = @Chain");
        if (filter.Portal is not null)
            conditions.Append(" and portal_id = @Portal");
        if (filter.Altruist is not null)
            conditions.Append(" and altruist_id = @Altruist");
        if (filter.Provider is not null)
            conditions.Append(" and altruist_id in (select id from altruists where provider_id = @Provider)");
        if (filter.Owner is not null)
            conditions.Append(" and altruist_id in (select id from altruists where provider_id = @Owner)");
        return conditions.ToString();
    }

    /// <summary>Rows in one parameter: a JSON array of arrays, in the order given.</summary>
    private static string Json(IEnumerable<object[]> rows) => JsonSerializer.Serialize(rows);

    private string Rows => database.Dialect.Pick("json_each(@Rows)", "json_array_elements(cast(@Rows as json)) as rows (value)");

    private string Text(int index) => string.Create(CultureInfo.InvariantCulture, $"{database.Dialect.Pick($"json_extract(value, '$[{index}]')", $"(value ->> {index})")}");

    private string Number(int index) => database.Dialect.Pick(Text(index), $"cast({Text(index)} as bigint)");

    /// <summary>One of the sizes in which reports are added up.</summary>
    /// <param name="Column">Its name; the tables are named by its plural.</param>
    private sealed record Grain(string Column, long Ms)
    {
        public long BeginOf(DateTimeOffset at) => at.ToUnixTimeMilliseconds() / Ms * Ms;
    }

    private sealed record IdRow
    {
        public required string PortalId { get; init; }
        public required string Id { get; init; }
    }

    private sealed record ViewRow
    {
        public required string AltruistId { get; init; }
        public required string PortalId { get; init; }
        public required long Relays { get; init; }
        public required long Errors { get; init; }
    }

    private sealed record ChainRow
    {
        public required string ChainId { get; init; }
        public required long Relays { get; init; }
    }

    private sealed record ReasonRow
    {
        public required string ChainId { get; init; }
        public required string Reason { get; init; }
        public required long Relays { get; init; }
    }

    private sealed record SumRow
    {
        public long? At { get; init; }
        public string? AltruistId { get; init; }
        public string? ChainId { get; init; }
        public string? PortalId { get; init; }
        public required long Relays { get; init; }
        public required long StandbyRelays { get; init; }
        public required long Connect { get; init; }
        public required long Timeout { get; init; }
        public required long Http5xx { get; init; }
        public required long Throttled { get; init; }
        public required long Rpc { get; init; }
        public required long Le5 { get; init; }
        public required long Le10 { get; init; }
        public required long Le25 { get; init; }
        public required long Le50 { get; init; }
        public required long Le100 { get; init; }
        public required long Le250 { get; init; }
        public required long Le500 { get; init; }
        public required long Le1000 { get; init; }
        public required long Le2500 { get; init; }
        public required long Le5000 { get; init; }
        public required long Le10000 { get; init; }
        public required long LeMore { get; init; }

        public RelaySum ToSum() => new(
            UnixTime.FromMs(At),
            AltruistId is null ? null : new AltruistId(AltruistId),
            ChainId is null ? null : new ChainId(ChainId),
            PortalId,
            Relays,
            StandbyRelays,
            new RelayErrors(Connect, Timeout, Http5xx, Throttled, Rpc),
            [Le5, Le10, Le25, Le50, Le100, Le250, Le500, Le1000, Le2500, Le5000, Le10000, LeMore]);
    }
}
