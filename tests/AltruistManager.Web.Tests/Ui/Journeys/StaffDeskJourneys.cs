using System.Net;
using AltruistManager.Accounts;
using AltruistManager.Alerts;
using AltruistManager.Altruists;
using AltruistManager.Scheduling;
using AltruistManager.Storage;
using AltruistManager.Web.Running;
using AltruistManager.Web.Tests.Security;
using AltruistManager.Web.Ui.Pages.Admin;
using Microsoft.Playwright;

namespace AltruistManager.Web.Tests.Ui.Journeys;

/// <summary>What staff do at their desk, in a real browser on the real service, and that nobody else does.</summary>
public sealed class StaffDeskJourneys(Pages pages) : IClassFixture<Pages>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_needs_attention_is_acknowledged_and_taken_back()
    {
        var before = await LinesOfAsync();
        await using var visitor = await pages.VisitAsAsync(Pages.Staff);
        await visitor.GoLiveAsync("/admin");
        const string Avalanche = "Nobody is eligible for Avalanche in us-east";
        var critical = visitor.Page.GetByRole(AriaRole.Region, new() { Name = "Critical" });
        var item = critical.GetByRole(AriaRole.Listitem).Filter(new() { HasText = Avalanche });
        await Assertions.Expect(item).ToContainTextAsync("the last pick is kept");
        Assert.Equal("/admin/chains/0003", await item.GetByRole(AriaRole.Link).First.GetAttributeAsync("href"));

        await item.GetByRole(AriaRole.Button, new() { Name = "Acknowledge…" }).ClickAsync();
        await item.GetByLabel("A note for the others").FillAsync("its provider knows");
        await item.GetByRole(AriaRole.Button, new() { Name = "Acknowledge", Exact = true }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator(".notice").First).ToContainTextAsync("Acknowledged");
        await Assertions.Expect(item).ToHaveCountAsync(0);
        var seen = visitor.Page.Locator("details.seen");
        await seen.Locator("summary").ClickAsync();
        await Assertions.Expect(seen).ToContainTextAsync("acknowledged by staff@manager.example");
        await Assertions.Expect(seen).ToContainTextAsync("“its provider knows”");

        // Another of staff sees it folded too, and may take it up again.
        await seen.GetByRole(AriaRole.Button, new() { Name = "Take it back" }).First.ClickAsync();
        await Assertions.Expect(item).ToBeVisibleAsync();
        Assert.Equal(before + 2, await LinesOfAsync());
        Assert.Empty(visitor.Complaints);

        async Task<int> LinesOfAsync() => (await LinesAsync("attention")).Count(line => line.SubjectId == "slot:0003/us-east");
    }

    [Fact]
    public async Task Job_is_run_out_of_turn_and_the_trail_names_who_asked()
    {
        await using var visitor = await pages.VisitAsAsync(Pages.Staff);
        await visitor.GoLiveAsync("/admin/jobs");
        var row = visitor.Page.Locator("tbody tr", new() { HasText = "Tidying the log" });
        await Assertions.Expect(row).ToContainTextAsync("did not run yet");
        await row.GetByRole(AriaRole.Button, new() { Name = "Run now" }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator(".notice").First).ToContainTextAsync("Tidying the log runs");
        await Assertions.Expect(row).ToContainTextAsync("done");
        Assert.Equal(("log-tidy", Pages.Staff, true), (await LinesAsync("job.run")).Select(line => (line.SubjectId, line.ActorName, line.ByStaff)).First());
        Assert.Empty(visitor.Complaints);
    }

    [Fact]
    public async Task Job_does_not_run_while_the_trail_cannot_tell_who_asked_for_it()
    {
        var (services, staff) = (pages.App.Services, Actor.Operator);
        var database = services.GetRequiredService<Database>();
        var before = services.GetRequiredService<JobTimes>().Find("report-tidy")!.LastStartedAt;
        await database.WriteAsync(write => write.ExecuteAsync("alter table audit rename to elsewhere"), Cancellation);
        try
        {
            await Assert.ThrowsAnyAsync<Exception>(() => services.GetRequiredService<JobDesk>().RunAsync(staff, "report-tidy", Cancellation));
        }
        finally
        {
            await database.WriteAsync(write => write.ExecuteAsync("alter table elsewhere rename to audit"), Cancellation);
        }

        Assert.Equal(RunAsked.Begins, services.GetRequiredService<JobWaker>().Foresee("report-tidy"));
        Assert.Equal(before, services.GetRequiredService<JobTimes>().Find("report-tidy")!.LastStartedAt);
    }

    [Fact]
    public async Task Round_that_staff_ask_for_is_one_of_theirs_in_the_log()
    {
        var desk = pages.App.Services.GetRequiredService<JobDesk>();
        Assert.Null(await desk.RunAsync(Actor.Operator, "selection", Cancellation));
        await Wait.UntilAsync("a round of staff is in the log", async () =>
            (await pages.App.Anonymous.GetJsonAsync("/api/v1/decisions?limit=5", Cancellation)).GetProperty("items").EnumerateArray().Any(decision => decision.GetProperty("trigger").GetString() == "manual"));
        Assert.Equal(RefusalKind.Unknown, (await desk.RunAsync(Actor.Operator, "nothing", Cancellation))!.Kind);
    }

    [Fact]
    public async Task Audit_trail_is_filtered_paged_and_exported()
    {
        var audit = pages.App.Services.GetRequiredService<AuditStore>();
        for (var i = 0; i < 60; i++)
            await audit.AppendAsync(Actor.Operator, new AuditEntry("test.many", "test", $"=t{i}"), Cancellation);
        await using var visitor = await pages.VisitAsAsync(Pages.Staff);
        await visitor.GoLiveAsync("/admin/audit");
        foreach (var offered in new[] { "test", "test.many" })
            await Assertions.Expect(visitor.Page.Locator($"#actions option[value='{offered}']")).ToHaveCountAsync(1);
        await visitor.Page.GetByLabel("Action").FillAsync("test");
        await visitor.FollowAsync(visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Filter" }), "action=test");
        var rows = visitor.Page.Locator("tbody tr");
        await Assertions.Expect(rows).ToHaveCountAsync(50);
        await Assertions.Expect(rows.First).ToContainTextAsync("=t59");
        await visitor.LiveAsync();
        await visitor.Page.GetByRole(AriaRole.Link, new() { Name = "Older" }).ClickAsync();
        await Assertions.Expect(rows).ToHaveCountAsync(10);
        await Assertions.Expect(rows.Last).ToContainTextAsync("=t0");
        await visitor.LiveAsync();
        await visitor.Page.GetByRole(AriaRole.Link, new() { Name = "Newest" }).ClickAsync();
        await Assertions.Expect(rows).ToHaveCountAsync(50);
        await visitor.LiveAsync();

        var download = await visitor.Page.RunAndWaitForDownloadAsync(() => visitor.Page.GetByRole(AriaRole.Link, new() { Name = "Export as CSV" }).ClickAsync());
        var lines = await File.ReadAllLinesAsync((await download.PathAsync())!, Cancellation);
        Assert.Equal(61, lines.Length);
        Assert.Contains("'=t59", lines[1], StringComparison.Ordinal);

        await visitor.GoLiveAsync("/admin/audit?action=override&from=2026-01-01T00:00");
        await Assertions.Expect(rows.First).ToContainTextAsync("maintenance of the other");
        await visitor.GoLiveAsync("/admin/audit?from=yesterday");
        await Assertions.Expect(visitor.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("From must be a time");
        Assert.Empty(visitor.Complaints);
    }

    [Fact]
    public async Task Publishers_say_how_far_they_are_and_why()
    {
        await using var visitor = await pages.VisitAsAsync(Pages.Staff);
        await visitor.GoLiveAsync("/admin/publishers");
        await Assertions.Expect(visitor.Page.GetByRole(AriaRole.Region, new() { Name = "catalogue current" })).ToContainTextAsync("generation");
        var away = visitor.Page.GetByRole(AriaRole.Region, new() { Name = "away behind" });
        await Assertions.Expect(away).ToContainTextAsync("Last error");
        await Assertions.Expect(away).ToContainTextAsync("Next try");
        Assert.DoesNotContain(Pages.Secret, await visitor.Page.ContentAsync(), StringComparison.Ordinal);
        Assert.Empty(visitor.Complaints);
    }

    [Fact]
    public async Task Setting_is_changed_checked_and_as_configured_again()
    {
        await using var visitor = await pages.VisitAsAsync(Pages.Staff);
        await visitor.GoLiveAsync("/admin/settings");
        var falls = visitor.Page.GetByRole(AriaRole.Region, new() { Name = "Falls per hour" });
        await Assertions.Expect(falls).ToContainTextAsync("the default");
        await falls.GetByRole(AriaRole.Button, new() { Name = "Change…" }).ClickAsync();
        await falls.GetByLabel("Falls per hour").FillAsync("0");
        await falls.GetByRole(AriaRole.Button, new() { Name = "Set" }).ClickAsync();
        await Assertions.Expect(falls.GetByRole(AriaRole.Alert)).ToContainTextAsync("Must be from 1 to 1000, not 0.");
        await falls.GetByLabel("Falls per hour").FillAsync("9");
        await falls.GetByRole(AriaRole.Button, new() { Name = "Set" }).ClickAsync();
        await Assertions.Expect(falls.Locator(".setting-now")).ToContainTextAsync("set here by staff@manager.example");
        await Assertions.Expect(falls.Locator("strong")).ToHaveTextAsync("9");

        await falls.GetByRole(AriaRole.Button, new() { Name = "As configured" }).ClickAsync();
        await Assertions.Expect(falls.Locator("strong")).ToHaveTextAsync("6");
        Assert.Equal([("""{"value":"9"}""", """{"value":"6"}"""), ("""{"value":"6"}""", """{"value":"9"}""")], (await LinesAsync("setting.change")).Select(line => (line.Before!, line.After!)));
        Assert.Empty(visitor.Complaints);
    }

    [Fact]
    public async Task Nobody_but_staff_gets_to_the_desk_and_a_key_is_not_looked_at()
    {
        string[] paths = ["/admin", "/admin/publishers", "/admin/jobs", "/admin/audit", "/admin/audit.csv", "/admin/settings"];
        foreach (var user in new[] { Pages.Admin, Pages.Viewer, Pages.OfNone, Pages.OfPortal })
        {
            using var person = new Person(pages.App);
            await person.SignInAsync(user);
            foreach (var path in paths)
            {
                using var refused = await person.GetAsync(path);
                Assert.Equal((path, HttpStatusCode.Forbidden), (path, refused.StatusCode));
            }
        }

        foreach (var client in new[] { pages.App.Anonymous, pages.App.Staff })
        {
            foreach (var path in paths)
            {
                using var led = await client.GetAsync(path, Cancellation);
                Assert.Equal((path, HttpStatusCode.Redirect), (path, led.StatusCode));
                Assert.Contains("/sign-in", led.Headers.Location!.ToString(), StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public async Task Features_of_the_desk_refuse_whoever_is_no_staff_themselves()
    {
        var services = pages.App.Services;
        var admin = new Actor { Kind = ActorKind.User, Id = "admin", Name = Pages.Admin, Providers = new Dictionary<string, MemberRole> { ["acme"] = MemberRole.Admin } };
        await Wait.UntilAsync("something needs attention", () => Task.FromResult(services.GetRequiredService<AttentionDesk>().Current.Count > 0));
        var key = services.GetRequiredService<AttentionDesk>().Current[0].Item.Key;
        Assert.Equal(RefusalKind.Forbidden, (await services.GetRequiredService<AttentionDesk>().AcknowledgeAsync(admin, key, null, Cancellation))!.Kind);
        Assert.Equal(RefusalKind.Forbidden, (await services.GetRequiredService<AttentionDesk>().TakeBackAsync(admin, key, Cancellation))!.Kind);
        Assert.Equal(RefusalKind.Forbidden, (await services.GetRequiredService<RunningSettings>().SetAsync(admin, "Selection:Standbys", "4", Cancellation))!.Kind);
        Assert.Equal(RefusalKind.Forbidden, (await services.GetRequiredService<JobDesk>().RunAsync(admin, "selection", Cancellation))!.Kind);
    }

    [Fact]
    public void Every_job_is_explained_to_staff() =>
        Assert.All(pages.App.Services.GetRequiredService<JobTimes>().All, job => Assert.True(JobView.Explains(job.Name), job.Name));

    private async Task<IReadOnlyList<AuditRecord>> LinesAsync(string action) =>
        await pages.App.Services.GetRequiredService<AuditStore>().ListAsync(new AuditFilter { Action = action, Outcome = AuditOutcome.Done }, null, 50, Cancellation);
}
