using System.Text.Json.Nodes;
using AltruistManager.Selection.Policies;
using AltruistManager.Selection.Simulation;

namespace AltruistManager.Tests.Selection.Simulation;

/// <summary>Scenarios for tests.</summary>
internal static class SimulatedWorlds
{
    /// <summary>A small world in which everything happens: failures of all kinds, outages, people who come, go, do maintenance and are excluded. Everything else is drawn.</summary>
    public static Scenario Random(int seed)
    {
        var random = new Random(seed);
        return Read($$"""
            {
              "hours": 48, "seed": {{seed}}, "chains": {{random.Next(1, 4)}}, "regions": {{random.Next(2, 5)}}, "fallbacks": {{random.Next(2)}},
              "classes": {
                "steady": { "regions": 2, "hoursBetweenFailures": 60, "minutesToRepair": 20 },
                "shaky": {
                  "regions": {{random.Next(3)}}, "hoursBetweenFailures": 6, "minutesToRepair": 60, "latencyMs": 150, "capacityRps": 50,
                  "failures": { "refuse": 1, "silence": 1, "slow": 1, "lag": 1, "throttle": 1, "wrongChain": 1 }
                },
                "flapping": { "regions": 2, "hoursBetweenFailures": 0.3, "minutesToRepair": 1.5, "capacityRps": 200 },
                "last-resort": { "regions": 0, "tier": 2, "hoursBetweenFailures": 30, "minutesToRepair": 200 }
              },
              "providers": [
                { "name": "large", "altruists": {{random.Next(5, 15)}}, "classes": { "steady": 2, "shaky": 1 } },
                { "name": "small", "providers": {{random.Next(2, 6)}}, "altruists": 2, "classes": { "steady": 1, "shaky": 1, "flapping": 1 } },
                { "name": "paid", "altruists": 2, "classes": { "last-resort": 1 } },
                { "name": "late", "providers": 2, "altruists": 3, "joinsAtHour": 10, "leavesAtHour": 30, "classes": { "steady": 1 } }
              ],
              "outages": [{ "region": 1, "atHour": 8, "minutes": 25 }, { "region": 2, "atHour": 25, "minutes": 90, "failure": "refuse" }],
              "churn": { "everyHours": 5, "join": 2, "leave": 2 },
              "drains": { "everyHours": 3, "altruists": 3, "minutes": 50 },
              "exclusions": { "everyHours": 4, "altruists": 2, "minutes": 100 },
              "traffic": { "bursts": [{ "minute": 0, "seconds": 60, "factor": 20 }] },
              "health": { "suspendAfter": "01:00:00" },
              "selection": {
                "policy": "{{SelectionPolicies.All[seed % SelectionPolicies.All.Count].Name}}", "fairnessUnit": "{{(seed % 2 == 0 ? "provider" : "altruist")}}",
                "primaries": {{1 + seed % 3}}, "providerCapPercent": {{(seed % 4 == 0 ? 50 : 100)}}
              }
            }
            """);
    }

    /// <summary>Nobody fails.</summary>
    /// <param name="with">Fields that differ.</param>
    public static Scenario Steady(string with = "{}") => Merged(
        """
        {
          "hours": 48, "chains": 4, "regions": 5, "classes": { "steady": { "regions": 4 } }, "providers": [{ "name": "provider", "providers": 8, "altruists": 4 }],
          "traffic": { "bursts": [{ "minute": 0, "seconds": 60, "factor": 50 }] }
        }
        """, with);

    /// <summary>Failures by refusing and by silence, which last long; nothing else happens.</summary>
    /// <inheritdoc cref="Steady" path="/param"/>
    public static Scenario Failing(string with = "{}") => Merged(
        """
        {
          "hours": 72, "chains": 5, "regions": 4, "classes": { "usual": { "regions": 3, "hoursBetweenFailures": 20, "minutesToRepair": 60 } },
          "providers": [{ "name": "provider", "providers": 10, "altruists": 6 }]
        }
        """, with);

    public static Scenario Read(string json) => ScenarioReader.Read(json);

    private static Scenario Merged(string json, string with)
    {
        var fields = JsonNode.Parse(json)!.AsObject();
        foreach (var (name, value) in JsonNode.Parse(with)!.AsObject())
            fields[name] = value?.DeepClone();
        return Read(fields.ToJsonString());
    }
}
