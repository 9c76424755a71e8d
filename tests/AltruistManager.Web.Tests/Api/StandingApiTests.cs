namespace AltruistManager.Web.Tests.Api;

public sealed class StandingApiTests(AppWithPicks picks) : IClassFixture<AppWithPicks>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Everybody_may_ask_why_an_altruist_is_not_picked_and_when_it_will_be()
    {
        await picks.RoundAsync();
        var altruist = picks.Altruists.Values.First();
        var answer = await picks.App.Anonymous.GetJsonAsync($"/api/v1/altruists/{altruist}/standing?chain=eth&region=us-east", Cancellation);
        var standing = Assert.Single(answer.GetProperty("items").EnumerateArray());
        Assert.Equal(("0021", "us-east"), (standing.GetProperty("chain").GetString(), standing.GetProperty("region").GetString()));
        Assert.Contains(standing.GetProperty("role").GetString(), new[] { "picked", "standby", "waiting" });
        Assert.InRange(standing.GetProperty("position").GetInt32(), 1, standing.GetProperty("takingTurns").GetInt32());
        Assert.True(standing.GetProperty("turns").GetDecimal() >= 0);
        Assert.True(standing.GetProperty("turnsOfOthers").GetProperty("most").GetDecimal() >= standing.GetProperty("turnsOfOthers").GetProperty("fewest").GetDecimal());
        Assert.True(standing.GetProperty("sessionsLastHour").GetInt32() >= 0);
        Assert.True(standing.GetProperty("expectedAt").GetDateTimeOffset() > DateTimeOffset.UnixEpoch);
        Assert.Contains("Its next turn is expected at", standing.GetProperty("words").GetString(), StringComparison.Ordinal);
        Assert.DoesNotContain("127.0.0.1", answer.ToString());
    }

    [Theory]
    [InlineData("nobody/standing", 404)]
    [InlineData("{id}/standing?chain=nothing", 404)]
    [InlineData("{id}/standing?region=nowhere", 404)]
    public async Task What_is_not_known_is_named(string path, int status)
    {
        using var answer = await picks.App.Anonymous.GetAsync("/api/v1/altruists/" + path.Replace("{id}", picks.Altruists.Values.First(), StringComparison.Ordinal), Cancellation);
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
    }
}
