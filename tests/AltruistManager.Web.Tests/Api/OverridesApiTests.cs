using System.Net;
using System.Text;
using AltruistManager.Storage;

namespace AltruistManager.Web.Tests.Api;

public sealed class OverridesApiTests(AppWithPicks picks) : IClassFixture<AppWithPicks>
{
    private const string Path = "/api/v1/overrides";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static DateTimeOffset Soon => TimeProvider.System.GetUtcNow().AddHours(1);

    private HttpClient Staff => picks.App.Staff;

    [Fact]
    public async Task Pin_holds_at_once_is_explained_in_public_and_ends_when_deleted()
    {
        foreach (var label in new[] { "one", "three" })
        {
            var made = await (await PostAsync(new { kind = "pin", chain = "eth", region = "us-east", altruist = picks.Altruists[label], reason = "maintenance", note = "secret note", expiresAt = Soon })).ReadJsonAsync(Cancellation);
            Assert.Equal(label, await picks.PickAsync());
            var pick = await picks.App.Portal.GetJsonAsync("/api/v1/selections/0021?region=us-east", Cancellation);
            Assert.Equal("override", pick.GetProperty("state").GetString());
            var decision = (await picks.App.Anonymous.GetJsonAsync($"/api/v1/decisions/{pick.GetProperty("decision").GetString()}", Cancellation)).ToString();
            Assert.Contains("maintenance", decision);
            Assert.DoesNotContain("secret note", decision);

            await picks.RoundAsync();
            Assert.Equal(label, await picks.PickAsync());

            Assert.Equal(HttpStatusCode.NoContent, (await Staff.DeleteAsync($"{Path}/{made.GetProperty("id").GetString()}", Cancellation)).StatusCode);
            Assert.Equal("fresh", (await picks.App.Portal.GetJsonAsync("/api/v1/selections/0021?region=us-east", Cancellation)).GetProperty("state").GetString());
            Assert.Equal(404, (await (await Staff.DeleteAsync($"{Path}/{made.GetProperty("id").GetString()}", Cancellation)).ReadProblemAsync(Cancellation)).Status);
        }
    }

    [Fact]
    public async Task Order_that_is_stored_is_done_even_where_its_picks_cannot_be_settled_at_once()
    {
        var database = picks.App.Services.GetRequiredService<Database>();
        var other = await picks.PickAsync() == "one" ? "three" : "one";
        await database.WriteAsync(write => write.ExecuteAsync("create trigger broken before insert on log_entries begin select raise(abort, 'broken'); end"), Cancellation);
        HttpResponseMessage answer;
        try
        {
            answer = await PostAsync(new { kind = "pin", chain = "eth", region = "us-east", altruist = picks.Altruists[other], reason = "maintenance", expiresAt = Soon });
            Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
            Assert.NotEqual(other, await picks.PickAsync());
        }
        finally
        {
            await database.WriteAsync(write => write.ExecuteAsync("drop trigger broken"), Cancellation);
        }

        await Wait.UntilAsync("the pin rules", async () => await picks.PickAsync() == other);
        Assert.Equal(HttpStatusCode.NoContent, (await Staff.DeleteAsync($"{Path}/{(await answer.ReadJsonAsync(Cancellation)).GetProperty("id").GetString()}", Cancellation)).StatusCode);
    }

    [Fact]
    public async Task Exclusion_of_a_provider_takes_all_of_its_altruists_out_at_once()
    {
        var made = await (await PostAsync(new { kind = "exclude", provider = "acme", reason = "under investigation", expiresAt = Soon })).ReadJsonAsync(Cancellation);
        Assert.Equal("three", await picks.PickAsync());
        Assert.Contains((await Staff.GetJsonAsync(Path, Cancellation)).GetProperty("items").EnumerateArray(), rule => rule.GetProperty("id").GetString() == made.GetProperty("id").GetString());
        await Staff.DeleteAsync($"{Path}/{made.GetProperty("id").GetString()}", Cancellation);
    }

    [Fact]
    public async Task Excluded_with_revoke_is_listed_for_portals()
    {
        var made = await (await PostAsync(new { kind = "exclude", altruist = picks.Altruists["two"], reason = "leaked", revoke = true, expiresAt = Soon })).ReadJsonAsync(Cancellation);
        var all = await picks.App.Portal.GetJsonAsync("/api/v1/selections?region=us-east", Cancellation);
        Assert.Equal([picks.Altruists["two"]], all.GetProperty("revoked").EnumerateArray().Select(id => id.GetString()));
        await Staff.DeleteAsync($"{Path}/{made.GetProperty("id").GetString()}", Cancellation);
    }

    [Fact]
    public async Task A_preview_says_which_slots_would_change_from_what_to_what_and_stores_nothing()
    {
        var before = (await Staff.GetJsonAsync(Path, Cancellation)).ToString();
        var pick = await picks.PickAsync();
        var preview = await (await Staff.PostAsJsonAsync($"{Path}?preview=true", new { kind = "exclude", altruist = picks.Altruists[pick], reason = "a try", expiresAt = Soon }, Cancellation)).ReadJsonAsync(Cancellation);
        Assert.True(preview.GetProperty("preview").GetBoolean());
        var slot = preview.GetProperty("effect").GetProperty("slots").EnumerateArray().First(slot => slot.GetProperty("region").GetString() == "us-east");
        Assert.Equal(("0021", pick, "fresh"), (slot.GetProperty("chain").GetString(), slot.GetProperty("from").GetProperty("label").GetString(), slot.GetProperty("to").GetProperty("state").GetString()));
        Assert.NotEqual(pick, slot.GetProperty("to").GetProperty("label").GetString());
        Assert.Equal(3, slot.GetProperty("from").GetProperty("eligible").GetInt32());
        Assert.Equal(before, (await Staff.GetJsonAsync(Path, Cancellation)).ToString());
        Assert.Equal(pick, await picks.PickAsync());
        Assert.Equal(["preview"], (await (await Staff.PostAsJsonAsync($"{Path}?preview=maybe", new { }, Cancellation)).ReadProblemAsync(Cancellation)).Errors.Keys);
    }

    [Fact]
    public async Task Whoever_leaves_a_slot_without_anybody_is_warned_beforehand_and_in_the_answer()
    {
        var first = await (await PostAsync(new { kind = "exclude", provider = "acme", reason = "under investigation", expiresAt = Soon })).ReadJsonAsync(Cancellation);
        Assert.Empty(first.GetProperty("effect").GetProperty("warnings").EnumerateArray());
        var body = new { kind = "exclude", provider = "bolt", reason = "under investigation too", expiresAt = Soon };
        var preview = (await (await Staff.PostAsJsonAsync($"{Path}?preview=true", body, Cancellation)).ReadJsonAsync(Cancellation)).GetProperty("effect");
        Assert.Equal(2, preview.GetProperty("lastEligibleIn").GetInt32());
        Assert.Equal(
            "Its altruists are the last eligible in 2 slots (0021/eu, 0021/us-east): the last pick is kept there, degraded.", Assert.Single(preview.GetProperty("warnings").EnumerateArray()).GetString());
        var second = await (await PostAsync(body)).ReadJsonAsync(Cancellation);
        Assert.Equal(preview.GetProperty("warnings").ToString(), second.GetProperty("effect").GetProperty("warnings").ToString());

        var pin = await (await PostAsync(new { kind = "pin", altruist = picks.Altruists["one"], chain = "eth", region = "us-east", reason = "a try", expiresAt = Soon })).ReadJsonAsync(Cancellation);
        Assert.Equal("override", (await picks.App.Portal.GetJsonAsync("/api/v1/selections/0021?region=us-east", Cancellation)).GetProperty("state").GetString());
        foreach (var made in new[] { first, second, pin })
            await Staff.DeleteAsync($"{Path}/{made.GetProperty("id").GetString()}", Cancellation);
    }

    [Fact]
    public async Task A_pin_of_what_is_not_eligible_warns_unless_it_is_well()
    {
        await (await Staff.PostAsJsonAsync($"/api/v1/altruists/{picks.Altruists["two"]}/drain", new { reason = "new disks" }, Cancellation)).ReadJsonAsync(Cancellation);
        foreach (var (force, words) in new[] { (false, "The pin waits until it is, unless force is set."), (true, "It is pinned all the same, as far as it may be used at all.") })
        {
            var body = new { kind = "pin", altruist = picks.Altruists["two"], region = "us-east", reason = "a try", force, expiresAt = Soon };
            var warning = Assert.Single((await (await Staff.PostAsJsonAsync($"{Path}?preview=true", body, Cancellation)).ReadJsonAsync(Cancellation)).GetProperty("effect").GetProperty("warnings").EnumerateArray()).GetString()!;
            Assert.StartsWith("The pinned altruist is not eligible in 1 slot (0021/us-east): draining until it is resumed: new disks.", warning);
            Assert.EndsWith(words, warning);
        }

        await (await Staff.PostAsync($"/api/v1/altruists/{picks.Altruists["two"]}/resume", null, Cancellation)).ReadJsonAsync(Cancellation);
        var well = await (await Staff.PostAsJsonAsync($"{Path}?preview=true", new { kind = "pin", altruist = picks.Altruists["two"], region = "us-east", reason = "a try", expiresAt = Soon }, Cancellation)).ReadJsonAsync(Cancellation);
        Assert.Empty(well.GetProperty("effect").GetProperty("warnings").EnumerateArray());
    }

    [Fact]
    public async Task One_answer_names_every_bad_field_and_nothing_is_stored()
    {
        var before = (await Staff.GetJsonAsync(Path, Cancellation)).ToString();
        var problem = await (await PostAsync(new { kind = "nail", chain = 7, region = "nowhere", altruist = "x", provider = "y", note = true, force = "yes", expiresAt = "2020-01-01T00:00:00Z", colour = "red" })).ReadProblemAsync(Cancellation);
        Assert.Equal((400, "bad-fields"), (problem.Status, problem.Slug));
        Assert.Equal(["altruist", "chain", "colour", "expiresAt", "force", "kind", "note", "provider", "reason", "region"], problem.Errors.Keys.Order());
        Assert.Equal(before, (await Staff.GetJsonAsync(Path, Cancellation)).ToString());
    }

    [Theory]
    [InlineData("""{"kind":"pin","chain":"0021","reason":"r","expiresAt":"2999-01-01T00:00:00Z"}""", "altruist,expiresAt")]
    [InlineData("""{"kind":"pin","chain":"0021","altruist":"{one}","reason":"r"}""", "expiresAt")]
    [InlineData("""{"kind":"pin","chain":"0021","altruist":"{one}","reason":"r","expiresAt":"tomorrow"}""", "expiresAt")]
    [InlineData("""{"kind":"pin","chain":"0021","altruist":"{one}","reason":"r","expiresAt":"{soon without offset}"}""", "expiresAt")]
    [InlineData("""{"kind":"pin","chain":"0099","altruist":"{one}","reason":"r","expiresAt":"{soon}"}""", "altruist")]
    [InlineData("""{"kind":"pin","chain":"0021","region":"global","altruist":"{one}","reason":"r","expiresAt":"{soon}"}""", "region")]
    [InlineData("""{"kind":"pin","chain":"0021","altruist":"{one}","provider":"bolt","reason":"r","expiresAt":"{soon}"}""", "provider")]
    [InlineData("""{"kind":"pin","chain":"0021","altruist":"{one}","reason":" ","expiresAt":"{soon}"}""", "reason")]
    [InlineData("""{"kind":"pin","altruist":"{one}","reason":"r","revoke":true,"expiresAt":"{soon}"}""", "revoke")]
    [InlineData("""{"kind":"exclude","altruist":"{one}","reason":"r","force":true,"expiresAt":"{soon}"}""", "force")]
    [InlineData("""{"kind":"exclude","chain":"0021","reason":"r","expiresAt":"{soon}"}""", "altruist")]
    public async Task Override_that_makes_no_sense_is_refused(string body, string fields)
    {
        body = body.Replace("{one}", picks.Altruists["one"]).Replace("{soon}", $"{Soon:O}").Replace("{soon without offset}", $"{Soon:s}");
        var problem = await (await SendAsync(body, "application/json")).ReadProblemAsync(Cancellation);
        Assert.Equal((400, fields), (problem.Status, string.Join(',', problem.Errors.Keys.Order())));
    }

    [Theory]
    [InlineData("", "application/json", 400, "bad-body")]
    [InlineData("[]", "application/json", 400, "bad-body")]
    [InlineData("{\n  \"kind\": pin }", "application/json", 400, "bad-body")]
    [InlineData("""{"kind":"pin","kind":"pin"}""", "application/json", 400, "bad-body")]
    [InlineData("{}", "text/plain", 415, "unsupported-media-type")]
    [InlineData("{\"reason\":\"\\ud800\"}", "application/json", 400, "bad-body")]
    [InlineData("{\"\\ud800\":1}", "application/json", 400, "bad-body")]
    [InlineData("large", "application/json", 413, "too-large")]
    public async Task Body_that_cannot_be_read_is_refused(string body, string type, int status, string slug)
    {
        var problem = await (await SendAsync(body == "large" ? $$"""{"reason":"{{new string('x', 70_000)}}"}""" : body, type)).ReadProblemAsync(Cancellation);
        Assert.Equal((status, slug), (problem.Status, problem.Slug));
        if (body.Contains('\n'))
            Assert.Contains("line 2", problem.Detail);
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("POST")]
    [InlineData("DELETE")]
    public async Task Overrides_are_for_staff(string method)
    {
        var path = method == "DELETE" ? $"{Path}/x" : Path;
        foreach (var (client, status) in new[] { (picks.App.Anonymous, 401), (picks.App.Portal, 403), (picks.App.Provider("acme"), 403) })
            Assert.Equal(status, (await (await client.SendAsync(new HttpRequestMessage(new HttpMethod(method), path), Cancellation)).ReadProblemAsync(Cancellation)).Status);
    }

    [Fact]
    public async Task Rounds_are_for_staff()
    {
        Assert.Equal(401, (await (await picks.App.Anonymous.PostAsync("/api/v1/rounds", null, Cancellation)).ReadProblemAsync(Cancellation)).Status);
        Assert.Equal(403, (await (await picks.App.Portal.PostAsync("/api/v1/rounds", null, Cancellation)).ReadProblemAsync(Cancellation)).Status);
        var first = await picks.RoundAsync();
        var second = await picks.RoundAsync();
        Assert.Equal(first.GetProperty("round").GetInt64() + 1, second.GetProperty("round").GetInt64());
        Assert.True(second.GetProperty("generation").GetInt64() > first.GetProperty("generation").GetInt64());
        // Three regions (us-east, eu, global), two chains.
        Assert.True(second.GetProperty("slots").GetInt32() >= 6);
    }

    private Task<HttpResponseMessage> PostAsync(object body) => Staff.PostAsJsonAsync(Path, body, Cancellation);

    private Task<HttpResponseMessage> SendAsync(string body, string type) => Staff.PostAsync(Path, new StringContent(body, Encoding.UTF8, type), Cancellation);
}
