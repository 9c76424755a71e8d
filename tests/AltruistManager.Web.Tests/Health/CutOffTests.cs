using System.Net;
using System.Text.Json;
using AltruistManager.Simulator;
using AltruistManager.Simulator.Chaos;

namespace AltruistManager.Web.Tests.Health;

/// <summary>Fault 7: the prober's own network is cut. The whole service, on real sockets.</summary>
public sealed class CutOffTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_cut_of_our_own_network_evicts_nobody_alarms_and_thaws_at_the_first_proof()
    {
        await using var app = await AppFixture.StartAsync(
            ("Probing:Interval", "00:00:02"), ("Probing:HotInterval", "00:00:00.5"), ("Probing:RetryInterval", "00:00:00.3"), ("Probing:Timeout", "00:00:05"),
            ("Probing:HotTimeout", "00:00:05"), ("Selection:Interval", "00:00:03"));
        await using var world = await SimulatedWorld.StartAsync(new SimulatedWorldOptions(), Cancellation);
        var chain = world.AddChain(1, TimeSpan.FromSeconds(1));
        await PutAsync(app, "regions/us-east", new { name = "US East" });
        await PutAsync(app, "chains/0021", new { name = "Ethereum", protocol = "evm", identity = "1", blockTimeSeconds = 1, lagToleranceBlocks = 10, aliases = Array.Empty<string>() });
        var lines = new List<CuttableLine>();
        try
        {
            for (var number = 0; number < 6; number++)
            {
                await PutAsync(app, $"providers/p{number % 3}", new { name = $"Provider {number % 3}" });
                lines.Add(new CuttableLine(world.AddNode(chain, $"node{number}").Url, IPAddress.Loopback));
                (await app.Staff.PostAsJsonAsync("/api/v1/altruists", new { provider = $"p{number % 3}", chains = new[] { "0021" }, url = lines[^1].Url.ToString(), regions = new[] { "us-east" }, label = $"node{number}" }, Cancellation))
                    .EnsureSuccessStatusCode();
            }

            await Wait.UntilAsync("every altruist is healthy", async () => (await StatesAsync(app)).All(state => state == "healthy"));
            await Wait.UntilAsync("there is a pick", async () => (await app.Portal.GetAsync("/api/v1/selections/0021?region=us-east", Cancellation)).StatusCode == HttpStatusCode.OK);

            lines.ForEach(line => line.Cut());
            await Wait.UntilAsync("verdicts are frozen", async () => (await app.Anonymous.GetStringAsync("/", Cancellation)).Contains("Verdicts are frozen since", StringComparison.Ordinal));
            var fresh = await app.Anonymous.GetAsync("/healthz/fresh", Cancellation);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, fresh.StatusCode);
            // The sixth may not have been asked yet.
            Assert.Matches("nothing proves that our own network works: [56] of 6 altruists of 3 providers could not be reached at once, [56] of 6 of evm:1", await fresh.Content.ReadAsStringAsync(Cancellation));
            var pick = await PickAsync(app);
            var round = await RoundAsync(app);
            await Wait.UntilAsync("three more rounds ran", async () => await RoundAsync(app) >= round + 3);
            Assert.Equal(pick, await PickAsync(app));
            Assert.All(await StatesAsync(app), state => Assert.Contains(state, new[] { "healthy", "failing" }));

            lines.ForEach(line => line.Mend());
            await Wait.UntilAsync("it has thawed", async () => (await app.Anonymous.GetAsync("/healthz/fresh", Cancellation)).StatusCode == HttpStatusCode.OK);
            await Wait.UntilAsync("every altruist is healthy again", async () => (await StatesAsync(app)).All(state => state == "healthy"));
            Assert.DoesNotContain("Verdicts are frozen", await app.Anonymous.GetStringAsync("/", Cancellation), StringComparison.Ordinal);
            foreach (var altruist in (await app.Staff.GetJsonAsync("/api/v1/altruists", Cancellation)).GetProperty("items").EnumerateArray())
            {
                var changes = (await app.Anonymous.GetJsonAsync($"/api/v1/altruists/{altruist.GetProperty("id").GetString()}/changes", Cancellation)).GetProperty("items").EnumerateArray();
                Assert.All(changes, change => Assert.Contains(change.GetProperty("to").GetString(), new[] { "healthy", "failing" }));
            }

            // The first measurements on a busy machine, and those across the cut, may be off.
            var told = default(JsonElement);
            await Wait.UntilAsync("the block time is measured", async () =>
            {
                told = await ChainAsync(app);
                return told.GetProperty("measuredBlockTimeSeconds") is { ValueKind: JsonValueKind.Number } measured && measured.GetDouble() is >= 0.5 and <= 2.5
                    && told.GetProperty("haltedSince").ValueKind is JsonValueKind.Null;
            });
            Assert.True(told.GetProperty("head").GetInt64() > 0);
        }
        finally
        {
            foreach (var line in lines)
                await line.DisposeAsync();
        }
    }

    private static Task<JsonElement> ChainAsync(AppFixture app) => app.Anonymous.GetJsonAsync("/api/v1/chains/0021", Cancellation);

    private static async Task<List<string>> StatesAsync(AppFixture app) =>
        [.. (await app.Staff.GetJsonAsync("/api/v1/altruists", Cancellation)).GetProperty("items").EnumerateArray().Select(altruist => altruist.GetProperty("state").GetString()!)];

    private static async Task<string> PickAsync(AppFixture app) =>
        (await app.Portal.GetJsonAsync("/api/v1/selections/0021?region=us-east", Cancellation)).GetProperty("primary").GetProperty("label").GetString()!;

    private static async Task<long> RoundAsync(AppFixture app) =>
        (await app.Anonymous.GetJsonAsync("/api/v1/decisions?limit=1", Cancellation)).GetProperty("items")[0].GetProperty("round").GetInt64();

    private static async Task PutAsync(AppFixture app, string path, object body) => (await app.Staff.PutAsJsonAsync($"/api/v1/{path}", body, Cancellation)).EnsureSuccessStatusCode();
}
