using System.Net;
using System.Text.Json;
using AltruistManager.Altruists;
using AltruistManager.Health;
using AltruistManager.Probing.Checks;
using AltruistManager.Storage;
using Microsoft.AspNetCore.DataProtection;

namespace AltruistManager.Web.Tests.Api;

/// <summary>Credentials over the API: written, never read back, tested first and then published.</summary>
public sealed class CredentialsApiTests : IAsyncLifetime
{
    private AppFixture app = null!;
    private EchoGateway gateway = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string altruist = "";

    public async ValueTask InitializeAsync()
    {
        // A trial is tried twenty times at this pace and then once an hour: what a test does meanwhile has to fit in.
        app = await AppFixture.StartAsync(("Probing:RetryInterval", "00:00:01"), ("Probing:HotInterval", "00:10:00"));
        gateway = await EchoGateway.StartAsync("old-token");
        await PutAsync("regions/us-east", new { });
        await PutAsync("providers/acme", new { });
        await PutAsync("chains/0021", new { protocol = "evm", identity = "1", blockTimeSeconds = 1, lagToleranceBlocks = 10 });
        var made = await (await app.Staff.PostAsJsonAsync(
            "/api/v1/altruists",
            new { provider = "acme", chains = new[] { "0021" }, url = $"{gateway.Url}/v3/secret-path", regions = new[] { "us-east" }, auth = new { type = "bearer", token = "old-token" } }, Cancellation)).ReadJsonAsync(Cancellation);
        altruist = made.GetProperty("id").GetString()!;
        await Wait.UntilAsync("the altruist is healthy", async () => (await ShownAsync(app.Staff)).GetProperty("state").GetString() == "healthy");
        await (await app.Staff.PostAsync("/api/v1/rounds", null, Cancellation)).ReadJsonAsync(Cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync();
        await gateway.DisposeAsync();
    }

    [Fact]
    public async Task Portals_are_told_the_credentials_and_nobody_else_is()
    {
        Assert.Equal("old-token", await PublishedTokenAsync());
        foreach (var client in new[] { app.Staff, app.Provider("acme"), app.Portal })
        {
            var shown = await ShownAsync(client);
            Assert.Equal("""{"type":"bearer"}""", shown.GetProperty("auth").GetRawText());
            Assert.DoesNotContain("old-token", shown.GetRawText(), StringComparison.Ordinal);
        }

        foreach (var client in new[] { app.Anonymous, app.Provider("other") })
        {
            var shown = await ShownAsync(client);
            Assert.False(shown.TryGetProperty("auth", out _));
            Assert.False(shown.TryGetProperty("trial", out _));
            Assert.DoesNotContain("secret-path", shown.GetRawText(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Credentials_that_the_endpoint_takes_are_published_at_once()
    {
        gateway.Wants = "-token";
        using var answer = await RotateAsync(app.Provider("acme"), new { type = "header", name = "X-Key", value = "new-token" });
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var said = await answer.ReadJsonAsync(Cancellation);
        Assert.True(said.GetProperty("published").GetBoolean());
        Assert.DoesNotContain("new-token", said.GetRawText(), StringComparison.Ordinal);
        Assert.Equal("""{"type":"header","name":"X-Key"}""", said.GetProperty("altruist").GetProperty("auth").GetRawText());
        Assert.Equal((JsonValueKind.Null, "healthy"), (said.GetProperty("altruist").GetProperty("trial").ValueKind, said.GetProperty("altruist").GetProperty("state").GetString()));

        var auth = (await PublishedAsync()).GetProperty("auth");
        Assert.Equal("""{"type":"header","name":"X-Key","value":"new-token"}""", auth.GetRawText());
    }

    [Fact]
    public async Task Everybody_is_told_whether_control_of_the_endpoint_in_service_is_proven_and_its_owner_of_the_one_on_trial()
    {
        await (await app.Provider("acme").PatchAsJsonAsync($"/api/v1/altruists/{altruist}", new { url = "https://elsewhere.example", auth = new { type = "none" } }, Cancellation)).ReadJsonAsync(Cancellation);
        foreach (var (client, attested) in new[] { (app.Anonymous, true), (app.Provider("other"), true), (app.Portal, true), (app.Provider("acme"), false), (app.Staff, false) })
            Assert.Equal(attested, (await ShownAsync(client)).GetProperty("attested").GetBoolean());

        using var blind = await app.Staff.PatchAsJsonAsync($"/api/v1/altruists/{altruist}", new { attested = true }, Cancellation);
        Assert.Equal("url", Assert.Single((await blind.ReadProblemAsync(Cancellation)).Errors.Keys));
    }

    [Fact]
    public async Task Claims_stand_in_the_list_of_altruists_with_whether_they_are_proven()
    {
        await (await app.Staff.PatchAsJsonAsync($"/api/v1/altruists/{altruist}", new { capabilities = new[] { "archive" } }, Cancellation)).ReadJsonAsync(Cancellation);
        Assert.Contains("archive (not proven yet)", await app.Anonymous.GetStringAsync("/altruists", Cancellation), StringComparison.Ordinal);

        // The service asks for the proof by itself and gets none: not after the one that follows.
        var book = app.Services.GetRequiredService<CheckBook>();
        await Wait.UntilAsync("the claim was checked", () => Task.FromResult(book.Find(new AltruistId(altruist), "archive") is not null));
        var proof = new CheckResult("archive", CheckState.Passed, "proven", 1, []);
        var registered = app.Services.GetRequiredService<RosterCache>().Current.Altruists[new AltruistId(altruist)].InService;
        await book.RecordAsync(registered.Id, [(proof, CheckRecord.PlaceOf(new CapabilityCheck("archive"), registered, ""))], TimeProvider.System.GetUtcNow(), Cancellation);
        await app.Services.GetRequiredService<HealthMonitor>().CheckedAsync(new AltruistId(altruist), Cancellation);
        var page = await app.Anonymous.GetStringAsync("/altruists", Cancellation);
        Assert.Contains("archive", page, StringComparison.Ordinal);
        Assert.DoesNotContain("not proven", page, StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_framework_encrypts_is_encrypted_with_the_ring_that_is_backed_up_and_shared()
    {
        var token = app.Services.GetRequiredService<IDataProtectionProvider>().CreateProtector("tokens").Protect([1, 2, 3]);
        Assert.Equal([1, 2, 3], app.Services.GetRequiredService<KeyRing>().Reader("tokens")(token));
    }

    [Fact]
    public async Task Credentials_that_the_endpoint_refuses_change_nothing()
    {
        var problem = await (await RotateAsync(app.Staff, new { type = "bearer", token = "wrong-credentials" })).ReadProblemAsync(Cancellation);
        Assert.Equal((400, "credentials-refused"), (problem.Status, problem.Slug));
        Assert.DoesNotContain("wrong-credentials", problem.Detail, StringComparison.Ordinal);
        Assert.Contains("HTTP 401", problem.Detail, StringComparison.Ordinal);
        Assert.Equal("auth", Assert.Single(problem.Errors.Keys));

        Assert.Equal("old-token", await PublishedTokenAsync());
        var shown = await ShownAsync(app.Staff);
        Assert.Equal((JsonValueKind.Null, JsonValueKind.Null, "healthy"), (shown.GetProperty("trial").ValueKind, shown.GetProperty("serving").ValueKind, shown.GetProperty("state").GetString()));
    }

    [Fact]
    public async Task Credentials_in_service_that_are_said_again_end_the_trial_of_others()
    {
        await (await app.Staff.PatchAsJsonAsync($"/api/v1/altruists/{altruist}", new { auth = new { type = "bearer", token = "new-token" } }, Cancellation)).ReadJsonAsync(Cancellation);
        Assert.NotEqual(JsonValueKind.Null, (await ShownAsync(app.Staff)).GetProperty("trial").ValueKind);
        using var answer = await RotateAsync(app.Provider("acme"), new { type = "bearer", token = "old-token" });
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.True((await answer.ReadJsonAsync(Cancellation)).GetProperty("published").GetBoolean());
        foreach (var property in new[] { "trial", "serving" })
            Assert.Equal(JsonValueKind.Null, (await ShownAsync(app.Staff)).GetProperty(property).ValueKind);
    }

    [Fact]
    public async Task Credentials_in_service_that_cannot_be_tested_now_are_on_no_trial()
    {
        gateway.Mood = GatewayMood.Throttles;
        using var answer = await RotateAsync(app.Provider("acme"), new { type = "bearer", token = "old-token" });
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.True((await answer.ReadJsonAsync(Cancellation)).GetProperty("published").GetBoolean());
    }

    [Fact]
    public async Task What_is_refused_leaves_the_verdict_of_one_that_is_switched_off_and_what_is_done_starts_it_anew()
    {
        var path = $"/api/v1/altruists/{altruist}";
        var board = app.Services.GetRequiredService<AltruistManager.Health.HealthBoard>();
        var id = new AltruistManager.Altruists.AltruistId(altruist);
        await (await app.Staff.PatchAsJsonAsync(path, new { enabled = false }, Cancellation)).ReadJsonAsync(Cancellation);
        var before = board[id];
        await (await app.Staff.PatchAsJsonAsync(path, new { enabled = true, chains = new[] { "none" } }, Cancellation)).ReadProblemAsync(Cancellation);
        Assert.Equal(AltruistManager.Health.VerdictState.Healthy, board[id].State);
        Assert.Equal(before.Since, board[id].Since);

        await (await app.Staff.PatchAsJsonAsync(path, new { enabled = true }, Cancellation)).ReadJsonAsync(Cancellation);
        Assert.True(board[id].Since > before.Since);
    }

    [Fact]
    public async Task While_the_node_cannot_tell_the_old_ones_stay_and_the_trial_goes_on_until_it_can()
    {
        gateway.Mood = GatewayMood.Throttles;
        gateway.Wants = "-token";
        using var answer = await RotateAsync(app.Provider("acme"), new { type = "bearer", token = "new-token" });
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        var said = await answer.ReadJsonAsync(Cancellation);
        Assert.False(said.GetProperty("published").GetBoolean());
        Assert.NotEqual(JsonValueKind.Null, said.GetProperty("altruist").GetProperty("trial").ValueKind);
        Assert.StartsWith(new Uri(gateway.Url).Authority, said.GetProperty("altruist").GetProperty("serving").GetString(), StringComparison.Ordinal);
        Assert.Equal("old-token", await PublishedTokenAsync());

        gateway.Mood = GatewayMood.Good;
        await Wait.UntilAsync("the trial is passed", async () => (await ShownAsync(app.Staff)).GetProperty("trial").ValueKind == JsonValueKind.Null);
        await Wait.UntilAsync("the new ones are published", async () => await PublishedTokenAsync() == "new-token");
    }

    [Fact]
    public async Task A_patched_endpoint_is_tried_beside_the_one_in_service_and_portals_follow_when_it_passed()
    {
        await using var elsewhere = await EchoGateway.StartAsync("old-token");
        elsewhere.Mood = GatewayMood.Errors;
        using var answer = await app.Staff.PatchAsJsonAsync($"/api/v1/altruists/{altruist}", new { url = $"{elsewhere.Url}/moved/secret-path", auth = new { type = "bearer", token = "old-token" } }, Cancellation);
        var changed = await answer.ReadJsonAsync(Cancellation);
        Assert.Equal($"{elsewhere.Url}/moved/secret-path", changed.GetProperty("url").GetString());
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);

        await Wait.UntilAsync("the trial has a reason", async () =>
            (await ShownAsync(app.Provider("acme"))).GetProperty("trial").GetProperty("reason").GetString()!.Contains("error -32000", StringComparison.Ordinal));
        Assert.Equal("healthy", (await ShownAsync(app.Staff)).GetProperty("state").GetString());
        foreach (var url in new[] { (await PublishedAsync()).GetProperty("url").GetString(), (await ShownAsync(app.Portal)).GetProperty("url").GetString() })
            Assert.Equal($"{gateway.Url}/v3/secret-path", url);

        elsewhere.Mood = GatewayMood.Good;
        await Wait.UntilAsync("portals are told", async () => (await PublishedAsync()).GetProperty("url").GetString() == $"{elsewhere.Url}/moved/secret-path");
        Assert.Equal("healthy", (await ShownAsync(app.Staff)).GetProperty("state").GetString());
        var decision = (await app.Anonymous.GetJsonAsync("/api/v1/decisions?chain=0021&region=us-east&limit=1", Cancellation)).GetProperty("items")[0];
        Assert.Equal("change", decision.GetProperty("trigger").GetString());
    }

    [Fact]
    public async Task Only_the_owner_and_staff_rotate_and_not_twice_at_once()
    {
        var auth = new { type = "bearer", token = "old-token" };
        Assert.Equal(HttpStatusCode.Unauthorized, (await RotateAsync(app.Anonymous, auth)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await RotateAsync(app.Portal, auth)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await RotateAsync(app.Provider("other"), auth)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await app.Staff.PutAsJsonAsync("/api/v1/altruists/none/credentials", new { auth }, Cancellation)).StatusCode);
        var bad = await (await RotateAsync(app.Staff, new { type = "basic", username = "me" })).ReadProblemAsync(Cancellation);
        Assert.Equal(["auth.password"], bad.Errors.Keys);
        var missing = await (await app.Staff.PutAsJsonAsync($"/api/v1/altruists/{altruist}/credentials", new { token = "x" }, Cancellation)).ReadProblemAsync(Cancellation);
        Assert.Contains("auth", missing.Errors.Keys);
        Assert.Contains("token", missing.Errors.Keys);

        await Wait.UntilAsync("of several at once some are refused", async () =>
        {
            var answers = await Task.WhenAll(RotateAsync(app.Staff, auth), RotateAsync(app.Staff, auth), RotateAsync(app.Staff, auth));
            // All three are where others were tested just before.
            Assert.All(answers, answer => Assert.Contains(answer.StatusCode, new[] { HttpStatusCode.OK, HttpStatusCode.TooManyRequests }));
            return answers.Select(answer => answer.StatusCode).Distinct().Count() == 2;
        });
    }

    [Fact]
    public async Task A_key_ring_that_is_gone_takes_its_altruists_out_with_an_alarm_and_the_owner_can_mend_them()
    {
        await app.RestartAsync(() => Directory.Delete(Path.Combine(app.Folder, "keys"), recursive: true));
        var shown = await ShownAsync(app.Provider("acme"));
        Assert.Equal(("unknown", "", ""), (shown.GetProperty("state").GetString(), shown.GetProperty("url").GetString(), shown.GetProperty("host").GetString()));
        Assert.StartsWith("its endpoint cannot be decrypted", shown.GetProperty("reason").GetString(), StringComparison.Ordinal);
        using var fresh = await app.Anonymous.GetAsync("/healthz/fresh", Cancellation);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, fresh.StatusCode);
        Assert.Contains("1 altruists are out of service", await fresh.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await app.Anonymous.GetAsync("/healthz/ready", Cancellation)).StatusCode);
        var none = await app.Portal.GetProblemAsync("/api/v1/selections/0021?region=us-east", Cancellation);
        Assert.Equal((503, "no-altruist"), (none.Status, none.Slug));
        // Its endpoint may be as good as ever: portals are not told to drop it.
        Assert.Empty((await app.Portal.GetJsonAsync("/api/v1/selections?region=us-east", Cancellation)).GetProperty("revoked").EnumerateArray());
        await (await app.Staff.PostAsync("/api/v1/rounds", null, Cancellation)).ReadJsonAsync(Cancellation);

        using var mended = await app.Provider("acme").PatchAsJsonAsync(
            $"/api/v1/altruists/{altruist}", new { url = $"{gateway.Url}/v3/secret-path", auth = new { type = "bearer", token = "old-token" } }, Cancellation);
        Assert.True((await mended.ReadJsonAsync(Cancellation)).GetProperty("attested").GetBoolean());
        await Wait.UntilAsync("it is in service again", async () => (await app.Portal.GetAsync("/api/v1/selections/0021?region=us-east", Cancellation)).IsSuccessStatusCode);
        // The altruist is mended; the signing key, which only staff can replace, is not.
        using var alarm = await app.Anonymous.GetAsync("/healthz/fresh", Cancellation);
        var words = await alarm.Content.ReadAsStringAsync(Cancellation);
        Assert.DoesNotContain("out of service", words, StringComparison.Ordinal);
        Assert.Contains("signing key of the log cannot be used", words, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_ring_that_cannot_be_read_stops_neither_the_start_nor_what_needs_none()
    {
        var folder = Path.Combine(app.Folder, "keys");
        await app.RestartAsync(() =>
        {
            Directory.Move(folder, folder + ".away");
            File.WriteAllText(folder, "");
        });
        using var fresh = await app.Anonymous.GetAsync("/healthz/fresh", Cancellation);
        Assert.Contains("key ring", await fresh.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
        var refused = await (await app.Staff.PostAsJsonAsync("/api/v1/altruists", new { provider = "acme", chains = new[] { "0021" }, url = "https://other.example" }, Cancellation)).ReadProblemAsync(Cancellation);
        Assert.Equal(503, refused.Status);
        await PutAsync("regions/eu", new { });

        await app.RestartAsync(() =>
        {
            File.Delete(folder);
            Directory.Move(folder + ".away", folder);
        });
        await Wait.UntilAsync("it is in service again", async () => (await app.Portal.GetAsync("/api/v1/selections/0021?region=us-east", Cancellation)).IsSuccessStatusCode);
        Assert.Equal("old-token", await PublishedTokenAsync());
    }

    private Task<HttpResponseMessage> RotateAsync(HttpClient client, object auth) => client.PutAsJsonAsync($"/api/v1/altruists/{altruist}/credentials", new { auth }, Cancellation);

    private Task<JsonElement> ShownAsync(HttpClient client) => client.GetJsonAsync($"/api/v1/altruists/{altruist}", Cancellation);

    private async Task<JsonElement> PublishedAsync() => (await app.Portal.GetJsonAsync("/api/v1/selections/0021?region=us-east", Cancellation)).GetProperty("primary");

    private async Task<string?> PublishedTokenAsync() => (await PublishedAsync()).GetProperty("auth").GetProperty("token").GetString();

    private async Task PutAsync(string path, object body) => await (await app.Staff.PutAsJsonAsync($"/api/v1/{path}", body, Cancellation)).ReadJsonAsync(Cancellation);
}
