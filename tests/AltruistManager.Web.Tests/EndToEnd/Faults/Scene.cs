using System.Net;
using System.Text.Json.Nodes;
using AltruistManager.Simulator;

namespace AltruistManager.Web.Tests.EndToEnd.Faults;

/// <summary>One chain among the chaos: three good nodes that everything must go on for, and those that a test adds.</summary>
internal sealed class Scene(ChaosWorld world, string chain, long identity) : IAsyncDisposable
{
    private static readonly string[] Providers = ["acme", "bolt", "core"];

    private readonly List<(string Id, SimulatedNode Node)> good = [];
    private readonly List<string> bad = [];
    private readonly Dictionary<SimulatedNode, long> requests = [];
    private SimulatedChain? simulated;
    private JsonNode? before;
    private long beganAt;

    public string Chain => chain;

    public long Identity => identity;

    public SimulatedChain Simulated => simulated!;

    public IReadOnlyList<string> Good => [.. good.Select(pair => pair.Id)];

    private Service Service => world.Service;

    public async Task PrepareAsync()
    {
        simulated = world.Simulated.AddChain(identity, TimeSpan.FromSeconds(1));
        await Service.PutAsync($"/api/v1/chains/{chain}", new JsonObject
        {
            ["name"] = chain,
            ["protocol"] = "evm",
            ["identity"] = $"{identity}",
            ["blockTimeSeconds"] = 1,
            ["lagToleranceBlocks"] = 10,
        });
        foreach (var provider in Providers)
        {
            var node = AddNode($"{chain}-{provider}");
            good.Add((await RegisterAsync(provider, node.Url.ToString()), node));
        }

        foreach (var id in Good)
            await StateIsAsync(id, "healthy", "");
        await Eventually.BeTrueAsync($"a pick for {chain}", async () => await Service.PickAsync(chain, ChaosWorld.Region) is not null);
    }

    /// <summary>A node on a host of its own, of this chain.</summary>
    public SimulatedNode AddNode(string name) =>
        world.Simulated.AddNode(simulated!, name, new SimulatedNodeOptions { OwnPort = true, Address = world.NewHost() });

    /// <summary>An altruist that is good at first and goes bad in the test.</summary>
    public async Task<(string Id, SimulatedNode Node)> AddBadAsync(string name, string provider = "evil")
    {
        var node = AddNode($"{chain}-{name}");
        var id = await RegisterBadAsync(node.Url.ToString(), provider);
        await StateIsAsync(id, "healthy", "");
        return (id, node);
    }

    /// <summary>An altruist that nobody waits for.</summary>
    public async Task<string> RegisterBadAsync(string url, string provider = "evil")
    {
        var id = await RegisterAsync(provider, url);
        bad.Add(id);
        return id;
    }

    /// <summary>From here on <see cref="NobodyElseSufferedAsync"/> looks.</summary>
    public async Task BeginAsync()
    {
        before = (await Service.PollAsync(chain, ChaosWorld.Region)).Body;
        foreach (var (_, node) in good)
            requests[node] = node.Requests;
        beganAt = TimeProvider.System.GetTimestamp();
    }

    public Task StateIsAsync(string altruist, string state, string reason, TimeSpan? within = null) =>
        Eventually.BeTrueAsync($"altruist {altruist} of {chain} is {state} because of “{reason}”", async () =>
        {
            var seen = await Service.GetAsync($"/api/v1/altruists/{altruist}");
            return seen["state"]!.GetValue<string>() == state && seen["reason"]!.GetValue<string>().Contains(reason, StringComparison.Ordinal)
                ? true
                : throw new InvalidOperationException($"it is {seen["state"]}: {seen["reason"]}");
        }, within);

    /// <summary>
    /// What must hold after every fault: a pick was served all the time, now a good one; generations never went back; and the good ones never
    /// left the pool and were probed all the time, so that none waited for the bad.
    /// </summary>
    /// <param name="others">Who may be picked as well.</param>
    public async Task NobodyElseSufferedAsync(params IEnumerable<string> others)
    {
        await Eventually.BeTrueAsync("the pick is a good one", async () => await Service.PickAsync(chain, ChaosWorld.Region) is { } pick && Good.Concat(others).Contains(pick));
        var (status, after, _) = await Service.PollAsync(chain, ChaosWorld.Region);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal("fresh", after["state"]!.GetValue<string>());
        Assert.True(after["generation"]!.GetValue<long>() >= before!["generation"]!.GetValue<long>(), "a generation went back");
        Assert.Equal(before["origin"]!.GetValue<string>(), after["origin"]!.GetValue<string>());

        var seconds = TimeProvider.System.GetElapsedTime(beganAt).TotalSeconds;
        foreach (var (id, node) in good)
        {
            Assert.Equal("healthy", (await Service.GetAsync($"/api/v1/altruists/{id}"))["state"]!.GetValue<string>());
            var changes = (await Service.GetAsync($"/api/v1/altruists/{id}/changes"))["items"]!.AsArray();
            Assert.DoesNotContain(changes, change => change!["from"]!.GetValue<string>() == "healthy");
            // A sweep every two seconds has two questions at least; half as many do on a busy machine.
            Assert.True(node.Requests - requests[node] >= (int)(seconds / 4) - 1, $"{node.Name} was asked {node.Requests - requests[node]} times in {seconds:0} s");
        }
    }

    /// <summary>Nobody is asked any more.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var altruist in bad.Concat(Good))
            await Service.DeleteAsync($"/api/v1/altruists/{altruist}");
    }

    private async Task<string> RegisterAsync(string provider, string url)
    {
        var altruist = await Service.PostAsync("/api/v1/altruists", new JsonObject
        {
            ["provider"] = provider,
            ["chains"] = new JsonArray(chain),
            ["url"] = url,
            ["regions"] = new JsonArray(ChaosWorld.Region),
            ["label"] = $"{provider}-{chain}",
        });
        return altruist["id"]!.GetValue<string>();
    }
}
