using AltruistManager.Altruists;
using AltruistManager.Probing;
using Microsoft.Extensions.DependencyInjection;

namespace AltruistManager.Health;

public static class HealthSetup
{
    public static IServiceCollection AddHealth(this IServiceCollection services)
    {
        services.AddSingleton<HealthBoard>();
        services.AddSingleton<HealthStore>();
        services.AddSingleton<IHealthHeritage>(provider => provider.GetRequiredService<HealthStore>());
        services.AddSingleton<HealthMonitor>();
        services.AddSingleton<IProbeObserver>(provider => provider.GetRequiredService<HealthMonitor>());
        services.AddSingleton<IProbeDemand>(provider => provider.GetRequiredService<HealthMonitor>());
        return services;
    }
}
