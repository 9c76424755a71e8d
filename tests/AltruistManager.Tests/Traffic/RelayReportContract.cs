using AltruistManager.Altruists;
using AltruistManager.Scheduling;
using AltruistManager.Tests.Selection;
using AltruistManager.Tests.Storage;
using AltruistManager.Traffic;
using Microsoft.Extensions.Logging.Abstractions;

namespace AltruistManager.Tests.Traffic;

/// <summary>Portals' reports on each database: counted once, added up by the minute, and what follows from them.</summary>
public abstract class RelayReportContract(DatabaseFixture fixture) : StorageContract(fixture)
{
    [Fact]
    public async Task Fault_40_Report_that_is_sent_twice_is_counted_once_also_by_two_instances_at_once_and_after_a_restart()
    {
        await using var scene = await SceneAsync();
        using var one = new Instance(scene);
        using var two = new Instance(scene);
        var report = Report(scene, "r1", relays: 100, errors: 1);
        var receipts = await Task.WhenAll(Enumerable.Range(0, 20).Select(index => (index % 2 == 0 ? one : two).Reports.TakeAsync(report, Cancellation)));
        Assert.Single(receipts, receipt => receipt == ReportReceipt.Counted);
        Assert.Equal(19, receipts.Count(receipt => receipt == ReportReceipt.Repeat));

        using var later = new Instance(scene);
        Assert.Equal(ReportReceipt.Repeat, await later.Reports.TakeAsync(report, Cancellation));
        Assert.Equal(100, (await SumAsync(scene)).Points.Sum(point => point.Relays));

        // The id is the portal's own: another one's is another report.
        Assert.Equal(ReportReceipt.Counted, await later.Reports.TakeAsync(report with { Portal = "q" }, Cancellation));
        Assert.Equal(200, (await SumAsync(scene)).Points.Sum(point => point.Relays));
    }

    [Fact]
    public async Task Report_that_comes_twice_in_one_batch_is_counted_once()
    {
        await using var scene = await SceneAsync();
        var report = Report(scene, "r1", relays: 100, errors: 1);
        Assert.Equal([true, false, true], await new RelayReportStore(scene.Database).AddAsync([report, report, report with { Id = "r2" }], scene.Clock.GetUtcNow(), Cancellation));
        Assert.Equal(200, Total(await SumAsync(scene)));
    }

    [Fact]
    public async Task Reports_of_a_minute_are_one_row_and_their_histograms_are_merged()
    {
        await using var scene = await SceneAsync();
        using var instance = new Instance(scene);
        await Task.WhenAll(Enumerable.Range(0, 120).Select(index => instance.Reports.TakeAsync(Report(scene, $"r{index}", relays: 10, errors: 1, bucket: index % 12), Cancellation)));
        Assert.Equal(1, await scene.Database.SingleOrDefaultAsync<long>("select count(*) from relay_minutes", null, Cancellation));
        var point = Assert.Single((await SumAsync(scene)).Points);
        Assert.Equal((1_200L, 120L, scene.Clock.GetUtcNow()), (point.Relays, point.Errors.Timeout, point.At));
        Assert.Equal(Enumerable.Repeat(90L, 12), point.Latencies);
    }

    [Fact]
    public async Task Shares_of_fallback_and_their_reasons_are_kept()
    {
        await using var scene = await SceneAsync();
        using var instance = new Instance(scene);
        foreach (var id in new[] { "r1", "r2" })
        {
            await instance.Reports.TakeAsync(
                Report(scene, id, relays: 60, errors: 0) with { Chains = [new ChainRelays(new("0021"), 1_000, new Dictionary<string, long> { ["session-rollover"] = 50, ["no-node"] = 10 })] }, Cancellation);
        }

        var chain = Assert.Single((await SumAsync(scene)).ByAnyWay);
        Assert.Equal(("0021", 2_000L, 100L, 20L), (chain.Chain.Value, chain.PortalRelays, chain.FallbackReasons["session-rollover"], chain.FallbackReasons["no-node"]));
    }

    [Fact]
    public async Task Reasons_without_end_become_others()
    {
        await using var scene = await SceneAsync();
        using var instance = new Instance(scene);
        for (var report = 0; report < 5; report++)
        {
            await instance.Reports.TakeAsync(
                Report(scene, $"r{report}", relays: 60, errors: 0) with
                {
                    Chains = [new ChainRelays(new("0021"), 1_000, Enumerable.Range(0, 40).ToDictionary(reason => $"reason-{report}-{reason}", _ => 1L))],
                },
                Cancellation);
        }

        var reasons = Assert.Single((await SumAsync(scene)).ByAnyWay).FallbackReasons;
        Assert.Equal((101, 100L, 200L), (reasons.Count, reasons["other"], reasons.Values.Sum()));
    }

    [Fact]
    public async Task Sums_are_of_whom_was_asked_and_an_owner_gets_its_own_only()
    {
        await using var scene = await SceneAsync();
        using var instance = new Instance(scene);
        await instance.Reports.TakeAsync(Report(scene, "r1", relays: 10, errors: 0) with { Chains = [new ChainRelays(new("0021"), 1_000, new Dictionary<string, long>())] }, Cancellation);
        await instance.Reports.TakeAsync(Report(scene, "r2", relays: 200, errors: 0, altruist: "a2") with { Portal = "q", From = scene.Clock.GetUtcNow().AddMinutes(-3) }, Cancellation);
        await scene.Database.WriteAsync(
            write => write.ExecuteAsync(
                """
                insert into providers (id, name, created_at, revision) values ('acme', 'Acme', 0, 1), ('bolt', 'Bolt', 0, 1);
                insert into altruists (id, provider_id, network, chains, regions, url, urls, private_url, label, auth, capabilities, tier, role, enabled, attested, created_at, revision)
                values ('a1', 'acme', 'evm:1', '[]', '[]', '', '', false, 'a1', '', '[]', 1, 'serve', true, true, 0, 1), ('a2', 'bolt', 'evm:1', '[]', '[]', '', '', false, 'a2', '', '[]', 1, 'serve', true, true, 0, 1);
                """), Cancellation);
        var all = Filter(scene);
        Assert.Equal([200L, 10L], (await SumAsync(scene, all)).Points.Select(point => point.Relays));
        Assert.Equal(["a2", "a1"], (await SumAsync(scene, all)).Altruists.Select(sum => sum.Altruist!.Value.Value));
        Assert.Equal(10, Total(await SumAsync(scene, all with { Altruist = new("a1") })));
        Assert.Equal(200, Total(await SumAsync(scene, all with { Provider = new("bolt") })));
        Assert.Equal(200, Total(await SumAsync(scene, all with { Portal = "q" })));
        Assert.Equal(0, Total(await SumAsync(scene, all with { Chain = new("0022") })));
        Assert.Equal(10, Total(await SumAsync(scene, all with { From = scene.Clock.GetUtcNow().AddMinutes(-1) })));
        Assert.Equal(10, Total(await SumAsync(scene, all with { Owner = new("acme") })));
        Assert.Equal(0, Total(await SumAsync(scene, all with { Owner = new("acme"), Provider = new("bolt") })));

        // What went by whatever way is nobody's.
        foreach (var few in new[] { all with { Altruist = new("a1") }, all with { Provider = new("acme") }, all with { Owner = new("acme") } })
            Assert.Empty((await SumAsync(scene, few)).ByAnyWay);
        foreach (var many in new[] { all, all with { Portal = "p" }, all with { Chain = new("0021") } })
            Assert.Single((await SumAsync(scene, many)).ByAnyWay);
    }

    [Fact]
    public async Task Whatever_time_is_asked_for_it_is_300_points_at_most_and_nothing_is_left_out()
    {
        await using var scene = await SceneAsync();
        using var instance = new Instance(scene);
        var to = scene.Clock.GetUtcNow().AddMinutes(-17);
        foreach (var hours in Enumerable.Range(0, 7 * 24))
            await instance.Reports.TakeAsync(Report(scene, $"r{hours}", relays: 1, errors: 0) with { From = to.AddHours(-hours).AddMinutes(-1) }, Cancellation);
        foreach (var (altruist, hours) in new AltruistId?[] { null, new AltruistId("a1") }.SelectMany(altruist => new[] { 1, 6, 7, 24, 25, 7 * 24, 30 * 24 }.Select(hours => (altruist, hours))))
        {
            var shown = await SumAsync(scene, Filter(scene) with { Altruist = altruist, From = to.AddHours(-hours), To = to });
            Assert.InRange(shown.Points.Count, Math.Min(hours, 7 * 24) / 3, ReportReader.MostPoints);
            Assert.All(shown.Points, point => Assert.Equal(0, point.At!.Value.ToUnixTimeMilliseconds() % (long)shown.Bucket.TotalMilliseconds));
            // By the hour from the begin of one on.
            Assert.InRange(Total(shown), Math.Min(hours, 7 * 24), Math.Min(hours, 7 * 24) + 1);
        }

        foreach (var (grain, most) in new[] { (TimeSpan.FromMinutes(1), TimeSpan.FromDays(1)), (TimeSpan.FromHours(1), TimeSpan.FromDays(31)) })
        {
            for (var span = grain; span <= most; span += 13 * grain)
            {
                var bucket = ReportReader.BucketOf(span, grain);
                Assert.True(span / bucket + 1 <= ReportReader.MostPoints, $"{span} in buckets of {bucket}");
            }
        }
    }

    [Fact]
    public async Task Altruist_that_fails_for_users_is_probed_at_once_and_once_a_minute_at_most_by_all_instances()
    {
        await using var scene = await SceneAsync();
        using var one = new Instance(scene);
        using var two = new Instance(scene);
        await one.Reports.TakeAsync(Report(scene, "r1", relays: 100, errors: 50), Cancellation);
        await one.Complaints.LookAsync(Cancellation);
        Assert.Equal([["a1"]], scene.Probes.AskedInFull);

        scene.Clock.Advance(TimeSpan.FromSeconds(30));
        await two.Reports.TakeAsync(Report(scene, "r2", relays: 100_000, errors: 100_000), Cancellation);
        await two.Complaints.LookAsync(Cancellation);
        Assert.Single(scene.Probes.AskedInFull);

        scene.Clock.Advance(TimeSpan.FromSeconds(30));
        await two.Reports.TakeAsync(Report(scene, "r3", relays: 100, errors: 100), Cancellation);
        await two.Complaints.LookAsync(Cancellation);
        Assert.Equal(2, scene.Probes.AskedInFull.Count);
        // Whoever is not complained of anew is not looked at.
        scene.Clock.Advance(TimeSpan.FromMinutes(2));
        await two.Complaints.LookAsync(Cancellation);
        Assert.Equal(2, scene.Probes.AskedInFull.Count);
    }

    [Fact]
    public async Task Portal_that_complains_of_nearly_all_is_not_heard_and_others_are()
    {
        await using var scene = await SceneAsync(altruists: 10);
        using var instance = new Instance(scene);
        var cutOff = Report(scene, "r1", relays: 100, errors: 100);
        await instance.Reports.TakeAsync(cutOff with { Altruists = [.. Enumerable.Range(1, 10).Select(number => cutOff.Altruists[0] with { Altruist = new($"a{number}") })] }, Cancellation);
        await instance.Complaints.LookAsync(Cancellation);
        Assert.Empty(scene.Probes.AskedInFull);

        await instance.Reports.TakeAsync(Report(scene, "r2", relays: 100, errors: 100, altruist: "a7") with { Portal = "q" }, Cancellation);
        await instance.Complaints.LookAsync(Cancellation);
        Assert.Equal([["a7"]], scene.Probes.AskedInFull);
    }

    [Fact]
    public async Task Of_many_complaints_50_are_looked_at_at_a_time_the_busiest_first_and_then_the_others()
    {
        await using var scene = await SceneAsync(altruists: 140);
        using var instance = new Instance(scene);
        var report = Report(scene, "r1", relays: 100, errors: 100);
        // Every second one fails: it is not the portal.
        var altruists = Enumerable.Range(1, 140).Select(number => report.Altruists[0] with
        {
            Altruist = new($"a{number}"),
            Relays = 50 + number,
            Errors = new RelayErrors(0, number % 2 == 0 ? 50 + number : 0, 0, 0, 0),
        });
        var busiest = Report(scene, "r2", relays: 900, errors: 900, altruist: "a2") with { Portal = "q" };
        await instance.Reports.TakeAsync(report with { Altruists = [.. altruists] }, Cancellation);
        await instance.Reports.TakeAsync(busiest, Cancellation);
        await instance.Complaints.LookAsync(Cancellation);
        var asked = Assert.Single(scene.Probes.AskedInFull);
        Assert.Equal(50, asked.Length);
        Assert.Contains("a140", asked);
        Assert.Contains("a2", asked);
        Assert.DoesNotContain("a4", asked);

        // The others come to it next, before those come again who are still the busiest.
        scene.Clock.Advance(TimeSpan.FromMinutes(1));
        await instance.Reports.TakeAsync(report with { Id = "r3", From = scene.Clock.GetUtcNow(), Altruists = [.. altruists] }, Cancellation);
        await instance.Complaints.LookAsync(Cancellation);
        Assert.Equal(2, scene.Probes.AskedInFull.Count);
        Assert.Equal(50, scene.Probes.AskedInFull[1].Length);
        Assert.Equal(70, scene.Probes.AskedInFull.SelectMany(asked => asked).Distinct().Count());

        // And without being complained of anew, who found no turn.
        await instance.Complaints.LookAsync(Cancellation);
        Assert.Equal([50, 50, 20], scene.Probes.AskedInFull.Select(asked => asked.Length));
    }

    [Fact]
    public async Task Large_reports_that_wait_are_written_few_at_a_time_and_small_ones_together()
    {
        await using var scene = await SceneAsync();
        var small = Report(scene, "small", relays: 5, errors: 0);
        var large = small with { Altruists = [.. Enumerable.Range(1, 900).Select(number => small.Altruists[0] with { Altruist = new($"a{number}") })] };
        Assert.Equal([2L, 2, 1], await WrittenAsync([.. Enumerable.Range(0, 5).Select(index => large with { Id = $"large-{index}" })]));
        Assert.Equal([120L], await WrittenAsync([.. Enumerable.Range(0, 120).Select(index => small with { Id = $"small-{index}" })]));
        // Its reasons are rows as well.
        var reasons = Enumerable.Range(0, 50).ToDictionary(reason => $"reason-{reason}", _ => 1L);
        var wordy = small with { Chains = [.. Enumerable.Range(0, 25).Select(number => new ChainRelays(new($"chain-{number}"), 1, reasons))] };
        Assert.Equal([1L, 1], await WrittenAsync([wordy with { Id = "wordy-1" }, wordy with { Id = "wordy-2" }]));

        async Task<List<long>> WrittenAsync(RelayReport[] reports)
        {
            // They come while another one is being written.
            var clock = new HeldClock();
            using var instance = new Instance(scene, clock);
            var first = Task.Run(() => instance.Reports.TakeAsync(small with { Id = $"before-{reports[0].Id}" }, Cancellation), Cancellation);
            await clock.Asked.WaitAsync(Cancellation);
            var taken = reports.Select(report => instance.Reports.TakeAsync(report, Cancellation)).ToList();
            clock.Go();
            await Task.WhenAll([first, .. taken]);
            return await scene.Database.QueryAsync<long>("select count(*) from relay_reports where id like @Like group by at order by at", new { Like = $"{reports[0].Id[..5]}%" }, Cancellation);
        }
    }

    [Fact]
    public async Task Reports_alone_push_nobody_out_however_many_a_portal_sends()
    {
        await using var scene = await SceneAsync();
        using var instance = new Instance(scene);
        var pick = scene.Primary()!;
        var (verdict, told, generation) = (scene.Board[new(pick)], scene.Slot(), scene.Snapshots.Current.Generation);
        for (var report = 0; report < 20; report++)
        {
            await instance.Reports.TakeAsync(Report(scene, $"r{report}", relays: 1_000_000, errors: 1_000_000, altruist: pick), Cancellation);
            await instance.Complaints.LookAsync(Cancellation);
            await scene.SettleAsync();
            scene.Clock.Advance(TimeSpan.FromSeconds(10));
        }

        // It answers each probe well: nothing of its verdict or of what portals are told has changed.
        var after = scene.Board[new(pick)];
        Assert.Equal((verdict.State, verdict.Reason, verdict.Since, verdict.Penalty), (after.State, after.Reason, after.Since, after.Penalty));
        Assert.Equal((pick, told.State, told.Generation, generation), (scene.Primary(), scene.Slot().State, scene.Slot().Generation, scene.Snapshots.Current.Generation));
        Assert.Equal(told.Standbys, scene.Slot().Standbys);
        Assert.InRange(scene.Probes.AskedInFull.Count, 1, 4);
    }

    [Fact]
    public async Task Few_failures_old_ones_and_those_of_retired_altruists_lead_to_no_probe()
    {
        await using var scene = await SceneAsync();
        using var instance = new Instance(scene);
        await instance.Reports.TakeAsync(Report(scene, "few", relays: 100, errors: 10), Cancellation);
        await instance.Reports.TakeAsync(Report(scene, "old", relays: 100, errors: 100, altruist: "a2") with { From = scene.Clock.GetUtcNow().AddMinutes(-10) }, Cancellation);
        scene.Edit("a3", (Altruist altruist) => altruist with { RetiredAt = scene.Clock.GetUtcNow() });
        await instance.Reports.TakeAsync(Report(scene, "retired", relays: 100, errors: 100, altruist: "a3"), Cancellation);
        // Others outvote one who complains.
        await instance.Reports.TakeAsync(Report(scene, "liar", relays: 60, errors: 15, altruist: "a4"), Cancellation);
        await instance.Reports.TakeAsync(Report(scene, "honest", relays: 900, errors: 0, altruist: "a4") with { Portal = "q" }, Cancellation);
        await instance.Complaints.LookAsync(Cancellation);
        Assert.Empty(scene.Probes.AskedInFull);
    }

    [Fact]
    public async Task Minutes_are_kept_for_two_days_hours_for_thirty_and_ids_until_no_repeat_would_be_taken()
    {
        await using var scene = await SceneAsync();
        using var instance = new Instance(scene);
        var store = new RelayReportStore(scene.Database);
        await instance.Reports.TakeAsync(Report(scene, "r1", relays: 5, errors: 0) with { Chains = [new ChainRelays(new("0021"), 9, new Dictionary<string, long> { ["x"] = 5 })] }, Cancellation);
        var written = scene.Clock.GetUtcNow();
        var tidy = new ReportTidyJob(store, scene.Clock);
        scene.Clock.Advance(TimeSpan.FromHours(24));
        await tidy.Execute(null!, Cancellation);
        Assert.Equal(ReportReceipt.Repeat, await instance.Reports.TakeAsync(Report(scene, "r1", relays: 5, errors: 0), Cancellation));
        scene.Clock.Advance(TimeSpan.FromHours(3));
        await tidy.Execute(null!, Cancellation);
        Assert.Equal(0, await scene.Database.SingleOrDefaultAsync<long>("select count(*) from relay_reports", null, Cancellation));
        Assert.Equal(5, Total(await SumAsync(scene, Filter(scene) with { From = written })));
        scene.Clock.Advance(TimeSpan.FromHours(22));
        await tidy.Execute(null!, Cancellation);
        Assert.All(await CountsAsync("minutes"), count => Assert.Equal(0, count));
        Assert.Equal(5, Total(await SumAsync(scene, Filter(scene) with { From = written })));
        scene.Clock.Advance(TimeSpan.FromDays(29));
        await tidy.Execute(null!, Cancellation);
        Assert.All(await CountsAsync("hours"), count => Assert.Equal(0, count));

        Task<long[]> CountsAsync(string grain) => Task.WhenAll(
            new[] { "relay", "portal", "fallback" }.Select(what => scene.Database.SingleOrDefaultAsync<long>($"select count(*) from {what}_{grain}", null, Cancellation)));
    }

    [Fact]
    public async Task Report_confirms_a_generation_but_none_that_does_not_exist()
    {
        await using var scene = await SceneAsync();
        using var instance = new Instance(scene);
        var newest = scene.Snapshots.Current.GenerationOf("us-east")!.Value;
        await instance.Reports.TakeAsync(Report(scene, "r1", relays: 5, errors: 0) with { Region = new("us-east"), Generation = newest - 1 }, Cancellation);
        Assert.Equal(new PortalPoll("p", "us-east", "", newest - 1, scene.Clock.GetUtcNow()), Assert.Single(instance.Polls.All));
        await instance.Reports.TakeAsync(Report(scene, "r2", relays: 5, errors: 0) with { Region = new("us-east"), Generation = long.MaxValue }, Cancellation);
        Assert.Equal(newest, Assert.Single(instance.Polls.All).Generation);
    }

    [Fact]
    public async Task Portal_that_used_to_report_and_does_not_is_flagged()
    {
        await using var scene = await SceneAsync();
        using var instance = new Instance(scene);
        await scene.Database.WriteAsync(write => write.ExecuteAsync("insert into portals (id, name, created_at) values ('p', 'p', 0)"), Cancellation);
        for (var minute = 0; minute < 12; minute++)
        {
            await instance.Reports.TakeAsync(Report(scene, $"r{minute}", relays: 5, errors: 0), Cancellation);
            scene.Clock.Advance(TimeSpan.FromMinutes(1));
        }

        var reader = new ReportReader(new RelayReportStore(scene.Database), new PortalStore(scene.Database), scene.Board, scene.Clock);
        Assert.Empty(await reader.AnomaliesAsync(null, Cancellation));
        scene.Clock.Advance(TimeSpan.FromMinutes(10));
        var anomaly = Assert.Single(await reader.AnomaliesAsync(null, Cancellation));
        Assert.Equal((AnomalyKind.Silent, "p"), (anomaly.Kind, anomaly.Portal));
    }

    private static RelayReport Report(SelectionScene scene, string id, long relays, long errors, string altruist = "a1", int bucket = 3)
    {
        var latencies = new long[LatencyBuckets.Count];
        latencies[bucket] = relays - errors;
        var now = scene.Clock.GetUtcNow();
        return new RelayReport("p", id, null, now, now.AddMinutes(1), null, [new AltruistRelays(new(altruist), new("0021"), relays, 0, new RelayErrors(0, errors, 0, 0, 0), latencies)], []);
    }

    private static ReportFilter Filter(SelectionScene scene) => new(null, null, null, null, null, scene.Clock.GetUtcNow().AddHours(-23), scene.Clock.GetUtcNow().AddMinutes(1));

    private static Task<RelaySummary> SumAsync(SelectionScene scene, ReportFilter? filter = null) =>
        new ReportReader(new RelayReportStore(scene.Database), new PortalStore(scene.Database), scene.Board, scene.Clock).SumAsync(filter ?? Filter(scene), Cancellation);

    private static long Total(RelaySummary summary) => summary.Points.Sum(point => point.Relays);

    private async Task<SelectionScene> SceneAsync(int altruists = 4)
    {
        var scene = new SelectionScene(await Fixture.NewDatabaseAsync(Cancellation));
        scene.Region("us-east").Chain("0021").Chain("0022");
        foreach (var id in Enumerable.Range(1, altruists).Select(number => $"a{number}"))
            scene.Altruist(id, $"provider-{id}");
        await scene.StartAsync();
        await scene.RunAsync();
        return scene;
    }

    /// <summary>Tells whoever asks first only when it is let, and each another time.</summary>
    private sealed class HeldClock : TimeProvider
    {
        private readonly TaskCompletionSource asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource go = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private long ms;

        public Task Asked => asked.Task;

        public void Go() => go.SetResult();

        public override DateTimeOffset GetUtcNow()
        {
            asked.TrySetResult();
            go.Task.Wait(Cancellation);
            return DateTimeOffset.FromUnixTimeMilliseconds(Interlocked.Increment(ref ms));
        }
    }

    /// <summary>One process: nothing is shared with another but the database.</summary>
    private sealed class Instance : IDisposable
    {
        public Instance(SelectionScene scene, TimeProvider? clock = null)
        {
            var store = new RelayReportStore(scene.Database);
            Polls = new PortalPolls(new PortalPollStore(scene.Database), scene.Clock);
            Complaints = new Complaints(
                store, scene.Roster, scene.Probes, new JobWaker(new JobTable([new JobRegistration(ComplaintJob.Name, typeof(object), _ => JobSchedule.OnlyWhenWoken)], null!, scene.Clock)), scene.Clock, NullLogger<Complaints>.Instance);
            Reports = new RelayReports(store, Polls, scene.Snapshots, Complaints, clock ?? scene.Clock);
        }

        public PortalPolls Polls { get; }

        public Complaints Complaints { get; }

        public RelayReports Reports { get; }

        public void Dispose()
        {
            Reports.Dispose();
            Polls.Dispose();
        }
    }
}

public sealed class RelayReportsOnSqlite(SqliteFixture fixture) : RelayReportContract(fixture), IClassFixture<SqliteFixture>;

public sealed class RelayReportsOnPostgres(PostgresFixture fixture) : RelayReportContract(fixture), IClassFixture<PostgresFixture>;
