using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using AltruistManager.Simulator;

namespace AltruistManager.Web.Tests.Api;

/// <summary>A service with one target of each sort: one that follows, one that anybody may read, one that cannot be reached.</summary>
public sealed class PublishersApiTests : IAsyncLifetime
{
    private const string Canary = "cnryPUBLISH4d1e";

    private readonly string folder = Directory.CreateTempSubdirectory("altruist-manager-test-").FullName;
    private AppFixture app = null!;
    private SimulatedWorld world = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string File => Path.Combine(folder, "selections.json");

    public async ValueTask InitializeAsync()
    {
        world = await SimulatedWorld.StartAsync(new SimulatedWorldOptions(), Cancellation);
        app = await AppFixture.StartAsync(
            ("Probing:RetryInterval", "00:00:00.2"), ("Health:Rise", "1"), ("Publishing:BehindAfter", "00:00:00.1"), ("Publishing:RetryInitial", "00:00:00.1"),
            ("Publishers:0:Name", "file"), ("Publishers:0:Kind", "file"), ("Publishers:0:Region", "us-east"), ("Publishers:0:File", File),
            ("Publishers:1:Name", "erpc"), ("Publishers:1:Kind", "erpc"), ("Publishers:1:Region", "us-east"), ("Publishers:1:Chains:0021", "1"),
            ("Publishers:2:Name", "away"), ("Publishers:2:Kind", "portal-database-v2"), ("Publishers:2:Region", "us-east"), ("Publishers:2:Url", $"http://127.0.0.1:1/{Canary}/portal"),
            ("Publishers:2:Key", Canary), ("Publishers:2:Chains:0021", "eth"));
        await PutAsync("regions/us-east", new { name = "US East" });
        await PutAsync("providers/acme", new { name = "Acme" });
        await PutAsync("chains/0021", new { name = "Ethereum", protocol = "evm", identity = "1", blockTimeSeconds = 1, lagToleranceBlocks = 10, aliases = new[] { "eth" } });
    }

    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync();
        await world.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Picks_reach_targets_and_staff_see_how_far_each_is()
    {
        var chain = world.AddChain(1, TimeSpan.FromSeconds(1));
        var shown = world.AddNode(chain, "shown").Url.ToString().TrimEnd('/');
        var open = await AddAsync(shown, "public");
        await AddAsync(world.AddNode(chain, "hidden").Url.ToString(), null);
        Assert.Equal("public", open.GetProperty("visibility").GetString());
        await Wait.UntilAsync("both are healthy", async () =>
            (await app.Staff.GetJsonAsync("/api/v1/altruists", Cancellation)).GetProperty("items").EnumerateArray().All(altruist => altruist.GetProperty("state").GetString() == "healthy"));
        await (await app.Staff.PostAsync("/api/v1/rounds", null, Cancellation)).ReadJsonAsync(Cancellation);

        await Wait.UntilAsync("the file holds what portals are told", async () =>
            System.IO.File.Exists(File) && await System.IO.File.ReadAllTextAsync(File, Cancellation) == await app.Portal.GetStringAsync("/api/v1/selections?region=us-east", Cancellation));
        await Wait.UntilAsync("the catalogue lists the public one", async () =>
        {
            using var answer = await app.Anonymous.GetAsync("/api/v1/publishers/erpc/catalogue", Cancellation);
            return answer.IsSuccessStatusCode && await answer.Content.ReadAsStringAsync(Cancellation) == $$$"""{"1":{"endpoints":["{{{shown}}}"]}}""";
        });
        using (var first = await app.Anonymous.GetAsync("/api/v1/publishers/erpc/catalogue", Cancellation))
        {
            Assert.Equal("application/json", first.Content.Headers.ContentType!.MediaType);
            using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/publishers/erpc/catalogue") { Headers = { IfNoneMatch = { EntityTagHeaderValue.Parse(first.Headers.ETag!.ToString()) } } };
            using var second = await app.Anonymous.SendAsync(request, Cancellation);
            Assert.Equal(HttpStatusCode.NotModified, second.StatusCode);
        }

        var publishers = JsonDocument.Parse("{}").RootElement;
        await Wait.UntilAsync("the state tells all of it", async () =>
        {
            publishers = (await app.Staff.GetJsonAsync("/api/v1/publishers", Cancellation)).GetProperty("items");
            return publishers.EnumerateArray().Select(item => item.GetProperty("state").GetString()).SequenceEqual(["behind", "current", "current"]);
        });
        Assert.Equal(["away", "erpc", "file"], publishers.EnumerateArray().Select(item => item.GetProperty("name").GetString()));
        Assert.Equal(("portal-database-v2", "us-east", "127.0.0.1:1/…rtal", "the connection was refused", JsonValueKind.Null), (
            publishers[0].GetProperty("kind").GetString(), publishers[0].GetProperty("region").GetString(), publishers[0].GetProperty("target").GetString(),
            publishers[0].GetProperty("error").GetProperty("reason").GetString(), publishers[0].GetProperty("confirmed").ValueKind));
        var hidden = Assert.Single(publishers[1].GetProperty("leftOut").EnumerateArray());
        Assert.Equal(("0021", "its visibility is not public, and anyone can read the target"), (hidden.GetProperty("chain").GetString(), hidden.GetProperty("reason").GetString()));
        Assert.True(publishers[2].GetProperty("confirmed").GetProperty("generation").GetInt64() > 0);
        Assert.DoesNotContain(Canary, publishers.ToString(), StringComparison.Ordinal);

        await Wait.UntilAsync("the target that is behind is an alarm", async () =>
        {
            using var fresh = await app.Anonymous.GetAsync("/healthz/fresh", Cancellation);
            return (await fresh.Content.ReadAsStringAsync(Cancellation)).Contains("the publisher away is behind since", StringComparison.Ordinal);
        });

        // Its owner takes it back: nobody is told of it any more.
        await (await app.Staff.PatchAsJsonAsync($"/api/v1/altruists/{open.GetProperty("id").GetString()}", new { visibility = "portals" }, Cancellation)).ReadJsonAsync(Cancellation);
        await Wait.UntilAsync("the catalogue lists it no more", async () =>
            !(await app.Anonymous.GetStringAsync("/api/v1/publishers/erpc/catalogue", Cancellation)).Contains(shown, StringComparison.Ordinal));
    }

    [Fact]
    public async Task States_are_for_staff_and_only_a_catalogue_is_for_everybody()
    {
        foreach (var (client, status) in new[] { (app.Anonymous, 401), (app.Portal, 403), (app.Provider("acme"), 403) })
            Assert.Equal(status, (await client.GetProblemAsync("/api/v1/publishers", Cancellation)).Status);
        foreach (var name in new[] { "file", "nothing" })
            Assert.Equal((404, "unknown-catalogue"), await app.Anonymous.GetProblemAsync($"/api/v1/publishers/{name}/catalogue", Cancellation) is var problem ? (problem.Status, problem.Slug) : default);
        var page = await app.Staff.GetJsonAsync("/api/v1/publishers?limit=2", Cancellation);
        Assert.Equal((2, "erpc"), (page.GetProperty("items").GetArrayLength(), page.GetProperty("next").GetString()));
        Assert.Equal("file", (await app.Staff.GetJsonAsync("/api/v1/publishers?before=erpc", Cancellation)).GetProperty("items")[0].GetProperty("name").GetString());
    }

    [Fact]
    public async Task A_visibility_that_is_none_is_refused()
    {
        var problem = await (await app.Staff.PostAsJsonAsync("/api/v1/altruists", new { provider = "acme", chains = new[] { "0021" }, url = "https://a.example", visibility = "secret" }, Cancellation)).ReadProblemAsync(Cancellation);
        Assert.Equal((400, "visibility"), (problem.Status, problem.Errors.Keys.Single()));
    }

    private async Task<JsonElement> AddAsync(string url, string? visibility) => await (await app.Staff.PostAsJsonAsync(
        "/api/v1/altruists",
        visibility is null ? new { provider = "acme", chains = new[] { "0021" }, url } : (object)new { provider = "acme", chains = new[] { "0021" }, url, visibility },
        Cancellation)).ReadJsonAsync(Cancellation);

    private async Task PutAsync(string path, object body) => await (await app.Staff.PutAsJsonAsync($"/api/v1/{path}", body, Cancellation)).ReadJsonAsync(Cancellation);
}
