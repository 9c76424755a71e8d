using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using AltruistManager.Benchmarks.Api;

namespace AltruistManager.Benchmarks.Failover;

/// <summary>
/// From the death of a node that is picked to the changed pick, as a portal sees it: the real process with default timing, 200 slots of 50 networks, nodes
/// that die at random moments, half by refusing and half by silence. And how many picks of healthy nodes were changed between rounds.
/// </summary>
internal static class FailoverBench
{
    private const int Networks = 50;
    private const int NodesPerNetwork = 6;
    private const int Deaths = 60;
    private const double TargetSeconds = 18;
    private static readonly string[] Regions = ["region-1", "region-2", "region-3", "region-4"];

    /// <summary>In which the deaths fall, at random moments; longer than a round's interval.</summary>
    private static readonly TimeSpan Lasting = TimeSpan.FromMinutes(6);

    /// <summary>From a death to the revival, by when its pick should long have changed.</summary>
    private static readonly TimeSpan DeadFor = TimeSpan.FromSeconds(75);

    private static readonly TimeSpan SetUpWithin = TimeSpan.FromMinutes(3);

    public static async Task<int> RunAsync(CancellationToken cancellation)
    {
        var folder = Directory.CreateTempSubdirectory("altruist-manager-bench-").FullName;
        try
        {
            await using var nodes = await MortalNodes.StartAsync(Networks, NodesPerNetwork, cancellation);
            using var service = new DrivenService(folder);
            await service.CreateKeysAsync(cancellation);
            using var process = await service.StartAsync(cancellation);
            var ids = await RegisterAsync(service, nodes, cancellation);

            using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            var watch = new PickWatch(service, Regions);
            var watching = watch.RunAsync(ending.Token);
            await UntilReadyAsync(service, watch, cancellation);

            watch.BeginToMeasure();
            var began = TimeProvider.System.GetTimestamp();
            var samples = await KillAsync(nodes, ids, watch, new Random(20261121), cancellation);
            await ending.CancelAsync();
            await watching;
            return await ReportAsync(service, nodes, ids, watch, samples, began, cancellation) ? 0 : 1;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <returns>Ids of altruists by the name of their node.</returns>
    private static async Task<Dictionary<string, string>> RegisterAsync(DrivenService service, MortalNodes nodes, CancellationToken cancellation)
    {
        foreach (var region in Regions)
            await service.SendAsync(HttpMethod.Put, $"/api/v1/regions/{region}", new JsonObject { ["name"] = region }, cancellation);
        for (var provider = 0; provider < NodesPerNetwork; provider++)
            await service.SendAsync(HttpMethod.Put, $"/api/v1/providers/provider-{provider}", new JsonObject { ["name"] = $"Provider {provider}" }, cancellation);
        for (var network = 0; network < Networks; network++)
        {
            await service.SendAsync(HttpMethod.Put, $"/api/v1/chains/chain-{network}", new JsonObject
            {
                ["name"] = $"Chain {network}",
                ["protocol"] = "evm",
                ["identity"] = $"{MortalNodes.ChainId(network)}",
                ["blockTimeSeconds"] = 2,
                ["lagToleranceBlocks"] = 5,
            }, cancellation);
        }

        var ids = new Dictionary<string, string>();
        foreach (var (node, number) in nodes.All.Select((node, number) => (node, number)))
        {
            var altruist = await service.SendAsync(HttpMethod.Post, "/api/v1/altruists", new JsonObject
            {
                ["provider"] = $"provider-{number % NodesPerNetwork}",
                ["chains"] = new JsonArray($"chain-{node.Network}"),
                ["url"] = node.Url.ToString(),
                ["regions"] = new JsonArray([.. Regions.Select(region => (JsonNode)region)]),
                ["label"] = node.Name,
            }, cancellation);
            ids[node.Name] = altruist!["id"]!.GetValue<string>();
        }

        return ids;
    }

    /// <summary>Everybody is healthy and every slot has its pick and its standbys.</summary>
    private static async Task UntilReadyAsync(DrivenService service, PickWatch watch, CancellationToken cancellation)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var healthy = 0;
            var page = "/api/v1/altruists?state=healthy&limit=200";
            while (page is not null)
            {
                var answer = await service.SendAsync(HttpMethod.Get, page, null, cancellation);
                healthy += answer!["items"]!.AsArray().Count;
                page = answer["next"]?.GetValue<string>() is { } next ? $"/api/v1/altruists?state=healthy&limit=200&before={next}" : null;
            }

            if (healthy == Networks * NodesPerNetwork && watch.Ready == Networks * Regions.Length)
                break;
            if (TimeProvider.System.GetElapsedTime(started) > SetUpWithin)
                throw new InvalidOperationException($"After {SetUpWithin}, {healthy} altruists are healthy and {watch.Ready} slots have a pick with standbys.");
            await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, cancellation);
        }

        // Each gets a turn, so that all begin as they are in service.
        await service.SendAsync(HttpMethod.Post, "/api/v1/rounds", null, cancellation);
        await Task.Delay(TimeSpan.FromSeconds(15), TimeProvider.System, cancellation);
    }

    /// <summary>Who is picked dies, one after the other at random moments; at most one of a network at a time.</summary>
    private static async Task<List<Sample>> KillAsync(MortalNodes nodes, Dictionary<string, string> ids, PickWatch watch, Random random, CancellationToken cancellation)
    {
        var byId = nodes.All.ToDictionary(node => ids[node.Name]);
        var deaths = Enumerable.Range(0, Deaths).Select(number => (At: random.NextDouble() * Lasting, Death: number % 2 == 0 ? Death.Refusing : Death.Silent)).OrderBy(death => death.At).ToList();
        var samples = new List<Sample>();
        var revivals = new List<Task>();
        var began = TimeProvider.System.GetTimestamp();
        foreach (var (at, death) in deaths)
        {
            var wait = at - TimeProvider.System.GetElapsedTime(began);
            if (wait > TimeSpan.Zero)
                await Task.Delay(wait, TimeProvider.System, cancellation);
            var resting = nodes.All.Where(node => node.DiedAt is not null || IsRecent(node)).Select(node => node.Network).ToHashSet();
            var victims = watch.Picks.Select(pick => byId[pick.Altruist]).Where(node => node.Death == death && !resting.Contains(node.Network)).Distinct().ToList();
            if (victims.Count == 0)
                continue;
            var victim = victims[random.Next(victims.Count)];
            var slots = watch.Picks.Where(pick => pick.Altruist == ids[victim.Name]).ToList();
            victim.Die();
            samples.AddRange(slots.Select(slot => new Sample(victim, ids[victim.Name], slot.Chain, slot.Region, victim.DiedAt!.Value)));
            revivals.Add(ReviveAsync(victim));
        }

        await Task.WhenAll(revivals);
        return samples;

        // It is trusted again only after its cool-down, and its network is left alone until then.
        static bool IsRecent(MortalNode node) => node.RevivedAt > 0 && TimeProvider.System.GetElapsedTime(node.RevivedAt) < DeadFor;

        async Task ReviveAsync(MortalNode node)
        {
            await Task.Delay(DeadFor, TimeProvider.System, cancellation);
            node.Revive();
        }
    }

    /// <returns>Whether each kind of death was answered in time, no pick stayed with the dead, and none left the living.</returns>
    private static async Task<bool> ReportAsync(
        DrivenService service, MortalNodes nodes, Dictionary<string, string> ids, PickWatch watch, List<Sample> samples, long began, CancellationToken cancellation)
    {
        var triggers = new Dictionary<string, string>();
        var changes = watch.Changes.Where(change => change.At >= began).ToList();
        foreach (var decision in changes.Select(change => change.Decision).Distinct())
            triggers[decision] = (await service.SendAsync(HttpMethod.Get, $"/api/v1/decisions/{decision}", null, cancellation))!["trigger"]!.GetValue<string>();

        var caused = new HashSet<PickChange>();
        var byRound = 0;
        var lost = 0;
        var times = new Dictionary<Death, List<double>> { [Death.Refusing] = [], [Death.Silent] = [] };
        foreach (var sample in samples)
        {
            var change = changes.Find(change => change.At >= sample.At && (change.Chain, change.Region, change.From) == (sample.Chain, sample.Region, sample.Altruist));
            if (change is null || TimeProvider.System.GetElapsedTime(sample.At, change.At) > DeadFor)
            {
                lost++;
                continue;
            }

            caused.Add(change);
            // A round that happens to move the pick on says nothing of how long it takes to notice.
            if (triggers[change.Decision] == "scheduled")
                byRound++;
            else
                times[sample.Node.Death].Add(TimeProvider.System.GetElapsedTime(sample.At, change.At).TotalSeconds);
        }

        var deathsOf = samples.GroupBy(sample => sample.Altruist).ToDictionary(group => group.Key, group => group.Select(sample => sample.At).Distinct().ToList());
        bool WasDead(PickChange change) => deathsOf.GetValueOrDefault(change.From, []).Exists(at => change.At >= at && TimeProvider.System.GetElapsedTime(at, change.At) <= DeadFor);
        var betweenRounds = changes.Where(change => triggers[change.Decision] != "scheduled").ToList();
        var needless = betweenRounds.Where(change => !WasDead(change)).ToList();
        var deadPicked = changes.Where(change => deathsOf.GetValueOrDefault(change.To, []).Exists(at => change.At >= at && TimeProvider.System.GetElapsedTime(at, change.At) <= DeadFor)).ToList();
        foreach (var change in needless)
            Console.WriteLine($"needless: {change.Chain}/{change.Region} left a healthy node ({triggers[change.Decision]}, decision {change.Decision})");

        var figures = new Dictionary<string, object>
        {
            ["bench"] = "failover",
            ["slots"] = Networks * Regions.Length,
            ["altruists"] = nodes.All.Count,
            ["deaths"] = deathsOf.Values.Sum(deaths => deaths.Count),
            ["target_p95_seconds"] = TargetSeconds,
            ["measured_seconds"] = Math.Round(TimeProvider.System.GetElapsedTime(began).TotalSeconds),
            ["longest_pause_between_polls_seconds"] = Math.Round(watch.LongestPause, 2),
        };
        foreach (var (death, seconds) in times)
        {
            seconds.Sort();
            var name = death.ToString().ToLowerInvariant();
            figures[$"{name}_picks"] = seconds.Count;
            foreach (var (percent, label) in new[] { (50, "p50"), (95, "p95"), (100, "max") })
                figures[$"{name}_{label}_seconds"] = Math.Round(Percentile(seconds, percent), 2);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{name}: {seconds.Count} picks changed after p50 {Percentile(seconds, 50):0.0} s, p95 {Percentile(seconds, 95):0.0} s (target ≤ {TargetSeconds:0}), at most {Percentile(seconds, 100):0.0} s"));
        }

        figures["picks_moved_by_a_round_first"] = byRound;
        figures["picks_never_changed"] = lost;
        figures["dead_nodes_picked"] = deadPicked.Count;
        figures["dead_nodes_picked_between_rounds"] = deadPicked.Count(change => triggers[change.Decision] != "scheduled");
        figures["picks_changed_between_rounds"] = betweenRounds.Count;
        figures["picks_of_healthy_nodes_changed_between_rounds"] = needless.Count;
        Console.WriteLine($"{byRound} picks were moved on by a round before the death was noticed, {lost} never changed; {needless.Count} picks of healthy nodes changed between rounds (target 0)");
        // Of no sample nothing is known: NaN is not in time.
        var isMet = times.Values.All(seconds => Percentile(seconds, 95) <= TargetSeconds) && needless.Count == 0 && lost == 0;
        figures["met"] = isMet;
        Console.WriteLine(JsonSerializer.Serialize(figures));
        return isMet;
    }

    private static double Percentile(List<double> sorted, int percent) => sorted.Count == 0 ? double.NaN : sorted[Math.Clamp((int)Math.Ceiling(sorted.Count * percent / 100.0) - 1, 0, sorted.Count - 1)];

    /// <summary>A pick whose node died.</summary>
    private sealed record Sample(MortalNode Node, string Altruist, string Chain, string Region, long At);
}
