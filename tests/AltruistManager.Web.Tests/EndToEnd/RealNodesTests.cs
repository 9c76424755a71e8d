using System.Net;
using System.Text.Json.Nodes;

namespace AltruistManager.Web.Tests.EndToEnd;

[Collection(EndToEndCollection.Name)]
public sealed class RealNodesTests
{
    [Fact]
    public async Task Picks_rotate_fail_over_and_come_back_on_real_nodes()
    {
        await using var world = await RealNodes.StartAsync();
        var service = world.Service;
        await EveryNodeIsJudgedAsync(world);

        // Rotation: scheduled rounds by themselves, manual ones to have enough of them soon.
        for (var round = 0; round < 9; round++)
            await service.PostAsync("/api/v1/rounds");
        var rotation = await Eventually.SeeAsync("two scheduled rounds after the nodes were judged", async () =>
        {
            var rounds = (await service.DecisionsAsync(RealNodes.Chain, RealNodes.Region)).Where(IsRound).Where(decision => EligibleOf(decision).Count == 3).ToList();
            return rounds.Count(decision => TriggerOf(decision) == "scheduled") >= 2 && rounds.Count >= 11 ? rounds : null;
        });
        foreach (var window in Windows(rotation))
        {
            var counts = world.Honest.Select(altruist => window.Count(decision => ResultOf(decision) == altruist)).ToList();
            Assert.True(counts.Max() - counts.Min() <= 1, $"uneven rotation: {string.Join(", ", counts)}");
        }

        foreach (var decision in rotation)
        {
            var turns = decision["candidates"]!.AsArray().Where(candidate => candidate!["eligible"]!.GetValue<bool>()).Select(candidate => candidate!["turns"]!.GetValue<int>()).ToList();
            Assert.True(turns.Max() - turns.Min() <= 1, $"uneven turns: {decision}");
        }

        // Failover: right after a round, so that the next one is some seconds away.
        var picked = await NextPickAsync(world);
        await world.Network.KillAsync(world.NodeOf(picked));
        await Eventually.BeTrueAsync("another pick than the killed node", async () => await service.PickAsync(RealNodes.Chain, RealNodes.Region) is { } pick && pick != picked);
        var failover = await Eventually.SeeAsync("the decision that says why", async () =>
            (await service.DecisionsAsync(RealNodes.Chain, RealNodes.Region)).FirstOrDefault(decision => TriggerOf(decision) == "failover"));
        var fallen = CandidateOf(failover, picked);
        Assert.False(fallen["eligible"]!.GetValue<bool>());
        Assert.Contains("refused", fallen["reason"]!.GetValue<string>(), StringComparison.OrdinalIgnoreCase);
        Assert.NotEqual(picked, ResultOf(failover));
        var altruist = await service.GetAsync($"/api/v1/altruists/{picked}");
        Assert.Equal("down", altruist["state"]!.GetValue<string>());
        Assert.Contains("refused", altruist["reason"]!.GetValue<string>(), StringComparison.OrdinalIgnoreCase);

        // While it is away the others take all turns.
        Assert.NotEqual(picked, ResultOf(await RoundAsync(service)));
        Assert.NotEqual(picked, ResultOf(await RoundAsync(service)));

        // It comes back with the same history; its cool-down is up to twice as long as it was away.
        await world.Network.StartAgainAsync(world.NodeOf(picked));
        Assert.Single((await world.Network.HeadHashesAsync()).Distinct());
        await StateIsAsync(service, picked, "healthy");
        await Eventually.BeTrueAsync("the node that came back is picked", async () =>
        {
            await service.PostAsync("/api/v1/rounds");
            return await service.PickAsync(RealNodes.Chain, RealNodes.Region) == picked;
        }, TimeSpan.FromMinutes(3));

        var decisions = await service.DecisionsAsync(RealNodes.Chain, RealNodes.Region);
        Assert.All(decisions, decision => Assert.NotEqual(world.Stranger, ResultOf(decision)));
        Assert.Contains("900901", CandidateOf(decisions[0], world.Stranger)["reason"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Last_pick_is_kept_when_every_node_is_gone()
    {
        await using var world = await RealNodes.StartAsync();
        var service = world.Service;
        await EveryNodeIsJudgedAsync(world);
        var before = await service.PollAsync(RealNodes.Chain, RealNodes.Region);

        foreach (var node in world.Network.Nodes)
            await world.Network.KillAsync(node);

        await Eventually.BeTrueAsync("the slot says that its pick is only kept", async () =>
            (await service.PollAsync(RealNodes.Chain, RealNodes.Region)).Body["state"]?.GetValue<string>() == "degraded");
        var kept = await service.PollAsync(RealNodes.Chain, RealNodes.Region);
        Assert.Equal(HttpStatusCode.OK, kept.Status);
        Assert.Contains(kept.Body["primary"]!["altruist"]!.GetValue<string>(), world.Honest);
        Assert.True(kept.Body["generation"]!.GetValue<long>() > before.Body["generation"]!.GetValue<long>());

        await world.Network.StartAgainAsync(world.Network.Nodes[0]);
        await Eventually.BeTrueAsync("the first node that is back is picked", async () =>
        {
            var (_, body, _) = await service.PollAsync(RealNodes.Chain, RealNodes.Region);
            return body["state"]?.GetValue<string>() == "fresh" && world.NodeOf(body["primary"]!["altruist"]!.GetValue<string>()) == world.Network.Nodes[0];
        });
    }

    [Fact]
    public async Task Killed_service_forgets_no_acknowledged_write_and_shows_no_half_round()
    {
        var seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        await using var world = await RealNodes.StartAsync();
        var service = world.Service;
        await EveryNodeIsJudgedAsync(world);

        var acknowledged = new List<string>();
        for (var life = 0; life < 5; life++)
        {
            var last = (await service.PollAsync(RealNodes.Chain, RealNodes.Region)).Body;
            var writing = WriteUntilItDiesAsync(service, life, acknowledged);
            var rounds = RoundsUntilItDiesAsync(service);
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(30, 900)), TimeProvider.System, TestContext.Current.CancellationToken);
            // Without any write nothing would be shown; one is enough, at whatever moment it dies later.
            await Eventually.BeTrueAsync("a write is acknowledged", () => Task.FromResult(acknowledged.Count > 0));
            service.Kill();
            await writing;
            var lastRound = await rounds;

            await service.StartAgainAsync();

            // The very first answer.
            var first = await service.PollAsync(RealNodes.Chain, RealNodes.Region);
            Assert.Equal(HttpStatusCode.OK, first.Status);
            Assert.Equal(last["origin"]!.GetValue<string>(), first.Body["origin"]!.GetValue<string>());
            Assert.True(first.Body["generation"]!.GetValue<long>() >= last["generation"]!.GetValue<long>(), "a generation went back");
            Assert.Contains(first.Body["primary"]!["altruist"]!.GetValue<string>(), world.Honest);

            foreach (var provider in acknowledged)
                await Eventually.SeeAsync($"provider {provider}", async () => (await ProvidersAsync(service)).FirstOrDefault(id => id == provider));
            await RoundsAreWholeAsync(service, lastRound);
        }

        Assert.NotEmpty(acknowledged);
        await EveryNodeIsJudgedAsync(world);
    }

    private static async Task EveryNodeIsJudgedAsync(RealNodes world)
    {
        foreach (var altruist in world.Honest)
            await StateIsAsync(world.Service, altruist, "healthy");
        await StateIsAsync(world.Service, world.Stranger, "wrong-chain");
        await Eventually.BeTrueAsync("a pick", async () => await world.Service.PickAsync(RealNodes.Chain, RealNodes.Region) is not null);
    }

    private static Task StateIsAsync(Service service, string altruist, string state) =>
        Eventually.BeTrueAsync($"altruist {altruist} is {state}", async () =>
        {
            var seen = await service.GetAsync($"/api/v1/altruists/{altruist}");
            return seen["state"]!.GetValue<string>() == state
                ? true
                : throw new InvalidOperationException($"it is {seen["state"]}: {seen["reason"]}");
        });

    /// <summary>Waits for the next scheduled pick and returns it at once.</summary>
    private static async Task<string> NextPickAsync(RealNodes world)
    {
        var now = await world.Service.PickAsync(RealNodes.Chain, RealNodes.Region);
        return await Eventually.SeeAsync("the next pick", async () =>
            await world.Service.PickAsync(RealNodes.Chain, RealNodes.Region) is { } pick && pick != now ? pick : null);
    }

    private static async Task<JsonNode> RoundAsync(Service service)
    {
        var round = (await service.PostAsync("/api/v1/rounds"))["round"]!.GetValue<long>();
        return (await service.DecisionsAsync(RealNodes.Chain, RealNodes.Region)).Single(decision => IsRound(decision) && RoundOf(decision) == round);
    }

    private static async Task WriteUntilItDiesAsync(Service service, int life, List<string> acknowledged)
    {
        try
        {
            for (var number = 0; ; number++)
            {
                var id = $"written-{life}-{number}";
                await service.PutAsync($"/api/v1/providers/{id}", new JsonObject { ["name"] = id });
                acknowledged.Add(id);
            }
        }
        catch (HttpRequestException)
        {
            // It died.
        }
    }

    /// <returns>The last round it told of; 0 when it told of none.</returns>
    private static async Task<long> RoundsUntilItDiesAsync(Service service)
    {
        long last = 0;
        try
        {
            while (true)
                last = (await service.PostAsync("/api/v1/rounds"))["round"]!.GetValue<long>();
        }
        catch (HttpRequestException)
        {
            return last;
        }
    }

    private static async Task<IReadOnlyList<string>> ProvidersAsync(Service service)
    {
        var all = new List<string>();
        string? next = null;
        do
        {
            var page = await service.GetAsync($"/api/v1/providers?limit=200{(next is null ? "" : $"&before={next}")}");
            all.AddRange(page["items"]!.AsArray().Select(provider => provider!["id"]!.GetValue<string>()));
            next = page["next"]?.GetValue<string>();
        }
        while (next is not null);
        return all;
    }

    /// <summary>Numbers without a gap, each slot once in each, and what was told is there.</summary>
    private static async Task RoundsAreWholeAsync(Service service, long told)
    {
        var page = await service.GetAsync("/api/v1/decisions?limit=200");
        var rounds = page["items"]!.AsArray().Where(decision => IsRound(decision!)).GroupBy(decision => RoundOf(decision!)).OrderByDescending(round => round.Key).ToList();

        // The oldest on the page may continue on the next one.
        foreach (var round in rounds.SkipLast(1))
        {
            var slots = round.Select(decision => $"{decision!["chain"]}/{decision["region"]}").Order(StringComparer.Ordinal).ToList();
            Assert.Equal(["anvil/global", "anvil/us-east", "anvil/us-west"], slots);
        }

        Assert.Equal(Enumerable.Range(0, rounds.Count).Select(step => rounds[0].Key - step), rounds.Select(round => round.Key));
        // Killed before its first round it has none, and told of none.
        var newest = rounds.Count == 0 ? 0 : rounds[0].Key;
        Assert.True(newest >= told, $"round {told} was told, the newest is {newest}");
    }

    /// <summary>Splits newest-first decisions where the turns start anew.</summary>
    private static IEnumerable<IReadOnlyList<JsonNode>> Windows(IReadOnlyList<JsonNode> decisions)
    {
        var window = new List<JsonNode>();
        foreach (var decision in decisions)
        {
            window.Add(decision);
            if (decision["candidates"]!.AsArray().Sum(candidate => candidate!["turns"]!.GetValue<int>()) == 0)
            {
                yield return window;
                window = [];
            }
        }

        if (window.Count > 0)
            yield return window;
    }

    private static bool IsRound(JsonNode decision) => TriggerOf(decision) is "scheduled" or "manual";

    private static long RoundOf(JsonNode decision) => decision["round"]!.GetValue<long>();

    private static string TriggerOf(JsonNode decision) => decision["trigger"]!.GetValue<string>();

    private static string? ResultOf(JsonNode decision) => decision["result"]?["altruist"]?.GetValue<string>();

    private static List<JsonNode> EligibleOf(JsonNode decision) =>
        [.. decision["candidates"]!.AsArray().Select(candidate => candidate!).Where(candidate => candidate["eligible"]!.GetValue<bool>())];

    private static JsonNode CandidateOf(JsonNode decision, string altruist) =>
        decision["candidates"]!.AsArray().Single(candidate => candidate!["altruist"]!.GetValue<string>() == altruist)!;
}
