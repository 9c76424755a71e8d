using System.Collections.Concurrent;
using System.Net;
using System.Text;
using AltruistManager.Simulator;

namespace AltruistManager.Web.Tests;

/// <summary>What the real service sends to a collector.</summary>
public sealed class TelemetryTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_measured_goes_to_the_configured_collector_and_the_rest_with_the_end()
    {
        var received = new ConcurrentQueue<byte[]>();
        await using var collector = await CollectorAsync(received);
        await using var world = await SimulatedWorld.StartAsync(new SimulatedWorldOptions(), Cancellation);
        var chain = world.AddChain(1, TimeSpan.FromSeconds(1));
        await using (var app = await AppFixture.StartAsync(
            ("Probing:RetryInterval", "00:00:00.2"), ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Urls.Single()), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            ("OTEL_SERVICE_NAME", "our-own-altruists"), ("OTEL_METRIC_EXPORT_INTERVAL", "300"), ("Probing:Vantage", "our-cellar"), ("Probing:Region", "our-east")))
        {
            await PutAsync(app, "regions/us-east", new { name = "US East" });
            await PutAsync(app, "providers/acme", new { name = "Acme" });
            await PutAsync(app, "chains/0021", new { name = "Ethereum", protocol = "evm", identity = "1", blockTimeSeconds = 1, lagToleranceBlocks = 10, aliases = Array.Empty<string>() });
            (await app.Staff.PostAsJsonAsync("/api/v1/altruists", new { provider = "acme", chains = new[] { "0021" }, url = world.AddNode(chain, "one").Url.ToString(), regions = new[] { "us-east" }, label = "one" }, Cancellation))
                .EnsureSuccessStatusCode();
            await Wait.UntilAsync("probes were told of", () => Task.FromResult(Has(received, "altruist_manager.probes")));
            await Wait.UntilAsync("verdicts were told of", () => Task.FromResult(Has(received, "altruist_manager.verdict.changes")));
            // It is counted after the verdict that it follows.
            await Wait.UntilAsync("there is a pick", async () => (await app.Portal.GetAsync("/api/v1/selections/0021?region=us-east", Cancellation)).StatusCode == HttpStatusCode.OK);
        }

        foreach (var told in new[] { "our-own-altruists", "altruist_manager.vantage", "our-cellar", "altruist_manager.region", "our-east", "altruist_manager.probe.duration", "altruist_manager.probes.in_flight", "altruist_manager.probes.due", "altruist_manager.frozen", "altruist_manager.picks", "evm", "retry", "healthy" })
            await Wait.UntilAsync($"{told} was told", () => Task.FromResult(Has(received, told)));
        Assert.False(Has(received, "127.0.0.1"), "an address was told");
    }

    [Fact]
    public async Task Nothing_is_sent_where_no_collector_is_configured()
    {
        await using var app = await AppFixture.StartAsync(("OTEL_SERVICE_NAME", "our-own-altruists"));
        Assert.Equal(HttpStatusCode.OK, (await app.Anonymous.GetAsync("/healthz/live", Cancellation)).StatusCode);
    }

    [Fact]
    public async Task A_collector_that_is_not_there_neither_stops_the_start_nor_holds_up_the_end()
    {
        var app = await AppFixture.StartAsync(("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"));
        Assert.Equal(HttpStatusCode.OK, (await app.Anonymous.GetAsync("/healthz/live", Cancellation)).StatusCode);
        await app.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(90), Cancellation);
    }

    private static bool Has(ConcurrentQueue<byte[]> received, string text) => received.Any(body => body.AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0);

    private static async Task<WebApplication> CollectorAsync(ConcurrentQueue<byte[]> received)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var collector = builder.Build();
        collector.MapPost("/v1/metrics", async (HttpRequest request) =>
        {
            using var body = new MemoryStream();
            await request.Body.CopyToAsync(body, request.HttpContext.RequestAborted);
            received.Enqueue(body.ToArray());
            return Results.Ok();
        });
        await collector.StartAsync(Cancellation);
        return collector;
    }

    private static async Task PutAsync(AppFixture app, string path, object body) => (await app.Staff.PutAsJsonAsync($"/api/v1/{path}", body, Cancellation)).EnsureSuccessStatusCode();
}
