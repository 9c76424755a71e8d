using System.Net;
using System.Text.Json.Nodes;
using AltruistManager.Simulator;

namespace AltruistManager.Benchmarks.Api;

/// <summary>The service in a folder of its own, with a few chains and regions and a pick for each, set up through its commands and REST calls.</summary>
internal sealed class MeasuredService(string folder) : IDisposable
{
    public const string Selection = "/api/v1/selections/chain-3?region=region-1";
    public const int Chains = 10;
    private const int Regions = 3;

    private readonly DrivenService service = new(folder);

    public string PortalKey => service.PortalKey;

    public string Database => service.Database;

    /// <summary>Probes, picks, and leaves a database with a pick for every slot. The nodes are gone afterwards.</summary>
    public async Task SetUpAsync(CancellationToken cancellation)
    {
        await using var world = await SimulatedWorld.StartAsync(new SimulatedWorldOptions(), cancellation);
        using var process = await SetUpAsync(world, cancellation);
    }

    /// <summary>The same with nodes that stay.</summary>
    /// <returns>The service, running, with a pick for every slot.</returns>
    public async Task<ServerProcess> SetUpAsync(SimulatedWorld world, CancellationToken cancellation)
    {
        await service.CreateKeysAsync(cancellation);
        var process = await service.StartAsync(cancellation);
        for (var region = 1; region <= Regions; region++)
            await service.SendAsync(HttpMethod.Put, $"/api/v1/regions/region-{region}", new JsonObject { ["name"] = $"Region {region}" }, cancellation);
        await service.SendAsync(HttpMethod.Put, "/api/v1/providers/bench", new JsonObject { ["name"] = "Bench" }, cancellation);
        for (var number = 1; number <= Chains; number++)
        {
            await service.SendAsync(HttpMethod.Put, $"/api/v1/chains/chain-{number}", new JsonObject
            {
                ["name"] = $"Chain {number}",
                ["protocol"] = "evm",
                ["identity"] = $"{9000 + number}",
                ["blockTimeSeconds"] = 2,
                ["lagToleranceBlocks"] = 5,
            }, cancellation);
            var chain = world.AddChain(9000 + number, TimeSpan.FromSeconds(2));
            for (var node = 1; node <= 3; node++)
            {
                await service.SendAsync(HttpMethod.Post, "/api/v1/altruists", new JsonObject
                {
                    ["provider"] = "bench",
                    ["chains"] = new JsonArray($"chain-{number}"),
                    ["url"] = world.AddNode(chain, $"node-{number}-{node}").Url.ToString(),
                    ["label"] = $"node-{number}-{node}",
                }, cancellation);
            }
        }

        var started = TimeProvider.System.GetTimestamp();
        while (!await HasEveryPickAsync(cancellation))
        {
            if (TimeProvider.System.GetElapsedTime(started) > TimeSpan.FromMinutes(1))
                throw new InvalidOperationException("The service has not picked for every slot within a minute.");
            await service.SendAsync(HttpMethod.Post, "/api/v1/rounds", null, cancellation);
        }

        return process;
    }

    public Task<ServerProcess> StartAsync(CancellationToken cancellation) => service.StartAsync(cancellation);

    /// <summary>From the start of the process to the first whole answer with a pick.</summary>
    public async Task<TimeSpan> StartToFirstAnswerAsync(CancellationToken cancellation)
    {
        var started = TimeProvider.System.GetTimestamp();
        var starting = StartAsync(cancellation);
        while (true)
        {
            try
            {
                using var response = await service.Portal.GetAsync(new Uri(service.Address, Selection), cancellation);
                await response.Content.ReadAsByteArrayAsync(cancellation);
                var elapsed = TimeProvider.System.GetElapsedTime(started);
                if (response.StatusCode != HttpStatusCode.OK)
                    throw new InvalidOperationException($"The first answer was {(int)response.StatusCode}.");
                using var server = await starting;
                return elapsed;
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
                await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, cancellation);
            }
        }
    }

    /// <summary>Pins a pick of the slot, each time another one.</summary>
    /// <returns>The generation that tells so.</returns>
    public async Task<long> ChangeAsync(int number, CancellationToken cancellation)
    {
        var altruists = (await service.SendAsync(HttpMethod.Get, "/api/v1/altruists?chain=chain-3", null, cancellation))!["items"]!.AsArray();
        await service.SendAsync(HttpMethod.Post, "/api/v1/overrides", new JsonObject
        {
            ["kind"] = "pin",
            ["chain"] = "chain-3",
            ["region"] = "region-1",
            ["altruist"] = altruists[number % altruists.Count]!["id"]!.GetValue<string>(),
            ["force"] = true,
            ["reason"] = "measured",
            ["expiresAt"] = TimeProvider.System.GetUtcNow().AddHours(1).ToString("O"),
        }, cancellation);
        return (await RecordAsync(cancellation)).Generation;
    }

    public Task<RecordedAnswer> RecordAsync(CancellationToken cancellation) => RecordedAnswer.RecordAsync(service.Portal, new Uri(service.Address, Selection), cancellation);

    public async Task<HttpStatusCode> StatusOfAsync(string path, CancellationToken cancellation)
    {
        using var response = await service.Portal.GetAsync(new Uri(service.Address, path), cancellation);
        return response.StatusCode;
    }

    public void Dispose() => service.Dispose();

    private async Task<bool> HasEveryPickAsync(CancellationToken cancellation)
    {
        for (var region = 1; region <= Regions; region++)
        {
            using var response = await service.Portal.GetAsync(new Uri(service.Address, $"/api/v1/selections?region=region-{region}"), cancellation);
            if (response.StatusCode != HttpStatusCode.OK)
                return false;
            var slots = JsonNode.Parse(await response.Content.ReadAsStringAsync(cancellation))!["selections"]!.AsArray();
            if (slots.Count < Chains || slots.Any(slot => slot!["state"]!.GetValue<string>() != "fresh"))
                return false;
        }

        return true;
    }
}
