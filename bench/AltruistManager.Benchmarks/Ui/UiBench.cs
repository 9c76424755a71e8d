using System.Diagnostics;
using System.Text.Json;
using AltruistManager.Scheduling;
using AltruistManager.Selection;
using AltruistManager.Web;
using Microsoft.Extensions.Options;
using Microsoft.Playwright;

namespace AltruistManager.Benchmarks.Ui;

/// <summary>
/// The pages over a large world with a month of history, in this very process, which also holds the client side of what measures: the first byte of each page, when a real
/// browser has it fully drawn (a page of a console: with its connection), how many statements it takes, and the memory of each console that stays open. Figures are absolute:
/// say with them what else the machine was doing.
/// </summary>
internal static class UiBench
{
    private const int Requests = 21;
    private const int Drawings = 5;
    private const int Consoles = 40;
    private const int Rounds = 12;

    private const double FirstByteTarget = 200;
    private const double DrawnTarget = 1000;
    private const double ConsoleTarget = 2;

    private static readonly TimeSpan Watched = TimeSpan.FromSeconds(20);

    /// <summary>When a page is as it is to be: a static one when it is loaded, one of a console when its connection stands, and then after the next picture.</summary>
    private const string Watch =
        """
        window.drawnAt = 0;
        addEventListener('load', () => {
            const drawn = () => requestAnimationFrame(() => setTimeout(() => window.drawnAt = performance.now()));
            const isDone = () => { const page = document.querySelector('.page[aria-busy]'); return !page || page.getAttribute('aria-busy') === 'false'; };
            if (isDone()) { drawn(); return; }
            const observer = new MutationObserver(() => { if (isDone()) { observer.disconnect(); drawn(); } });
            observer.observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ['aria-busy'] });
        });
        """;

    public static async Task<int> RunAsync(CancellationToken cancellation)
    {
        var folder = Directory.CreateTempSubdirectory("altruist-manager-bench-").FullName;
        try
        {
            StatementCount.Begin();
            Console.WriteLine($"load before: {Load()}");
            var started = TimeProvider.System.GetTimestamp();
            var world = UiWorld.Create(TimeProvider.System.GetUtcNow());
            await using (var empty = Build(folder))
                await world.WriteAsync(empty.Services, cancellation);
            Console.WriteLine($"{UiWorld.Chains} chains, {UiWorld.Regions} regions, {world.Altruists} altruists, {UiWorld.Days} days of history, made in {TimeProvider.System.GetElapsedTime(started).TotalSeconds:0} s; {new FileInfo(Path.Combine(folder, "bench.db")).Length / 1_000_000} MB");

            await using var service = Build(folder);
            await service.StartAsync(cancellation);
            // Its nodes are nowhere: what the world says of them is to stay. That jobs end alone is no reason for the host to end.
            service.Services.GetRequiredService<IOptions<HostOptions>>().Value.BackgroundServiceExceptionBehavior = BackgroundServiceExceptionBehavior.Ignore;
            await service.Services.GetServices<IHostedService>().OfType<SchedulerHost>().Single().StopAsync(cancellation);
            for (var round = 0; round < Rounds; round++)
                await service.Services.GetRequiredService<SelectionRound>().RunAsync(Trigger.Manual, TimeProvider.System.GetUtcNow(), cancellation);
            await MeasureAsync(service, world, cancellation);
            await service.StopAsync(cancellation);
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static WebApplication Build(string folder) => Service.Build(["--environment", "Production", "--urls", "http://127.0.0.1:0"], new Dictionary<string, string?>
    {
        ["Storage:ConnectionString"] = $"Data Source={folder}/bench.db",
        ["Probing:Interval"] = "01:00:00",
        ["Selection:Interval"] = "01:00:00",
        ["Selection:DefaultRegion"] = "region-00",
        ["Limits:AnonymousRequestsPerSecond"] = "0",
        ["Limits:CircuitsPerUser"] = "0",
        ["Logging:LogLevel:Default"] = "Warning",
    });

    private static async Task MeasureAsync(WebApplication service, UiWorld world, CancellationToken cancellation)
    {
        var address = new Uri(service.Urls.Single());
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = "/usr/bin/chromium", Args = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"] });
        var visitors = new Dictionary<string, IBrowserContext>();
        using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = address };
        // What the service does by itself.
        StatementCount.Take();
        await Task.Delay(Watched, TimeProvider.System, cancellation);
        var idle = StatementCount.Take();

        var figures = new List<object>();
        var met = true;
        Console.WriteLine($"{"page",-40} {"first byte",12} {"whole",9} {"drawn",10} {"KB",6} {"statements",11}");
        foreach (var page in UiPages.Of(world))
        {
            var visitor = await VisitAsync(browser, visitors, address, page.User);
            var cookies = string.Join("; ", (await visitor.CookiesAsync()).Select(cookie => $"{cookie.Name}={cookie.Value}"));
            var (first, whole, bytes, statements) = await AskAsync(client, page.Path, cookies, idle, cancellation);
            var drawn = await DrawAsync(visitor, page, cancellation);
            var (firstMs, wholeMs, drawnMs) = (SelectionBench.Median(first), SelectionBench.Median(whole), SelectionBench.Median(drawn));
            met &= firstMs <= FirstByteTarget && drawnMs <= DrawnTarget;
            Console.WriteLine($"{page.Name,-40} {firstMs,9:0.0} ms {wholeMs,6:0} ms {drawnMs,7:0} ms {bytes / 1000,6} {statements,11:0.#}{(firstMs > FirstByteTarget || drawnMs > DrawnTarget ? "  too slow" : "")}");
            figures.Add(new { page = page.Name, first_byte_ms = Math.Round(firstMs, 1), whole_ms = Math.Round(wholeMs, 1), drawn_ms = Math.Round(drawnMs), bytes, statements = Math.Round(statements, 1) });
        }

        var refresh = await RefreshAsync(visitors[UiWorld.Admin], world, idle, cancellation);
        Console.WriteLine($"a refresh of an open overview of {world.Provider}: {refresh:0.0} statements");
        var (managed, resident) = await OpenManyAsync(visitors[UiWorld.Admin], world, cancellation);
        Console.WriteLine($"each of {Consoles} open consoles: {managed:0.00} MB of the managed heap after a collection, {resident:0.00} MB of memory (target {ConsoleTarget} MB)");
        met &= resident <= ConsoleTarget;
        Console.WriteLine($"targets: first byte {FirstByteTarget} ms, drawn {DrawnTarget} ms, {ConsoleTarget} MB for each console: {(met ? "all met" : "not all met")}; load after: {Load()}");
        Console.WriteLine(JsonSerializer.Serialize(new
        {
            bench = "ui", chains = UiWorld.Chains, regions = UiWorld.Regions, altruists = world.Altruists, days = UiWorld.Days, pages = figures,
            overview_refresh_statements = Math.Round(refresh, 1), console_managed_mb = Math.Round(managed, 2), console_resident_mb = Math.Round(resident, 2), met, load = Load(),
        }));
    }

    /// <summary>A browser of that user, signed in.</summary>
    private static async Task<IBrowserContext> VisitAsync(IBrowser browser, Dictionary<string, IBrowserContext> visitors, Uri address, string? user)
    {
        if (visitors.TryGetValue(user ?? "", out var known))
            return known;
        var visitor = await browser.NewContextAsync(new BrowserNewContextOptions { BaseURL = $"http://localhost:{address.Port}", ViewportSize = new ViewportSize { Width = 1440, Height = 900 } });
        await visitor.AddInitScriptAsync(Watch);
        visitors.Add(user ?? "", visitor);
        if (user is null)
            return visitor;

        var page = await visitor.NewPageAsync();
        await page.GotoAsync("/sign-in");
        await page.GetByLabel("Email").FillAsync(user);
        await page.GetByLabel("Password").FillAsync(UiWorld.Password);
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Sign in" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Sign out" })).ToBeVisibleAsync();
        await page.CloseAsync();
        return visitor;
    }

    private static async Task<(List<double> First, List<double> Whole, long Bytes, double Statements)> AskAsync(
        HttpClient client, string path, string cookies, IReadOnlyDictionary<string, int> idle, CancellationToken cancellation)
    {
        var (first, whole) = (new List<double>(), new List<double>());
        var bytes = 0L;
        for (var request = -3; request < Requests; request++)
        {
            if (request == 0)
                StatementCount.Take();
            using var asked = new HttpRequestMessage(HttpMethod.Get, path);
            if (cookies.Length > 0)
                asked.Headers.Add("Cookie", cookies);
            var began = TimeProvider.System.GetTimestamp();
            using var answer = await client.SendAsync(asked, HttpCompletionOption.ResponseHeadersRead, cancellation);
            if (!answer.IsSuccessStatusCode)
                throw new InvalidOperationException($"{path} answers {(int)answer.StatusCode}.");
            await using var body = await answer.Content.ReadAsStreamAsync(cancellation);
            var buffer = new byte[64 * 1024];
            bytes = await body.ReadAsync(buffer, cancellation);
            var begun = TimeProvider.System.GetElapsedTime(began);
            while (await body.ReadAsync(buffer, cancellation) is > 0 and var read)
                bytes += read;
            if (request < 0)
                continue;
            first.Add(begun.TotalMilliseconds);
            whole.Add(TimeProvider.System.GetElapsedTime(began).TotalMilliseconds);
        }

        return (first, whole, bytes, Own(StatementCount.Take(), idle) / (double)Requests);
    }

    private static async Task<List<double>> DrawAsync(IBrowserContext visitor, UiPage page, CancellationToken cancellation)
    {
        var drawn = new List<double>();
        // The first has to fetch what all pages share.
        for (var drawing = -1; drawing < Drawings; drawing++)
        {
            var tab = await visitor.NewPageAsync();
            var took = await DrawnAsync(tab, page.Path, cancellation);
            if (drawing >= 0)
                drawn.Add(took);
            await tab.CloseAsync();
        }

        return drawn;
    }

    private static async Task<double> DrawnAsync(IPage tab, string path, CancellationToken cancellation)
    {
        await tab.GotoAsync(path);
        for (var waited = 0; waited < 3000; waited++)
        {
            if (await tab.EvaluateAsync<double>("window.drawnAt") is > 0 and var at)
                return at;
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, cancellation);
        }

        throw new InvalidOperationException($"{path} is not drawn within half a minute.");
    }

    /// <summary>Statements that an open overview takes each time it is brought up to date.</summary>
    private static async Task<double> RefreshAsync(IBrowserContext visitor, UiWorld world, IReadOnlyDictionary<string, int> idle, CancellationToken cancellation)
    {
        var tab = await visitor.NewPageAsync();
        await DrawnAsync(tab, $"/my/{world.Provider}", cancellation);
        StatementCount.Take();
        await Task.Delay(Watched, TimeProvider.System, cancellation);
        var taken = Own(StatementCount.Take(), idle);
        await tab.CloseAsync();
        return taken / (Watched / Web.Ui.ConsolePage.Tick);
    }

    /// <returns>In MB, for each console that is open.</returns>
    private static async Task<(double Managed, double Resident)> OpenManyAsync(IBrowserContext visitor, UiWorld world, CancellationToken cancellation)
    {
        var tabs = new List<IPage>();
        // What is made once is no console's.
        tabs.Add(await OpenAsync());
        tabs.Add(await OpenAsync());
        var (managed, resident) = Memory();
        for (var console = 0; console < Consoles; console++)
            tabs.Add(await OpenAsync());
        // As it is after having been brought up to date a few times.
        await Task.Delay(Watched, TimeProvider.System, cancellation);
        var after = Memory();
        foreach (var tab in tabs)
            await tab.CloseAsync();
        return ((after.Managed - managed) / 1e6 / Consoles, (after.Resident - resident) / 1e6 / Consoles);

        async Task<IPage> OpenAsync()
        {
            var tab = await visitor.NewPageAsync();
            await DrawnAsync(tab, $"/my/{world.Provider}", cancellation);
            return tab;
        }
    }

    private static (double Managed, double Resident) Memory()
    {
        for (var pass = 0; pass < 3; pass++)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }

        using var process = Process.GetCurrentProcess();
        return (GC.GetTotalMemory(forceFullCollection: true), process.WorkingSet64);
    }

    /// <summary>Those that the service does not begin by itself.</summary>
    private static int Own(Dictionary<string, int> taken, IReadOnlyDictionary<string, int> idle) => taken.Where(statement => !idle.ContainsKey(statement.Key)).Sum(statement => statement.Value);

    private static string Load() => File.ReadAllText("/proc/loadavg").Trim();
}
