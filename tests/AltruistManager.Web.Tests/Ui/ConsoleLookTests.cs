using AltruistManager.Web.Tests.Ui.Journeys;
using Microsoft.Playwright;

namespace AltruistManager.Web.Tests.Ui;

/// <summary>How every page of the consoles looks, in a real browser: without complaint, in every way, and without moving when its connection comes to stand.</summary>
public abstract class ConsoleLookTests(Pages pages, Func<string, bool> isOurs) : IClassFixture<Pages>
{
    /// <summary>What browsers call good is 0.1.</summary>
    private const double MostMoved = 0.02;

    [Fact]
    public async Task Every_page_is_shown_without_complaint_can_be_used_by_everybody_and_stands_still()
    {
        foreach (var user in pages.ConsoleAddresses.Where(page => isOurs(page.User)).GroupBy(page => page.User))
        {
            await using var visitor = await pages.VisitAsAsync(user.Key);
            await visitor.Page.AddInitScriptAsync(
                "window.moved = 0; new PerformanceObserver(list => list.getEntries().forEach(entry => window.moved += entry.value)).observe({ type: 'layout-shift', buffered: true })");
            foreach (var (name, path, _) in user)
            {
                await visitor.GoLiveAsync(path);
                await visitor.Page.WaitForLoadStateAsync(LoadState.NetworkIdle);
                Assert.True(await visitor.Page.EvaluateAsync<double>("window.moved") <= MostMoved, $"{path} moves");
                Assert.NotEqual("", await visitor.Page.TitleAsync());
                await JourneyBrowser.PhotographAsync(visitor, name);
            }

            Assert.Empty(visitor.Complaints);
        }
    }
}

public sealed class ProviderConsoleLookTests(Pages pages) : ConsoleLookTests(pages, user => user != Pages.Staff);

public sealed class StaffConsoleLookTests(Pages pages) : ConsoleLookTests(pages, user => user == Pages.Staff);
