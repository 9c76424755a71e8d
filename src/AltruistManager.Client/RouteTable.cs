namespace AltruistManager.Client;

/// <summary>The routes of all chains at one generation. Immutable, but for what altruists' conditions are.</summary>
internal sealed class RouteTable
{
    public static readonly RouteTable Empty = new(new Dictionary<string, Route>(), new Dictionary<string, Condition>(), []);

    private readonly Dictionary<string, Route> routes;
    private readonly Dictionary<string, Condition> conditions;
    private readonly HashSet<RelayTally> tallies;

    private RouteTable(Dictionary<string, Route> routes, Dictionary<string, Condition> conditions, HashSet<RelayTally> tallies)
    {
        this.routes = routes;
        this.conditions = conditions;
        this.tallies = tallies;
    }

    public Route? Find(string chain) => routes.GetValueOrDefault(chain);

    public bool Uses(RelayTally tally) => tallies.Contains(tally);

    /// <summary>For these picks; altruists that stay keep their condition.</summary>
    public RouteTable Next(SelectionSet set, RelayReports reports)
    {
        var next = new Dictionary<string, Route>(set.Selections.Count, StringComparer.Ordinal);
        var kept = new Dictionary<string, Condition>(StringComparer.Ordinal);
        var used = new HashSet<RelayTally>();
        foreach (var selection in set.Selections)
        {
            next[selection.Chain] = new Route(selection,
            [
                .. selection.Primaries.Select(altruist => LineOf(selection.Chain, altruist, isPrimary: true)),
                .. selection.Standbys.Select(altruist => LineOf(selection.Chain, altruist, isPrimary: false)),
            ]);
        }

        return new RouteTable(next, kept, used);

        Line LineOf(string chain, Altruist altruist, bool isPrimary)
        {
            // Another URL is another endpoint, which has not failed yet.
            var key = $"{altruist.Id} {altruist.Url.AbsoluteUri}";
            if (!kept.TryGetValue(key, out var condition))
                kept[key] = condition = conditions.GetValueOrDefault(key) ?? new Condition();
            var tally = reports.TallyOf(altruist.Id, chain, isPrimary ? "primary" : "standby");
            used.Add(tally);
            return new Line(chain, altruist, isPrimary, condition, tally);
        }
    }
}
