using System.Net;
using System.Text.RegularExpressions;
using AltruistManager.Web.Tests.Ui.Journeys;
using Microsoft.Playwright;

namespace AltruistManager.Web.Tests.Ui;

/// <summary>The pages in a real browser, over real data.</summary>
public sealed partial class PageTests(Pages pages) : IClassFixture<Pages>
{
    [Fact]
    public async Task Matrix_shows_pick_state_age_and_coverage_of_every_slot()
    {
        await using var visitor = await pages.VisitAsync();
        await visitor.GoAsync("/");

        var fresh = await CellAsync(visitor, "0021", "us-east");
        Assert.Matches("(acme|northwind|helios)-eth-1", fresh);
        Assert.Contains("fresh", fresh, StringComparison.Ordinal);
        Assert.Contains("3 of 4 candidates eligible", fresh, StringComparison.Ordinal);
        Assert.Matches(@"\d+ (s|min)", fresh);
        Assert.Contains("fallback", await CellAsync(visitor, "0021", "us-west"), StringComparison.Ordinal);
        var pinned = await CellAsync(visitor, "0009", "us-east");
        Assert.Contains("northwind-polygon-1", pinned, StringComparison.Ordinal);
        Assert.Contains("override", pinned, StringComparison.Ordinal);
        var degraded = await CellAsync(visitor, "0003", "us-east");
        Assert.Contains("acme-avax-1", degraded, StringComparison.Ordinal);
        Assert.Contains("degraded", degraded, StringComparison.Ordinal);
        Assert.Contains("none", await CellAsync(visitor, "0009", "eu-central"), StringComparison.Ordinal);
        Assert.Equal(12, await visitor.Page.Locator("a.cell").CountAsync());
    }

    [Fact]
    public async Task What_staff_and_providers_ordered_is_said_where_it_matters()
    {
        await using var visitor = await pages.VisitAsync();
        await visitor.GoAsync("/");
        var orders = await visitor.Page.Locator("section.rules").InnerTextAsync();
        Assert.Contains("Rotation held for Ethereum in us-west: failover goes on. “an incident at a portal”", orders, StringComparison.Ordinal);
        Assert.Contains("Pinned for Polygon in us-east: northwind-polygon-1. “maintenance of the other, see the status page”", orders, StringComparison.Ordinal);
        await visitor.GoAsync("/slots/0021/us-west");
        Assert.Contains("“an incident at a portal”", await visitor.Page.Locator("section.rules").InnerTextAsync(), StringComparison.Ordinal);
        await visitor.GoAsync("/slots/0021/us-east");
        Assert.Equal(0, await visitor.Page.Locator("section.rules").CountAsync());

        await visitor.GoAsync($"/altruists/{pages.Altruists["acme-polygon-1"]}");
        Assert.Equal("draining", (await visitor.Page.Locator(".badges .health").InnerTextAsync()).Trim());
        Assert.Matches(@"Draining until \d{4}-\d\d-\d\d \d\d:\d\d UTC: new disks", await visitor.Page.Locator("section.answer").InnerTextAsync());
        await visitor.GoAsync($"/altruists/{pages.Altruists["acme-eth-1"]}");
        Assert.Equal("healthy", (await visitor.Page.Locator(".badges .health").InnerTextAsync()).Trim());
        Assert.Contains("“a new kernel”", await visitor.Page.Locator("section.rules").InnerTextAsync(), StringComparison.Ordinal);
        await visitor.GoAsync("/altruists?state=draining");
        Assert.Equal(["acme-polygon-1"], await visitor.Page.Locator("tbody th a").AllInnerTextsAsync());
    }

    [Fact]
    public async Task Slots_with_nobody_or_only_one_eligible_stand_out()
    {
        await using var visitor = await pages.VisitAsync();
        await visitor.GoAsync("/");
        var nobody = await ChipColourAsync("0003", "us-east");
        var enough = await ChipColourAsync("0021", "us-east");
        Assert.NotEqual(enough, nobody);

        await visitor.GoAsync("/?show=nobody");
        Assert.Contains("Avalanche", await visitor.Page.InnerTextAsync("table"), StringComparison.Ordinal);

        Task<string> ChipColourAsync(string chain, string region) =>
            visitor.Page.Locator($"a[href='/slots/{chain}/{region}'] .cover").EvaluateAsync<string>("chip => getComputedStyle(chip).backgroundColor");
    }

    [Fact]
    public async Task Matrix_is_filtered_by_chain_region_and_what_needs_attention()
    {
        await using var visitor = await pages.VisitAsync();
        await visitor.GoAsync("/");
        await visitor.Page.GetByLabel("Chain", new() { Exact = true }).FillAsync("poly");
        await visitor.Page.Locator("select[name=region]").SelectOptionAsync("us-east");
        await visitor.FollowAsync(visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Filter" }), "chain=poly");
        Assert.Equal(1, await visitor.Page.Locator("a.cell").CountAsync());
        Assert.Equal("poly", await visitor.Page.GetByLabel("Chain", new() { Exact = true }).InputValueAsync());

        await visitor.Page.GetByRole(AriaRole.Link, new() { Name = "Clear" }).ClickAsync();
        await visitor.Page.WaitForURLAsync(url => !url.Contains("chain=", StringComparison.Ordinal));
        await visitor.Page.Locator("select[name=show]").SelectOptionAsync("override");
        await visitor.FollowAsync(visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Filter" }), "show=override");
        Assert.Equal(["Polygon"], await visitor.Page.Locator(".chain-name").AllInnerTextsAsync());
    }

    [Fact]
    public async Task Slot_page_explains_the_last_decision_and_everybody_considered()
    {
        await using var visitor = await pages.VisitAsync();
        await visitor.GoAsync("/");
        await visitor.FollowAsync(visitor.Page.Locator("a[href='/slots/0021/us-east']"), "/slots/0021/us-east");

        var says = await visitor.Page.InnerTextAsync(".answer");
        Assert.Matches(@"(acme|northwind|helios)-eth-1 of .* serves 0021 in us-east since \d\d:\d\d:\d\d UTC", says);
        Assert.Contains("turns", says, StringComparison.Ordinal);
        Assert.Contains("3 of 4 candidates could be picked", says, StringComparison.Ordinal);

        var rows = await visitor.Page.Locator("table.candidates tbody tr").AllInnerTextsAsync();
        Assert.Equal(4, rows.Count);
        Assert.Contains("picked", rows[0], StringComparison.Ordinal);
        Assert.Contains("1st standby", rows[1], StringComparison.Ordinal);
        Assert.Contains("2nd standby", rows[2], StringComparison.Ordinal);
        Assert.Contains("helios-eth-2", rows[3], StringComparison.Ordinal);
        Assert.Contains("not eligible", rows[3], StringComparison.Ordinal);
        Assert.Contains("wrong chain", rows[3], StringComparison.Ordinal);

        // The JSON of the same decision is one link away and names the same hash.
        var hash = await visitor.Page.Locator(".proof code").First.InnerTextAsync();
        var href = await visitor.Page.Locator(".proof a[href^='/api/v1/decisions/']").GetAttributeAsync("href");
        var json = await pages.App.Anonymous.GetJsonAsync(href!, TestContext.Current.CancellationToken);
        Assert.Equal(hash, json.GetProperty("hash").GetString());
    }

    [Fact]
    public async Task Slot_page_tells_by_keyboard_and_touch_where_each_stands_beside_the_others()
    {
        await using var visitor = await pages.VisitAsync();
        await visitor.GoAsync("/slots/0021/us-east");
        var standings = visitor.Page.Locator("table.candidates tbody details");
        Assert.Equal(4, await standings.CountAsync());
        foreach (var place in Enumerable.Range(0, 4))
        {
            var standing = standings.Nth(place);
            await Assertions.Expect(standing.Locator("p")).ToBeHiddenAsync();
            await standing.Locator("summary").FocusAsync();
            await visitor.Page.Keyboard.PressAsync("Enter");
            await Assertions.Expect(standing.Locator("p")).ToBeVisibleAsync();
            Assert.Matches(@"It had [\d.]+ turns? in this window, the others .+, and \d+ sessions? in the last hour, the others [\d.]+", await standing.Locator("p").InnerTextAsync());
        }

        Assert.Contains("of 3 in the order", await standings.First.InnerTextAsync(), StringComparison.Ordinal);
        Assert.Contains("No turn is expected while this stays so", await standings.Last.InnerTextAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Slot_page_lists_earlier_picks_and_their_decisions()
    {
        await using var visitor = await pages.VisitAsync();
        await visitor.GoAsync("/slots/0021/us-east");
        var history = visitor.Page.Locator("table.history tbody tr");
        Assert.InRange(await history.CountAsync(), 2, 25);
        Assert.Contains("now", await history.First.InnerTextAsync(), StringComparison.Ordinal);

        await visitor.FollowAsync(history.Nth(1).GetByRole(AriaRole.Link, new() { Name = "Why" }), "decision=");
        Assert.Contains("An earlier decision", await visitor.Page.InnerTextAsync("main"), StringComparison.Ordinal);
        Assert.Contains("was picked", await visitor.Page.InnerTextAsync("main"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/slots/0021/us-west", "US East|us-east")]
    [InlineData("/slots/0009/us-east", "maintenance of the other, see the status page")]
    [InlineData("/slots/0003/us-east", "last pick is kept")]
    [InlineData("/slots/0009/eu-central", "Nobody offers an altruist")]
    public async Task Slot_page_says_why_a_slot_is_not_fresh(string path, string reason)
    {
        await using var visitor = await pages.VisitAsync();
        await visitor.GoAsync(path);
        Assert.Matches(reason, await visitor.Page.InnerTextAsync(".answer"));
    }

    [Fact]
    public async Task Altruist_page_tells_state_and_reason()
    {
        await using var visitor = await pages.VisitAsync();
        await visitor.GoAsync("/altruists");
        await visitor.FollowAsync(visitor.Page.GetByRole(AriaRole.Link, new() { Name = "acme-avax-1" }), "/altruists/");
        var says = await visitor.Page.InnerTextAsync(".answer");
        Assert.Contains("Down for", says, StringComparison.Ordinal);
        Assert.Contains("connection", says, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("Avalanche (0003) in us-east", await visitor.Page.InnerTextAsync("main"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_page_tells_where_an_altruist_is_or_runs_anything()
    {
        foreach (var (_, path) in pages.Addresses)
        {
            using var answer = await pages.App.Anonymous.GetAsync(path, TestContext.Current.CancellationToken);
            var html = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.DoesNotContain(Pages.Secret[..^4], html, StringComparison.Ordinal);
            Assert.DoesNotContain("<script", html, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotMatch(InlineStyle(), html);
            var policy = Assert.Single(answer.Headers.GetValues("Content-Security-Policy"));
            Assert.StartsWith("default-src 'none'; style-src 'self'", policy, StringComparison.Ordinal);
            Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
            Assert.Equal("nosniff", Assert.Single(answer.Headers.GetValues("X-Content-Type-Options")));
            Assert.Single(answer.Headers.GetValues("Referrer-Policy"));
        }
    }

    [Fact]
    public async Task Every_page_is_shown_without_complaint_and_can_be_used_by_everybody_wide_and_narrow_light_and_dark()
    {
        await using var visitor = await pages.VisitAsync();
        foreach (var (name, path) in pages.Addresses)
        {
            await visitor.GoAsync(path);
            Assert.NotEqual("", await visitor.Page.TitleAsync());
            await JourneyBrowser.PhotographAsync(visitor, name);
        }

        Assert.Empty(visitor.Complaints);
    }

    [Fact]
    public async Task Colours_follow_the_system_until_the_visitor_chooses()
    {
        await using var visitor = await pages.VisitAsync(dark: true);
        await visitor.GoAsync("/slots/0021/us-east");
        var dark = await GroundAsync();
        await ChooseAsync("Light", "light");
        Assert.EndsWith("/slots/0021/us-east", visitor.Page.Url, StringComparison.Ordinal);
        var light = await GroundAsync();
        Assert.NotEqual(dark, light);

        // The server knows the choice: the first byte of the next page has it.
        await visitor.GoAsync("/");
        Assert.Equal("light", await visitor.Page.Locator("html").GetAttributeAsync("data-theme"));
        Assert.Equal(light, await GroundAsync());
        await ChooseAsync("As the system", "system");
        Assert.Equal(dark, await GroundAsync());
        Assert.Empty(visitor.Complaints);

        async Task ChooseAsync(string title, string theme)
        {
            await visitor.Page.GetByRole(AriaRole.Button, new() { Name = title }).ClickAsync();
            await Assertions.Expect(visitor.Page.Locator("html")).ToHaveAttributeAsync("data-theme", theme);
            // With its styles.
            await visitor.Page.WaitForLoadStateAsync();
        }

        Task<string> GroundAsync() => visitor.Page.EvaluateAsync<string>("getComputedStyle(document.documentElement).backgroundColor");
    }

    [Fact]
    public async Task Keyboard_reaches_the_slots_and_shows_where_it_is()
    {
        await using var visitor = await pages.VisitAsync();
        await visitor.GoAsync("/");
        await visitor.Page.Keyboard.PressAsync("Tab");
        Assert.Equal("Skip to content", await FocusedAsync("node => node.innerText"));
        await visitor.Page.Keyboard.PressAsync("Enter");
        for (var i = 0; i < 60 && !(await FocusedAsync("node => node.className")).Contains("cell", StringComparison.Ordinal); i++)
            await visitor.Page.Keyboard.PressAsync("Tab");

        Assert.Equal("cell", await FocusedAsync("node => node.className"));
        Assert.Equal("solid", await FocusedAsync("node => getComputedStyle(node).outlineStyle"));
        await visitor.Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(visitor.Page).ToHaveURLAsync(new Regex("/slots/"));

        Task<string> FocusedAsync(string expression) => visitor.Page.EvaluateAsync<string>($"({expression})(document.activeElement)");
    }

    [Fact]
    public async Task Pages_reload_by_themselves_only_when_asked_to()
    {
        await using var visitor = await pages.VisitAsync();
        await visitor.GoAsync("/");
        Assert.Equal(0, await visitor.Page.Locator("meta[http-equiv=refresh]").CountAsync());
        await visitor.GoAsync("/?live=on");
        Assert.Equal(1, await visitor.Page.Locator("meta[http-equiv=refresh]").CountAsync());
    }

    [Fact]
    public async Task An_alias_leads_to_the_slot_of_its_chain()
    {
        using var added = await pages.App.Staff.PutAsJsonAsync(
            "/api/v1/chains/0009",
            new { name = "Polygon", protocol = "evm", identity = "137", blockTimeSeconds = 1, lagToleranceBlocks = 20, aliases = new[] { "polly" } },
            TestContext.Current.CancellationToken);
        Assert.True(added.IsSuccessStatusCode);
        await using var visitor = await pages.VisitAsync();
        await visitor.GoAsync("/slots/polly/us-east");
        Assert.EndsWith("/slots/0009/us-east", visitor.Page.Url, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/nothing/here", "text/html")]
    [InlineData("/slots/nothing/us-east", "text/html")]
    [InlineData("/slots/0021/nowhere", "text/html")]
    [InlineData("/altruists/nobody", "text/html")]
    [InlineData("/api/v1/nothing", "application/problem+json")]
    public async Task What_does_not_exist_is_not_found_in_the_way_of_its_reader(string path, string contentType)
    {
        using var answer = await pages.App.Anonymous.GetAsync(path, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal(contentType, answer.Content.Headers.ContentType!.MediaType);
    }

    private static Task<string> CellAsync(Visitor visitor, string chain, string region) =>
        visitor.Page.Locator($"a[href='/slots/{chain}/{region}']").InnerTextAsync();

    [GeneratedRegex(@"<[^>]+\s(style|on\w+)=")]
    private static partial Regex InlineStyle();
}
