using System.Net;
using AltruistManager.Probing;
using AltruistManager.Scheduling;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AltruistManager.Publishing;

public static class PublishingSetup
{
    /// <summary>Runs the configured publishers over an <see cref="IPickSource"/> and an <see cref="IPublisherMemory"/>: the manager's own, unless others were added before.</summary>
    public static IServiceCollection AddPublishing(this IServiceCollection services)
    {
        services.TryAddSingleton<IPickSource, SnapshotSource>();
        services.TryAddSingleton<IPublisherMemory, PublisherStore>();
        services.TryAddSingleton(_ => SchedulingGate.AlwaysOpen());
        services.TryAddSingleton(_ => new NameResolver(Dns.GetHostAddresses));
        services.TryAddSingleton<EgressProof>();
        services.TryAddSingleton<GuardedHttp>();
        services.AddSingleton<PublisherHttp>();
        services.AddSingleton(provider => new PublisherHost(
            provider.GetRequiredService<IReadOnlyList<PublisherOptions>>(),
            provider.GetRequiredService<IPickSource>(),
            provider.GetRequiredService<IPublisherMemory>(),
            provider.GetRequiredService<PublisherHttp>(),
            provider.GetRequiredService<SchedulingGate>(),
            provider.GetRequiredService<IOptions<PublishingOptions>>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILoggerFactory>()));
        services.AddHostedService(static provider => provider.GetRequiredService<PublisherHost>());
        return services;
    }
}
