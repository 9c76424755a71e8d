using System.Diagnostics;
using System.Net;
using System.Text.RegularExpressions;

namespace AltruistManager.Web.Tests.EndToEnd;

/// <summary><c>samples/Portal</c> as whoever copies it runs it: a process of its own with the real service.</summary>
[Collection(EndToEndCollection.Name)]
public sealed partial class SamplePortalTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Users_are_answered_by_any_name_of_a_chain_also_when_the_manager_is_killed_and_after_a_cold_start()
    {
        await using var scene = await PortalScene.StartAsync();
        using (var portal = await StartAsync(scene))
        {
            // It waits for its first picks, and for another name of a chain, some seconds at most.
            await Eventually.BeTrueAsync("it has picks", async () => await SendAsync(portal, HttpMethod.Get, "healthz") == (HttpStatusCode.OK, "Healthy"));
            await AnswersAsync(portal, PortalScene.Chain);
            await Eventually.BeTrueAsync("the chain is known by its other name", async () => (await SendAsync(portal, HttpMethod.Post, "v1/eth")).Status == HttpStatusCode.OK);
            await AnswersAsync(portal, "eth");
            var (status, problem) = await SendAsync(portal, HttpMethod.Post, "v1/nonsense");
            Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
            Assert.Contains("urn:altruist-manager:problem:no-altruist", problem);

            scene.Service.Kill();
            await AnswersAsync(portal, "eth");
            Assert.DoesNotContain(scene.Service.PortalKey, portal.Output);
        }

        using var cold = await StartAsync(scene);
        await AnswersAsync(cold, "eth");
        Assert.Equal((HttpStatusCode.OK, "Degraded"), await SendAsync(cold, HttpMethod.Get, "healthz"));
    }

    private static async Task AnswersAsync(ChildProcess portal, string chain)
    {
        var (status, answer) = await SendAsync(portal, HttpMethod.Post, $"v1/{chain}");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Matches(@"""result"":\s*""0x[0-9a-f]+""", answer);
    }

    private static async Task<(HttpStatusCode Status, string Body)> SendAsync(ChildProcess portal, HttpMethod method, string path)
    {
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{portal.Port}") };
        using var request = new HttpRequestMessage(method, path);
        if (method == HttpMethod.Post)
            request.Content = new StringContent("""{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber","params":[]}""", null, "application/json");
        using var answer = await http.SendAsync(request, Cancellation);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(Cancellation));
    }

    private static Task<ChildProcess> StartAsync(PortalScene scene)
    {
        var start = new ProcessStartInfo("dotnet") { WorkingDirectory = scene.Folder };
        foreach (var argument in (string[])["exec", Checkout.SamplePortal, "--urls", "http://127.0.0.1:0", "--Manager", scene.Service.Address.ToString(), "--Key", scene.Service.PortalKey, "--Region", PortalScene.Region])
            start.ArgumentList.Add(argument);
        return ChildProcess.StartAsync(start, Listening());
    }

    [GeneratedRegex(@"Now listening on: http://127\.0\.0\.1:(\d+)")]
    private static partial Regex Listening();
}
