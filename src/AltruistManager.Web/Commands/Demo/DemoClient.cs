using System.Net.Http.Headers;
using System.Text.Json;

namespace AltruistManager.Web.Commands.Demo;

/// <summary>The demo's hands: the REST API as anybody else uses it.</summary>
internal sealed class DemoClient : IDisposable
{
    private readonly HttpClient http;

    public DemoClient(Uri service, string staffKey)
    {
        http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri(service, "api/v1/") };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", staffKey);
    }

    public void Dispose() => http.Dispose();

    /// <summary>Registers the whole cast.</summary>
    /// <param name="urlOf">The URL of an altruist by its label.</param>
    public async Task RegisterAsync(Func<string, Uri> urlOf, CancellationToken cancellation)
    {
        // A fallback must exist before it is named.
        foreach (var region in DemoCast.Regions)
            await SendAsync(HttpMethod.Put, $"regions/{region.Id}", new { region.Name }, cancellation);
        foreach (var region in DemoCast.Regions)
            await SendAsync(HttpMethod.Put, $"regions/{region.Id}", new { region.Name, region.Fallbacks }, cancellation);
        foreach (var chain in DemoCast.Chains)
            await SendAsync(HttpMethod.Put, $"chains/{chain.Id}", new { chain.BlockTimeSeconds, chain.LagToleranceBlocks }, cancellation);
        foreach (var provider in DemoCast.Providers)
            await SendAsync(HttpMethod.Put, $"providers/{provider.Id}", new { provider.Name, Website = $"https://{provider.Id}.example" }, cancellation);
        foreach (var altruist in DemoCast.Altruists)
        {
            var body = new
            {
                altruist.Provider,
                altruist.Chains,
                Url = new Uri(urlOf(altruist.Label), "rpc"),
                altruist.Regions,
                altruist.Label,
                altruist.Tier,
                altruist.Role,
                Capabilities = altruist.Archive ? new[] { "archive" } : [],
            };
            await SendAsync(HttpMethod.Post, "altruists", body, cancellation);
        }
    }

    /// <summary>Every slot of a region.</summary>
    public async Task<IReadOnlyList<DemoSlot>> SelectionsAsync(string region, CancellationToken cancellation) =>
        (await GetAsync<DemoSelections>($"selections?region={region}", cancellation)).Selections;

    /// <summary>Why the slot has its pick; null while it never had one.</summary>
    public async Task<DemoDecision?> LastDecisionAsync(string chain, string region, CancellationToken cancellation)
    {
        var page = await GetAsync<DemoDecisions>($"decisions?chain={chain}&region={region}&limit=1", cancellation);
        return page.Items.Count == 0 ? null : page.Items[0];
    }

    private async Task<T> GetAsync<T>(string path, CancellationToken cancellation)
    {
        using var response = await http.GetAsync(path, cancellation);
        return (await ReadAsync(response, cancellation)).Deserialize<T>(JsonSerializerOptions.Web)!;
    }

    private async Task SendAsync(HttpMethod method, string path, object body, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, path) { Content = JsonContent.Create(body, body.GetType(), options: JsonSerializerOptions.Web) };
        using var response = await http.SendAsync(request, cancellation);
        await ReadAsync(response, cancellation);
    }

    /// <exception cref="CommandException">The service refused; the message holds its words.</exception>
    private static async Task<JsonElement> ReadAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        var text = await response.Content.ReadAsStringAsync(cancellation);
        if (!response.IsSuccessStatusCode)
            throw new CommandException($"{response.RequestMessage!.Method} {response.RequestMessage.RequestUri} answered {(int)response.StatusCode}: {text}");
        return JsonElement.Parse(text);
    }
}

internal sealed record DemoSelections(IReadOnlyList<DemoSlot> Selections);

internal sealed record DemoSlot(string Chain, string Region, string State, DemoPick? Primary);

internal sealed record DemoPick(string Altruist, string Label);

internal sealed record DemoDecisions(IReadOnlyList<DemoDecision> Items);

internal sealed record DemoDecision(string Trigger, long Round, IReadOnlyList<DemoCandidate> Candidates);

internal sealed record DemoCandidate(string Altruist, string Reason);
