using System.Diagnostics;
using AltruistManager.Web.Tests.EndToEnd;

namespace AltruistManager.Web.Tests.Commands;

/// <summary><c>simulate</c> as staff meet it: the real process, no database and no configuration.</summary>
public sealed class SimulateCommandTests : IDisposable
{
    private const string Small = """
        { "hours": 4, "chains": 2, "regions": 2, "classes": { "=shaky": { "hoursBetweenFailures": 1, "minutesToRepair": 10 } }, "providers": [{ "name": "acme", "altruists": 6 }] }
        """;

    private readonly string folder = Directory.CreateTempSubdirectory("altruist-manager-simulate-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Report_is_printed_and_written_as_csv_and_the_same_seed_gives_the_same()
    {
        var scenario = Write(Small);
        var run = await RunAsync("--scenario", scenario, "--hours", "2.5", "--seed", "7", "--csv", "report.csv");
        Assert.Equal(0, run.Code);
        // Beside the report, which is the same each time.
        Assert.Matches(@"^4 slots for 2.5 h took \d+\.\d s: \d+ simulated slots a second, \d+ slot hours a second\n$", run.Error);
        Assert.StartsWith("4 slots (2 chains, 2 regions), 6 altruists of 1 providers, 2.5 h, seed 7\npolicy least-used,", run.Output);
        Assert.Contains("Failover, from the failure to the changed pick", run.Output);
        Assert.Contains("longest hold", run.Output);
        var csv = await File.ReadAllTextAsync(Path.Combine(folder, "report.csv"), Cancellation);
        Assert.Equal(6, csv.Split("\naltruist,acme-").Length - 1);
        Assert.Contains(",\"'=shaky\",", csv);

        Assert.Equal(run.Output, (await RunAsync("--scenario", scenario, "--hours", "2.5", "--seed", "7")).Output);
        Assert.NotEqual(run.Output, (await RunAsync("--scenario", scenario, "--hours", "2.5", "--seed", "8")).Output.Replace("seed 8", "seed 7"));
        Assert.Equal(["report.csv", "scenario.json"], Directory.GetFileSystemEntries(folder).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task Everything_that_is_wrong_with_a_scenario_is_named_a_line_each()
    {
        var run = await RunAsync("--scenario", Write("""{ "regions": 0, "classes": { "a": { "speed": 3 } }, "providers": [{ "name": "p" }], "selection": { "policy": "best" } }"""));
        Assert.Equal((1, ""), (run.Code, run.Output));
        var lines = run.Error.TrimEnd('\n').Split('\n');
        Assert.Equal(["classes.a.speed", "regions", "selection.policy"], lines.Select(line => line.Split(' ')[0]));
    }

    [Fact]
    public async Task File_that_cannot_be_read_or_written_is_named()
    {
        var unread = await RunAsync("--scenario", "none.json");
        Assert.Equal((1, ""), (unread.Code, unread.Output));
        Assert.Contains("none.json", Assert.Single(unread.Error.TrimEnd('\n').Split('\n')));
        var unwritten = await RunAsync("--scenario", Write(Small), "--csv", "none/report.csv");
        Assert.Equal((1, ""), (unwritten.Code, unwritten.Output));
        Assert.Contains("none/report.csv", Assert.Single(unwritten.Error.TrimEnd('\n').Split('\n')));
    }

    [Theory]
    [InlineData]
    [InlineData("--scenario")]
    [InlineData("--scenario", "s.json", "--hours", "0")]
    [InlineData("--scenario", "s.json", "--hours", "long")]
    [InlineData("--scenario", "s.json", "--seed", "1.5")]
    [InlineData("--scenario", "s.json", "--csw", "report.csv")]
    public async Task Wrong_usage_is_2_with_one_line(params string[] options)
    {
        var run = await RunAsync(options);
        Assert.Equal((2, ""), (run.Code, run.Output));
        Assert.Single(run.Error.TrimEnd('\n').Split('\n'));
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private string Write(string scenario)
    {
        var path = Path.Combine(folder, "scenario.json");
        File.WriteAllText(path, scenario);
        return path;
    }

    private async Task<(int Code, string Output, string Error)> RunAsync(params string[] options)
    {
        var start = new ProcessStartInfo("dotnet", [Checkout.Service, "simulate", .. options]) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(Cancellation);
        var error = process.StandardError.ReadToEndAsync(Cancellation);
        await process.WaitForExitAsync(Cancellation);
        return (process.ExitCode, await output, await error);
    }
}
