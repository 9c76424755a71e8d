using AltruistManager.Web.Tests.Ui;
using Microsoft.Playwright;

namespace AltruistManager.Web.Tests.EndToEnd;

/// <summary>What <see cref="RealNodesTests"/> sees through the API, seen by somebody at a browser. Its pictures are kept in <c>artifacts/screenshots</c>.</summary>
[Collection(EndToEndCollection.Name)]
public sealed class RealNodesPageTests
{
    private readonly List<string> complaints = [];

    [Fact]
    public async Task Pages_show_rotation_failover_its_explanation_and_the_return()
    {
        await using var world = await RealNodes.StartAsync();
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await Chromium.LaunchAsync(playwright);
        var page = await OpenAsync(browser, world, ColorScheme.Light, 1280, 900);

        // The matrix: one chain, a pick with three of four eligible.
        await Eventually.BeTrueAsync("three of four eligible", async () =>
        {
            await page.GotoAsync("/");
            return await Cell(page).CountAsync() == 1 && (await Cell(page).InnerTextAsync()).Contains("3/4", StringComparison.Ordinal);
        });
        await PictureAsync(page, "matrix");

        // Rotation: the cell names somebody else after a while.
        var first = await PickedLabelAsync(page);
        var second = await Eventually.SeeAsync("another pick in the cell", async () =>
        {
            await page.GotoAsync("/");
            return await PickedLabelAsync(page) is var label && label != first ? label : null;
        });

        // Failover, right after a round.
        var fallen = world.Honest.Single(altruist => world.LabelOf(altruist) == second);
        await world.Network.KillAsync(world.NodeOf(fallen));
        await Cell(page).ClickAsync();
        await page.WaitForURLAsync($"**/slots/{RealNodes.Chain}/{RealNodes.Region}");
        await Eventually.BeTrueAsync("the slot page explains why the killed node is out", async () =>
        {
            await page.ReloadAsync();
            // Refused once or twice, it is still the pick.
            Assert.DoesNotContain(second, await page.Locator(".says").InnerTextAsync(), StringComparison.Ordinal);
            return (await Row(page, second).InnerTextAsync()).Contains("refused", StringComparison.OrdinalIgnoreCase);
        });
        Assert.Equal(4, await page.Locator("table.candidates tbody tr").CountAsync());
        Assert.Contains("900901", await Row(page, RealNodes.StrangerLabel).InnerTextAsync(), StringComparison.Ordinal);
        await PictureAsync(page, "slot-after-failover");

        // The decision of the failover itself, from the history of picks.
        await page.Locator("table.history tbody tr").First.GetByRole(AriaRole.Link, new() { Name = "Why" }).ClickAsync();
        await PictureAsync(page, "decision");

        // The same on a phone at night.
        var phone = await OpenAsync(browser, world, ColorScheme.Dark, 390, 844);
        await phone.GotoAsync("/");
        await PictureAsync(phone, "matrix-phone-dark");
        await phone.GotoAsync($"/slots/{RealNodes.Chain}/{RealNodes.Region}");
        await PictureAsync(phone, "slot-phone-dark");
        var overflow = await phone.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth");
        Assert.Equal(0, overflow);

        // The return: its cool-down is up to twice as long as it was away.
        await world.Network.StartAgainAsync(world.NodeOf(fallen));
        await Eventually.BeTrueAsync("the node that came back is picked again", async () =>
        {
            await page.GotoAsync("/");
            return await PickedLabelAsync(page) == second;
        }, TimeSpan.FromMinutes(3));
        await PictureAsync(page, "matrix-after-return");

        Assert.Empty(complaints);
    }

    private async Task<IPage> OpenAsync(IBrowser browser, RealNodes world, ColorScheme scheme, int width, int height)
    {
        var context = await browser.NewContextAsync(new()
        {
            BaseURL = world.Service.Address.ToString(),
            ColorScheme = scheme,
            ViewportSize = new() { Width = width, Height = height },
        });
        context.SetDefaultTimeout(Visitor.Patience);
        var page = await context.NewPageAsync();
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
                complaints.Add(message.Text);
        };
        page.PageError += (_, error) => complaints.Add(error);
        page.Response += (_, response) =>
        {
            if (response.Status >= 400)
                complaints.Add($"{response.Status} {response.Url}");
        };
        return page;
    }

    private static ILocator Cell(IPage page) => page.Locator($"a.cell[href='/slots/{RealNodes.Chain}/{RealNodes.Region}']");

    private static Task<string> PickedLabelAsync(IPage page) => Cell(page).Locator("b").InnerTextAsync();

    private static ILocator Row(IPage page, string label) => page.Locator("table.candidates tbody tr").Filter(new() { Has = page.Locator("th", new() { HasText = label }) });

    private static Task<byte[]> PictureAsync(IPage page, string name) =>
        page.ScreenshotAsync(new() { Path = Path.Combine(Checkout.Artifacts("screenshots"), $"{name}.png"), FullPage = true });
}
