using AltruistManager.Selection.Simulation;

namespace AltruistManager.Tests.Selection.Simulation;

public sealed class ScenarioReaderTests
{
    [Fact]
    public void Everything_that_is_wrong_is_named_at_once()
    {
        var bad = Assert.Throws<ScenarioException>(() => ScenarioReader.Read(
            """
            {
              "hours": -1, "chains": "many", "regions": 2, "fallbacks": 2, "colour": "green",
              "classes": { "steady": { "latencyMs": 0, "regions": 3, "failures": { "explode": 1 } }, "b": 5 },
              "providers": [{ "altruists": 0, "classes": { "c": 1 } }, { "name": "a b", "joinsAtHour": 5, "leavesAtHour": 4 }, 7],
              "traffic": { "bursts": [{ "minute": 60 }] },
              "outages": [{ "region": 3, "failure": "boredom" }],
              "churn": { "everyHours": 1, "joins": 2 },
              "selection": { "policy": "fastest", "interval": "5", "window": "00:01:00", "primaries": 9 },
              "health": { "fall": 0 },
              "probing": { "timeout": "2.00:00:00" }
            }
            """));
        string[] fields =
        [
            "hours", "chains", "fallbacks", "colour", "classes.steady.latencyMs", "classes.steady.regions", "classes.steady.failures.explode", "classes.b",
            "providers[0].name", "providers[0].altruists", "providers[0].classes.c", "providers[1].name", "providers[1].leavesAtHour", "providers[2]",
            "traffic.bursts[0].minute", "outages[0].region", "outages[0].failure", "churn.joins",
            "selection.policy", "selection.interval", "selection.primaries", "health.fall", "probing.timeout",
        ];
        Assert.All(fields, field => Assert.Contains(bad.Errors, error => error.StartsWith(field + " ", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("{", "The scenario is not JSON")]
    [InlineData("[]", "The scenario must be an object")]
    [InlineData("""{ "chains": 1, "chains": 2 }""", "The scenario is not JSON")]
    [InlineData("{}", "classes must name at least one")]
    [InlineData("""{ "classes": { "a": {} } }""", "providers must hold at least one")]
    [InlineData("""{ "classes": { "a": {} }, "chains": 1000, "regions": 21, "providers": [{ "name": "p" }] }""", "chains times regions must be at most 20000 slots, not 21000")]
    [InlineData("""{ "classes": { "a": {} }, "providers": [{ "name": "p", "providers": 1000, "altruists": 101 }] }""", "providers must have at most 100000 altruists")]
    [InlineData("""{ "classes": { "a": {} }, "providers": [{ "name": "p" }, { "name": "p" }] }""", "providers has two groups of the name 'p'")]
    [InlineData("""{ "classes": { "a": { "failures": { "lag": 0 } } }, "providers": [{ "name": "p" }] }""", "classes.a.failures must give something a weight")]
    [InlineData("""{ "classes": { "a": {} }, "providers": [{ "name": "p" }], "selection": { "window": "00:04:00" } }""", "selection.window must not be shorter than interval")]
    public void What_is_wrong_is_named(string json, string error) =>
        Assert.Single(Assert.Throws<ScenarioException>(() => ScenarioReader.Read(json)).Errors, one => one.StartsWith(error, StringComparison.Ordinal));

    [Fact]
    public void Small_scenario_takes_the_usual_values()
    {
        var scenario = ScenarioReader.Read("""{ "classes": { "a": {} }, /* a comment */ "providers": [{ "name": "p" }], }""");
        Assert.Equal((72.0, 1, 1, 1), (scenario.Hours, scenario.Seed, scenario.Chains, scenario.Regions));
        Assert.Equal(("least-used", TimeSpan.FromMinutes(5)), (scenario.Selection.Policy, scenario.Selection.Interval));
        Assert.Equal(3, scenario.Health.Fall);
    }

    [Fact]
    public void Table_takes_no_name_for_a_formula()
    {
        var scenario = ScenarioReader.Read("""{ "hours": 0.5, "classes": { "=1+1": {}, "a,\"b": {} }, "providers": [{ "name": "p", "altruists": 20, "classes": { "=1+1": 1, "a,\"b": 1 } }] }""");
        using var written = new StringWriter();
        ReportWriter.ToCsv(new WorldSimulation(scenario).Run(TestContext.Current.CancellationToken), written);
        var lines = written.ToString().TrimEnd('\n').Split('\n');
        Assert.Equal(20, lines.Count(line => line.StartsWith("altruist,", StringComparison.Ordinal)));
        Assert.DoesNotContain(",=", written.ToString());
        Assert.Contains("'=1+1", written.ToString());
        Assert.Contains("\"a,\"\"b\"", written.ToString());
        Assert.StartsWith("kind,name,provider,class,value,sessions,", lines[0]);
    }
}
