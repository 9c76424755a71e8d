using System.Collections.Concurrent;
using System.Text.Json;

namespace AltruistManager.Web.Tests.Api;

/// <summary>From a claim to proven control, with a real host that shows what it is asked to.</summary>
public sealed class ProofApiTests(AppFixture app) : IClassFixture<AppFixture>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task File_on_its_host_proves_control_and_nothing_else_does()
    {
        await using var host = await Host.StartAsync();
        var id = await AddUnprovenAsync("proving", host.Url);
        var before = await app.Staff.GetJsonAsync($"/api/v1/altruists/{id}", Cancellation);
        Assert.Equal((false, JsonValueKind.Null), (before.GetProperty("attested").GetBoolean(), before.GetProperty("control").ValueKind));

        var started = await ProveAsync("proving", id, check: false);
        var place = started.GetProperty("places")[0];
        var (file, content) = (new Uri(place.GetProperty("fileUrl").GetString()!), started.GetProperty("content").GetString()!);
        Assert.Equal((new Uri(host.Url).Authority, JsonValueKind.Null), (place.GetProperty("host").GetString(), place.GetProperty("dnsName").ValueKind));
        Assert.StartsWith("/.well-known/altruist-manager/", file.AbsolutePath, StringComparison.Ordinal);

        foreach (var (answer, says) in new (Func<HttpContext, Task>, string)[]
        {
            (context => Task.FromResult(context.Response.StatusCode = 404), "the host answers 404"),
            (context => context.Response.WriteAsync(context.Request.Path), "the file holds something else"),
            (context => context.Response.WriteAsync(content + new string('x', 10_000)), "the file holds something else"),
            (context => Task.Run(() => context.Response.Redirect("/elsewhere")), "the host answers 302"),
        })
        {
            host.Answer = answer;
            var looked = await ProveAsync("proving", id, check: true);
            Assert.Equal((false, says), (looked.GetProperty("proven").GetBoolean(), looked.GetProperty("places")[0].GetProperty("file").GetString()));
            Assert.Equal(content, looked.GetProperty("content").GetString());
        }

        host.Answer = context => context.Request.Path == file.AbsolutePath ? context.Response.WriteAsync($"{content}\n") : Task.FromResult(context.Response.StatusCode = 404);
        var proven = await ProveAsync("proving", id, check: true);
        Assert.Equal((true, "well-known"), (proven.GetProperty("proven").GetBoolean(), proven.GetProperty("by").GetString()));
        Assert.Equal("well-known", (await app.Anonymous.GetJsonAsync($"/api/v1/altruists/{id}", Cancellation)).GetProperty("control").GetString());
        Assert.NotEmpty(host.Seen);
        Assert.DoesNotContain(host.Seen, headers => headers.Contains("Authorization"));
    }

    [Fact]
    public async Task Host_that_is_not_there_is_told_and_nobody_else_may_ask()
    {
        var id = await AddUnprovenAsync("absent", "http://127.0.0.1:9");
        var looked = await ProveAsync("absent", id, check: true);
        Assert.Equal("the connection was refused", looked.GetProperty("places")[0].GetProperty("file").GetString());
        foreach (var (client, status) in new[] { (app.Anonymous, 401), (app.Portal, 403), (app.Provider("somebody-else"), 403) })
            Assert.Equal(status, (await (await client.PostAsync($"/api/v1/altruists/{id}/proof", null, Cancellation)).ReadProblemAsync(Cancellation)).Status);
        Assert.Equal(404, (await (await app.Staff.PostAsync("/api/v1/altruists/nobody/proof", null, Cancellation)).ReadProblemAsync(Cancellation)).Status);
    }

    [Fact]
    public async Task Draft_keeps_its_url_and_is_enabled_when_it_is_right()
    {
        var id = await AddUnprovenAsync("drafting", "http://127.0.0.1:9/draft", enabled: false);
        var draft = await app.Provider("drafting").GetJsonAsync($"/api/v1/altruists/{id}", Cancellation);
        Assert.Equal(("disabled", "a draft, or switched off by its owner or staff"), (draft.GetProperty("state").GetString(), draft.GetProperty("reason").GetString()));
        var test = await (await app.Provider("drafting").PostAsync($"/api/v1/altruists/{id}/test", null, Cancellation)).ReadJsonAsync(Cancellation);
        Assert.False(test.GetProperty("passed").GetBoolean());
        var enabled = await (await app.Provider("drafting").PatchAsJsonAsync($"/api/v1/altruists/{id}", new { enabled = true }, Cancellation)).ReadJsonAsync(Cancellation);
        Assert.Equal("unknown", enabled.GetProperty("state").GetString());
    }

    private async Task<JsonElement> ProveAsync(string provider, string id, bool check) =>
        await (await app.Provider(provider).PostAsync($"/api/v1/altruists/{id}/proof{(check ? "?check=true" : "")}", null, Cancellation)).ReadJsonAsync(Cancellation);

    /// <summary>At an address that only staff may set; whose it is they do not say.</summary>
    private async Task<string> AddUnprovenAsync(string provider, string url, bool enabled = true)
    {
        await (await app.Staff.PutAsJsonAsync("/api/v1/chains/0021", new { protocol = "evm", identity = "1" }, Cancellation)).ReadJsonAsync(Cancellation);
        await (await app.Staff.PutAsJsonAsync($"/api/v1/providers/{provider}", new { }, Cancellation)).ReadJsonAsync(Cancellation);
        var made = await (await app.Staff.PostAsJsonAsync("/api/v1/altruists", new { provider, chains = new[] { "0021" }, url, enabled, auth = new { type = "bearer", token = "its-own" } }, Cancellation)).ReadJsonAsync(Cancellation);
        var id = made.GetProperty("id").GetString()!;
        await (await app.Staff.PatchAsJsonAsync($"/api/v1/altruists/{id}", new { attested = false }, Cancellation)).ReadJsonAsync(Cancellation);
        return id;
    }

    private sealed class Host : IAsyncDisposable
    {
        private readonly WebApplication app;

        private Host(WebApplication app) => this.app = app;

        public string Url => app.Urls.Single();

        public Func<HttpContext, Task> Answer { get; set; } = _ => Task.CompletedTask;

        /// <summary>The names of the headers of each request; the headers themselves are gone with it.</summary>
        public ConcurrentQueue<IReadOnlySet<string>> Seen { get; } = new();

        public static async Task<Host> StartAsync()
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            var host = new Host(builder.Build());
            host.app.Run(async context =>
            {
                if (context.Request.Path.StartsWithSegments("/.well-known", StringComparison.Ordinal))
                {
                    host.Seen.Enqueue(context.Request.Headers.Keys.ToHashSet(StringComparer.OrdinalIgnoreCase));
                    await host.Answer(context);
                }
            });
            await host.app.StartAsync(Cancellation);
            return host;
        }

        public async ValueTask DisposeAsync()
        {
            await app.StopAsync(CancellationToken.None);
            await app.DisposeAsync();
        }
    }
}
