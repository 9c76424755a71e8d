using System.Text.Json.Nodes;
using AltruistManager.Simulator;

namespace AltruistManager.Benchmarks.Api;

/// <summary>What the bulk call of many chains costs in processor time of the server: plain, compressed, and when nothing changed.</summary>
internal static class BulkBench
{
    public const int Chains = 1_000;
    private const int Connections = 16;

    /// <summary>As many as an altruist may serve.</summary>
    private const int ChainsOfOne = 100;
    private const string Bulk = "/api/v1/selections?region=bulk";
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Turn = TimeSpan.FromSeconds(5);

    /// <param name="Bytes">Of the body.</param>
    /// <param name="Microseconds">Of processor time.</param>
    public readonly record struct Cost(long Bytes, double Microseconds, double RequestsPerSecond);

    public readonly record struct Costs(Cost Plain, Cost Gzip, Cost Brotli, Cost NotModified);

    public static async Task<Costs> RunAsync(string folder, CancellationToken cancellation)
    {
        using var service = new DrivenService(folder);
        await service.CreateKeysAsync(cancellation);
        await using var world = await SimulatedWorld.StartAsync(new SimulatedWorldOptions(), cancellation);
        using var server = await service.StartAsync(cancellation);
        await SetUpAsync(service, world, cancellation);

        var costs = new Costs(
            await MeasureAsync(service, server, null, null, cancellation),
            await MeasureAsync(service, server, "gzip", null, cancellation),
            await MeasureAsync(service, server, "br", null, cancellation),
            await MeasureAsync(service, server, null, await TagAsync(service, cancellation), cancellation));
        Console.WriteLine($"bulk call of {Chains} chains: plain {costs.Plain}, gzip {costs.Gzip}, brotli {costs.Brotli}, 304 {costs.NotModified}");
        return costs;
    }

    /// <summary>All chains are of one network, and three altruists serve each.</summary>
    private static async Task SetUpAsync(DrivenService service, SimulatedWorld world, CancellationToken cancellation)
    {
        await service.SendAsync(HttpMethod.Put, "/api/v1/regions/bulk", new JsonObject { ["name"] = "Bulk" }, cancellation);
        await service.SendAsync(HttpMethod.Put, "/api/v1/providers/bench", new JsonObject { ["name"] = "Bench" }, cancellation);
        for (var number = 0; number < Chains; number++)
        {
            await service.SendAsync(HttpMethod.Put, $"/api/v1/chains/chain-{number:0000}", new JsonObject
            {
                ["name"] = $"Chain {number}",
                ["protocol"] = "evm",
                ["identity"] = "9000",
                ["blockTimeSeconds"] = 2,
                ["lagToleranceBlocks"] = 5,
            }, cancellation);
        }

        var network = world.AddChain(9000, TimeSpan.FromSeconds(2));
        for (var from = 0; from < Chains; from += ChainsOfOne)
        {
            for (var node = 1; node <= 3; node++)
            {
                await service.SendAsync(HttpMethod.Post, "/api/v1/altruists", new JsonObject
                {
                    ["provider"] = "bench",
                    ["chains"] = new JsonArray([.. Enumerable.Range(from, ChainsOfOne).Select(number => JsonValue.Create($"chain-{number:0000}"))]),
                    ["regions"] = new JsonArray("bulk"),
                    ["url"] = world.AddNode(network, $"node-{from}-{node}").Url.ToString(),
                    ["label"] = $"node-{from}-{node}",
                }, cancellation);
            }
        }

        var started = TimeProvider.System.GetTimestamp();
        while (!await HasEveryPickAsync(service, cancellation))
        {
            if (TimeProvider.System.GetElapsedTime(started) > TimeSpan.FromMinutes(2))
                throw new InvalidOperationException("The service has not picked for every slot within two minutes.");
            await service.SendAsync(HttpMethod.Post, "/api/v1/rounds", null, cancellation);
        }
    }

    private static async Task<bool> HasEveryPickAsync(DrivenService service, CancellationToken cancellation)
    {
        var slots = JsonNode.Parse(await service.Portal.GetStringAsync(new Uri(service.Address, Bulk), cancellation))!["selections"]!.AsArray();
        return slots.Count == Chains && slots.All(slot => slot!["state"]!.GetValue<string>() == "fresh" && slot["standbys"]!.AsArray().Count == 2);
    }

    private static async Task<string> TagAsync(DrivenService service, CancellationToken cancellation)
    {
        using var response = await service.Portal.GetAsync(new Uri(service.Address, Bulk), cancellation);
        return response.Headers.ETag!.Tag;
    }

    private static async Task<Cost> MeasureAsync(DrivenService service, ServerProcess server, string? coding, string? tag, CancellationToken cancellation)
    {
        var address = new Uri(server.Address, Bulk);
        var headers = new List<string> { $"Authorization: Bearer {service.PortalKey}" };
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        if (coding is not null)
        {
            headers.Add($"Accept-Encoding: {coding}");
            request.Headers.TryAddWithoutValidation("Accept-Encoding", coding);
        }

        if (tag is not null)
        {
            headers.Add($"If-None-Match: {tag}");
            request.Headers.TryAddWithoutValidation("If-None-Match", tag);
        }

        using var response = await service.Portal.SendAsync(request, cancellation);
        var bytes = (await response.Content.ReadAsByteArrayAsync(cancellation)).LongLength;
        await Wrk.RunAsync(address, headers, Connections, WarmUp, cancellation);
        var before = server.ProcessorTime();
        var load = await Wrk.RunAsync(address, headers, Connections, Turn, cancellation);
        var spent = server.ProcessorTime() - before;
        return new Cost(bytes, Math.Round(spent.TotalMicroseconds / load.Requests, 1), Math.Round(load.Requests / load.Seconds));
    }
}
