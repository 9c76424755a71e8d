using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using AltruistManager.Web.Tests.EndToEnd;

namespace AltruistManager.Web.Tests.Api;

/// <summary>The examples of <c>docs/portal.md</c>, run as they stand there.</summary>
public sealed partial class PortalExampleTests(AppWithPicks picks) : IClassFixture<AppWithPicks>, IDisposable
{
    private static readonly string Document = File.ReadAllText(Path.Combine(Checkout.Root, "docs", "portal.md"));
    private static readonly string Tools = Path.Combine(Checkout.Root, "tests", "node_modules");

    private readonly string folder = Directory.CreateTempSubdirectory("altruist-manager-portal-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("python")]
    [InlineData("typescript")]
    public async Task A_portal_gets_its_answer_and_goes_on_when_every_manager_is_away(string language)
    {
        var command = await WriteAsync(language);
        AssertBlock(await RunAsync(command, $"http://127.0.0.1:1 {picks.App.Address.GetLeftPart(UriPartial.Authority)}"));
        var file = Path.Combine(folder, "last-good.json");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        AssertBlock(await RunAsync(command, "http://127.0.0.1:1"));

        // A clone that lags behind is not believed.
        var held = JsonNode.Parse(await File.ReadAllTextAsync(file, Cancellation))!;
        held["generation"] = held["generation"]!.GetValue<long>() + 1000;
        await File.WriteAllTextAsync(file, held.ToJsonString(), Cancellation);
        AssertBlock(await RunAsync(command, picks.App.Address.GetLeftPart(UriPartial.Authority)));
        Assert.Equal(held["generation"]!.GetValue<long>(), JsonNode.Parse(await File.ReadAllTextAsync(file, Cancellation))!["generation"]!.GetValue<long>());
    }

    [Fact]
    public async Task The_lines_for_curl_are_answered()
    {
        var key = picks.App.Portal.DefaultRequestHeaders.Authorization!.Parameter;
        var now = TimeProvider.System.GetUtcNow();
        // The two commands that answer at once, and the report with the altruist and the minute of here.
        var lines = Block("bash").Replace("https://altruists.example/api/v1", $"{picks.App.Address.GetLeftPart(UriPartial.Authority)}/api/v1", StringComparison.Ordinal)
            .Replace("am_…", key, StringComparison.Ordinal).Replace("curl -sN", "curl -sN --max-time 1", StringComparison.Ordinal);
        var told = await RunShellAsync($"{lines}\ntrue");
        Assert.Contains("\"chain\":\"0021\"", told, StringComparison.Ordinal);
        Assert.Contains("\nETag: ", told, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("event: snapshot", told, StringComparison.Ordinal);

        var report = Blocks("bash").First(block => block.Contains("relay-reports", StringComparison.Ordinal) && block.Contains("uuidgen", StringComparison.Ordinal))
            .Replace("$(uuidgen)", Guid.CreateVersion7(now).ToString(), StringComparison.Ordinal).Replace("019a…", picks.Altruists["one"], StringComparison.Ordinal)
            .Replace("2026-11-21T07:05:00Z", $"{now.AddMinutes(-1):yyyy-MM-ddTHH:mm:ssZ}", StringComparison.Ordinal).Replace("2026-11-21T07:06:00Z", $"{now:yyyy-MM-ddTHH:mm:ssZ}", StringComparison.Ordinal);
        Assert.EndsWith("202", await RunShellAsync($"{lines.Split("\n\n")[0]}\n{report.TrimEnd()} -o /dev/null -w '%{{http_code}}'"), StringComparison.Ordinal);
    }

    private static void AssertBlock((int Code, string Output, string Error) run)
    {
        Assert.True(run.Code == 0, run.Error);
        Assert.Matches(@"""result"":\s*""0x[0-9a-f]+""", run.Output);
    }

    private async Task<string[]> WriteAsync(string language)
    {
        if (language == "python")
        {
            await File.WriteAllTextAsync(Path.Combine(folder, "portal.py"), Block("python"), Cancellation);
            return ["python3", "portal.py"];
        }

        await File.WriteAllTextAsync(Path.Combine(folder, "portal.mts"), Block("typescript"), Cancellation);
        var compiled = await StartAsync(
            [Path.Combine(Tools, ".bin", "tsc"), "--strict", "--target", "es2022", "--module", "nodenext", "--types", "node", "--typeRoots", Path.Combine(Tools, "@types"), "portal.mts"], "");
        Assert.True(compiled.Code == 0, compiled.Output + compiled.Error);
        return ["node", "portal.mjs"];
    }

    private Task<(int Code, string Output, string Error)> RunAsync(string[] command, string managers) => StartAsync(command, managers);

    private async Task<string> RunShellAsync(string script)
    {
        var run = await StartAsync(["bash", "-c", script], "");
        Assert.Equal("", run.Error);
        return run.Output;
    }

    private async Task<(int Code, string Output, string Error)> StartAsync(string[] command, string managers)
    {
        var start = new ProcessStartInfo(command[0], command[1..]) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.Environment["ALTRUIST_MANAGERS"] = managers;
        start.Environment["ALTRUIST_KEY"] = picks.App.Portal.DefaultRequestHeaders.Authorization!.Parameter;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(Cancellation);
        var error = process.StandardError.ReadToEndAsync(Cancellation);
        await process.WaitForExitAsync(Cancellation);
        return (process.ExitCode, await output, await error);
    }

    private static string Block(string language) => Blocks(language).First();

    private static IEnumerable<string> Blocks(string language) => Fenced().Matches(Document).Where(block => block.Groups[1].Value == language).Select(block => block.Groups[2].Value);

    [GeneratedRegex("^```([a-z]+)\n(.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fenced();
}
