using AltruistManager.Web.Tests.EndToEnd;
using Deque.AxeCore.Commons;
using Microsoft.Playwright;

namespace AltruistManager.Web.Tests.Ui.Journeys;

/// <summary>A real browser for journeys; each visitor has cookies of its own.</summary>
public sealed class JourneyBrowser : IAsyncLifetime
{
    /// <summary>What it finds serious or critical of the page as it stands; in the dark only colours differ.</summary>
    private const string Axe =
        """
        async dark => (await axe.run({ resultTypes: ['violations'], ...(dark ? { runOnly: ['color-contrast'] } : {}) })).violations
          .filter(violation => violation.impact === 'serious' || violation.impact === 'critical')
          .flatMap(violation => violation.nodes.map(node => `${violation.id}: ${node.html}`))
        """;

    /// <summary>Numbers that nothing on the page leads to a definition of: of a chart its title does.</summary>
    private const string Undefined =
        """
        () => [...document.querySelectorAll('th.num, .tile')]
          .filter(one => !one.closest('.chart') && (one.matches('th') || /^[\d,.]+( |$)/.test(one.querySelector('dd').innerText.trim())) && !one.querySelector('a[href^="/methodology#"]'))
          .map(one => one.innerText)
        """;

    private const string Definitions = """() => [...new Set([...document.querySelectorAll('a[href^="/methodology#"]')].map(link => link.hash.slice(1)))]""";

    private static readonly string AxeScript = new BundledAxeScriptProvider().GetScript();

    private IPlaywright? playwright;
    private IBrowser? browser;

    public async ValueTask InitializeAsync()
    {
        playwright = await Playwright.CreateAsync();
        browser = await Chromium.LaunchAsync(playwright);
    }

    /// <param name="address">Of the service; by the name localhost, where passkeys work without https.</param>
    public async Task<Visitor> VisitAsync(Uri address, bool phone = false, bool dark = false)
    {
        var context = await browser!.NewContextAsync(new BrowserNewContextOptions
        {
            BaseURL = $"http://localhost:{address.Port}",
            ViewportSize = phone ? new ViewportSize { Width = 360, Height = 780 } : new ViewportSize { Width = 1280, Height = 900 },
            ColorScheme = dark ? ColorScheme.Dark : ColorScheme.Light,
        });
        return new Visitor(context, await context.NewPageAsync());
    }

    /// <summary>A device that holds passkeys and says that its holder unlocked it.</summary>
    public static async Task GiveDeviceAsync(Visitor visitor)
    {
        var session = await visitor.Page.Context.NewCDPSessionAsync(visitor.Page);
        await session.SendAsync("WebAuthn.enable");
        await session.SendAsync("WebAuthn.addVirtualAuthenticator", new Dictionary<string, object>
        {
            ["options"] = new Dictionary<string, object>
            {
                ["protocol"] = "ctap2",
                ["transport"] = "internal",
                ["hasResidentKey"] = true,
                ["hasUserVerification"] = true,
                ["isUserVerified"] = true,
                ["automaticPresenceSimulation"] = true,
            },
        });
    }

    /// <summary>Pictures of the page as it stands, wide and on a phone, light and dark, among the output of the tests. In none of them may it be wider than the window or keep anybody from using it, and every number is explained a click away.</summary>
    public static async Task PhotographAsync(Visitor visitor, string name)
    {
        var page = visitor.Page;
        var (folder, size) = (Checkout.Artifacts("screenshots"), page.ViewportSize!);
        // Without its styles it is another page.
        await page.WaitForLoadStateAsync();
        Assert.Empty(await page.EvaluateAsync<string[]>(Undefined));
        if (await page.EvaluateAsync<string[]>(Definitions) is { Length: > 0 } wanted)
        {
            var explained = await (await page.APIRequest.GetAsync("/methodology", new() { Timeout = Visitor.Patience })).TextAsync();
            Assert.All(wanted, name => Assert.Contains($"id=\"{name}\"", explained, StringComparison.Ordinal));
        }

        // What stays in sight is where it belongs.
        await page.EvaluateAsync("scrollTo(0, 0)");
        // Once for all looks: the package would bring it anew, and open a page of its own, for each.
        await page.EvaluateAsync(AxeScript);
        foreach (var phone in new[] { false, true })
        {
            await page.SetViewportSizeAsync(phone ? 360 : 1280, phone ? 780 : 900);
            foreach (var dark in new[] { false, true })
            {
                await page.EmulateMediaAsync(new() { ColorScheme = dark ? ColorScheme.Dark : ColorScheme.Light });
                var look = $"{name}-{(phone ? "phone" : "wide")}-{(dark ? "dark" : "light")}";
                await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"{look}.png"), FullPage = true });
                Assert.True(await visitor.OverflowAsync() <= 0, $"{look} is wider than its window");
                Assert.Equal(1, await page.Locator("h1").CountAsync());
                var found = await page.EvaluateAsync<string[]>(Axe, dark);
                Assert.True(found.Length == 0, $"{look}: {string.Join("; ", found)}");
            }
        }

        await page.SetViewportSizeAsync(size.Width, size.Height);
        await page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Light });
    }

    public async ValueTask DisposeAsync()
    {
        if (browser is not null)
            await browser.DisposeAsync();
        playwright?.Dispose();
    }
}
