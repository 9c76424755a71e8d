using AltruistManager.Altruists;
using AltruistManager.Probing;
using AltruistManager.Tests.Storage;
using Microsoft.Extensions.Options;

namespace AltruistManager.Tests.Probing;

public sealed class ProbeStoreOnSqlite(SqliteFixture fixture) : ProbeStoreContract(fixture), IClassFixture<SqliteFixture>;

public sealed class ProbeStoreOnPostgres(PostgresFixture fixture) : ProbeStoreContract(fixture), IClassFixture<PostgresFixture>;

public abstract class ProbeStoreContract(DatabaseFixture fixture) : StorageContract(fixture)
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    private ProbeStore Store => new(Database, Options.Create(new ProbingOptions { Vantage = "here" }));

    [Fact]
    public async Task Probe_comes_back_as_it_was_stored()
    {
        var good = new ProbeResult
        {
            Altruist = new AltruistId("roundtrip"),
            Lane = ProbeLane.Hot,
            At = Noon,
            Outcome = ProbeOutcome.Ok,
            LatencyMs = 12.5,
            ConnectMs = 30,
            Height = long.MaxValue,
            HeadTime = Noon.AddSeconds(-3),
            HeadHash = "0xab",
        };
        var bad = new ProbeResult { Altruist = good.Altruist, Lane = ProbeLane.Retry, At = Noon.AddSeconds(1), Outcome = ProbeOutcome.NotJson, Detail = "“quoted” \"text\" and 'more' \\ — 💥" };

        await Store.AddAsync([new ProbeRow(good, 30, 0, 10, 20.25, 90), ProbeRow.Of(bad)], Cancellation);

        var stored = await Store.RecentAsync(good.Altruist, null, 10, Cancellation);
        Assert.Equal([bad, good], stored.Select(probe => probe.Row.Last));
        Assert.Equal([ProbeRow.Of(bad), new ProbeRow(good, 30, 0, 10, 20.25, 90)], stored.Select(probe => probe.Row));
        Assert.All(stored, probe => Assert.Equal("here", probe.Vantage));
    }

    [Fact]
    public async Task Pages_follow_one_another_without_gap_or_repetition()
    {
        var altruist = new AltruistId("paged");
        await Store.AddAsync([.. Enumerable.Range(0, 7).Select(number => ProbeRow.Of(Failed(altruist, Noon.AddSeconds(number))))], Cancellation);
        await Store.AddAsync([ProbeRow.Of(Failed(new AltruistId("another"), Noon))], Cancellation);

        var first = await Store.RecentAsync(altruist, null, 4, Cancellation);
        var second = await Store.RecentAsync(altruist, first[^1].Id, 4, Cancellation);

        Assert.Equal([6, 5, 4, 3, 2, 1, 0], first.Concat(second).Select(probe => (int)(probe.Row.Last.At - Noon).TotalSeconds));
    }

    [Fact]
    public async Task Probes_are_found_however_far_apart_they_are()
    {
        var altruist = new AltruistId("sparse");
        TimeSpan[] ages = [TimeSpan.FromHours(40), TimeSpan.FromHours(26), TimeSpan.FromMinutes(7), TimeSpan.FromMinutes(5), TimeSpan.Zero];
        foreach (var age in ages)
            await Store.AddAsync([ProbeRow.Of(Failed(altruist, Noon - age)), ProbeRow.Of(Failed(new AltruistId("beside"), Noon - age))], Cancellation);

        var first = await Store.RecentAsync(altruist, null, 3, Cancellation);
        var second = await Store.RecentAsync(altruist, first[^1].Id, 3, Cancellation);

        Assert.Equal(ages.Reverse(), first.Concat(second).Select(probe => Noon - probe.Row.Last.At));
        Assert.Equal((3, 0), (await Store.CallsSinceAsync(altruist, Noon - TimeSpan.FromMinutes(7), Cancellation))[ProbeLane.Steady]);
    }

    [Fact]
    public async Task Series_tells_of_each_stretch_what_its_probes_saw_together()
    {
        var altruist = new AltruistId("drawn");
        var minute = TimeSpan.FromMinutes(1);
        await Store.AddAsync(
        [
            new ProbeRow(Answered(altruist, Noon, 10, headAge: 2), 3, 0, 10, 10, 3),
            ProbeRow.Of(Answered(altruist, Noon + 2 * minute, 50, headAge: 4)),
            ProbeRow.Of(Failed(altruist, Noon + 3 * minute)),
            // A fault of ours, a test and another's are none of it.
            ProbeRow.Of(Failed(altruist, Noon + 3 * minute) with { Outcome = ProbeOutcome.NoSockets }),
            ProbeRow.Of(Answered(altruist, Noon + 3 * minute, 900, headAge: 900) with { Lane = ProbeLane.Test }),
            ProbeRow.Of(Answered(new AltruistId("not drawn"), Noon, 900, headAge: 900)),
            ProbeRow.Of(Failed(altruist, Noon + 10 * minute)),
            ProbeRow.Of(Answered(altruist, Noon - minute, 900, headAge: 900)),
        ], Cancellation);

        var series = await Store.SeriesAsync(altruist, Noon, 5 * minute, Cancellation);

        Assert.Equal([new ProbeBucket(Noon, 5, 1, 20, 3), new ProbeBucket(Noon + 10 * minute, 1, 1, null, null)], series);
        Assert.Equal([0.8, 0.0], series.Select(bucket => bucket.Answered!.Value));
    }

    [Fact]
    public async Task Only_what_is_older_is_deleted()
    {
        var altruist = new AltruistId("old");
        var longAgo = Noon.AddYears(-1);
        await Store.AddAsync([.. Enumerable.Range(0, 6_000).Select(number => ProbeRow.Of(Failed(altruist, longAgo.AddSeconds(number))))], Cancellation);

        Assert.Equal(5_990, await Store.DeleteOlderAsync(longAgo.AddSeconds(5_990), Cancellation));

        Assert.Equal(10, (await Store.RecentAsync(altruist, null, 100, Cancellation)).Count);
    }

    [Fact]
    public async Task Nothing_is_a_batch_too() => await Store.AddAsync([], Cancellation);

    private static ProbeResult Failed(AltruistId altruist, DateTimeOffset at) =>
        new() { Altruist = altruist, Lane = ProbeLane.Steady, At = at, Outcome = ProbeOutcome.Timeout, Detail = "no whole answer came in time" };

    private static ProbeResult Answered(AltruistId altruist, DateTimeOffset at, double latencyMs, int headAge) =>
        new() { Altruist = altruist, Lane = ProbeLane.Steady, At = at, Outcome = ProbeOutcome.Ok, LatencyMs = latencyMs, Height = 1, HeadTime = at.AddSeconds(-headAge) };
}
