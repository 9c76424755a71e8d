using System.Text.Json;

namespace AltruistManager.Web.Tests.Api;

public sealed class ApiDescriptionTests(AppFixture app) : IClassFixture<AppFixture>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_call_is_described_with_summary_answers_and_key()
    {
        var document = await app.Anonymous.GetJsonAsync("/openapi/v1.json", Cancellation);
        var calls = document.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject().Select(call => (Path: path.Name, Method: call.Name, Call: call.Value))).ToList();

        Assert.Equal("/", document.GetProperty("servers")[0].GetProperty("url").GetString());
        foreach (var path in new[] { "/api/v1/selections", "/api/v1/selections/{chain}", "/api/v1/selections/stream", "/api/v1/decisions", "/api/v1/overrides", "/api/v1/holds", "/api/v1/altruists/{id}/drain", "/api/v1/altruists/{id}/resume", "/api/v1/rounds", "/healthz/fresh" })
            Assert.Contains(calls, call => call.Path == path);
        Assert.DoesNotContain(calls, call => call.Method == "head");
        Assert.Equal(calls.Count, calls.Select(call => call.Call.GetProperty("operationId").GetString()).Distinct().Count());
        Assert.All(calls, call =>
        {
            Assert.True(call.Call.TryGetProperty("summary", out var summary) && summary.GetString()!.Length > 5, $"{call.Method} {call.Path} has no summary");
            Assert.True(call.Call.GetProperty("responses").EnumerateObject().Any(), $"{call.Method} {call.Path} has no answers");
        });

        var selection = calls.Single(call => call.Path == "/api/v1/selections/{chain}").Call;
        Assert.Equal(JsonValueKind.Array, selection.GetProperty("security")[0].GetProperty("key").ValueKind);
        Assert.True(selection.GetProperty("responses").TryGetProperty("503", out _));
        Assert.Equal("bearer", document.GetProperty("components").GetProperty("securitySchemes").GetProperty("key").GetProperty("scheme").GetString());
    }
}
