using System.Diagnostics;
using System.Text.Json;
using AltruistManager.Web.Tests.EndToEnd;

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
        foreach (var path in new[] { "/api/v1/selections", "/api/v1/selections/{chain}", "/api/v1/selections/stream", "/api/v1/decisions", "/api/v1/overrides", "/api/v1/holds", "/api/v1/altruists/{id}/drain", "/api/v1/altruists/{id}/resume", "/api/v1/rounds", "/api/v1/publishers", "/api/v1/publishers/{name}/catalogue", "/healthz/fresh" })
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

    [Fact]
    public async Task Null_fits_one_alternative_of_a_place_at_most()
    {
        var schemas = (await app.Anonymous.GetJsonAsync("/openapi/v1.json", Cancellation)).GetProperty("components").GetProperty("schemas");
        var nullable = schemas.EnumerateObject().Where(schema => schema.Value.TryGetProperty("enum", out var words) && words.EnumerateArray().Any(word => word.ValueKind is JsonValueKind.Null)).Select(schema => schema.Name);
        Assert.Empty(nullable);
        var control = schemas.GetProperty("ProofAnswer").GetProperty("properties").GetProperty("by").GetProperty("oneOf");
        Assert.Equal("null", control[0].GetProperty("type").GetString());
        Assert.Equal(["staff", "well-known", "dns"], schemas.GetProperty("ControlProof").GetProperty("enum").EnumerateArray().Select(word => word.GetString()));
    }

    [Fact]
    public async Task Every_body_in_json_has_an_example()
    {
        var document = await app.Anonymous.GetJsonAsync("/openapi/v1.json", Cancellation);
        var without =
            from path in document.GetProperty("paths").EnumerateObject()
            from call in path.Value.EnumerateObject()
            let request = call.Value.TryGetProperty("requestBody", out var body) ? [(Place: "request", Body: body)] : Array.Empty<(string Place, JsonElement Body)>()
            let answers = call.Value.GetProperty("responses").EnumerateObject().Where(answer => answer.Name[0] == '2').Select(answer => (Place: answer.Name, Body: answer.Value))
            from shown in request.Concat(answers)
            where shown.Body.TryGetProperty("content", out var content) && content.TryGetProperty("application/json", out var json) && !json.TryGetProperty("example", out _)
            select $"{call.Value.GetProperty("operationId").GetString()} {shown.Place}";
        Assert.Empty(without);
    }

    [Fact]
    public async Task The_description_passes_the_linter_without_a_remark_and_its_examples_fit_their_schemas()
    {
        var folder = Directory.CreateTempSubdirectory("altruist-manager-openapi-").FullName;
        try
        {
            var file = Path.Combine(folder, "openapi.json");
            await File.WriteAllTextAsync(file, await app.Anonymous.GetStringAsync("/openapi/v1.json", Cancellation), Cancellation);
            var tests = Path.Combine(Checkout.Root, "tests");
            var start = new ProcessStartInfo(Path.Combine(tests, "node_modules", ".bin", "redocly"), ["lint", file, "--config", Path.Combine(tests, "redocly.yaml"), "--format", "json"])
            {
                WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false,
            };
            start.Environment["REDOCLY_TELEMETRY"] = "off";
            start.Environment["REDOCLY_SUPPRESS_UPDATE_NOTICE"] = "true";
            using var linter = Process.Start(start)!;
            var output = linter.StandardOutput.ReadToEndAsync(Cancellation);
            var error = linter.StandardError.ReadToEndAsync(Cancellation);
            await linter.WaitForExitAsync(Cancellation);
            var said = await output;
            Assert.True(linter.ExitCode == 0 && said.Length > 0, $"{said}{await error}");
            using var report = JsonDocument.Parse(said[said.IndexOf('{', StringComparison.Ordinal)..]);
            Assert.Empty(report.RootElement.GetProperty("problems").EnumerateArray().Select(problem => $"{problem.GetProperty("ruleId")}: {problem.GetProperty("message")} {problem.GetProperty("location")}"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task People_read_the_description_at_docs()
    {
        using var page = await app.Anonymous.GetAsync("/docs/index.html", Cancellation);
        Assert.Equal("text/html", page.Content.Headers.ContentType?.MediaType);
        Assert.Contains("/openapi/v1.json", await app.Anonymous.GetStringAsync("/docs/index.js", Cancellation), StringComparison.Ordinal);
    }
}
