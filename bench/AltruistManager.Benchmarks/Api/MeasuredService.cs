using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using AltruistManager.Simulator;

namespace AltruistManager.Benchmarks.Api;

/// <summary>The service in a folder of its own, with a few chains and regions and a pick for each, set up through its commands and REST calls.</summary>
internal sealed class MeasuredService(string folder) : IDisposable
{
    public const string Selection = "/api/v1/selections/chain-3?region=region-1";
    private const int Chains = 10;
    private const int Regions = 3;

    private readonly HttpClient http = new();
    private Uri? address;

    public string PortalKey { get; private set; } = "";

    public string Database => Path.Combine(folder, "bench.db");

    /// <summary>Probes, picks, and leaves a database with a pick for every slot. The nodes are gone afterwards.</summary>
    public async Task SetUpAsync(CancellationToken cancellation)
    {
        var staffKey = await CreateKeyAsync("staff", cancellation);
        PortalKey = await CreateKeyAsync("portal", cancellation);
        await using var world = await SimulatedWorld.StartAsync(new SimulatedWorldOptions(), cancellation);
        using var service = await StartAsync(cancellation);
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", staffKey);
        for (var region = 1; region <= Regions; region++)
            await SendAsync(HttpMethod.Put, $"/api/v1/regions/region-{region}", new JsonObject { ["name"] = $"Region {region}" }, cancellation);
        await SendAsync(HttpMethod.Put, "/api/v1/providers/bench", new JsonObject { ["name"] = "Bench" }, cancellation);
        for (var number = 1; number <= Chains; number++)
        {
            await SendAsync(HttpMethod.Put, $"/api/v1/chains/chain-{number}", new JsonObject
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
                await SendAsync(HttpMethod.Post, "/api/v1/altruists", new JsonObject
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
            await SendAsync(HttpMethod.Post, "/api/v1/rounds", null, cancellation);
        }

        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", PortalKey);
        service.Kill();
    }

    public async Task<ServerProcess> StartAsync(CancellationToken cancellation)
    {
        var start = Command("serve", "--urls", address?.GetLeftPart(UriPartial.Authority) ?? "http://127.0.0.1:0");
        var server = await ServerProcess.StartAsync("service", start, null, cancellation);
        address = server.Address;
        return server;
    }

    /// <summary>From the start of the process to the first whole answer with a pick.</summary>
    public async Task<TimeSpan> StartToFirstAnswerAsync(CancellationToken cancellation)
    {
        var started = TimeProvider.System.GetTimestamp();
        var starting = StartAsync(cancellation);
        while (true)
        {
            try
            {
                using var response = await http.GetAsync(new Uri(address!, Selection), cancellation);
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

    public Task<RecordedAnswer> RecordAsync(CancellationToken cancellation) => RecordedAnswer.RecordAsync(http, new Uri(address!, Selection), cancellation);

    public async Task<HttpStatusCode> StatusOfAsync(string path, CancellationToken cancellation)
    {
        using var response = await http.GetAsync(new Uri(address!, path), cancellation);
        return response.StatusCode;
    }

    public void Dispose() => http.Dispose();

    private async Task<bool> HasEveryPickAsync(CancellationToken cancellation)
    {
        for (var region = 1; region <= Regions; region++)
        {
            using var response = await http.GetAsync(new Uri(address!, $"/api/v1/selections?region=region-{region}"), cancellation);
            if (response.StatusCode != HttpStatusCode.OK)
                return false;
            var slots = JsonNode.Parse(await response.Content.ReadAsStringAsync(cancellation))!["selections"]!.AsArray();
            if (slots.Count < Chains || slots.Any(slot => slot!["state"]!.GetValue<string>() != "fresh"))
                return false;
        }

        return true;
    }

    private async Task<string> CreateKeyAsync(string scope, CancellationToken cancellation)
    {
        var start = Command("keys", "create", "--name", $"bench-{scope}", "--scope", scope);
        start.RedirectStandardOutput = true;
        start.UseShellExecute = false;
        using var command = Process.Start(start)!;
        var key = await command.StandardOutput.ReadToEndAsync(cancellation);
        await command.WaitForExitAsync(cancellation);
        return command.ExitCode == 0 ? key.Trim() : throw new InvalidOperationException($"keys create ended with {command.ExitCode}.");
    }

    private async Task SendAsync(HttpMethod method, string path, JsonNode? body, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, new Uri(address!, path));
        if (body is not null)
            request.Content = JsonContent.Create(body);
        using var response = await http.SendAsync(request, cancellation);
        if (!response.IsSuccessStatusCode)
            throw new InvalidOperationException($"{method} {path}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync(cancellation)}");
    }

    private ProcessStartInfo Command(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { WorkingDirectory = folder };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "altruist-manager.dll"));
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        start.Environment["Storage__ConnectionString"] = $"Data Source={Database}";
        start.Environment["Probing__AllowHttp"] = "true";
        start.Environment["Probing__AllowedPrivateNetworks__0"] = "127.0.0.0/8";
        // The limiter counts every request, and stops none.
        start.Environment["Limits__RequestsPerSecond"] = "1000000";
        return start;
    }
}
