using AltruistManager.Accounts;
using AltruistManager.Alerts;
using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Publishing;
using AltruistManager.Scheduling;
using AltruistManager.Web.Running;
using AltruistManager.Web.Ui;
using AltruistManager.Web.Ui.Pages.Admin;
using Microsoft.AspNetCore.WebUtilities;

namespace AltruistManager.Web.Tests.Ui.Admin;

/// <summary>What the staff's pages make of facts, without a page.</summary>
public sealed class AdminViewTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void What_needs_attention_is_grouped_worst_first_and_what_was_seen_is_apart()
    {
        var seen = new Acknowledgement("s", Severity.Critical, Now, Now, "staff@manager.example", null);
        var view = AttentionView.Build([Entry(Severity.Critical), Entry(Severity.Critical, seen), Entry(Severity.Information), Entry(Severity.Information)], most: 1);
        Assert.Equal([("Critical", "bad", 1, 1), ("Good to know", "idle", 1, 2)], view.Open.Select(group => (group.Title, group.Tone, group.Shown.Count, group.Total)));
        Assert.Equal(1, view.Seen!.Total);
        Assert.Equal((1, 0, 2), (view.Counts[Severity.Critical], view.Counts[Severity.Warning], view.Counts[Severity.Information]));
        Assert.False(view.IsQuiet);
        Assert.True(AttentionView.Build([Entry(Severity.Critical, seen)], most: 1).IsQuiet);
    }

    [Fact]
    public void Each_item_leads_to_where_something_is_done_about_it()
    {
        Assert.Equal(["/admin/chains/eth%2F1", "/slots/eth%2F1/us-east"], PathsOf(AttentionKind.Slot, item => item with { Chain = new ChainId("eth/1"), Region = new RegionId("us-east") }));
        Assert.Equal(["/admin/chains/0021"], PathsOf(AttentionKind.OneProvider, item => item with { Chain = new ChainId("0021") }));
        Assert.Equal(["/admin/overrides", "/my/acme/altruists/a1"], PathsOf(AttentionKind.Pin, Of));
        Assert.Equal(["/my/acme/altruists/a1"], PathsOf(AttentionKind.Altruist, Of));
        Assert.Equal(["/my/acme/altruists/a1"], PathsOf(AttentionKind.Report, Of));
        Assert.Equal(["/admin/portals"], PathsOf(AttentionKind.Report, item => item with { Portal = "gateway" }));
        Assert.Equal(["/admin/publishers"], PathsOf(AttentionKind.Publisher, item => item));
        Assert.Equal(["/admin/jobs"], PathsOf(AttentionKind.Round, item => item));
        Assert.Equal(["/admin/altruists"], PathsOf(AttentionKind.Keys, item => item));

        static AttentionItem Of(AttentionItem item) => item with { Altruist = new AltruistId("a1"), Provider = new ProviderId("acme") };

        static IEnumerable<string> PathsOf(AttentionKind kind, Func<AttentionItem, AttentionItem> with) =>
            AttentionView.LinksOf(with(new AttentionItem("k", kind, Severity.Warning, "Says.", "Do."))).Select(link => link.Path);
    }

    [Fact]
    public void Job_that_fails_comes_first_and_says_why()
    {
        var never = new JobTime("selection", TimeSpan.FromMinutes(5), null, null, Now);
        var failed = new JobTime("settle", TimeSpan.FromSeconds(1), Now, null, Now) { Runs = 3, Failures = 1, LastError = "the database did not answer as it should" };
        var runs = new JobTime("probe-hot", TimeSpan.FromSeconds(1), Now, null, Now) { IsRunning = true };
        var done = new JobTime("attention", TimeSpan.FromSeconds(5), Now, Now, Now) { Runs = 3 };
        Assert.Equal(
            [("Settling", "bad", "failed: the database did not answer as it should; the log says how"), ("Attention", "good", "done"), ("Hot probes", "good", "runs now"), ("Round", "idle", "did not run yet")],
            JobView.List([never, failed, runs, done]).Select(job => (job.Title, job.Tone, job.Outcome)));
    }

    [Theory]
    [InlineData(0.2, "< 1 ms")]
    [InlineData(35.4, "35 ms")]
    [InlineData(2_340, "2.3 s")]
    [InlineData(125_000, "2 min")]
    public void How_long_a_run_took_is_told_as_exactly_as_it_matters(double milliseconds, string told) => Assert.Equal(told, JobView.Took(TimeSpan.FromMilliseconds(milliseconds)));

    [Fact]
    public void State_of_a_publisher_is_the_one_the_api_tells()
    {
        Assert.Equal(("idle", "unknown"), Of(new PublisherState(), null));
        Assert.Equal(("good", "current"), Of(new PublisherState { Confirmed = new PickStamp("o", 7) }, null));
        Assert.Equal(("idle", "waiting"), Of(new PublisherState { Confirmed = new PickStamp("o", 7) }, Now));
        Assert.Equal(("warn", "behind"), Of(new PublisherState { BehindSince = Now.AddMinutes(-1) }, null));
        Assert.Equal(("bad", "behind"), Of(new PublisherState { BehindSince = Now.AddMinutes(-15) }, null));

        static (string, string) Of(PublisherState state, DateTimeOffset? waits)
        {
            var view = PublisherView.Of(new PublisherStatus("hook", "webhook", "us-east", "hooks.example", state, waits, [], []), TimeSpan.FromMinutes(15), Now);
            return (view.Tone, view.State);
        }
    }

    [Fact]
    public void Line_of_the_trail_shows_each_field_that_differs_as_a_person_reads_it()
    {
        var view = AuditView.Of(Record("""{"tier":2,"regions":["us-east","eu"],"enabled":true,"note":null,"same":1}""", """{"tier":1,"regions":[],"enabled":false,"note":"new disks","same":1}"""));
        Assert.Equal(
            [new AuditField("tier", "2", "1"), new AuditField("regions", "us-east, eu", "none"), new AuditField("enabled", "yes", "no"), new AuditField("note", null, "new disks")], view.Fields);
        Assert.Equal(("staff@manager.example", "altruist change", "staff, 192.0.2.1"), (view.Who, view.What, view.From));
        Assert.Equal([new AuditField("name", null, "Acme")], AuditView.Of(Record(null, """{"name":"Acme"}""")).Fields);
        Assert.Empty(AuditView.Of(Record(null, null)).Fields);
    }

    [Fact]
    public void What_is_asked_of_the_trail_is_read_on_the_readers_clock_and_stands_in_every_link()
    {
        var query = new AuditQuery("user:1", " altruist.add ", "", "acme", "refused", "2026-11-21T07:05", "2026-11-22");
        var filter = query.ToFilter(new ReaderZone { Id = "Europe/Berlin" }, out var wrong);
        Assert.Empty(wrong);
        Assert.Equal(new AuditFilter
        {
            Actor = "user:1", Action = "altruist.add", Provider = "acme", Outcome = AuditOutcome.Refused,
            From = new DateTimeOffset(2026, 11, 21, 6, 5, 0, TimeSpan.Zero), To = new DateTimeOffset(2026, 11, 21, 23, 0, 0, TimeSpan.Zero),
        }, filter);
        // What is exported is what is shown, on whatever clock the file is asked for.
        foreach (var (path, before, from, to) in new[] { (query.ExportOf(filter), "", "2026-11-21T06:05:00Z", "2026-11-21T23:00:00Z"), (query.PathAfter(17), "17", "2026-11-21T07:05", "2026-11-22") })
        {
            var parts = QueryHelpers.ParseQuery(path[path.IndexOf('?', StringComparison.Ordinal)..]);
            Assert.Equal(("user:1", "altruist.add", "acme", "refused", from, to, before),
                (parts["actor"].ToString(), parts["action"].ToString(), parts["provider"].ToString(), parts["outcome"].ToString(), parts["from"].ToString(), parts["to"].ToString(), parts.TryGetValue("before", out var after) ? after.ToString() : ""));
            Assert.False(parts.ContainsKey("subject"));
            Assert.Equal(filter, AuditQuery.Of(new QueryCollection(parts)).ToFilter(new ReaderZone { Id = before.Length == 0 ? "Asia/Tokyo" : "Europe/Berlin" }, out _));
        }
    }

    [Fact]
    public void Time_that_is_left_as_it_stands_in_its_field_stays_what_it_was_to_the_second_and_in_the_hour_that_comes_twice()
    {
        var zone = new ReaderZone { Id = "Europe/Berlin" };
        var later = new DateTimeOffset(2026, 10, 25, 1, 30, 7, TimeSpan.Zero);
        Assert.Equal("2026-10-25T02:30", AuditQuery.InForm(later, zone));
        Assert.Equal(later, FromOf("2026-10-25T02:30", AuditQuery.Exactly(later)));
        // Typed in, it is the first of the two; changed or taken away, it is what it says now.
        Assert.Equal(later.AddHours(-1).AddSeconds(-7), FromOf("2026-10-25T02:30", null));
        Assert.Equal(new DateTimeOffset(2026, 10, 25, 2, 31, 0, TimeSpan.Zero), FromOf("2026-10-25T03:31", AuditQuery.Exactly(later)));
        Assert.Null(FromOf("", AuditQuery.Exactly(later)));
        Assert.Equal(later.AddHours(-1).AddSeconds(-7), FromOf("2026-10-25T02:30", "made up"));

        DateTimeOffset? FromOf(string typed, string? was) => new AuditQuery(null, null, null, null, null, AuditQuery.Kept(typed, was, zone), null).ToFilter(zone, out _).From;
    }

    [Fact]
    public void What_cannot_be_read_is_named_all_of_it()
    {
        new AuditQuery(null, "drop table;", null, null, "perhaps", "yesterday", "x").ToFilter(new ReaderZone(), out var wrong);
        Assert.Equal(4, wrong.Count);
        Assert.Contains(wrong, error => error.StartsWith("From must be a time", StringComparison.Ordinal));
    }

    [Fact]
    public void Setting_says_where_its_value_comes_from_and_what_it_would_be_otherwise()
    {
        var setting = RunningSettings.All.First(setting => setting.Name == "Selection:Standbys");
        var stored = new StoredSetting(setting.Name, "4", Now, "staff@manager.example");
        Assert.Equal(("the default", "default 2"), Of(new SettingState(setting, "2", "2", "2", null, IsIgnored: false)));
        Assert.Equal(("from the configuration", "configured 3, default 2"), Of(new SettingState(setting, "3", "3", "2", null, IsIgnored: false)));
        Assert.Equal(("set here", "configured 3, default 2"), Of(new SettingState(setting, "4", "3", "2", stored, IsIgnored: false)));
        Assert.Equal("what staff have set, 4, cannot be used any more", Of(new SettingState(setting, "3", "3", "2", stored, IsIgnored: true)).Item1);

        static (string, string) Of(SettingState state) => (SettingView.SourceOf(state), SettingView.FallbackOf(state));
    }

    private static AttentionEntry Entry(Severity severity, Acknowledgement? seen = null) =>
        new(new AttentionItem("k", AttentionKind.Slot, severity, "Says.", "Do."), Now, IsAtLeast: false, seen);

    private static AuditRecord Record(string? before, string? after) => new()
    {
        Id = 1, At = Now, ActorKind = ActorKind.User, ActorId = "1", ActorName = "staff@manager.example", ByStaff = true, Action = "altruist.change", SubjectKind = "altruist", SubjectId = "a1",
        Outcome = AuditOutcome.Done, Times = 1, Before = before, After = after, Address = "192.0.2.1",
    };
}
