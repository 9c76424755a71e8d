namespace AltruistManager.Web.Tests.Api;

public sealed class DecisionsApiTests(AppWithPicks picks) : IClassFixture<AppWithPicks>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private HttpClient Anybody => picks.App.Anonymous;

    [Fact]
    public async Task Round_leaves_a_decision_for_every_slot_that_says_why()
    {
        var round = await picks.RoundAsync();
        var generation = round.GetProperty("generation").GetInt64();
        var page = await Anybody.GetJsonAsync("/api/v1/decisions?chain=eth&region=us-east&limit=1", Cancellation);
        var decision = page.GetProperty("items")[0];

        Assert.Equal(generation, decision.GetProperty("generation").GetInt64());
        Assert.Equal(round.GetProperty("round").GetInt64(), decision.GetProperty("round").GetInt64());
        Assert.Equal("manual", decision.GetProperty("trigger").GetString());
        Assert.Equal("fresh", decision.GetProperty("state").GetString());
        Assert.Equal("least-used", decision.GetProperty("policy").GetString());
        Assert.Equal(64, decision.GetProperty("hash").GetString()!.Length);
        Assert.Equal(64, decision.GetProperty("previousHash").GetString()!.Length);
        var candidates = decision.GetProperty("candidates").EnumerateArray().ToList();
        Assert.Equal(picks.Altruists.Values.Order(), candidates.Select(candidate => candidate.GetProperty("altruist").GetString()!).Order());
        Assert.All(candidates, candidate =>
        {
            Assert.True(candidate.GetProperty("eligible").GetBoolean());
            Assert.NotEqual("", candidate.GetProperty("reason").GetString());
            Assert.True(candidate.TryGetProperty("turns", out _) && candidate.TryGetProperty("lastSelectedAt", out _) && candidate.TryGetProperty("provider", out _) && candidate.TryGetProperty("region", out _));
        });
        Assert.Equal(2, decision.GetProperty("result").GetProperty("standbys").GetArrayLength());
        Assert.Equal(System.Text.Json.JsonValueKind.Null, decision.GetProperty("override").ValueKind);

        var again = await Anybody.GetJsonAsync($"/api/v1/decisions/{decision.GetProperty("id").GetString()}", Cancellation);
        Assert.Equal(decision.ToString(), again.ToString());
        Assert.DoesNotContain("127.0.0.1", again.ToString());
    }

    [Fact]
    public async Task Pages_follow_each_other_without_gap_or_repetition()
    {
        for (var round = 0; round < 3; round++)
            await picks.RoundAsync();
        var whole = (await Anybody.GetJsonAsync("/api/v1/decisions?limit=200", Cancellation)).GetProperty("items").EnumerateArray().Select(item => item.GetProperty("id").GetString()).ToList();
        var paged = new List<string?>();
        var next = "/api/v1/decisions?limit=4";
        while (next is not null)
        {
            var page = await Anybody.GetJsonAsync(next, Cancellation);
            Assert.InRange(page.GetProperty("items").GetArrayLength(), 1, 4);
            paged.AddRange(page.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("id").GetString()));
            next = page.GetProperty("next").GetString() is { } before ? $"/api/v1/decisions?limit=4&before={before}" : null;
        }

        Assert.Equal(whole, paged);
    }

    [Theory]
    [InlineData("decisions?limit=0", 400, "bad-fields")]
    [InlineData("decisions?limit=201", 400, "bad-fields")]
    [InlineData("decisions?limit=many", 400, "bad-fields")]
    [InlineData("decisions?before=x", 400, "bad-fields")]
    [InlineData("decisions?chain=nothing", 404, "unknown-chain")]
    [InlineData("decisions?region=nowhere", 404, "unknown-region")]
    [InlineData("decisions/x", 404, "unknown-decision")]
    [InlineData("decisions/1-0", 404, "unknown-decision")]
    public async Task Wrong_question_says_what_is_wrong(string path, int status, string slug)
    {
        var problem = await Anybody.GetProblemAsync($"/api/v1/{path}", Cancellation);
        Assert.Equal((status, slug), (problem.Status, problem.Slug));
    }
}
