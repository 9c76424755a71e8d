using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using AltruistManager.Probing;
using AltruistManager.Simulator;

namespace AltruistManager.Web.Tests.EndToEnd.Faults;

[Collection(EndToEndCollection.Name)]
public sealed class OutOfHandlesTests
{
    private const string Chain = "handles";
    private const string Region = "us-east";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>To take the very last ones as well would test nothing of ours: the runtime ends any process that wants a thread then.</summary>
    [Fact]
    public async Task Fault_26_Without_sockets_and_handles_nobody_falls_and_the_alarm_is_raised_until_there_are_some()
    {
        await using var world = await SimulatedWorld.StartAsync(new SimulatedWorldOptions(), Cancellation);
        await using var service = await Service.StartAsync();
        var altruists = await RegisterAsync(service, world);
        foreach (var altruist in altruists)
            await StateIsAsync(service, altruist, "healthy");
        await Eventually.BeTrueAsync("a pick", async () => await service.PickAsync(Chain, Region) is not null);

        // A connection that is open already needs no handle; a new one may be refused.
        using var open = new HttpClient { BaseAddress = service.Address };
        await Eventually.BeTrueAsync("nothing is wrong", async () => (await FreshAsync(open)).Status == HttpStatusCode.OK);
        var before = (await PollAsync(service, open)).Body;

        // What is left is some for whoever comes in, none for altruists, and the reserve.
        var usual = await LimitAsync(service, $"{OpenHandles(service) + HandleReserve.OfClients + 20}:");
        var crowd = new List<Socket>();
        try
        {
            await world.CloseConnectionsAsync(Cancellation);
            var refused = 0;
            for (var guest = 0; guest < 100; guest++)
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                crowd.Add(socket);
                try
                {
                    await socket.ConnectAsync(new IPEndPoint(IPAddress.Parse(service.Address.Host), service.Address.Port), Cancellation);
                }
                catch (SocketException)
                {
                    refused++;
                }
            }

            await Eventually.BeTrueAsync("those that came last are refused", () => Task.FromResult(refused + crowd.Count(socket => socket.Connected && IsClosed(socket)) >= 50));
            await Eventually.BeTrueAsync("the alarm", async () =>
            {
                var (status, text) = await FreshAsync(open);
                return status == HttpStatusCode.ServiceUnavailable && text.Contains("a fault of our own", StringComparison.Ordinal) ? true : throw new InvalidOperationException(text);
            });
            // One that was being made while the others were closed.
            await world.CloseConnectionsAsync(Cancellation);
            var asked = world.Nodes.Sum(node => node.Requests);

            // Far more than three probes of each lane.
            await Task.Delay(TimeSpan.FromSeconds(6), TimeProvider.System, Cancellation);

            // Portals go on, and what is written is kept.
            await Eventually.BeTrueAsync("a round is made", async () =>
            {
                var (polled, during) = await PollAsync(service, open);
                Assert.Equal(HttpStatusCode.OK, polled);
                Assert.Contains(during["primary"]!["altruist"]!.GetValue<string>(), altruists);
                return during["generation"]!.GetValue<long>() > before["generation"]!.GetValue<long>();
            });
            Assert.Equal(asked, world.Nodes.Sum(node => node.Requests));
            Assert.Equal(HttpStatusCode.ServiceUnavailable, (await FreshAsync(open)).Status);
        }
        finally
        {
            crowd.ForEach(socket => socket.Dispose());
            await LimitAsync(service, usual);
        }

        foreach (var altruist in altruists)
        {
            await StateIsAsync(service, altruist, "healthy");
            var changes = (await service.GetAsync($"/api/v1/altruists/{altruist}/changes"))["items"]!.AsArray();
            Assert.DoesNotContain(changes, change => change!["from"]!.GetValue<string>() == "healthy");
        }

        var now = world.Nodes.Sum(node => node.Requests);
        await Eventually.BeTrueAsync("probes go on", () => Task.FromResult(world.Nodes.Sum(node => node.Requests) > now + 50));
        await Eventually.BeTrueAsync("writes go on", async () => (await service.PostAsync("/api/v1/rounds"))["round"]!.GetValue<long>() > 0);
    }

    private static bool IsClosed(Socket socket) => socket.Poll(0, SelectMode.SelectRead);

    private static async Task<List<string>> RegisterAsync(Service service, SimulatedWorld world)
    {
        var chain = world.AddChain(990_026, TimeSpan.FromSeconds(1));
        await service.PutAsync($"/api/v1/regions/{Region}", new JsonObject { ["name"] = "US East" });
        await service.PutAsync($"/api/v1/chains/{Chain}", new JsonObject
        {
            ["name"] = Chain,
            ["protocol"] = "evm",
            ["identity"] = "990026",
            ["blockTimeSeconds"] = 1,
            ["lagToleranceBlocks"] = 10,
        });
        var altruists = new List<string>();
        foreach (var provider in (string[])["acme", "bolt", "core"])
        {
            await service.PutAsync($"/api/v1/providers/{provider}", new JsonObject { ["name"] = provider });
            for (var number = 1; number <= 2; number++)
            {
                var made = await service.PostAsync("/api/v1/altruists", new JsonObject
                {
                    ["provider"] = provider,
                    ["chains"] = new JsonArray(Chain),
                    ["url"] = world.AddNode(chain, $"{provider}-{number}", new SimulatedNodeOptions { OwnPort = true }).Url.ToString(),
                    ["regions"] = new JsonArray(Region),
                    ["label"] = $"{provider}-{number}",
                });
                altruists.Add(made["id"]!.GetValue<string>());
            }
        }

        return altruists;
    }

    private static Task StateIsAsync(Service service, string altruist, string state) =>
        Eventually.BeTrueAsync($"altruist {altruist} is {state}", async () =>
        {
            var seen = await service.GetAsync($"/api/v1/altruists/{altruist}");
            return seen["state"]!.GetValue<string>() == state ? true : throw new InvalidOperationException($"it is {seen["state"]}: {seen["reason"]}");
        });

    private static async Task<(HttpStatusCode Status, string Text)> FreshAsync(HttpClient open)
    {
        using var answer = await open.GetAsync("/healthz/fresh", Cancellation);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(Cancellation));
    }

    private static async Task<(HttpStatusCode Status, JsonNode Body)> PollAsync(Service service, HttpClient open)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/selections/{Chain}?region={Region}");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", service.PortalKey);
        using var answer = await open.SendAsync(request, Cancellation);
        return (answer.StatusCode, (await answer.Content.ReadFromJsonAsync<JsonNode>(Cancellation))!);
    }

    private static int OpenHandles(Service service) => Directory.GetFileSystemEntries($"/proc/{service.ProcessId}/fd").Length;

    /// <summary>Sets the running process's limit of open files; what is open stays so.</summary>
    /// <param name="limit">The part before the colon is the one in force.</param>
    /// <returns>What it was.</returns>
    private static async Task<string> LimitAsync(Service service, string limit)
    {
        var before = await RunAsync("prlimit", "--pid", $"{service.ProcessId}", "--nofile", "--noheadings", "--raw", "--output", "SOFT");
        await RunAsync("prlimit", "--pid", $"{service.ProcessId}", $"--nofile={limit}");
        return $"{before.Trim()}:";
    }

    private static async Task<string> RunAsync(string command, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardOutput = true, UseShellExecute = false })!;
        var output = await process.StandardOutput.ReadToEndAsync(Cancellation);
        await process.WaitForExitAsync(Cancellation);
        Assert.True(process.ExitCode == 0, $"{command} {string.Join(' ', arguments)} ended with {process.ExitCode}");
        return output;
    }
}
