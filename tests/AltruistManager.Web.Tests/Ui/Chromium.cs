using Microsoft.Playwright;

namespace AltruistManager.Web.Tests.Ui;

/// <summary>The machine's own Chromium.</summary>
internal static class Chromium
{
    public static Task<IBrowser> LaunchAsync(IPlaywright playwright)
    {
        Assertions.SetDefaultExpectTimeout(Visitor.Patience);
        return playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = "/usr/bin/chromium",
            Args = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"],
            Timeout = Visitor.Patience,
        });
    }
}
