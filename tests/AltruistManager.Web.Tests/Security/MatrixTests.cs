using System.Net;
using Microsoft.AspNetCore.Authorization;

namespace AltruistManager.Web.Tests.Security;

/// <summary>Who is let in where: every call of the API for every kind of actor, with an object that is one provider's. A call that is not in the table fails.</summary>
public sealed class MatrixTests(AppFixture app) : IClassFixture<AppFixture>
{
    /// <summary>Whom a call lets in; all others are told 401 without a key and 403 with one.</summary>
    [Flags]
    private enum For
    {
        Anonymous = 1,
        Portal = 2,
        Owner = 4,
        OtherProvider = 8,
        Staff = 16,
        Everybody = Anonymous | Portal | Owner | OtherProvider | Staff,
        Keys = Portal | Owner | OtherProvider | Staff,
        Portals = Portal | Staff,
        Owners = Owner | Staff,
        Providers = Owner | OtherProvider | Staff,
    }

    /// <summary>Bodies are empty objects: whoever is let in is told what is missing, and nothing is changed.</summary>
    private static readonly Dictionary<string, (string Method, string Path, For Whom)> Table = new()
    {
        ["listRegions"] = ("GET", "regions", For.Everybody),
        ["getRegion"] = ("GET", "regions/us-east", For.Everybody),
        ["putRegion"] = ("PUT", "regions/us-east", For.Staff),
        ["listChains"] = ("GET", "chains", For.Everybody),
        ["getChain"] = ("GET", "chains/0021", For.Everybody),
        ["putChain"] = ("PUT", "chains/0021", For.Staff),
        ["retireChain"] = ("DELETE", "chains/nothing", For.Staff),
        ["listProtocols"] = ("GET", "protocols", For.Everybody),
        ["listProviders"] = ("GET", "providers", For.Everybody),
        ["getProvider"] = ("GET", "providers/owner", For.Everybody),
        ["putProvider"] = ("PUT", "providers/owner", For.Owners),
        ["listAltruists"] = ("GET", "altruists", For.Everybody),
        ["getAltruist"] = ("GET", "altruists/{altruist}", For.Everybody),
        ["listAltruistChanges"] = ("GET", "altruists/{altruist}/changes", For.Everybody),
        ["getStanding"] = ("GET", "altruists/{altruist}/standing?chain=0021&region=us-east", For.Everybody),
        ["addAltruist"] = ("POST", "altruists", For.Providers),
        ["changeAltruist"] = ("PATCH", "altruists/{altruist}", For.Owners),
        ["rotateCredentials"] = ("PUT", "altruists/{altruist}/credentials", For.Owners),
        ["proveAltruist"] = ("POST", "altruists/{altruist}/proof", For.Owners),
        ["testAltruist"] = ("POST", "altruists/{altruist}/test", For.Owners),
        ["listAltruistProbes"] = ("GET", "altruists/{altruist}/probes", For.Owners),
        ["getAltruistEvidence"] = ("GET", "altruists/{altruist}/evidence/abc", For.Owners),
        ["getAltruistBudget"] = ("GET", "altruists/{altruist}/budget", For.Owners),
        ["drainAltruist"] = ("POST", "altruists/{altruist}/drain", For.Owners),
        ["resumeAltruist"] = ("POST", "altruists/{altruist}/resume", For.Owners),
        ["retireAltruist"] = ("DELETE", "altruists/{altruist}", For.Owners),
        ["listPortals"] = ("GET", "portals", For.Staff),
        ["getPortal"] = ("GET", "portals/test", For.Staff),
        ["putPortal"] = ("PUT", "portals/another", For.Staff),
        ["retirePortal"] = ("DELETE", "portals/another", For.Staff),
        ["getPortalExposure"] = ("GET", "portals/test/exposure", For.Staff),
        ["addRelayReport"] = ("POST", "relay-reports", For.Portal),
        ["getRelayReports"] = ("GET", "relay-reports", For.Keys),
        ["getSelection"] = ("GET", "selections/0021?region=us-east", For.Portals),
        ["getSelections"] = ("GET", "selections?region=us-east", For.Portals),
        ["streamSelections"] = ("GET", "selections/stream?region=us-east", For.Portals),
        ["listDecisions"] = ("GET", "decisions", For.Everybody),
        ["getDecision"] = ("GET", "decisions/x", For.Everybody),
        ["getLogHead"] = ("GET", "transparency/head", For.Everybody),
        ["listLogEntries"] = ("GET", "transparency/entries", For.Everybody),
        ["getLogEntry"] = ("GET", "transparency/entries/1", For.Everybody),
        ["getLogEntryHeader"] = ("GET", "transparency/entries/1/header", For.Everybody),
        ["getLogKeys"] = ("GET", "transparency/key", For.Everybody),
        ["listOverrides"] = ("GET", "overrides", For.Staff),
        ["addOverride"] = ("POST", "overrides", For.Staff),
        ["deleteOverride"] = ("DELETE", "overrides/x", For.Staff),
        ["listHolds"] = ("GET", "holds", For.Staff),
        ["addHold"] = ("POST", "holds", For.Staff),
        ["deleteHold"] = ("DELETE", "holds/x", For.Staff),
        ["runRound"] = ("POST", "rounds", For.Staff),
        ["listPublishers"] = ("GET", "publishers", For.Staff),
        ["getCatalogue"] = ("GET", "publishers/x/catalogue", For.Everybody),
        ["listAudit"] = ("GET", "audit", For.Providers),
    };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private IEnumerable<RouteEndpoint> Endpoints => app.Services.GetServices<EndpointDataSource>().SelectMany(source => source.Endpoints).OfType<RouteEndpoint>();

    [Fact]
    public void Every_call_of_the_api_is_in_the_table()
    {
        var calls = Endpoints.Where(endpoint => endpoint.RoutePattern.RawText!.TrimStart('/').StartsWith("api/", StringComparison.Ordinal))
            .Select(endpoint => endpoint.Metadata.GetMetadata<IEndpointNameMetadata>()?.EndpointName ?? endpoint.RoutePattern.RawText!).Distinct().Order();
        Assert.Equal(Table.Keys.Order(), calls);
    }

    [Fact]
    public void Every_endpoint_of_any_kind_has_a_policy_or_says_that_it_is_for_everybody() =>
        Assert.Empty(Endpoints.Where(endpoint => endpoint.Metadata.GetMetadata<IAuthorizeData>() is null && endpoint.Metadata.GetMetadata<IAllowAnonymous>() is null).Select(endpoint => endpoint.DisplayName));

    [Fact]
    public async Task Every_call_lets_in_whom_the_table_says_and_nobody_else()
    {
        await PutAsync("regions/us-east", new { });
        await PutAsync("chains/0021", new { protocol = "evm", identity = "1" });
        await PutAsync("providers/owner", new { });
        await PutAsync("providers/other", new { });
        (For Who, HttpClient Client)[] actors =
            [(For.Anonymous, app.Anonymous), (For.Portal, app.Portal), (For.OtherProvider, app.Provider("other")), (For.Owner, app.Provider("owner")), (For.Staff, app.Staff)];
        var wrong = new List<string>();
        foreach (var (call, (method, path, whom)) in Table)
        {
            var altruist = path.Contains("{altruist}", StringComparison.Ordinal) ? await AddAsync(call) : "";
            // The refused first: whoever is let in may take the object away.
            foreach (var (who, client) in actors)
            {
                var status = await AskAsync(client, method, $"/api/v1/{path.Replace("{altruist}", altruist, StringComparison.Ordinal)}");
                var expected = whom.HasFlag(who) ? "let in" : who is For.Anonymous ? "401" : "403";
                var told = status switch
                {
                    HttpStatusCode.Unauthorized => "401",
                    HttpStatusCode.Forbidden => "403",
                    < HttpStatusCode.InternalServerError or HttpStatusCode.ServiceUnavailable => "let in",
                    _ => $"{(int)status}",
                };
                if (told != expected)
                    wrong.Add($"{call} for {who}: {expected} expected, but {told} ({(int)status})");
            }
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public async Task What_is_refused_is_not_done()
    {
        await PutAsync("chains/0021", new { protocol = "evm", identity = "1" });
        await PutAsync("providers/owner", new { name = "Owner" });
        var altruist = await AddAsync("refused");
        var before = (await app.Staff.GetJsonAsync($"/api/v1/altruists/{altruist}", Cancellation)).GetProperty("label").GetString();
        foreach (var client in new[] { app.Anonymous, app.Portal, app.Provider("other") })
        {
            await client.PatchAsJsonAsync($"/api/v1/altruists/{altruist}", new { label = "taken over" }, Cancellation);
            await client.PostAsJsonAsync($"/api/v1/altruists/{altruist}/drain", new { reason = "taken over" }, Cancellation);
            await client.DeleteAsync($"/api/v1/altruists/{altruist}", Cancellation);
            await client.PutAsJsonAsync("/api/v1/providers/owner", new { name = "Taken over" }, Cancellation);
        }

        var after = await app.Staff.GetJsonAsync($"/api/v1/altruists/{altruist}", Cancellation);
        Assert.Equal((before, 0), (after.GetProperty("label").GetString(), after.GetProperty("drains").GetArrayLength()));
        Assert.Equal("Owner", (await app.Staff.GetJsonAsync("/api/v1/providers/owner", Cancellation)).GetProperty("name").GetString());
    }

    private static async Task<HttpStatusCode> AskAsync(HttpClient client, string method, string path)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (method is "PUT" or "PATCH" or "POST")
            request.Content = JsonContent.Create(new { });
        // A stream never ends by itself.
        using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
        return answer.StatusCode;
    }

    private async Task PutAsync(string path, object body) => await (await app.Staff.PutAsJsonAsync($"/api/v1/{path}", body, Cancellation)).ReadJsonAsync(Cancellation);

    private async Task<string> AddAsync(string name)
    {
        var made = await app.Staff.PostAsJsonAsync("/api/v1/altruists", new { provider = "owner", chains = new[] { "0021" }, url = $"http://127.0.0.1:9/{name}" }, Cancellation);
        return (await made.ReadJsonAsync(Cancellation)).GetProperty("id").GetString()!;
    }
}
