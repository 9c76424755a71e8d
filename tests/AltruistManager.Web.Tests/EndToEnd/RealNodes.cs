using System.Text.Json.Nodes;

namespace AltruistManager.Web.Tests.EndToEnd;

/// <summary>Three real nodes of one history, one of another chain, and the service that watches them.</summary>
internal sealed class RealNodes : IAsyncDisposable
{
    public const string Chain = "anvil";
    public const string Region = "us-east";
    public const string StrangerLabel = "stranger-node";
    private const long Identity = 900_900;

    private readonly AnvilNetwork elsewhere;
    private readonly Dictionary<string, (AnvilNetwork.Node Node, string Label)> nodes = [];

    private RealNodes(Service service, AnvilNetwork network, AnvilNetwork elsewhere)
    {
        Service = service;
        Network = network;
        this.elsewhere = elsewhere;
    }

    public Service Service { get; }

    public AnvilNetwork Network { get; }

    /// <summary>Ids of the altruists that serve the chain they say.</summary>
    public IReadOnlyCollection<string> Honest => nodes.Keys;

    /// <summary>Id of the altruist whose node is of another chain.</summary>
    public string Stranger { get; private set; } = "";

    public static async Task<RealNodes> StartAsync()
    {
        var starting = (Network: AnvilNetwork.StartAsync(Identity, 3), Elsewhere: AnvilNetwork.StartAsync(Identity + 1, 1), Service: Service.StartAsync(("Selection__Interval", "00:00:12")));
        var world = new RealNodes(await starting.Service, await starting.Network, await starting.Elsewhere);
        try
        {
            Assert.Single((await world.Network.HeadHashesAsync()).Distinct());
            await world.RegisterAsync();
            return world;
        }
        catch
        {
            await world.DisposeAsync();
            throw;
        }
    }

    public AnvilNetwork.Node NodeOf(string altruist) => nodes[altruist].Node;

    public string LabelOf(string altruist) => nodes[altruist].Label;

    public async ValueTask DisposeAsync()
    {
        await Service.DisposeAsync();
        await Network.DisposeAsync();
        await elsewhere.DisposeAsync();
    }

    private async Task RegisterAsync()
    {
        await Service.PutAsync("/api/v1/regions/us-west", new JsonObject { ["name"] = "US West" });
        await Service.PutAsync($"/api/v1/regions/{Region}", new JsonObject { ["name"] = "US East", ["fallbacks"] = new JsonArray("us-west") });
        await Service.PutAsync($"/api/v1/chains/{Chain}", new JsonObject
        {
            ["name"] = "Anvil",
            ["protocol"] = "evm",
            ["identity"] = $"{Identity}",
            ["blockTimeSeconds"] = 1,
            ["lagToleranceBlocks"] = 5,
            ["aliases"] = new JsonArray("foundry"),
        });
        foreach (var node in Network.Nodes)
        {
            var label = $"node-{nodes.Count + 1}";
            nodes.Add(await RegisterAsync($"provider-{nodes.Count + 1}", label, node), (node, label));
        }

        Stranger = await RegisterAsync("stranger", StrangerLabel, elsewhere.Nodes[0]);
    }

    private Task<string> RegisterAsync(string provider, string label, AnvilNetwork.Node node) => Service.AddAltruistAsync(provider, label, Chain, Region, node.Url);
}
