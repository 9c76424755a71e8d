using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using AltruistManager.Web.Tests.EndToEnd;

namespace AltruistManager.Web.Tests.Api;

public sealed partial class ApiDescriptionTests(AppFixture app) : IClassFixture<AppFixture>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_call_is_described_with_summary_answers_and_key()
    {
        var document = await app.Anonymous.GetJsonAsync("/openapi/v1.json", Cancellation);
        var calls = Calls(document);

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
    public async Task Every_answer_that_is_a_problem_has_its_schema_and_examples_of_its_types()
    {
        var document = await app.Anonymous.GetJsonAsync("/openapi/v1.json", Cancellation);
        var examples = document.GetProperty("components").GetProperty("examples");
        var problems = Calls(document).Where(call => !call.Path.StartsWith("/healthz", StringComparison.Ordinal))
            .SelectMany(call => call.Call.GetProperty("responses").EnumerateObject().Where(answer => answer.Name[0] is '4' or '5').Select(answer => (Place: $"{call.Method} {call.Path} {answer.Name}", Status: answer.Name, Answer: answer.Value))).ToList();
        Assert.All(problems, problem =>
        {
            var content = Assert.Single(problem.Answer.GetProperty("content").EnumerateObject());
            Assert.Equal(("application/problem+json", "#/components/schemas/ProblemDocument"), (content.Name, content.Value.GetProperty("schema").GetProperty("$ref").GetString()));
            Assert.True(content.Value.TryGetProperty("examples", out var shown) && shown.EnumerateObject().Any(), $"{problem.Place} shows nothing");
            Assert.All(shown.EnumerateObject(), example => Assert.Equal(problem.Status, examples.GetProperty(example.Value.GetProperty("$ref").GetString()!.Split('/')[^1]).GetProperty("value").GetProperty("status").ToString()));
            Assert.Equal(problem.Status is "429" or "503", problem.Answer.TryGetProperty("headers", out var headers) && headers.TryGetProperty("Retry-After", out _));
        });
        foreach (var status in (string[])["401", "403", "429"])
            Assert.Contains(problems, problem => problem.Place == $"get /api/v1/selections {status}");

        // Whatever is written is described.
        var described = document.GetProperty("components").GetProperty("schemas").GetProperty("ProblemDocument").GetProperty("properties").EnumerateObject().Select(property => property.Name).ToHashSet();
        Assert.Equal(["detail", "errors", "status", "successor", "title", "type"], described.Order(StringComparer.Ordinal));
        using var refused = await app.Staff.PostAsJsonAsync("/api/v1/overrides", new { }, Cancellation);
        using var told = JsonDocument.Parse(await refused.Content.ReadAsStringAsync(Cancellation));
        Assert.Subset(described, told.RootElement.EnumerateObject().Select(property => property.Name).ToHashSet());
    }

    /// <summary>Read from the sources: what is no call's own answer is left out.</summary>
    [Fact]
    public async Task Every_type_of_problem_that_a_call_may_answer_is_shown()
    {
        string[] ofNoCall = ["bad-request", "internal-error", "method-not-allowed", "no-websocket", "too-many-pages", "unknown-path"];
        var sources = string.Concat(Directory.EnumerateFiles(Path.Combine(Checkout.Root, "src", "AltruistManager.Web"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal)).Select(File.ReadAllText));
        var types = Slug().Matches(sources).Select(match => match.Groups[1].Value).Concat(UnknownThing().Matches(sources).Select(match => $"unknown-{match.Groups[1].Value}")).Append("bad-fields").Append("retired").ToHashSet();
        Assert.True(types.Count > 30, "they are written otherwise now");
        var document = await app.Anonymous.GetJsonAsync("/openapi/v1.json", Cancellation);
        var shown = document.GetProperty("components").GetProperty("examples").EnumerateObject().Select(example => example.Value.GetProperty("value").GetProperty("type").GetString()!.Split(':')[^1]).ToHashSet();
        Assert.Empty(types.Except(shown).Except(ofNoCall));
    }

    [Fact]
    public async Task Headers_that_a_portal_sends_and_reads_are_described()
    {
        var document = await app.Anonymous.GetJsonAsync("/openapi/v1.json", Cancellation);
        foreach (var path in (string[])["/api/v1/selections", "/api/v1/selections/{chain}"])
        {
            Assert.Contains("If-None-Match", Asked(path));
            foreach (var status in (string[])["200", "304"])
                Assert.Equal(["Altruist-Generation", "Altruist-Round-At", "ETag"], Call(path).GetProperty("responses").GetProperty(status).GetProperty("headers").EnumerateObject().Select(header => header.Name).Order(StringComparer.Ordinal));
        }

        Assert.Contains("Last-Event-ID", Asked("/api/v1/selections/stream"));
        Assert.StartsWith("retry: ", Call("/api/v1/selections/stream").GetProperty("responses").GetProperty("200").GetProperty("content").GetProperty("text/event-stream").GetProperty("example").GetString());

        JsonElement Call(string path) => document.GetProperty("paths").GetProperty(path).GetProperty("get");

        IEnumerable<string> Asked(string path) => Call(path).GetProperty("parameters").EnumerateArray().Where(parameter => parameter.TryGetProperty("$ref", out _)).Select(parameter => parameter.GetProperty("$ref").GetString()!.Split('/')[^1]);
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
            await File.WriteAllTextAsync(Path.Combine(folder, "openapi.json"), await app.Anonymous.GetStringAsync("/openapi/v1.json", Cancellation), Cancellation);
            var tests = Path.Combine(Checkout.Root, "tests");
            // What is ignored is looked for beside the rules, and stands there by the name of the file.
            foreach (var rules in (string[])["redocly.yaml", ".redocly.lint-ignore.yaml"])
                File.Copy(Path.Combine(tests, rules), Path.Combine(folder, rules));
            var start = new ProcessStartInfo(Path.Combine(tests, "node_modules", ".bin", "redocly"), ["lint", "openapi.json", "--config", "redocly.yaml", "--format", "json"])
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

    private static List<(string Path, string Method, JsonElement Call)> Calls(JsonElement document) =>
        [.. document.GetProperty("paths").EnumerateObject().SelectMany(path => path.Value.EnumerateObject().Select(call => (path.Name, call.Name, call.Value)))];

    [GeneratedRegex(@"(?:Problems\.(?:Unauthenticated|Conflict|TooFast|Unavailable)\(|new Problem\([^,""]+, (?:[^,""]* \? )?)""([a-z-]+)""")]
    private static partial Regex Slug();

    [GeneratedRegex(@"Problems\.Unknown\(""([a-z]+)""")]
    private static partial Regex UnknownThing();
}
