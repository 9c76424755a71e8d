using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AltruistManager.Client;

/// <summary>Registers the client with a host.</summary>
public static class AltruistManagerSetup
{
    /// <summary>Name of the HTTP client that sends to altruists, for <c>IHttpClientFactory</c>.</summary>
    public const string HttpClientName = "altruists";

    /// <summary>
    /// Adds <see cref="AltruistManagerClient"/>, which starts and stops with the host, an HTTP client named <see cref="HttpClientName"/> that sends to altruists and logs nothing, and the health check
    /// <c>altruist-manager</c>: degraded while picks are stale, unhealthy while there are none. Bad options stop the start and are all named.
    /// </summary>
    /// <param name="services">Of the host.</param>
    /// <param name="configure">Names at least one manager.</param>
    /// <returns>The HTTP client, to be changed further.</returns>
    public static IHttpClientBuilder AddAltruistManager(this IServiceCollection services, Action<AltruistManagerOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        services.AddOptions<AltruistManagerOptions>().Configure(configure).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<AltruistManagerOptions>, AltruistManagerOptions.Validator>());
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(static provider => new AltruistManagerClient(
            provider.GetRequiredService<IOptions<AltruistManagerOptions>>().Value,
            provider.GetService<ILogger<AltruistManagerClient>>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetService<ISelectionJudge>()));
        services.AddHostedService(static provider => provider.GetRequiredService<AltruistManagerClient>());
        services.AddHealthChecks().Add(new HealthCheckRegistration(
            "altruist-manager", static provider => new Health(provider.GetRequiredService<AltruistManagerClient>()), HealthStatus.Unhealthy, []));
        // The default logs of the factory tell URLs, which hold secrets. Connections follow DNS by themselves, so the handler may live for ever.
        return services.AddHttpClient(HttpClientName, static client => client.Timeout = Timeout.InfiniteTimeSpan)
            .RemoveAllLoggers()
            .SetHandlerLifetime(Timeout.InfiniteTimeSpan)
            .ConfigurePrimaryHttpMessageHandler(AltruistHandler.CreateTransport)
            .AddHttpMessageHandler(static provider => new AltruistHandler(provider.GetRequiredService<AltruistManagerClient>()));
    }

    private sealed class Health(AltruistManagerClient client) : IHealthCheck
    {
        public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) => Task.FromResult(client.State switch
        {
            ClientState.Fresh => HealthCheckResult.Healthy($"picks of {client.Selections}"),
            ClientState.Stale => HealthCheckResult.Degraded($"no manager is heard; the last good picks are in use: {client.Selections}"),
            _ => HealthCheckResult.Unhealthy("there are no picks yet"),
        });
    }
}
