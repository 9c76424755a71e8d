using System.Net;
using System.Text.Json;
using AltruistManager.Accounts;

namespace AltruistManager.Web.Tests.Api;

public sealed class PortalsApiTests(AppWithPicks picks) : IClassFixture<AppWithPicks>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private AppFixture App => picks.App;

    [Fact]
    public async Task Portal_is_made_replaced_listed_and_retired_with_its_keys()
    {
        var made = await PutAsync("gateway", new { name = "Gateway", regions = new[] { "us-east" }, chains = new[] { "eth" } });
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        Assert.Equal("/api/v1/portals/gateway", made.Headers.Location!.ToString());
        Assert.Equal(["0021"], Texts(await made.ReadJsonAsync(Cancellation), "chains"));
        var shown = await App.Staff.GetJsonAsync("/api/v1/portals/gateway", Cancellation);
        // What was got may be put back.
        var replaced = await (await PutAsync("gateway", shown)).ReadJsonAsync(Cancellation);
        Assert.Equal(shown.ToString(), replaced.ToString());
        Assert.Equal(["*"], Texts(await (await PutAsync("gateway", new { })).ReadJsonAsync(Cancellation), "regions"));
        Assert.Contains("gateway", (await App.Staff.GetJsonAsync("/api/v1/portals?limit=200", Cancellation)).GetProperty("items").EnumerateArray().Select(portal => portal.GetProperty("id").GetString()));

        using var key = App.Client(await App.CreateKeyAsync(KeyScope.Portal, portal: "gateway"));
        Assert.Equal(HttpStatusCode.OK, (await key.GetAsync("/api/v1/selections", Cancellation)).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await App.Staff.DeleteAsync("/api/v1/portals/gateway", Cancellation)).StatusCode);
        Assert.Equal((401, "revoked-key"), await key.GetProblemAsync("/api/v1/selections", Cancellation) is var problem ? (problem.Status, problem.Slug) : default);
        Assert.Equal(410, (await App.Staff.GetProblemAsync("/api/v1/portals/gateway", Cancellation)).Status);
        Assert.Equal(410, (await (await App.Staff.DeleteAsync("/api/v1/portals/gateway", Cancellation)).ReadProblemAsync(Cancellation)).Status);

        // It lives again with a new key; the old one does not.
        using var later = App.Client(await App.CreateKeyAsync(KeyScope.Portal, portal: "gateway"));
        await Wait.UntilAsync("the portal is known to live again", async () => (await later.GetAsync("/api/v1/selections", Cancellation)).IsSuccessStatusCode);
        Assert.Equal(401, (await key.GetProblemAsync("/api/v1/selections", Cancellation)).Status);
    }

    [Fact]
    public async Task One_answer_names_every_bad_field_and_only_staff_may()
    {
        var problem = await (await PutAsync("-x", new { name = "", regions = new[] { "nowhere", "*" }, chains = Array.Empty<string>(), colour = "red" })).ReadProblemAsync(Cancellation);
        Assert.Equal((400, "chains,colour,id,name,regions"), (problem.Status, string.Join(',', problem.Errors.Keys.Order())));
        foreach (var (client, status) in new[] { (App.Anonymous, 401), (App.Portal, 403), (App.Provider("acme"), 403) })
        {
            Assert.Equal(status, (await client.GetProblemAsync("/api/v1/portals", Cancellation)).Status);
            Assert.Equal(status, (await client.GetProblemAsync("/api/v1/portals/test", Cancellation)).Status);
            Assert.Equal(status, (await (await client.PutAsJsonAsync("/api/v1/portals/test", new { }, Cancellation)).ReadProblemAsync(Cancellation)).Status);
            Assert.Equal(status, (await (await client.DeleteAsync("/api/v1/portals/test", Cancellation)).ReadProblemAsync(Cancellation)).Status);
        }
    }

    [Fact]
    public async Task Keys_of_a_portal_read_its_regions_and_chains_only()
    {
        await (await PutAsync("narrow", new { regions = new[] { "us-east" }, chains = new[] { "0099" } })).ReadJsonAsync(Cancellation);
        using var narrow = App.Client(await App.CreateKeyAsync(KeyScope.Portal, portal: "narrow"));
        foreach (var path in new[] { "selections?region=eu", "selections/0099?region=eu", "selections/0021?region=us-east", "selections/eth?region=us-east", "selections/stream?region=eu", "selections" })
            Assert.Equal((path, 403), (path, (await narrow.GetProblemAsync($"/api/v1/{path}", Cancellation)).Status));
        Assert.Equal(503, (await narrow.GetProblemAsync("/api/v1/selections/0099?region=us-east", Cancellation)).Status);
        Assert.Equal(404, (await narrow.GetProblemAsync("/api/v1/selections/nothing?region=us-east", Cancellation)).Status);
        var bulk = await narrow.GetJsonAsync("/api/v1/selections?region=us-east", Cancellation);
        Assert.Equal(["0099"], bulk.GetProperty("selections").EnumerateArray().Select(slot => slot.GetProperty("chain").GetString()));
        var all = await App.Portal.GetJsonAsync("/api/v1/selections?region=us-east", Cancellation);
        Assert.Equal(all.GetProperty("generation").GetInt64(), bulk.GetProperty("generation").GetInt64());
        using var conditional = new HttpRequestMessage(HttpMethod.Get, "/api/v1/selections?region=us-east");
        conditional.Headers.TryAddWithoutValidation("If-None-Match", (await narrow.GetAsync("/api/v1/selections?region=us-east", Cancellation)).Headers.ETag!.ToString());
        Assert.Equal(HttpStatusCode.NotModified, (await narrow.SendAsync(conditional, Cancellation)).StatusCode);

        // Nor the address of what serves other chains.
        var altruist = $"/api/v1/altruists/{picks.Altruists["one"]}";
        Assert.False((await narrow.GetJsonAsync(altruist, Cancellation)).TryGetProperty("url", out _));
        Assert.True((await App.Portal.GetJsonAsync(altruist, Cancellation)).TryGetProperty("url", out _));

        using var listener = await Listener.OpenAsync(narrow, "us-east");
        Assert.Equal(bulk.GetProperty("selections").ToString(), (await listener.NextAsync()).Json.GetProperty("selections").ToString());

        // As soon as it may read more it is told to come back.
        await (await PutAsync("narrow", new { regions = new[] { "us-east" }, chains = new[] { "0021" } })).ReadJsonAsync(Cancellation);
        // And takes back the id, so that it asks for the whole.
        Assert.Equal(("what the portal may read was changed: reconnect", ""), await UntilEndAsync(listener) is var last ? (last.Comment, last.Id) : default);
        using var wider = await Listener.OpenAsync(narrow, "us-east");
        Assert.Equal("0021", (await wider.NextAsync()).Json.GetProperty("selections")[0].GetProperty("chain").GetString());
        var pick = await picks.PickAsync();
        while (await picks.PickAsync() == pick)
            await picks.RoundAsync();
        Assert.Equal(("selection", "0021"), await wider.NextAsync() is var told ? (told.Event, told.Json.GetProperty("chain").GetString()) : default);
        Assert.True((await narrow.GetJsonAsync(altruist, Cancellation)).TryGetProperty("url", out _));

        // Its reports too are of what it may read.
        var now = TimeProvider.System.GetUtcNow();
        var report = new { id = "x", region = "eu", from = now.AddMinutes(-1), to = now, chains = new[] { new { chain = "0099", portalRelays = 1 }, new { chain = "0021", portalRelays = 7 } } };
        Assert.Equal(["region"], (await (await narrow.PostAsJsonAsync("/api/v1/relay-reports", report, Cancellation)).ReadProblemAsync(Cancellation)).Errors.Keys);
        var receipt = await (await narrow.PostAsJsonAsync("/api/v1/relay-reports", report with { region = "us-east" }, Cancellation)).ReadJsonAsync(Cancellation);
        Assert.Equal("chains[0]: the chain '0099' is not one of this portal's", string.Join("; ", receipt.GetProperty("leftOut").EnumerateArray().Select(part => $"{part.GetProperty("part")}: {part.GetProperty("reason")}")));
        Assert.Equal(["0021 7"], (await narrow.GetJsonAsync("/api/v1/relay-reports", Cancellation)).GetProperty("chains").EnumerateArray().Select(chain => $"{chain.GetProperty("chain")} {chain.GetProperty("portalRelays")}"));
    }

    [Theory]
    [InlineData("widened", new[] { "0021", "0099" })]
    [InlineData("opened", new[] { "*" })]
    public async Task Portal_that_may_read_more_chains_than_when_it_left_is_told_them_when_it_comes_back(string portal, string[] wider)
    {
        await ReadAsync(new { chains = new[] { "0099" } });
        using var client = App.Client(await App.CreateKeyAsync(KeyScope.Portal, portal: portal));
        string left;
        using (var listener = await Listener.OpenAsync(client, "us-east"))
            left = (await listener.NextAsync()).Id!;
        await ReadAsync(new { chains = wider });
        // Who had all of these chains at that generation would lack nothing.
        using (var other = await Listener.OpenAsync(client, "us-east"))
            await other.NextAsync();

        using var back = await Listener.OpenAsync(client, "us-east", after: left);
        var told = (await back.ReadAsync())!;
        Assert.Equal("snapshot", told.Event);
        Assert.Contains("0021", told.Json.GetProperty("selections").EnumerateArray().Select(slot => slot.GetProperty("chain").GetString()));

        // From the next change on it is told only what it lacks, whatever else of the portal is changed.
        await OtherPickAsync();
        var next = await back.NextAsync();
        Assert.Equal("selection", next.Event);
        await ReadAsync(new { name = "Renamed", chains = wider });
        using var again = await Listener.OpenAsync(client, "us-east", after: next.Id);
        Assert.NotEqual("snapshot", (await again.ReadAsync())!.Event);

        async Task ReadAsync(object may) => await (await PutAsync(portal, may)).ReadJsonAsync(Cancellation);

        async Task OtherPickAsync()
        {
            var pick = await picks.PickAsync();
            while (await picks.PickAsync() == pick)
                await picks.RoundAsync();
        }
    }

    [Fact]
    public async Task What_a_portal_may_read_holds_with_a_broken_database_too()
    {
        await using var app = await AppFixture.StartAsync();
        await (await app.Staff.PutAsJsonAsync("/api/v1/regions/eu", new { }, Cancellation)).ReadJsonAsync(Cancellation);
        await (await app.Staff.PutAsJsonAsync("/api/v1/portals/narrow", new { regions = new[] { "eu" } }, Cancellation)).ReadJsonAsync(Cancellation);
        var key = await app.CreateKeyAsync(KeyScope.Portal, portal: "narrow");
        using (var before = app.Client(key))
            Assert.Equal(HttpStatusCode.OK, (await before.GetAsync("/api/v1/selections?region=eu", Cancellation)).StatusCode);
        var lastGood = Path.Combine(app.Folder, "last-good.json");
        await Wait.UntilAsync("the last-good file holds what the portal may read", () => Task.FromResult(File.Exists(lastGood) && File.ReadAllText(lastGood).Contains("\"regions\":[\"eu\"]", StringComparison.Ordinal)));
        await app.RestartAsync(() =>
        {
            Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
            foreach (var part in new[] { "-wal", "-shm" })
                File.Delete(Path.Combine(app.Folder, "test.db" + part));
            File.WriteAllText(Path.Combine(app.Folder, "test.db"), new string('x', 8192));
        });
        using var narrow = app.Client(key);
        Assert.Equal(HttpStatusCode.OK, (await narrow.GetAsync("/api/v1/selections?region=eu", Cancellation)).StatusCode);
        Assert.Equal(403, (await narrow.GetProblemAsync("/api/v1/selections?region=global", Cancellation)).Status);
    }

    [Fact]
    public async Task Portal_tells_which_generation_it_has_taken_by_poll_stream_and_report()
    {
        await (await PutAsync("taking", new { })).ReadJsonAsync(Cancellation);
        using var taking = App.Client(await App.CreateKeyAsync(KeyScope.Portal, portal: "taking"));
        Assert.Empty((await App.Staff.GetJsonAsync("/api/v1/portals/taking", Cancellation)).GetProperty("taken").EnumerateArray());
        var first = (await taking.GetJsonAsync("/api/v1/selections/eth?region=us-east", Cancellation)).GetProperty("generation").GetInt64();
        Assert.Equal(("us-east", "eth", first, true), await TakenAsync(0));
        using (var listener = await Listener.OpenAsync(taking, "eu"))
        {
            var told = (await listener.NextAsync()).Json.GetProperty("generation").GetInt64();
            await Wait.UntilAsync("what was streamed is taken", async () => await TakenAsync(0) == ("eu", null, told, true));
        }

        var now = TimeProvider.System.GetUtcNow();
        var all = (await App.Portal.GetJsonAsync("/api/v1/selections?region=us-east", Cancellation)).GetProperty("generation").GetInt64();
        await (await taking.PostAsJsonAsync("/api/v1/relay-reports", new { id = "x", region = "us-east", from = now.AddMinutes(-1), to = now, generation = all }, Cancellation)).ReadJsonAsync(Cancellation);
        Assert.Equal(("us-east", null, all, true), await TakenAsync(1));
        Assert.Equal(1, (await App.Staff.GetJsonAsync("/api/v1/portals/taking", Cancellation)).GetProperty("reports").GetInt32());

        async Task<(string?, string?, long, bool)> TakenAsync(int index)
        {
            var taken = (await App.Staff.GetJsonAsync("/api/v1/portals/taking", Cancellation)).GetProperty("taken");
            return taken.GetArrayLength() <= index
                ? default
                : (taken[index].GetProperty("region").GetString(), taken[index].GetProperty("chain").GetString(), taken[index].GetProperty("generation").GetInt64(), taken[index].GetProperty("isNewest").GetBoolean());
        }
    }

    private static IEnumerable<string?> Texts(JsonElement thing, string name) => thing.GetProperty(name).EnumerateArray().Select(item => item.GetString());

    private static async Task<StreamBlock> UntilEndAsync(Listener listener)
    {
        var last = new StreamBlock(null, null, null, null, null);
        while (await listener.ReadAsync() is { } block)
            last = block;
        return last;
    }

    private Task<HttpResponseMessage> PutAsync(string id, object body) => App.Staff.PutAsJsonAsync($"/api/v1/portals/{id}", body, Cancellation);
}
