using System.Net;
using System.Text.Json;
using AltruistManager.Client;

namespace AltruistManager.Benchmarks.Client;

/// <summary>A manager that tells one pick for ever, within the process: what is measured is what a request costs, not how picks come.</summary>
internal sealed class ToldPicks(Uri primary, IReadOnlyList<Uri> standbys) : HttpMessageHandler
{
    public const string Chain = "0021";
    private const string Region = "us-east";

    private readonly byte[] body = JsonSerializer.SerializeToUtf8Bytes(new
    {
        region = Region,
        origin = "bench",
        generation = 1,
        selections = new[]
        {
            new
            {
                chain = Chain,
                region = Region,
                state = "fresh",
                primaries = new[] { Altruist("primary", primary, 100) },
                standbys = standbys.Select((standby, i) => Altruist($"standby-{i}", standby, 0)),
                requestTimeoutMs = 10_000,
                selectedAt = "2026-11-21T07:00:00Z",
                origin = "bench",
                generation = 1,
                decision = "decision",
            },
        },
        revoked = Array.Empty<string>(),
    });

    /// <summary>A client that holds these picks.</summary>
    public static async Task<AltruistManagerClient> HoldAsync(Uri primary, IReadOnlyList<Uri> standbys, TimeSpan? attemptTimeout, CancellationToken cancellation)
    {
        var options = new AltruistManagerOptions { Region = Region, Stream = false, Managers = { new Uri("http://manager") } };
        if (attemptTimeout is { } timeout)
            options.AttemptTimeout = timeout;
        var client = new AltruistManagerClient(options, transport: new ToldPicks(primary, standbys));
        await client.StartAsync(cancellation);
        return client.State == ClientState.Fresh ? client : throw new InvalidOperationException("The client holds no picks.");
    }

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => Task.FromResult(
        request.Method == HttpMethod.Post
            ? new HttpResponseMessage(HttpStatusCode.Accepted)
            : new HttpResponseMessage { Content = new ByteArrayContent(body) });

    private static object Altruist(string id, Uri url, int weight) =>
        new { altruist = id, provider = id, label = id, region = Region, weight, url, urls = new { }, auth = new { type = "bearer", token = "token-of-the-bench" }, limits = new { rps = (int?)null } };
}
