using System.Net;

namespace AltruistManager.Web.Tests.Security;

public sealed class KeyTests(AppFixture app) : IClassFixture<AppFixture>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Path_that_does_not_exist_is_404_with_and_without_a_key()
    {
        Assert.Equal("unknown-path", (await app.Anonymous.GetProblemAsync("/api/v1/nothing", Cancellation)).Slug);
        Assert.Equal(404, (await app.Staff.GetProblemAsync("/api/v1/nothing", Cancellation)).Status);
    }

    [Fact]
    public async Task Public_call_needs_no_key_but_refuses_a_wrong_one()
    {
        Assert.Equal(HttpStatusCode.OK, (await app.Anonymous.GetAsync("/api/v1/decisions", Cancellation)).StatusCode);
        using var wrong = app.Client("am_nonsense");
        var problem = await wrong.GetProblemAsync("/api/v1/decisions", Cancellation);
        Assert.Equal((401, "unknown-key"), (problem.Status, problem.Slug));
    }
}
