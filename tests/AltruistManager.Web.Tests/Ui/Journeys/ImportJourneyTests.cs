using System.Net;
using AltruistManager.Altruists;
using AltruistManager.Web.Tests.Security;
using Microsoft.Playwright;

namespace AltruistManager.Web.Tests.Ui.Journeys;

/// <summary>Many altruists at once, from a file, in a real browser on the real service.</summary>
public sealed class ImportJourneyTests(Pages pages) : IClassFixture<Pages>
{
    [Fact]
    public async Task A_pasted_list_is_previewed_imported_and_once_more_changes_nothing()
    {
        await using var visitor = await pages.VisitAsAsync(Pages.Admin);
        await visitor.GoLiveAsync("/my/acme");
        await visitor.Page.GetByRole(AriaRole.Link, new() { Name = "Import", Exact = true }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator("h1")).ToHaveTextAsync("Import altruists");
        await visitor.LiveAsync();
        var text = $"label,url,chains,regions,capacityRps\nimported-1,https://imported1.acme.example/rpc,0021,us-east,500\nimported-2,https://imported2.acme.example,0009,,\n";
        await visitor.Page.GetByLabel("Or its text").FillAsync(text);
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Preview" }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator(".list.import")).ToContainTextAsync("imported-1");
        await Assertions.Expect(visitor.Page.Locator(".list.import")).ToContainTextAsync("capacityRps 500");
        await JourneyBrowser.PhotographAsync(visitor, "import-preview");
        Assert.DoesNotContain(Labels(), label => label.StartsWith("imported-", StringComparison.Ordinal));

        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Import 2 altruists" }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator(".notice").First).ToContainTextAsync("Imported: 2 new, 0 changed, 0 unchanged. New ones are probed at once");
        Assert.Equal(["imported-1", "imported-2"], Labels().Where(label => label.StartsWith("imported-", StringComparison.Ordinal)).Order());
        await visitor.Page.GetByRole(AriaRole.Link, new() { Name = "imported-1" }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator("h1")).ToHaveTextAsync("imported-1");
        await visitor.LiveAsync();

        await visitor.GoLiveAsync("/my/acme/import");
        await visitor.Page.GetByLabel("Or its text").FillAsync(text);
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Preview" }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator(".notice").First).ToContainTextAsync("All of it is there already");
        await Assertions.Expect(visitor.Page.Locator(".tiles")).ToContainTextAsync("2", new() { UseInnerText = true });
        Assert.Equal(0, await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Import" }).CountAsync());
        Assert.Empty(visitor.Complaints);
    }

    [Fact]
    public async Task What_is_wrong_with_a_file_is_said_by_line_and_column_and_the_file_can_be_mended()
    {
        await using var visitor = await pages.VisitAsAsync(Pages.Admin);
        await visitor.GoLiveAsync("/my/acme/import");
        await ChooseAsync(visitor, "label,url,chains\na,http://127.0.0.1:8545,0021\nb,https://b.acme.example,21\n");
        await Assertions.Expect(visitor.Page.Locator(".problems li")).ToHaveTextAsync(["Line 2 url Leads to an address that is not public.", "Line 3 chains Holds '21', which is not a chain.", "Line 3 chains Is 0021 meant? Spreadsheets take leading zeros away."]);
        await JourneyBrowser.PhotographAsync(visitor, "import-wrong");
        Assert.Equal(0, await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Import" }).CountAsync());

        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Back to the file" }).ClickAsync();
        await ChooseAsync(visitor, "label,url,chains,regions\nacme-eth-renamed,,,\n");
        await Assertions.Expect(visitor.Page.Locator(".problems li")).ToContainTextAsync(["Line 2"]);
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Back to the file" }).ClickAsync();
        await ChooseAsync(visitor, $"id,regions,capacityRps\n{pages.Altruists["acme-polygon-1"]},us-east us-west,70\n");
        await Assertions.Expect(visitor.Page.Locator(".list.import")).ToContainTextAsync("acme-polygon-1");
        await Assertions.Expect(visitor.Page.Locator(".fields")).ToContainTextAsync("us-east, us-west");
        await JourneyBrowser.PhotographAsync(visitor, "import-changes");
        Assert.Empty(visitor.Complaints);
    }

    [Fact]
    public async Task A_file_that_is_too_large_is_refused_and_the_page_goes_on()
    {
        await using var visitor = await pages.VisitAsAsync(Pages.Admin);
        await visitor.GoLiveAsync("/my/acme/import");
        await ChooseAsync(visitor, "url\n" + new string('x', 10 * 1024 * 1024));
        await Assertions.Expect(visitor.Page.Locator(".notice").First).ToContainTextAsync("1,024 KB at most are taken");
        await ChooseAsync(visitor, "url,chains\n" + string.Concat(Enumerable.Range(0, 1001).Select(line => $"https://n{line}.acme.example,0021\n")));
        await Assertions.Expect(visitor.Page.Locator(".problems li")).ToContainTextAsync(["more than 1,000 lines"]);
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Back to the file" }).ClickAsync();
        await visitor.Page.GetByLabel("Or its text").FillAsync("url,chains\n" + new string('x', 60_000));
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Preview" }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator(".notice").First).ToContainTextAsync("choose it as a file");
        Assert.Empty(visitor.Complaints);
    }

    [Fact]
    public async Task Files_are_for_the_members_of_their_provider()
    {
        using var admin = new Person(pages.App);
        await admin.SignInAsync(Pages.Admin);
        using var example = await admin.GetAsync("/my/acme/import/example.csv");
        Assert.Equal((HttpStatusCode.OK, "text/csv", "attachment"), (example.StatusCode, example.Content.Headers.ContentType?.MediaType, example.Content.Headers.ContentDisposition?.DispositionType));
        var own = await admin.ReadAsync("/my/acme/import/altruists.csv");
        Assert.Contains("acme-eth-1", own, StringComparison.Ordinal);
        Assert.DoesNotContain("northwind", own, StringComparison.Ordinal);
        Assert.DoesNotContain(Pages.Secret, own, StringComparison.Ordinal);
        foreach (var file in new[] { "example.csv", "altruists.csv" })
        {
            using var others = await admin.GetAsync($"/my/northwind/import/{file}");
            Assert.Equal(HttpStatusCode.NotFound, others.StatusCode);
            using var nobody = new Person(pages.App);
            using var anonymous = await nobody.GetAsync($"/my/acme/import/{file}");
            Assert.Equal(HttpStatusCode.Redirect, anonymous.StatusCode);
        }
    }

    private static Task ChooseAsync(Visitor visitor, string content) =>
        visitor.Page.GetByLabel("A file", new() { Exact = true }).SetInputFilesAsync(new FilePayload { Name = "altruists.csv", MimeType = "text/csv", Buffer = System.Text.Encoding.UTF8.GetBytes(content) });

    private List<string> Labels() => [.. pages.App.Services.GetRequiredService<RosterCache>().Current.Live.Select(altruist => altruist.Label)];
}
