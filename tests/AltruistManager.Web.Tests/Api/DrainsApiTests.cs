using System.Net;
using System.Text;
using System.Text.Json;

namespace AltruistManager.Web.Tests.Api;

public sealed class DrainsApiTests(AppWithPicks picks) : IClassFixture<AppWithPicks>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    private HttpClient Owner => picks.App.Provider("acme");

    [Fact]
    public async Task An_owner_drains_its_altruist_at_once_and_everybody_reads_why()
    {
        var until = Now.AddHours(2);
        var pick = await PickOfAcmeAsync();
        var drain = await (await DrainAsync(Owner, pick, new { reason = "new disks", until })).ReadJsonAsync(Cancellation);
        Assert.True(drain.GetProperty("active").GetBoolean());
        Assert.Equal("us-east", drain.GetProperty("effect").GetProperty("slots").EnumerateArray().Last().GetProperty("region").GetString());
        Assert.NotEqual(pick, await picks.PickAsync());

        var open = await picks.App.Anonymous.GetJsonAsync(PathOf(pick), Cancellation);
        Assert.Equal(("draining", $"draining until {until:yyyy-MM-dd HH:mm} UTC: new disks"), (open.GetProperty("state").GetString(), open.GetProperty("reason").GetString()));
        Assert.False(open.TryGetProperty("drains", out _));
        Assert.False((await picks.App.Portal.GetJsonAsync(PathOf(pick), Cancellation)).TryGetProperty("drains", out _));
        Assert.Equal(drain.GetProperty("id").GetString(), Assert.Single((await Owner.GetJsonAsync(PathOf(pick), Cancellation)).GetProperty("drains").EnumerateArray()).GetProperty("id").GetString());
        Assert.Equal([picks.Altruists[pick]], (await picks.App.Anonymous.GetJsonAsync("/api/v1/altruists?state=draining", Cancellation)).GetProperty("items").EnumerateArray().Select(item => item.GetProperty("id").GetString()));

        Assert.Equal(1, (await (await ResumeAsync(Owner, pick)).ReadJsonAsync(Cancellation)).GetProperty("ended").GetInt32());
        Assert.Equal("healthy", (await picks.App.Anonymous.GetJsonAsync(PathOf(pick), Cancellation)).GetProperty("state").GetString());
        Assert.Equal(0, (await (await ResumeAsync(Owner, pick)).ReadJsonAsync(Cancellation)).GetProperty("ended").GetInt32());
    }

    [Fact]
    public async Task Several_windows_are_planned_ahead_and_one_of_them_is_dropped()
    {
        var ids = new List<string>();
        foreach (var days in new[] { 7, 1 })
        {
            var planned = await (await DrainAsync(picks.App.Staff, "three", new { reason = $"in {days} days", from = Now.AddDays(days), until = Now.AddDays(days).AddHours(1) })).ReadJsonAsync(Cancellation);
            Assert.False(planned.GetProperty("active").GetBoolean());
            ids.Add(planned.GetProperty("id").GetString()!);
        }

        var owner = picks.App.Provider("bolt");
        Assert.Equal(["in 1 days", "in 7 days"], await ReasonsAsync());
        Assert.Equal("healthy", (await owner.GetJsonAsync(PathOf("three"), Cancellation)).GetProperty("state").GetString());
        Assert.Equal(0, (await (await ResumeAsync(owner, "three")).ReadJsonAsync(Cancellation)).GetProperty("ended").GetInt32());
        Assert.Equal(404, (await (await ResumeAsync(owner, "three", "nothing")).ReadProblemAsync(Cancellation)).Status);
        await (await ResumeAsync(owner, "three", ids[1])).ReadJsonAsync(Cancellation);
        Assert.Equal(["in 7 days"], await ReasonsAsync());
        await (await ResumeAsync(owner, "three", ids[0])).ReadJsonAsync(Cancellation);

        async Task<IEnumerable<string?>> ReasonsAsync() =>
            (await owner.GetJsonAsync(PathOf("three"), Cancellation)).GetProperty("drains").EnumerateArray().Select(drain => drain.GetProperty("reason").GetString());
    }

    [Fact]
    public async Task A_preview_tells_the_last_one_that_it_is_the_last_and_stores_nothing()
    {
        var others = new[] { "two", "three" };
        foreach (var other in others)
            await (await DrainAsync(picks.App.Staff, other, new { reason = "new disks" })).ReadJsonAsync(Cancellation);
        var preview = await (await Owner.PostAsJsonAsync($"{PathOf("one")}/drain?preview=true", new { reason = "new disks", from = Now.AddDays(3) }, Cancellation)).ReadJsonAsync(Cancellation);
        Assert.Equal(
            "It is the last eligible in 2 slots (0021/eu, 0021/us-east): the last pick is kept there, degraded.",
            Assert.Single(preview.GetProperty("effect").GetProperty("warnings").EnumerateArray()).GetString());
        Assert.Empty((await Owner.GetJsonAsync(PathOf("one"), Cancellation)).GetProperty("drains").EnumerateArray());
        Assert.Equal("fresh", (await picks.App.Portal.GetJsonAsync("/api/v1/selections/0021?region=us-east", Cancellation)).GetProperty("state").GetString());
        foreach (var other in others)
            await (await ResumeAsync(picks.App.Staff, other)).ReadJsonAsync(Cancellation);
    }

    [Theory]
    [InlineData("""{}""", "reason")]
    [InlineData("""{"reason":" ","from":"2020-01-01T00:00:00Z","until":"2020-01-02T00:00:00Z","colour":"red"}""", "colour,from,reason,until")]
    [InlineData("""{"reason":"r","from":"{soon}","until":"{now}"}""", "until")]
    [InlineData("""{"reason":"r","from":"2999-01-01T00:00:00Z"}""", "from")]
    [InlineData("""{"reason":"r","until":"2999-01-01T00:00:00Z"}""", "until")]
    [InlineData("""{"reason":7,"from":"tomorrow","until":5}""", "from,reason,until")]
    public async Task One_answer_names_every_bad_field(string body, string fields)
    {
        body = body.Replace("{soon}", $"{Now.AddHours(1):O}").Replace("{now}", $"{Now.AddMinutes(1):O}");
        var problem = await (await Owner.PostAsync($"{PathOf("one")}/drain", new StringContent(body, Encoding.UTF8, "application/json"), Cancellation)).ReadProblemAsync(Cancellation);
        Assert.Equal((400, fields), (problem.Status, string.Join(',', problem.Errors.Keys.Order())));
    }

    [Fact]
    public async Task A_drain_tells_which_portals_still_go_on_with_it_and_when_the_last_one_let_go()
    {
        var bulk = picks.App.Client(await picks.App.CreateKeyAsync(AltruistManager.Accounts.KeyScope.Portal, portal: "bulk"));
        var single = picks.App.Client(await picks.App.CreateKeyAsync(AltruistManager.Accounts.KeyScope.Portal, portal: "single"));
        await picks.PickAsync();
        await BulkAsync();
        await SingleAsync();
        var pick = await picks.PickAsync();
        var drain = await (await DrainAsync(picks.App.Staff, pick, new { reason = "new disks" })).ReadJsonAsync(Cancellation);
        Assert.Equal("waiting for 3 of 3 portals", drain.GetProperty("progress").GetProperty("says").GetString());

        await picks.PickAsync();
        await BulkAsync();
        Assert.Equal("waiting for 1 of 3 portals", (await ProgressAsync(pick)).GetProperty("says").GetString());
        await SingleAsync();
        await Wait.UntilAsync("the last portal has let go", async () =>
            (await ProgressAsync(pick)).GetProperty("says").GetString()!.StartsWith("last portal let go 20", StringComparison.Ordinal));
        Assert.Equal(0, (await ProgressAsync(pick)).GetProperty("waitingFor").GetInt32());
        await (await ResumeAsync(picks.App.Staff, pick)).ReadJsonAsync(Cancellation);

        async Task BulkAsync() => await bulk.GetJsonAsync("/api/v1/selections?region=us-east", Cancellation);

        // By an alias, as portals may.
        async Task SingleAsync() => await single.GetJsonAsync("/api/v1/selections/eth?region=us-east", Cancellation);

        async Task<JsonElement> ProgressAsync(string label) => (await picks.App.Staff.GetJsonAsync(PathOf(label), Cancellation)).GetProperty("drains")[0].GetProperty("progress");
    }

    [Theory]
    [InlineData("drain")]
    [InlineData("resume")]
    public async Task Drains_are_for_the_owner_and_staff(string call)
    {
        foreach (var (client, status) in new[] { (picks.App.Anonymous, 401), (picks.App.Portal, 403), (picks.App.Provider("bolt"), 403) })
            Assert.Equal(status, (await (await client.PostAsJsonAsync($"{PathOf("one")}/{call}", new { reason = "r" }, Cancellation)).ReadProblemAsync(Cancellation)).Status);
        Assert.Equal(404, (await (await picks.App.Staff.PostAsJsonAsync($"/api/v1/altruists/nobody/{call}", new { reason = "r" }, Cancellation)).ReadProblemAsync(Cancellation)).Status);
    }

    [Fact]
    public async Task A_hold_keeps_the_pick_through_rounds_and_is_listed_with_its_reason_until_it_is_deleted()
    {
        await picks.RoundAsync();
        var answer = await picks.App.Staff.PostAsJsonAsync("/api/v1/holds", new { chain = "eth", region = "us-east", reason = "an incident", until = Now.AddHours(1) }, Cancellation);
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        var hold = await answer.ReadJsonAsync(Cancellation);
        Assert.Equal(("0021", true), (hold.GetProperty("chain").GetString(), hold.GetProperty("active").GetBoolean()));
        var pick = await picks.PickAsync();
        for (var round = 0; round < 3; round++)
        {
            await picks.RoundAsync();
            Assert.Equal(pick, await picks.PickAsync());
        }

        var decision = (await picks.App.Anonymous.GetJsonAsync("/api/v1/decisions?chain=eth&region=us-east&limit=1", Cancellation)).GetProperty("items")[0];
        Assert.Contains("staff hold the rotation: an incident", decision.ToString(), StringComparison.Ordinal);
        var id = hold.GetProperty("id").GetString();
        Assert.Equal(HttpStatusCode.NoContent, (await picks.App.Staff.DeleteAsync($"/api/v1/holds/{id}", Cancellation)).StatusCode);
        Assert.Equal(404, (await (await picks.App.Staff.DeleteAsync($"/api/v1/holds/{id}", Cancellation)).ReadProblemAsync(Cancellation)).Status);
        var listed = (await picks.App.Staff.GetJsonAsync("/api/v1/holds", Cancellation)).GetProperty("items").EnumerateArray().Single(item => item.GetProperty("id").GetString() == id);
        Assert.False(listed.GetProperty("active").GetBoolean());
        var seen = new HashSet<string>();
        for (var round = 0; round < 3; round++)
        {
            await picks.RoundAsync();
            seen.Add(await picks.PickAsync());
        }

        Assert.True(seen.Count > 1, "the rotation goes on");
    }

    [Fact]
    public async Task Holds_name_every_bad_field_and_are_for_staff()
    {
        var problem = await (await picks.App.Staff.PostAsJsonAsync("/api/v1/holds", new { chain = "nowhere", region = 5, until = Now.AddDays(-1), colour = "red" }, Cancellation)).ReadProblemAsync(Cancellation);
        Assert.Equal((400, "chain,colour,reason,region,until"), (problem.Status, string.Join(',', problem.Errors.Keys.Order())));
        foreach (var (client, status) in new[] { (picks.App.Anonymous, 401), (picks.App.Portal, 403), (Owner, 403) })
        {
            Assert.Equal(status, (await client.GetProblemAsync("/api/v1/holds", Cancellation)).Status);
            Assert.Equal(status, (await (await client.PostAsJsonAsync("/api/v1/holds", new { }, Cancellation)).ReadProblemAsync(Cancellation)).Status);
            Assert.Equal(status, (await (await client.DeleteAsync("/api/v1/holds/x", Cancellation)).ReadProblemAsync(Cancellation)).Status);
        }
    }

    private async Task<string> PickOfAcmeAsync()
    {
        while (await picks.PickAsync() is "three")
            await picks.RoundAsync();
        return await picks.PickAsync();
    }

    private string PathOf(string label) => $"/api/v1/altruists/{picks.Altruists[label]}";

    private Task<HttpResponseMessage> DrainAsync(HttpClient client, string label, object body) => client.PostAsJsonAsync($"{PathOf(label)}/drain", body, Cancellation);

    private Task<HttpResponseMessage> ResumeAsync(HttpClient client, string label, string? drain = null) =>
        client.PostAsync($"{PathOf(label)}/resume{(drain is null ? "" : $"?drain={drain}")}", null, Cancellation);
}
