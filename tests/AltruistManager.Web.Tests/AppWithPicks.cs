using System.Text.Json;
using AltruistManager.Simulator;

namespace AltruistManager.Web.Tests;

/// <summary>
/// The application with simulated nodes behind it and a pick: chain <c>0021</c> (alias <c>eth</c>) in the region <c>us-east</c>, served by
/// <c>one</c> and <c>two</c> of provider acme and <c>three</c> of provider bolt; region <c>eu</c> falls back to it; nobody serves chain <c>0099</c>.
/// </summary>
public sealed class AppWithPicks : IAsyncLifetime
{
    public AppFixture App { get; private set; } = null!;

    public SimulatedWorld World { get; private set; } = null!;

    public IReadOnlyDictionary<string, string> Altruists { get; private set; } = new Dictionary<string, string>();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        App = await AppFixture.StartAsync(("Probing:RetryInterval", "00:00:00.2"), ("Probing:HotInterval", "00:10:00"), ("Health:Rise", "1"));
        World = await SimulatedWorld.StartAsync(new SimulatedWorldOptions(), Cancellation);
        var chain = World.AddChain(1, TimeSpan.FromSeconds(1));
        await PutAsync("regions/us-east", new { name = "US East" });
        await PutAsync("regions/eu", new { name = "Europe", fallbacks = new[] { "us-east" } });
        await PutAsync("providers/acme", new { name = "Acme" });
        await PutAsync("providers/bolt", new { name = "Bolt" });
        await PutAsync("chains/0021", new { name = "Ethereum", protocol = "evm", identity = "1", blockTimeSeconds = 1, lagToleranceBlocks = 10, aliases = new[] { "eth" } });
        await PutAsync("chains/0099", new { name = "Nobody's", protocol = "evm", identity = "99", blockTimeSeconds = 1, lagToleranceBlocks = 10, aliases = Array.Empty<string>() });
        var ids = new Dictionary<string, string>();
        foreach (var (label, provider) in new[] { ("one", "acme"), ("two", "acme"), ("three", "bolt") })
        {
            var made = await App.Staff.PostAsJsonAsync(
                "/api/v1/altruists", new { provider, chains = new[] { "0021" }, url = World.AddNode(chain, label).Url.ToString(), regions = new[] { "us-east" }, label }, Cancellation);
            ids[label] = (await made.ReadJsonAsync(Cancellation)).GetProperty("id").GetString()!;
        }

        Altruists = ids;
        await Wait.UntilAsync("every altruist is healthy", async () =>
            (await App.Staff.GetJsonAsync("/api/v1/altruists", Cancellation)).GetProperty("items").EnumerateArray().All(altruist => altruist.GetProperty("state").GetString() == "healthy"));
        await RoundAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await App.DisposeAsync();
        await World.DisposeAsync();
    }

    public async Task<JsonElement> RoundAsync() => await (await App.Staff.PostAsync("/api/v1/rounds", null, Cancellation)).ReadJsonAsync(Cancellation);

    /// <summary>Who serves 0021 in us-east now, by label.</summary>
    public async Task<string> PickAsync() =>
        (await App.Portal.GetJsonAsync("/api/v1/selections/0021?region=us-east", Cancellation)).GetProperty("primary").GetProperty("label").GetString()!;

    private async Task PutAsync(string path, object body) => await (await App.Staff.PutAsJsonAsync($"/api/v1/{path}", body, Cancellation)).ReadJsonAsync(Cancellation);
}
