using System.Net;
using System.Text.Json.Nodes;
using AltruistManager.Simulator;
using AltruistManager.Simulator.Chaos;

namespace AltruistManager.Web.Tests.EndToEnd;

/// <summary>The real service with three simulated nodes, and a line to it that can be cut.</summary>
internal sealed class PortalScene : IAsyncDisposable
{
    public const string Chain = "0021";
    public const string Region = "us-east";

    private readonly List<SimulatedNode> nodes = [];
    private readonly string folder = Directory.CreateTempSubdirectory("altruist-manager-portal-").FullName;

    private PortalScene(Service service, SimulatedWorld world)
    {
        Service = service;
        World = world;
        Line = new CuttableLine(service.Address, IPAddress.Parse("127.0.0.9"));
    }

    public Service Service { get; }

    public SimulatedWorld World { get; }

    /// <summary>Between the portal and the service.</summary>
    public CuttableLine Line { get; }

    /// <summary>The portal's own.</summary>
    public string Folder => folder;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static async Task<PortalScene> StartAsync(params (string Name, string Value)[] settings)
    {
        var starting = Service.StartAsync([("Health__Rise", "1"), .. settings]);
        var scene = new PortalScene(await starting, await SimulatedWorld.StartAsync(new SimulatedWorldOptions(), Cancellation));
        try
        {
            var chain = scene.World.AddChain(1, TimeSpan.FromSeconds(1));
            for (var number = 1; number <= 3; number++)
                scene.nodes.Add(scene.World.AddNode(chain, $"node-{number}"));
            await scene.RegisterAsync();
            return scene;
        }
        catch
        {
            await scene.DisposeAsync();
            throw;
        }
    }

    /// <summary>Makes the chain and its altruists known to the service, and waits for a pick.</summary>
    public async Task RegisterAsync()
    {
        await Service.PutAsync($"/api/v1/regions/{Region}", new JsonObject { ["name"] = "US East" });
        await Service.PutAsync($"/api/v1/chains/{Chain}", new JsonObject { ["name"] = "Ethereum", ["protocol"] = "evm", ["identity"] = "1", ["blockTimeSeconds"] = 1, ["lagToleranceBlocks"] = 10, ["requestTimeoutMs"] = 120_000, ["aliases"] = new JsonArray("eth") });
        foreach (var node in nodes)
            await Service.AddAltruistAsync($"of-{node.Name}", node.Name, Chain, Region, node.Url.ToString());
        await Eventually.BeTrueAsync("a pick", async () => await Service.PickAsync(Chain, Region) is not null);
    }

    public async Task<long> GenerationAsync() => (await Service.PollAsync(Chain, Region)).Body["generation"]!.GetValue<long>();

    public async ValueTask DisposeAsync()
    {
        await Line.DisposeAsync();
        await Service.DisposeAsync();
        await World.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }
}
