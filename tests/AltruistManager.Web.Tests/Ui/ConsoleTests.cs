using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace AltruistManager.Web.Tests.Ui;

/// <summary>What all pages of the consoles have in common, in a real browser.</summary>
public sealed partial class ConsoleTests(Pages pages) : IClassFixture<Pages>
{
    [Fact]
    public async Task Times_are_the_readers_from_the_first_byte_on_and_stay_so_once_the_connection_stands()
    {
        await using var visitor = await pages.VisitAsAsync(Pages.Admin, zone: "Asia/Tokyo");
        var path = $"/my/acme/altruists/{pages.Altruists["acme-eth-1"]}";
        var asked = 0;
        visitor.Page.Request += (_, request) => asked += request.ResourceType == "document" ? 1 : 0;
        await visitor.GoLiveAsync($"{path}?show=offer");
        // The very first page is asked for once more, before any of it is drawn.
        Assert.Equal(2, asked);
        var since = visitor.Page.Locator(".pairs time");
        await Assertions.Expect(visitor.Page.Locator(".foot")).ToContainTextAsync("Times are those of Asia/Tokyo.");
        var machine = DateTimeOffset.Parse((await since.GetAttributeAsync("datetime"))!, CultureInfo.InvariantCulture);
        var there = machine.ToOffset(TimeSpan.FromHours(9));
        await Assertions.Expect(since).ToContainTextAsync(there.ToString("HH:mm:ss", CultureInfo.InvariantCulture));
        Assert.Equal($"{there:yyyy-MM-dd HH:mm:ss} Asia/Tokyo ({machine:yyyy-MM-dd HH:mm:ss} UTC)", await since.GetAttributeAsync("title"));
        // What the server draws at once is the same already.
        var drawn = await visitor.GoAsync($"{path}?show=offer");
        Assert.Contains($"{there:HH:mm:ss}</time>", await drawn.TextAsync(), StringComparison.Ordinal);

        // On the next page of the console as well, and public ones say theirs.
        await visitor.LiveAsync();
        asked = 0;
        await visitor.Page.GetByRole(AriaRole.Link, new() { Name = "Edit" }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator("h1")).ToHaveTextAsync("Edit");
        await visitor.LiveAsync();
        await visitor.GoLiveAsync(path);
        Assert.Equal(1, asked);
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Drain…" }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator("label[for=drain-from]")).ToHaveTextAsync("From (Asia/Tokyo) (now, if empty)");
        var tomorrow = TimeProvider.System.GetUtcNow().AddDays(3).ToOffset(TimeSpan.FromHours(9));
        await Assertions.Expect(visitor.Page.Locator(".effect")).ToBeVisibleAsync();
        await visitor.Page.GetByLabel("Reason").FillAsync("in the reader's zone");
        await visitor.Page.Locator("#drain-from").FillAsync(tomorrow.ToString("yyyy-MM-dd'T'HH:mm", CultureInfo.InvariantCulture));
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Plan it" }).ClickAsync();
        var planned = visitor.Page.Locator("li", new() { HasText = "in the reader's zone" });
        await Assertions.Expect(planned).ToContainTextAsync($"From {tomorrow:yyyy-MM-dd HH:mm}:00");
        await planned.GetByRole(AriaRole.Button, new() { Name = "Call it off" }).ClickAsync();
        await Assertions.Expect(planned).ToHaveCountAsync(0);
        await visitor.GoAsync("/");
        await Assertions.Expect(visitor.Page.Locator(".foot")).ToContainTextAsync("Times are UTC.");
        Assert.Empty(visitor.Complaints);
    }

    [Fact]
    public async Task A_lost_connection_says_so_and_comes_back()
    {
        await using var visitor = await pages.VisitAsAsync(Pages.Admin);
        IWebSocketRoute? line = null;
        await visitor.Page.RouteWebSocketAsync(Connection(), route =>
        {
            line = route;
            route.ConnectToServer();
        });
        await visitor.GoLiveAsync("/my/acme");
        var lost = visitor.Page.GetByRole(AriaRole.Alertdialog, new() { Name = "The connection" });
        await Assertions.Expect(lost).ToBeHiddenAsync();

        await visitor.Page.RouteAsync(Connection(), route => route.AbortAsync());
        await line!.CloseAsync();
        await Assertions.Expect(lost).ToBeVisibleAsync();
        await Assertions.Expect(lost).ToContainTextAsync("The connection is lost", new() { UseInnerText = true });
        Assert.Equal("/my/acme", await lost.GetByRole(AriaRole.Link, new() { Name = "Reload the page" }).GetAttributeAsync("href"));

        await visitor.Page.UnrouteAsync(Connection());
        await Assertions.Expect(lost).ToBeHiddenAsync();
        await visitor.Page.GetByRole(AriaRole.Link, new() { Name = "acme-eth-1" }).First.ClickAsync();
        await Assertions.Expect(visitor.Page.Locator("h1")).ToHaveTextAsync("acme-eth-1");
    }

    [Fact]
    public async Task What_is_gone_when_the_browser_is_asked_for_it_takes_no_page_with_it()
    {
        await using var visitor = await pages.VisitAsAsync(Pages.Admin);
        await visitor.GoLiveAsync($"/my/acme/altruists/{pages.Altruists["acme-eth-1"]}?show=offer");
        // What has left the page is handed over as null.
        await visitor.Page.EvaluateAsync("""
            () => {
                for (const [owner, name] of [[Radzen, 'createChart'], [Blazor._internal.InputFile, 'init'], [Blazor._internal.domWrapper, 'focus']]) {
                    const original = owner[name];
                    owner[name] = (...given) => {
                        console.info(`asked for ${name}`);
                        return original(...given.map(one => one instanceof Element ? null : one));
                    };
                }
            }
            """);
        await AskedForAsync("createChart", visitor.Page.GetByRole(AriaRole.Link, new() { Name = "Standing" }));
        await AskedForAsync("init", visitor.Page.GetByRole(AriaRole.Link, new() { Name = "Import altruists" }).First);
        await visitor.Page.GetByRole(AriaRole.Link, new() { Name = "API keys" }).First.ClickAsync();
        await Assertions.Expect(visitor.Page.Locator("h1")).ToHaveTextAsync("API keys");
        await visitor.LiveAsync();
        await visitor.Page.GetByLabel("Name").FillAsync("unfocused");
        await AskedForAsync("focus", visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Make the key" }));
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "I have copied it" }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator(".secret")).ToHaveCountAsync(0);
        var row = visitor.Page.Locator("tbody tr", new() { HasText = "unfocused" });
        await row.GetByRole(AriaRole.Button, new() { Name = "Revoke… unfocused" }).ClickAsync();
        await row.GetByRole(AriaRole.Button, new() { Name = "Revoke for good" }).ClickAsync();
        await Assertions.Expect(row).ToContainTextAsync("revoked");
        Assert.Empty(visitor.Complaints);

        Task AskedForAsync(string name, ILocator by) => visitor.Page.RunAndWaitForConsoleMessageAsync(() => by.ClickAsync(), new() { Predicate = message => message.Text == $"asked for {name}" });
    }

    [Fact]
    public async Task On_a_phone_the_menu_opens_above_the_page()
    {
        await using var visitor = await pages.VisitAsAsync(Pages.Admin, phone: true);
        await visitor.GoLiveAsync($"/my/acme/altruists/{pages.Altruists["acme-eth-1"]}");
        var menu = visitor.Page.Locator(".drawer");
        await Assertions.Expect(menu.GetByRole(AriaRole.Link, new() { Name = "Altruists", Exact = true })).ToBeHiddenAsync();
        await menu.Locator("summary").ClickAsync();
        await menu.GetByRole(AriaRole.Link, new() { Name = "Altruists", Exact = true }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator("h1")).ToHaveTextAsync("Acme Nodes");
        Assert.Empty(visitor.Complaints);
    }

    [Fact]
    public async Task Who_is_not_signed_in_is_led_to_where_one_is_and_back()
    {
        await using var visitor = await pages.VisitAsync();
        await visitor.GoAsync("/my/acme");
        Assert.Contains("/sign-in?back=%2Fmy%2Facme", visitor.Page.Url, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_page_of_another_provider_is_not_there()
    {
        await using var visitor = await pages.VisitAsAsync(Pages.Admin);
        Assert.Equal((int)HttpStatusCode.NotFound, (await visitor.GoAsync("/my/northwind")).Status);
        Assert.Equal((int)HttpStatusCode.NotFound, (await visitor.GoAsync($"/my/acme/altruists/{pages.Altruists["northwind-eth-1"]}")).Status);
    }

    [Fact]
    public async Task The_pages_of_staff_are_for_staff_alone()
    {
        var paths = pages.ConsoleAddresses.Where(page => page.Path.StartsWith("/admin", StringComparison.Ordinal)).Select(page => page.Path).ToList();
        Assert.NotEmpty(paths);
        foreach (var user in new[] { Pages.Admin, Pages.Viewer, Pages.OfNone, Pages.OfPortal })
        {
            await using var visitor = await pages.VisitAsAsync(user);
            foreach (var path in paths)
                Assert.Equal((int)HttpStatusCode.Forbidden, (await visitor.GoAsync(path)).Status);
        }

        await using var nobody = await pages.VisitAsync();
        foreach (var path in paths)
        {
            await nobody.GoAsync(path);
            Assert.Contains("/sign-in?back=", nobody.Page.Url, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("/admin/providers/nobody")]
    [InlineData("/admin/portals/nothing")]
    [InlineData("/admin/users/nobody")]
    public async Task What_is_not_registered_is_not_there(string path)
    {
        await using var visitor = await pages.VisitAsAsync(Pages.Staff);
        Assert.Equal((int)HttpStatusCode.NotFound, (await visitor.GoAsync(path)).Status);
    }

    [GeneratedRegex("/_blazor")]
    private static partial Regex Connection();
}
