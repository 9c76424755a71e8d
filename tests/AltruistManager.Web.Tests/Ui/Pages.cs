using System.Text.Json;
using AltruistManager.Accounts;
using AltruistManager.Alerts;
using AltruistManager.Simulator;
using AltruistManager.Web.Tests.EndToEnd;
using AltruistManager.Web.Tests.Security;
using Microsoft.Playwright;

namespace AltruistManager.Web.Tests.Ui;

/// <summary>
/// The real service over simulated nodes, with a slot in every state, and a real browser to look at it. Nothing changes any more once it
/// stands, so that tests may share it.
/// </summary>
public sealed class Pages : IAsyncLifetime
{
    /// <summary>In the URL of every altruist; must never be on a page.</summary>
    public const string Secret = "canary7f3a9c";

    /// <summary>Users: an administrator of Acme, one who may only look at it, one of two providers, one of none, one of a portal, and staff.</summary>
    public const string Admin = "admin@acme.example";
    public const string Viewer = "viewer@acme.example";
    public const string OfTwo = "both@acme.example";
    public const string OfNone = "nobody@acme.example";
    public const string OfPortal = "gateway@portal.example";
    public const string Staff = "staff@manager.example";

    private AppFixture? app;
    private SimulatedWorld? world;
    private SimulatedChain? ethereum;
    private IPlaywright? playwright;
    private IBrowser? browser;

    public AppFixture App => app!;

    /// <summary>Ids by label.</summary>
    public Dictionary<string, string> Altruists { get; } = [];

    /// <summary>Ids by email address.</summary>
    public Dictionary<string, string> Users { get; } = [];

    /// <summary>One address of every page, with what it is called in the pictures.</summary>
    public IReadOnlyList<(string Name, string Path)> Addresses =>
    [
        ("matrix", "/"),
        ("matrix-attention", "/?show=attention"),
        ("matrix-no-match", "/?chain=nothing"),
        ("slot-fresh", "/slots/0021/us-east"),
        ("slot-fallback", "/slots/0021/us-west"),
        ("slot-override", "/slots/0009/us-east"),
        ("slot-degraded", "/slots/0003/us-east"),
        ("slot-none", "/slots/0009/eu-central"),
        ("altruists", "/altruists"),
        ("altruist-healthy", $"/altruists/{Altruists["acme-eth-1"]}"),
        ("altruist-down", $"/altruists/{Altruists["acme-avax-1"]}"),
        ("transparency", "/transparency"),
        ("altruist-draining", $"/altruists/{Altruists["acme-polygon-1"]}"),
        ("methodology", "/methodology"),
        ("not-found", "/slots/nothing/nowhere"),
    ];

    /// <summary>One address of every page of the consoles, with what it is called in the pictures and who looks.</summary>
    public IReadOnlyList<(string Name, string Path, string User)> ConsoleAddresses =>
    [
        ("my-none", "/my", OfNone),
        ("my-choice", "/my", OfTwo),
        ("my-overview", "/my/acme", Admin),
        ("my-overview-viewer", "/my/acme", Viewer),
        ("my-altruist", $"/my/acme/altruists/{Altruists["acme-eth-1"]}", Admin),
        ("my-altruist-down", $"/my/acme/altruists/{Altruists["acme-avax-1"]}", Admin),
        ("my-altruist-offer", $"/my/acme/altruists/{Altruists["acme-eth-1"]}?show=offer", Admin),
        ("my-altruist-history", $"/my/acme/altruists/{Altruists["acme-avax-1"]}?show=history", Admin),
        ("my-altruist-probes", $"/my/acme/altruists/{Altruists["acme-avax-1"]}?show=probes", Admin),
        ("my-add", "/my/acme/add", Admin),
        ("my-edit", $"/my/acme/altruists/{Altruists["acme-eth-1"]}/edit", Admin),
        ("my-import", "/my/acme/import", Admin),
        ("my-keys", "/my/acme/keys", Admin),
        ("my-keys-viewer", "/my/acme/keys", Viewer),
        ("my-portal", "/my", OfPortal),
        ("my-team", "/my/acme/team", Admin),
        ("my-team-viewer", "/my/acme/team", Viewer),
        ("my-settings", "/my/acme/settings", Admin),
        ("my-settings-viewer", "/my/acme/settings", Viewer),
        ("admin-attention", "/admin", Staff),
        ("admin-publishers", "/admin/publishers", Staff),
        ("admin-jobs", "/admin/jobs", Staff),
        ("admin-audit", "/admin/audit", Staff),
        ("admin-settings", "/admin/settings", Staff),
        ("admin-audit-no-match", "/admin/audit?action=nothing", Staff),
        ("my-altruist-draining", $"/my/acme/altruists/{Altruists["acme-polygon-1"]}", Viewer),
        ("admin-overrides", "/admin/overrides", Staff),
        ("admin-overrides-pin", $"/admin/overrides?order=pin&altruist={Altruists["acme-eth-1"]}&region=us-east", Staff),
        ("admin-overrides-hold", "/admin/overrides?order=hold", Staff),
        ("admin-chains", "/admin/chains", Staff),
        ("admin-chains-none", "/admin/chains?text=nothing", Staff),
        ("admin-chain", "/admin/chains/0021", Staff),
        ("admin-chain-known", "/admin/chains/F005", Staff),
        ("admin-chain-new", "/admin/chains/my-testnet", Staff),
        ("admin-providers", "/admin/providers", Staff),
        ("admin-provider", "/admin/providers/acme", Staff),
        ("admin-regions", "/admin/regions", Staff),
        ("admin-altruists", "/admin/altruists", Staff),
        ("admin-portals", "/admin/portals", Staff),
        ("admin-portal", "/admin/portals/gateway", Staff),
        ("admin-users", "/admin/users", Staff),
        ("admin-user", $"/admin/users/{Users[Admin]}", Staff),
    ];

    public async ValueTask InitializeAsync()
    {
        var cancellation = TestContext.Current.CancellationToken;
        app = await AppFixture.StartAsync(("Probing:RetryInterval", "00:00:00.200"), ("Probing:HotInterval", "00:00:00.500"), ("Health:CooldownInitial", "00:00:01"),
            ("Publishers:0:Name", "catalogue"), ("Publishers:0:Kind", "erpc"), ("Publishers:0:Region", "us-east"), ("Publishers:0:Chains:0021", "1"),
            ("Publishers:1:Name", "away"), ("Publishers:1:Kind", "portal-database-v2"), ("Publishers:1:Region", "us-east"), ("Publishers:1:Url", $"http://127.0.0.1:1/{Secret}/portal"), ("Publishers:1:Key", Secret),
            ("Publishers:1:Chains:0021", "eth"));
        world = await SimulatedWorld.StartAsync(new SimulatedWorldOptions(), cancellation);

        await PutAsync("regions/us-east", new { name = "US East" });
        await PutAsync("regions/us-west", new { name = "US West", fallbacks = new[] { "us-east" } });
        await PutAsync("regions/eu-central", new { name = "Europe Central" });
        await PutAsync("chains/0021", new { name = "Ethereum", protocol = "evm", identity = "1", blockTimeSeconds = 1, lagToleranceBlocks = 20, minEligible = 4 });
        await PutAsync("chains/0009", new { name = "Polygon", protocol = "evm", identity = "137", blockTimeSeconds = 1, lagToleranceBlocks = 20 });
        await PutAsync("chains/0003", new { name = "Avalanche", protocol = "evm", identity = "43114", blockTimeSeconds = 1, lagToleranceBlocks = 20, path = "", minEligible = 1 });
        foreach (var (id, name) in new[] { ("acme", "Acme Nodes"), ("northwind", "Northwind"), ("helios", "Helios Validators") })
            await PutAsync($"providers/{id}", new { name });

        ethereum = world.AddChain(1, TimeSpan.FromSeconds(1));
        foreach (var provider in new[] { "acme", "northwind", "helios" })
            await AddAsync(ethereum, "0021", provider, $"{provider}-eth-1");
        var stranger = await AddAsync(ethereum, "0021", "helios", "helios-eth-2");
        stranger.Fault = Faults.WrongChain(5);
        var polygon = world.AddChain(137, TimeSpan.FromSeconds(1));
        await AddAsync(polygon, "0009", "acme", "acme-polygon-1");
        await AddAsync(polygon, "0009", "northwind", "northwind-polygon-1");
        var avalanche = await AddAsync(world.AddChain(43114, TimeSpan.FromSeconds(1)), "0003", "acme", "acme-avax-1");

        await Eventually.BeTrueAsync("the altruists are picked", async () =>
        {
            await RoundAsync();
            return await StateAsync("acme-eth-1") == "healthy" && await StateAsync("northwind-eth-1") == "healthy" && await StateAsync("helios-eth-1") == "healthy"
                && await StateAsync("acme-polygon-1") == "healthy" && await StateAsync("acme-avax-1") == "healthy" && await StateAsync("helios-eth-2") == "wrong-chain";
        });
        await RoundAsync();
        await PostAsync("overrides", new
        {
            kind = "pin", chain = "0009", region = "us-east", altruist = Altruists["northwind-polygon-1"], reason = "maintenance of the other, see the status page",
            expiresAt = TimeProvider.System.GetUtcNow().AddHours(2),
        });
        avalanche.Fault = Faults.Down;
        await Eventually.BeTrueAsync("the only Avalanche node is down", async () =>
        {
            await RoundAsync();
            return await StateAsync("acme-avax-1") == "down";
        });
        await RoundAsync();
        await RoundAsync();
        var now = TimeProvider.System.GetUtcNow();
        await PostAsync($"altruists/{Altruists["acme-polygon-1"]}/drain", new { reason = "new disks", until = now.AddHours(3) });
        await PostAsync($"altruists/{Altruists["acme-eth-1"]}/drain", new { reason = "a new kernel", from = now.AddDays(1), until = now.AddDays(1).AddHours(2) });
        await PostAsync("holds", new { chain = "0021", region = "us-west", reason = "an incident at a portal", until = now.AddHours(3) });

        Users[Admin] = await Person.MakeAsync(app, Admin, Grant.Of("acme", MemberRole.Admin));
        Users[Viewer] = await Person.MakeAsync(app, Viewer, Grant.Of("acme", MemberRole.Viewer));
        Users[OfTwo] = await Person.MakeAsync(app, OfTwo, Grant.Of("acme", MemberRole.Admin), Grant.Of("northwind", MemberRole.Viewer));
        Users[OfNone] = await Person.MakeAsync(app, OfNone);
        Users[Staff] = await Person.MakeAsync(app, Staff, Grant.Staff);
        await PutAsync("portals/gateway", new { name = "Gateway" });
        Users[OfPortal] = await Person.MakeAsync(app, OfPortal, Grant.Owning("gateway"));
        using (var gateway = app.Client(await app.CreateKeyAsync(KeyScope.Portal, portal: "gateway")))
            await gateway.GetJsonAsync("/api/v1/selections?region=us-east", cancellation);
        await ReportAsync("gateway");

        // What needs attention is known before anybody looks: a list that grows meanwhile moves.
        await app.Services.GetRequiredService<AttentionDesk>().LookAsync(cancellation);

        playwright = await Playwright.CreateAsync();
        browser = await Chromium.LaunchAsync(playwright);
    }

    /// <summary>The address of another node of Ethereum, which nobody has registered.</summary>
    public string NewNode(string name) => world!.AddNode(ethereum!, name, new SimulatedNodeOptions { OwnPort = false }).Url.ToString();

    /// <summary>One round by the rules.</summary>
    public Task PickAnewAsync() => RoundAsync();

    /// <summary>A browser of its own, without cookies.</summary>
    /// <param name="zone">The time zone of its clock; null for UTC.</param>
    public async Task<Visitor> VisitAsync(bool phone = false, bool dark = false, string? zone = null)
    {
        var context = await browser!.NewContextAsync(new BrowserNewContextOptions
        {
            BaseURL = App.Address.ToString(),
            ViewportSize = phone ? new ViewportSize { Width = 360, Height = 780 } : new ViewportSize { Width = 1440, Height = 900 },
            ColorScheme = dark ? ColorScheme.Dark : ColorScheme.Light,
            IsMobile = phone,
            HasTouch = phone,
            TimezoneId = zone ?? "UTC",
        });
        return new Visitor(context, await context.NewPageAsync());
    }

    /// <summary>The same, signed in.</summary>
    public async Task<Visitor> VisitAsAsync(string user, bool phone = false, bool dark = false, string? zone = null)
    {
        var visitor = await VisitAsync(phone, dark, zone);
        await visitor.SignInAsync(user);
        return visitor;
    }

    public async ValueTask DisposeAsync()
    {
        if (browser is not null)
            await browser.DisposeAsync();
        playwright?.Dispose();
        if (app is not null)
            await app.DisposeAsync();
        if (world is not null)
            await world.DisposeAsync();
    }

    private async Task<SimulatedNode> AddAsync(SimulatedChain chain, string id, string provider, string label)
    {
        var node = world!.AddNode(chain, $"{label}-{Secret}", new SimulatedNodeOptions { OwnPort = false });
        var added = await PostAsync("altruists", new { provider, chains = new[] { id }, url = node.Url.ToString(), regions = new[] { "us-east" }, label });
        Altruists[label] = added.GetProperty("id").GetString()!;
        return node;
    }

    /// <summary>What a portal relayed in the last minute, well and less so.</summary>
    private async Task ReportAsync(string portal)
    {
        using var client = App.Client(await App.CreateKeyAsync(KeyScope.Portal, portal: portal));
        var to = TimeProvider.System.GetUtcNow();
        using var answer = await client.PostAsJsonAsync("/api/v1/relay-reports", new
        {
            id = "first",
            region = "us-east",
            from = to.AddMinutes(-1),
            to,
            altruists = new object[]
            {
                new { altruist = Altruists["acme-eth-1"], chain = "0021", servedAs = "primary", relays = 12000, errors = new { timeout = 3, throttled = 9 }, latencyBuckets = new Dictionary<string, int> { ["25"] = 3000, ["50"] = 8000, ["100"] = 988 } },
                new { altruist = Altruists["northwind-eth-1"], chain = "0021", servedAs = "standby", relays = 40, errors = new { }, latencyBuckets = new Dictionary<string, int> { ["50"] = 40 } },
            },
        }, TestContext.Current.CancellationToken);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    private async Task<string?> StateAsync(string label) =>
        (await App.Staff.GetJsonAsync($"/api/v1/altruists/{Altruists[label]}", TestContext.Current.CancellationToken)).GetProperty("state").GetString();

    private Task<JsonElement> RoundAsync() => PostAsync("rounds", new { });

    private async Task PutAsync(string path, object body)
    {
        using var answer = await App.Staff.PutAsJsonAsync($"/api/v1/{path}", body, TestContext.Current.CancellationToken);
        await answer.ReadJsonAsync(TestContext.Current.CancellationToken);
    }

    private async Task<JsonElement> PostAsync(string path, object body)
    {
        using var answer = await App.Staff.PostAsJsonAsync($"/api/v1/{path}", body, TestContext.Current.CancellationToken);
        return await answer.ReadJsonAsync(TestContext.Current.CancellationToken);
    }
}
