using System.Text.Json;
using AltruistManager.Accounts;

namespace AltruistManager.Web.Tests.Api;

/// <summary>A key of a portal has leaked: whose credentials must be changed?</summary>
public sealed class ExposureApiTests(AppWithPicks picks) : IClassFixture<AppWithPicks>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private AppFixture App => picks.App;

    [Fact]
    public async Task Leaked_key_tells_which_altruists_it_saw_and_no_others()
    {
        await PutAsync("regions/asia", new { name = "Asia" });
        await AddAsync("elsewhere", "asia");
        await PutAsync("portals/leaky", new { regions = new[] { "us-east" }, chains = new[] { "0021" } });
        var text = await App.CreateKeyAsync(KeyScope.Portal, portal: "leaky");
        var unused = await App.CreateKeyAsync(KeyScope.Portal, portal: "leaky");
        var before = await ShowAsync();
        Assert.Equal((0, JsonValueKind.Null, 2), (before.GetProperty("count").GetInt32(), before.GetProperty("since").ValueKind, before.GetProperty("keys").GetArrayLength()));

        using (var leaked = App.Client(text))
            Assert.True((await leaked.GetAsync("/api/v1/selections?region=us-east", Cancellation)).IsSuccessStatusCode);
        var pick = await picks.PickAsync();
        var seen = await ShowAsync($"?key={IdOf(text)}");
        Assert.Equal(["one", "three", "two"], Labels(seen).Order());
        var picked = seen.GetProperty("items").EnumerateArray().Single(item => item.GetProperty("label").GetString() == pick);
        Assert.Equal(JsonValueKind.String, picked.GetProperty("pickedFrom").ValueKind);
        Assert.Equal("none", picked.GetProperty("auth").GetString());
        var key = Assert.Single(seen.GetProperty("keys").EnumerateArray());
        Assert.Equal((IdOf(text), key.GetProperty("firstUsedAt").GetString()), (key.GetProperty("id").GetString(), seen.GetProperty("since").GetString()));
        Assert.Empty(Labels(await ShowAsync($"?key={IdOf(unused)}")));

        // It is known after a restart too, and not in the answer alone.
        await App.Services.GetRequiredService<KeyUses>().SaveAsync(Cancellation);
        Assert.Equal(key.GetProperty("lastUsedAt").GetDateTimeOffset(), (await App.Services.GetRequiredService<KeyUseStore>().FindAsync([IdOf(text)], Cancellation))[IdOf(text)].LastAt!.Value, TimeSpan.FromMilliseconds(1));

        // Once it is revoked it sees nobody who comes; who leaves the portal's regions was seen all the same.
        await App.Services.GetRequiredService<ApiKeyStore>().RevokeAsync(Actor.Operator, IdOf(text), Cancellation);
        await AddAsync("later", "us-east");
        await (await App.Staff.PatchAsJsonAsync($"/api/v1/altruists/{picks.Altruists[pick]}", new { regions = new[] { "asia" } }, Cancellation)).ReadJsonAsync(Cancellation);
        var after = await ShowAsync($"?key={IdOf(text)}");
        Assert.Equal(["one", "three", "two"], Labels(after).Order());
        Assert.True(after.GetProperty("until").GetDateTimeOffset() <= after.GetProperty("keys")[0].GetProperty("revokedAt").GetDateTimeOffset());

        var first = await ShowAsync("?limit=1");
        Assert.Equal(Labels(after), [.. Labels(first), .. Labels(await ShowAsync($"?before={first.GetProperty("next")}"))]);
    }

    [Fact]
    public async Task Only_staff_are_told_and_of_keys_of_that_portal_only()
    {
        await PutAsync("portals/tight", new { });
        var foreign = await App.CreateKeyAsync(KeyScope.Portal, portal: "other");
        Assert.Equal((404, "unknown-key"), await App.Staff.GetProblemAsync($"/api/v1/portals/tight/exposure?key={IdOf(foreign)}", Cancellation) is var problem ? (problem.Status, problem.Slug) : default);
        Assert.Equal(404, (await App.Staff.GetProblemAsync("/api/v1/portals/none/exposure", Cancellation)).Status);
        foreach (var (client, status) in new[] { (App.Anonymous, 401), (App.Portal, 403), (App.Provider("acme"), 403) })
            Assert.Equal(status, (await client.GetProblemAsync("/api/v1/portals/tight/exposure", Cancellation)).Status);
    }

    private static string IdOf(string key) => key.Split('_')[1];

    private static IEnumerable<string> Labels(JsonElement exposure) => exposure.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("label").GetString()!);

    private Task<JsonElement> ShowAsync(string query = "") => App.Staff.GetJsonAsync($"/api/v1/portals/leaky/exposure{query}", Cancellation);

    private async Task PutAsync(string path, object body) => await (await App.Staff.PutAsJsonAsync($"/api/v1/{path}", body, Cancellation)).ReadJsonAsync(Cancellation);

    private async Task AddAsync(string label, string region) => await (await App.Staff.PostAsJsonAsync(
        "/api/v1/altruists", new { provider = "acme", chains = new[] { "0021" }, url = $"http://127.0.0.1:1/{label}", regions = new[] { region }, label }, Cancellation)).ReadJsonAsync(Cancellation);
}
