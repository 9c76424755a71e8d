using System.Net;
using System.Text;
using System.Text.Json;
using AltruistManager.Accounts;
using AltruistManager.Alerts;
using AltruistManager.Client;
using AltruistManager.Simulator;

namespace AltruistManager.Web.Tests.Api;

public sealed class RelayReportsApiTests(AppWithPicks picks) : IClassFixture<AppWithPicks>
{
    private const string Path = "/api/v1/relay-reports";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    private AppFixture App => picks.App;

    [Fact]
    public async Task Fault_40_Report_that_is_sent_twice_is_accepted_twice_and_counted_once_also_after_a_restart()
    {
        using var portal = await PortalAsync("repeating");
        var body = Report("same", "one", relays: 1_200, timeouts: 3);
        var first = await portal.PostAsync(Path, Json(body), Cancellation);
        Assert.Equal(HttpStatusCode.Accepted, first.StatusCode);
        Assert.False((await first.ReadJsonAsync(Cancellation)).GetProperty("repeat").GetBoolean());
        var again = await portal.PostAsync(Path, Json(body), Cancellation);
        Assert.Equal(HttpStatusCode.Accepted, again.StatusCode);
        Assert.True((await again.ReadJsonAsync(Cancellation)).GetProperty("repeat").GetBoolean());

        await App.RestartAsync(() => { });
        using var later = App.Client(portal.DefaultRequestHeaders.Authorization!.Parameter);
        Assert.Equal(HttpStatusCode.Accepted, (await later.PostAsync(Path, Json(body), Cancellation)).StatusCode);

        var shown = await App.Staff.GetJsonAsync($"{Path}?portal=repeating", Cancellation);
        var total = shown.GetProperty("total");
        Assert.Equal((1_200, 3, 0.0025), (total.GetProperty("relays").GetInt32(), total.GetProperty("errors").GetProperty("timeout").GetInt32(), total.GetProperty("errorShare").GetDouble()));
        // What this portal called "1000" is answered within a second; its bounds are none of ours but fit in.
        Assert.Equal((1_190, 7), (total.GetProperty("latencyBuckets").GetProperty("50").GetInt32(), total.GetProperty("latencyBuckets").GetProperty("1000").GetInt32()));
        Assert.Equal((50, 50), (total.GetProperty("medianMs").GetInt32(), total.GetProperty("p95Ms").GetInt32()));
        var chain = Assert.Single(shown.GetProperty("chains").EnumerateArray());
        Assert.Equal((2_000_000, 0.0006, 1_100), (chain.GetProperty("portalRelays").GetInt32(), chain.GetProperty("altruistShare").GetDouble(), chain.GetProperty("fallbackReasons").GetProperty("session-rollover").GetInt32()));
        Assert.Equal("one", Assert.Single(shown.GetProperty("altruists").EnumerateArray()).GetProperty("label").GetString());
        Assert.Equal(1_200, Assert.Single(shown.GetProperty("points").EnumerateArray()).GetProperty("served").GetProperty("relays").GetInt32());
    }

    [Theory]
    [InlineData("""{}""", "from,id,to")]
    [InlineData("""{"id":"","region":"nowhere","from":"yesterday","to":7,"generation":-1,"colour":"red","altruists":{},"chains":[7]}""", "altruists,chains[0],colour,from,generation,id,region,to")]
    [InlineData("""{"id":"x","from":"{now}","to":"{later}","altruists":[]}""", "to")]
    [InlineData("""{"id":"x","from":"{old}","to":"{old+}"}""", "from")]
    [InlineData("""{"id":"x","from":"{hours}","to":"{now}"}""", "to")]
    [InlineData("""{"id":"x","from":"{now}","to":"{now}"}""", "to")]
    [InlineData("""{"id":"x","from":"{minute}","to":"{now}","altruists":[{}]}""", "altruists[0].altruist,altruists[0].chain,altruists[0].relays,altruists[0].servedAs")]
    [InlineData(
        """{"id":"x","from":"{minute}","to":"{now}","altruists":[{"altruist":"{one}","chain":"0021","servedAs":"primary","relays":1},{"altruist":"who","chain":"nowhere","servedAs":"spare","relays":-1,"errors":{"connect":1.5,"gone":1},"latencyBuckets":{"fast":1,"25":-1},"height":1}]}""",
        "altruists[1].altruist,altruists[1].chain,altruists[1].errors.connect,altruists[1].errors.gone,altruists[1].height,altruists[1].latencyBuckets.25,altruists[1].latencyBuckets.fast,altruists[1].relays,altruists[1].servedAs")]
    [InlineData("""{"id":"x","from":"{minute}","to":"{now}","altruists":[{"altruist":"{one}","chain":"0099","servedAs":"primary","relays":5,"errors":{"rpc":3},"latencyBuckets":{"25":3}}]}""", "altruists[0].chain,altruists[0].relays")]
    [InlineData("""{"id":"x","from":"{minute}","to":"{now}","chains":[{"chain":"eth","portalRelays":1,"fallbackReasons":{"":1}},{"portalRelays":"many"}]}""", "chains[0].fallbackReasons,chains[1].chain,chains[1].portalRelays")]
    public async Task One_answer_names_every_bad_field_and_nothing_is_counted(string body, string fields)
    {
        using var portal = await PortalAsync("wrong");
        var now = Now;
        body = body.Replace("{now}", $"{now:O}").Replace("{later}", $"{now.AddMinutes(3):O}").Replace("{minute}", $"{now.AddMinutes(-1):O}").Replace("{hours}", $"{now.AddHours(-2):O}")
            .Replace("{old}", $"{now.AddHours(-25):O}").Replace("{old+}", $"{now.AddHours(-25).AddMinutes(1):O}").Replace("{one}", picks.Altruists["one"]);
        var problem = await (await portal.PostAsync(Path, Json(body), Cancellation)).ReadProblemAsync(Cancellation);
        Assert.Equal((400, fields), (problem.Status, string.Join(',', problem.Errors.Keys.Order(StringComparer.Ordinal))));
        Assert.Equal(0, (await App.Staff.GetJsonAsync($"{Path}?portal=wrong", Cancellation)).GetProperty("total").GetProperty("relays").GetInt32());
    }

    [Fact]
    public async Task Report_on_an_altruist_that_the_portal_may_not_read_any_more_counts_the_rest_and_says_so()
    {
        await (await App.Staff.PutAsJsonAsync("/api/v1/regions/apart", new { name = "Apart" }, Cancellation)).ReadJsonAsync(Cancellation);
        using var portal = await PortalAsync("apart");
        await (await App.Staff.PutAsJsonAsync("/api/v1/portals/apart", new { regions = new[] { "apart" } }, Cancellation)).ReadJsonAsync(Cancellation);
        var body = Report("x", "one", relays: 1).Replace("us-east", "apart", StringComparison.Ordinal);
        var receipt = await (await portal.PostAsync(Path, Json(body), Cancellation)).ReadJsonAsync(Cancellation);
        var leftOut = Assert.Single(receipt.GetProperty("leftOut").EnumerateArray());
        Assert.Equal(("altruists[0]", $"the altruist '{picks.Altruists["one"]}' is not one of this portal's"), (leftOut.GetProperty("part").GetString(), leftOut.GetProperty("reason").GetString()));
        var counted = await App.Staff.GetJsonAsync($"{Path}?portal=apart", Cancellation);
        Assert.Equal((0, 2_000_000), (counted.GetProperty("total").GetProperty("relays").GetInt32(), counted.GetProperty("chains")[0].GetProperty("portalRelays").GetInt32()));
    }

    [Fact]
    public async Task Reasons_of_a_report_are_bounded_in_all()
    {
        using var portal = await PortalAsync("wordy");
        var reasons = Enumerable.Range(0, 50).ToDictionary(reason => $"r{reason}", _ => 1);
        foreach (var (chains, status, fields) in new[] { (40, 202, ""), (41, 400, "chains") })
        {
            var body = new { id = $"{chains}", from = Now.AddMinutes(-1), to = Now, chains = Enumerable.Range(0, chains).Select(_ => new { chain = "eth", fallbackReasons = reasons }) };
            var answer = await portal.PostAsJsonAsync(Path, body, Cancellation);
            Assert.Equal(status, (int)answer.StatusCode);
            if (status == 400)
                Assert.Equal([fields], (await answer.ReadProblemAsync(Cancellation)).Errors.Keys);
        }
    }

    [Fact]
    public async Task Portal_is_not_told_what_others_saw()
    {
        await (await App.Staff.PutAsJsonAsync("/api/v1/providers/cool", new { name = "Cool" }, Cancellation)).ReadJsonAsync(Cancellation);
        var made = await App.Staff.PostAsJsonAsync(
            "/api/v1/altruists", new { provider = "cool", chains = new[] { "0021" }, url = "http://127.0.0.1:1/", regions = new[] { "us-east" }, label = "doubted", enabled = false }, Cancellation);
        var id = (await made.ReadJsonAsync(Cancellation)).GetProperty("id").GetString()!;
        using var odd = await PortalAsync("odd");
        using var calm = await PortalAsync("calm");
        await AcceptedAsync(calm, Report("a", id, relays: 100));
        await AcceptedAsync(odd, Report("a", id, relays: 100, timeouts: 60));
        foreach (var (who, says) in new[] { (odd, "60 % of its relays fail"), (App.Staff, "60 % of its relays fail; 0 % of the other portals' do") })
        {
            var anomalies = (await who.GetJsonAsync($"{Path}?altruist={id}", Cancellation)).GetProperty("anomalies").EnumerateArray();
            Assert.Equal(says, Assert.Single(anomalies, anomaly => anomaly.GetProperty("kind").GetString() == "differs" && anomaly.GetProperty("portal").GetString() == "odd").GetProperty("says").GetString());
        }
    }

    [Fact]
    public async Task Report_is_bounded_in_size_and_in_how_often_it_comes()
    {
        await using var app = await AppFixture.StartAsync(("Limits:ReportsPerMinute", "2"));
        var large = $$"""{"id":"x","from":"{{Now.AddMinutes(-1):O}}","to":"{{Now:O}}","region":"{{new string('x', 600_000)}}"}""";
        Assert.Equal((413, "too-large"), await (await app.Portal.PostAsync(Path, Json(large), Cancellation)).ReadProblemAsync(Cancellation) is var problem ? (problem.Status, problem.Slug) : default);
        var many = $$"""{"id":"x","from":"{{Now.AddMinutes(-1):O}}","to":"{{Now:O}}","altruists":[{{string.Join(',', Enumerable.Repeat("{}", 1_001))}}]}""";
        Assert.Equal(["altruists"], (await (await app.Portal.PostAsync(Path, Json(many), Cancellation)).ReadProblemAsync(Cancellation)).Errors.Keys);
        var third = await (await app.Portal.PostAsync(Path, Json("{}"), Cancellation)).ReadProblemAsync(Cancellation);
        Assert.Equal(429, third.Status);
        Assert.NotNull(third.Response.Headers.RetryAfter?.Delta);
    }

    [Fact]
    public async Task Provider_sees_its_own_altruists_a_portal_its_own_reports_and_staff_all()
    {
        using var one = await PortalAsync("matrix-1");
        using var two = await PortalAsync("matrix-2");
        await AcceptedAsync(one, Report("a", "one", relays: 10));
        await AcceptedAsync(one, Report("b", "three", relays: 100));
        await AcceptedAsync(two, Report("a", "three", relays: 1_000));
        var (acme, bolt) = (App.Provider("acme"), App.Provider("bolt"));
        var (acmes, bolts) = (picks.Altruists["one"], picks.Altruists["three"]);
        const long Denied = -403;
        foreach (var (who, query, relays) in new (HttpClient, string, long)[]
        {
            (App.Staff, "portal=matrix-1", 110), (App.Staff, "portal=matrix-2", 1_000), (App.Staff, $"portal=matrix-1&altruist={acmes}", 10), (App.Staff, "portal=matrix-1&provider=bolt", 100),
            (App.Staff, "portal=matrix-1&chain=eth", 110), (App.Staff, "portal=matrix-1&chain=0099", 0), (App.Staff, "portal=nobody", -404), (App.Staff, "altruist=nobody", -404),
            (one, "", 110), (one, "portal=matrix-1", 110), (one, "portal=matrix-2", Denied), (one, $"altruist={bolts}", 100), (two, "", 1_000), (two, $"altruist={acmes}", 0),
            (acme, $"altruist={bolts}", Denied), (acme, "provider=bolt", Denied), (acme, "portal=matrix-1", Denied), (bolt, $"altruist={acmes}", Denied),
            (App.Anonymous, "", -401),
        })
        {
            var answer = await who.GetAsync($"{Path}?{query}", Cancellation);
            Assert.Equal(relays, relays < 0 ? -(await answer.ReadProblemAsync(Cancellation)).Status : (await answer.ReadJsonAsync(Cancellation)).GetProperty("total").GetProperty("relays").GetInt64());
        }

        foreach (var (who, labels) in new[] { (acme, new[] { "one", "two" }), (bolt, ["three"]) })
        {
            var shown = await who.GetJsonAsync(Path, Cancellation);
            Assert.NotEmpty(shown.GetProperty("altruists").EnumerateArray());
            Assert.All(shown.GetProperty("altruists").EnumerateArray(), altruist => Assert.Contains(altruist.GetProperty("label").GetString(), labels));
            Assert.Equal(JsonValueKind.Null, shown.GetProperty("portals").ValueKind);
            Assert.All(shown.GetProperty("chains").EnumerateArray(), chain => Assert.Equal(JsonValueKind.Null, chain.GetProperty("portalRelays").ValueKind));
            Assert.DoesNotContain("matrix", shown.ToString(), StringComparison.Ordinal);
        }

        foreach (var (who, status) in new[] { (App.Anonymous, 401), (acme, 403), (App.Staff, 403) })
            Assert.Equal(status, (await (await who.PostAsync(Path, Json(Report("x", "one", relays: 1)), Cancellation)).ReadProblemAsync(Cancellation)).Status);
    }

    [Theory]
    [InlineData("from=yesterday", "from")]
    [InlineData("from=2999-01-01T00:00:00Z&to=2999-01-02T00:00:00Z", "to")]
    [InlineData("from=2020-01-01T00:00:00Z", "from")]
    [InlineData("to=0001-01-01T00:00:00Z", "to")]
    [InlineData("from={now}&to={before}", "from")]
    public async Task Time_that_cannot_be_shown_is_refused_by_name(string query, string field)
    {
        query = query.Replace("{now}", $"{Now:yyyy-MM-ddTHH:mm:ssZ}").Replace("{before}", $"{Now.AddHours(-1):yyyy-MM-ddTHH:mm:ssZ}");
        var problem = await App.Staff.GetProblemAsync($"{Path}?{query}", Cancellation);
        Assert.Equal((400, field), (problem.Status, string.Join(',', problem.Errors.Keys)));
    }

    [Fact]
    public async Task What_the_client_library_gathers_is_counted()
    {
        await using var client = new AltruistManagerClient(new AltruistManagerOptions
        {
            Managers = { App.Address },
            Key = await App.CreateKeyAsync(KeyScope.Portal, portal: "linked"),
            Region = "us-east",
            ReportInterval = TimeSpan.FromSeconds(1),
            // On a busy machine one that is late would be asked no more, and counted as failed.
            StartTimeout = TimeSpan.FromSeconds(90),
            AttemptTimeout = TimeSpan.FromSeconds(90),
            Budget = TimeSpan.FromSeconds(90),
        });
        await client.StartAsync(Cancellation);
        // A name that nobody told in time is unknown for a while.
        await Wait.UntilAsync("the chain is known by its other name", async () => await client.FindAsync("eth", Cancellation) is not null);
        using var http = new HttpClient(new AltruistHandler(client) { InnerHandler = AltruistHandler.CreateTransport() });
        for (var relay = 0; relay < 5; relay++)
        {
            using var request = new AltruistRequest("eth", Json("""{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber","params":[]}""")) { FallbackReason = "no-node" };
            using var answer = await http.SendAsync(request, Cancellation);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        client.Reports.CountRelays("0021", 1_000);
        // Which of it comes with which report is not said.
        await Wait.UntilAsync("all of it is counted", async () =>
        {
            var shown = await App.Staff.GetJsonAsync($"{Path}?portal=linked", Cancellation);
            return shown.GetProperty("chains") is var chains && chains.GetArrayLength() == 1
                && chains[0].GetProperty("served") is { ValueKind: JsonValueKind.Object } served && served.GetProperty("relays").GetInt32() == 5
                && chains[0].GetProperty("portalRelays") is { ValueKind: JsonValueKind.Number } relays && relays.GetInt32() == 1_000
                && shown.GetProperty("total").GetProperty("latencyBuckets").EnumerateObject().Sum(bucket => bucket.Value.GetInt32()) == 5
                && chains[0].GetProperty("fallbackReasons").TryGetProperty("no-node", out var reason) && reason.GetInt32() == 5;
        });
        await client.StopAsync(Cancellation);
    }

    /// <summary>Good to probers until it is asked, bad to users: their portal says so, and the node is looked at at once.</summary>
    [Fact]
    public async Task Altruist_that_fails_for_users_is_probed_at_once_and_replaced_by_what_the_probe_finds()
    {
        using var portal = await PortalAsync("complaining");
        var pick = await picks.PickAsync();
        // Neither sweep nor hot probe is due within minutes.
        var node = picks.World.Nodes.Single(node => node.Name == pick);
        node.Fault = Faults.Status(500);
        await AcceptedAsync(portal, Report("bad", pick, relays: 500, timeouts: 400));
        await Wait.UntilAsync("another one is picked", async () => await picks.PickAsync() != pick);
        var shown = await App.Staff.GetJsonAsync($"{Path}?altruist={picks.Altruists[pick]}", Cancellation);
        Assert.Contains(shown.GetProperty("anomalies").EnumerateArray(), anomaly => anomaly.GetProperty("kind").GetString() == "errors");
        node.Heal();
    }

    [Fact]
    public async Task Fault_23_Node_good_to_probers_and_bad_to_users_is_flagged_and_probed_again_and_no_word_of_portals_puts_it_out()
    {
        var chain = picks.World.AddChain(77, TimeSpan.FromSeconds(1));
        await using var node = await TwoFaced.StartAsync(picks.World.AddNode(chain, "behind").Url);
        await (await App.Staff.PutAsJsonAsync("/api/v1/regions/apart-23", new { name = "Apart" }, Cancellation)).ReadJsonAsync(Cancellation);
        await (await App.Staff.PutAsJsonAsync("/api/v1/chains/0077", new { name = "Seventy-seven", protocol = "evm", identity = "77", blockTimeSeconds = 1, lagToleranceBlocks = 10 }, Cancellation)).ReadJsonAsync(Cancellation);
        var id = await AddAsync("two-faced", node.Url);
        await IsHealthyAsync(id);
        await picks.RoundAsync();
        // Somebody could take its place.
        await IsHealthyAsync(await AddAsync("other", picks.World.AddNode(chain, "other").Url));
        Assert.Equal(id, await PickAsync());
        using (var http = new HttpClient())
        using (var answer = await http.PostAsync(node.Url, Json("{}"), Cancellation))
            Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
        var before = await OutOfTurnAsync();
        var began = TimeProvider.System.GetTimestamp();

        foreach (var name in (string[])["users-1", "users-2", "users-3"])
        {
            using var portal = await PortalAsync(name);
            await AcceptedAsync(portal, OfUsers("first"));
        }

        await Wait.UntilAsync("it was probed out of turn", async () => await OutOfTurnAsync() > before);
        using (var loud = await PortalAsync("users-1"))
        {
            for (var report = 0; report < 20; report++)
                await AcceptedAsync(loud, OfUsers($"more-{report}"));
        }

        // Flagged to its provider and to staff, with what the probes say.
        var anomaly = Assert.Single((await App.Provider("two-faced").GetJsonAsync($"{Path}?altruist={id}", Cancellation)).GetProperty("anomalies").EnumerateArray());
        Assert.Equal(("errors", "90 % of relays fail; probes found it bad 0 % of the time"), (anomaly.GetProperty("kind").GetString(), anomaly.GetProperty("says").GetString()));
        var desk = ActivatorUtilities.CreateInstance<AttentionDesk>(App.Services);
        await desk.LookAsync(Cancellation);
        Assert.Contains(desk.Current, entry => entry.Item is { Kind: AttentionKind.Report, Portal: null } && entry.Item.Altruist?.Value == id && entry.Item.Says.Contains("90 % of relays fail", StringComparison.Ordinal));

        // Once a minute at most, and the probe alone decides: a round may pick it again.
        Assert.InRange(await OutOfTurnAsync(), before + 1, before + 1 + (int)TimeProvider.System.GetElapsedTime(began).TotalMinutes);
        var shown = await App.Staff.GetJsonAsync($"/api/v1/altruists/{id}", Cancellation);
        Assert.Equal("healthy", shown.GetProperty("state").GetString());
        Assert.Equal(id, await PickAsync());
        await App.Staff.DeleteAsync($"/api/v1/altruists/{id}", Cancellation);

        async Task<string> AddAsync(string provider, Uri url)
        {
            await (await App.Staff.PutAsJsonAsync($"/api/v1/providers/{provider}", new { name = provider }, Cancellation)).ReadJsonAsync(Cancellation);
            var made = await App.Staff.PostAsJsonAsync("/api/v1/altruists", new { provider, chains = new[] { "0077" }, url, regions = new[] { "apart-23" }, label = provider }, Cancellation);
            return (await made.ReadJsonAsync(Cancellation)).GetProperty("id").GetString()!;
        }

        Task IsHealthyAsync(string altruist) => Wait.UntilAsync("it is healthy", async () => (await App.Staff.GetJsonAsync($"/api/v1/altruists/{altruist}", Cancellation)).GetProperty("state").GetString() == "healthy");

        async Task<string> PickAsync() => (await App.Portal.GetJsonAsync("/api/v1/selections/0077?region=apart-23", Cancellation)).GetProperty("primary").GetProperty("altruist").GetString()!;

        // Its first probes may still be coming in.
        async Task<int> OutOfTurnAsync() => (await App.Staff.GetJsonAsync($"/api/v1/altruists/{id}/probes?limit=200", Cancellation)).GetProperty("items").EnumerateArray().Count(probe => probe.GetProperty("lane").GetString() == "ahead");

        string OfUsers(string report) => Report(report, id, relays: 500, timeouts: 450).Replace("\"us-east\"", "\"apart-23\"", StringComparison.Ordinal).Replace("\"0021\"", "\"0077\"", StringComparison.Ordinal);
    }

    private static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");

    private static async Task AcceptedAsync(HttpClient portal, string body) => await (await portal.PostAsync(Path, Json(body), Cancellation)).ReadJsonAsync(Cancellation);

    private async Task<HttpClient> PortalAsync(string id) => App.Client(await App.CreateKeyAsync(KeyScope.Portal, portal: id));

    private string Report(string id, string label, int relays, int timeouts = 0) =>
        $$"""
        { "id": "{{id}}", "region": "us-east", "from": "{{Now.AddMinutes(-1):O}}", "to": "{{Now:O}}",
          "altruists": [ { "altruist": "{{picks.Altruists.GetValueOrDefault(label, label)}}", "chain": "0021", "servedAs": "primary", "relays": {{relays}},
                           "errors": { "connect": 0, "timeout": {{timeouts}}, "http5xx": 0, "throttled": 0, "rpc": 0 },
                           "latencyBuckets": { "40": {{Math.Max(0, relays - timeouts - 7)}}, "1000": {{Math.Min(7, relays - timeouts)}}, "+": 0 } } ],
          "chains": [ { "chain": "eth", "portalRelays": 2000000, "fallbackReasons": { "session-rollover": 1100, "no-node": 100 } } ] }
        """;

    /// <summary>Stands before a node: whoever asks as the prober does gets the node's answer, everybody else an error.</summary>
    private sealed class TwoFaced(WebApplication app, HttpClient http) : IAsyncDisposable
    {
        public Uri Url => new($"{app.Urls.Single()}/");

        public static async Task<TwoFaced> StartAsync(Uri node)
        {
            var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
            builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
            var app = builder.Build();
            var http = new HttpClient();
            app.Run(async context =>
            {
                if (context.Request.Headers.UserAgent != "altruist-manager")
                {
                    context.Response.StatusCode = StatusCodes.Status500InternalServerError;
                    return;
                }

                using var question = new HttpRequestMessage(HttpMethod.Post, node) { Content = new StreamContent(context.Request.Body) };
                question.Content.Headers.ContentType = new("application/json");
                using var answer = await http.SendAsync(question, context.RequestAborted);
                context.Response.ContentType = "application/json";
                await answer.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
            });
            await app.StartAsync(Cancellation);
            return new TwoFaced(app, http);
        }

        public async ValueTask DisposeAsync()
        {
            await app.DisposeAsync();
            http.Dispose();
        }
    }
}
