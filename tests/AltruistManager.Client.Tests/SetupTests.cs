using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AltruistManager.Client.Tests;

/// <summary>The client in a host, with real connections.</summary>
public sealed class SetupTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task One_line_gives_a_portal_client_handler_and_health_check_and_no_log_tells_a_secret()
    {
        await using var altruist = await ServeAsync(app => app.Run(context => context.Response.WriteAsync($"{context.Request.Headers["X-Key"]} {context.Request.Path}")));
        var slot = Told.Slot("0021", 5, [Told.Altruist("a", 100, $"{altruist.Urls.Single()}/secret-path", new() { ["type"] = "header", ["name"] = "X-Key", ["value"] = "secret-value" })], [], timeoutMs: 60_000);
        var body = Told.Body(5, slot);
        await using var manager = await ServeAsync(app => app.Map("/api/v1/selections", selections => selections.Run(context => context.Response.Body.WriteAsync(body, Cancellation).AsTask())));

        var log = new LinesLogger();
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Trace).AddProvider(new OneLogger(log));
        builder.Services.AddAltruistManager(options =>
        {
            options.Managers.Add(new Uri(manager.Urls.Single()));
            options.Key = "am_secret-key";
            options.Stream = false;
            options.StartTimeout = TimeSpan.FromMinutes(1);
        });
        using var host = builder.Build();
        await host.StartAsync(Cancellation);

        var http = host.Services.GetRequiredService<IHttpClientFactory>().CreateClient(AltruistManagerSetup.HttpClientName);
        using (var answer = await http.SendAsync(new AltruistRequest("0021", new StringContent("x")), Cancellation))
            Assert.Equal("secret-value /secret-path", await answer.Content.ReadAsStringAsync(Cancellation));
        Assert.Equal(HealthStatus.Healthy, (await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(Cancellation)).Entries["altruist-manager"].Status);

        await altruist.StopAsync(Cancellation);
        await Assert.ThrowsAsync<HttpRequestException>(() => http.SendAsync(new AltruistRequest("0021", new StringContent("x")), Cancellation));
        await host.StopAsync(Cancellation);
        Assert.Contains(log.Lines, line => line.Contains("Application started", StringComparison.Ordinal));
        Assert.DoesNotContain(log.Lines, line => line.Contains("secret", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Health_is_bad_without_picks_and_the_host_starts_all_the_same()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddAltruistManager(options =>
        {
            options.Managers.Add(new Uri("http://127.0.0.1:1"));
            options.StartTimeout = TimeSpan.FromMilliseconds(100);
        });
        using var host = builder.Build();
        await host.StartAsync(Cancellation);
        Assert.Equal(HealthStatus.Unhealthy, (await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(Cancellation)).Status);
        await host.StopAsync(Cancellation);
    }

    [Fact]
    public async Task Health_is_degraded_while_the_last_good_picks_are_stale()
    {
        await using var portal = new Portal();
        portal.First.Body = Told.Body(5, Told.Slot("0021", 5, "a"));
        await portal.StartAsync();
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddAltruistManager(options =>
        {
            options.Managers.Add(new Uri("http://127.0.0.1:1"));
            options.LastGoodFile = portal.File;
        });
        using var host = builder.Build();
        await host.StartAsync(Cancellation);
        var health = (await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(Cancellation)).Entries["altruist-manager"];
        Assert.Equal((HealthStatus.Degraded, true), (health.Status, health.Description!.Contains("us-east of one at 5", StringComparison.Ordinal)));
        await host.StopAsync(Cancellation);
    }

    [Fact]
    public async Task Bad_options_stop_the_start_and_are_all_named()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddAltruistManager(options => options.Attempts = 99);
        using var host = builder.Build();
        var refused = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync(Cancellation));
        Assert.Equal(2, refused.Failures.Count());
    }

    private static async Task<WebApplication> ServeAsync(Action<WebApplication> map)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        map(app);
        await app.StartAsync(Cancellation);
        return app;
    }

    private sealed class OneLogger(ILogger logger) : ILoggerProvider
    {
        public ILogger CreateLogger(string categoryName) => logger;

        public void Dispose()
        {
        }
    }
}
