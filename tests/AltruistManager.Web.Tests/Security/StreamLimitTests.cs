using AltruistManager.Accounts;
using AltruistManager.Web.Tests.Api;

namespace AltruistManager.Web.Tests.Security;

public sealed class StreamLimitTests
{
    private const string Path = "/api/v1/selections/stream";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Key_has_so_many_streams_and_another_one_as_many_of_its_own()
    {
        await using var app = await AppFixture.StartAsync(("Limits:StreamsPerKey", "2"));
        using var other = app.Client(await app.CreateKeyAsync(KeyScope.Portal));
        using var first = await Listener.OpenAsync(app.Portal, "");
        using var second = await Listener.OpenAsync(app.Portal, "");
        var refused = await app.Portal.GetProblemAsync(Path, Cancellation);
        Assert.Equal((429, "too-many-streams"), (refused.Status, refused.Slug));
        Assert.NotNull(refused.Response.Headers.RetryAfter?.Delta);

        using var others = await Listener.OpenAsync(other, "");
        first.Dispose();
        await Wait.UntilAsync("a place is free", async () =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, Path);
            using var answer = await app.Portal.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
            return answer.IsSuccessStatusCode;
        });
    }

    [Fact]
    public async Task Service_has_so_many_streams_in_all_and_answers_other_calls_all_the_same()
    {
        await using var app = await AppFixture.StartAsync(("Limits:Streams", "1"));
        using var only = await Listener.OpenAsync(app.Portal, "");
        var refused = await app.Staff.GetProblemAsync(Path, Cancellation);
        Assert.Equal((503, "too-many-streams"), (refused.Status, refused.Slug));
        Assert.NotNull(refused.Response.Headers.RetryAfter?.Delta);
        Assert.True((await app.Staff.GetAsync("/api/v1/selections", Cancellation)).IsSuccessStatusCode);
    }
}
