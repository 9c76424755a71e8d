using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using AltruistManager.Client;
using AltruistManager.Web.Tests.EndToEnd;

namespace AltruistManager.Web.Tests.Api;

/// <summary>The examples of <c>docs/portal.md</c>, run as they stand there, but that they are as patient as a busy machine needs.</summary>
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
        // The commands that answer at once, the one that goes on, and the report with an altruist that there is.
        var lines = Block("bash").Replace("https://altruists.example/api/v1", $"{picks.App.Address.GetLeftPart(UriPartial.Authority)}/api/v1", StringComparison.Ordinal)
            .Replace("am_…", key, StringComparison.Ordinal);
        var stream = lines.Split('\n').Single(line => line.StartsWith("curl -sN", StringComparison.Ordinal));
        var told = await RunShellAsync($"{lines.Replace(stream, "", StringComparison.Ordinal)}\ntrue");
        Assert.Contains("\"chain\":\"0021\"", told, StringComparison.Ordinal);
        Assert.Contains("\nETag: ", told, StringComparison.OrdinalIgnoreCase);
        await RunUntilAsync($"{lines.Split("\n\n")[0]}\nexec {stream}", "event: snapshot");

        var report = Blocks("bash").First(block => block.Contains("/relay-reports", StringComparison.Ordinal)).Replace("019a…", picks.Altruists["one"], StringComparison.Ordinal);
        Assert.EndsWith("202", await RunShellAsync($"{lines.Split("\n\n")[0]}\n{report.TrimEnd()} -o /dev/null -w '%{{http_code}}'"), StringComparison.Ordinal);
    }

    /// <summary>But for the addresses of managers, which are arguments here.</summary>
    [Fact]
    public async Task The_lines_for_csharp_make_a_portal_that_gets_its_answer_and_goes_on_when_every_manager_is_away()
    {
        if (Blocks("csharp").ToList() is not [var registering, var sending])
            throw new InvalidOperationException("There are other blocks now: put them together here.");
        var withoutHost = InlineCode().Matches(Document.Split('\n').Single(line => line.StartsWith("Without a host:", StringComparison.Ordinal))).Select(code => code.Groups[1].Value).ToList();
        await File.WriteAllTextAsync(Path.Combine(folder, "portal.cs"), $$"""
            using System;
            using System.Net.Http;
            using System.Threading;
            using System.Threading.Tasks;
            using AltruistManager.Client;
            using Microsoft.Extensions.DependencyInjection;
            using Microsoft.Extensions.Hosting;
            using Microsoft.Extensions.Logging;

            var builder = Host.CreateApplicationBuilder(args);
            builder.Logging.ClearProviders();
            var configuration = builder.Configuration;
            {{registering.Replace("\"https://altruists.example\"", "args[0]", StringComparison.Ordinal).Replace("\"https://altruists-2.example\"", "args[1]", StringComparison.Ordinal)}}
            builder.Services.Configure<AltruistManagerOptions>(options => options.Budget = options.StartTimeout = options.AttemptTimeout = TimeSpan.FromSeconds(90));
            using var host = builder.Build();
            await host.StartAsync();
            var clients = host.Services.GetRequiredService<IHttpClientFactory>();
            var cancellation = CancellationToken.None;
            const string json = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_blockNumber\",\"params\":[]}";
            {{sending}}
            Console.WriteLine(await answer.Content.ReadAsStringAsync());
            await host.StopAsync();

            static async Task<HttpClient> WithoutHostAsync(AltruistManagerOptions options)
            {
                {{withoutHost[0]}}
                return {{withoutHost[1]}};
            }
            """, Cancellation);
        await CompileAsync();

        string[] command = ["dotnet", "exec", "portal.dll", "http://127.0.0.1:1"];
        AssertBlock(await RunAsync([.. command, picks.App.Address.GetLeftPart(UriPartial.Authority)], ""));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(folder, "data", "last-good")));
        AssertBlock(await RunAsync([.. command, "http://127.0.0.1:1"], ""));
    }

    /// <summary>By the compiler itself: a project of its own would be restored and built for seconds.</summary>
    private async Task CompileAsync()
    {
        var runtime = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        var library = typeof(AltruistManagerClient).Assembly.Location;
        File.Copy(library, Path.Combine(folder, Path.GetFileName(library)));
        var references = new[] { runtime, Path.GetDirectoryName(typeof(WebApplication).Assembly.Location)! }.SelectMany(framework => Directory.GetFiles(framework, "*.dll")).Append(library);
        await File.WriteAllLinesAsync(
            Path.Combine(folder, "portal.rsp"),
            ["-nologo", "-nullable:enable", "-out:portal.dll", .. references.Select(reference => $"-reference:\"{reference}\""), "portal.cs"],
            Cancellation);
        await File.WriteAllTextAsync(
            Path.Combine(folder, "portal.runtimeconfig.json"),
            $$$"""{"runtimeOptions":{"frameworks":[{"name":"Microsoft.NETCore.App","version":"{{{Environment.Version}}}"},{"name":"Microsoft.AspNetCore.App","version":"{{{Environment.Version}}}"}]}}""",
            Cancellation);
        var sdks = await StartAsync(["dotnet", "--list-sdks"], "");
        var newest = Sdk().Matches(sdks.Output)[^1];
        var compiled = await StartAsync(["dotnet", "exec", Path.Combine(newest.Groups[2].Value, newest.Groups[1].Value, "Roslyn", "bincore", "csc.dll"), "@portal.rsp"], "");
        Assert.True(compiled.Code == 0, compiled.Output + compiled.Error);
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
            await File.WriteAllTextAsync(Path.Combine(folder, "portal.py"), PythonTimeout().Replace(Block("python"), "timeout=60"), Cancellation);
            return ["python3", "portal.py"];
        }

        await File.WriteAllTextAsync(Path.Combine(folder, "portal.mts"), ScriptTimeout().Replace(Block("typescript"), "AbortSignal.timeout(60000)"), Cancellation);
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

    /// <summary>What goes on by itself, until it has printed that line.</summary>
    private async Task RunUntilAsync(string script, string last)
    {
        using var shell = Process.Start(new ProcessStartInfo("bash", ["-c", script]) { WorkingDirectory = folder, RedirectStandardOutput = true, UseShellExecute = false })!;
        try
        {
            string? line;
            do
                line = await shell.StandardOutput.ReadLineAsync(Cancellation).AsTask().WaitAsync(TimeSpan.FromSeconds(90), TimeProvider.System, Cancellation);
            while (line is not null && line != last);
            Assert.Equal(last, line);
        }
        finally
        {
            shell.Kill(entireProcessTree: true);
            await shell.WaitForExitAsync(CancellationToken.None);
        }
    }

    private async Task<(int Code, string Output, string Error)> StartAsync(string[] command, string managers)
    {
        var start = new ProcessStartInfo(command[0], command[1..]) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.Environment["ALTRUIST_MANAGERS"] = managers;
        start.Environment["ALTRUIST_KEY"] = start.Environment["AltruistManager__Key"] = picks.App.Portal.DefaultRequestHeaders.Authorization!.Parameter;
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

    [GeneratedRegex(@"\btimeout=\d+")]
    private static partial Regex PythonTimeout();

    [GeneratedRegex(@"AbortSignal\.timeout\(\d+\)")]
    private static partial Regex ScriptTimeout();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex InlineCode();

    [GeneratedRegex(@"^(\S+) \[(.+)\]$", RegexOptions.Multiline)]
    private static partial Regex Sdk();
}
