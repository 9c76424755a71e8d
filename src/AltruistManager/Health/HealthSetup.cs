using AltruistManager.Accounts;
using AltruistManager.Altruists;
using AltruistManager.Probing;
using AltruistManager.Probing.Checks;
using AltruistManager.Scheduling;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace AltruistManager.Health;

public static class HealthSetup
{
    public static IServiceCollection AddHealth(this IServiceCollection services)
    {
        services.AddSingleton<HealthBoard>();
        services.AddSingleton<HealthStore>();
        services.AddSingleton<Preservation>();
        services.AddSingleton<IHealthHeritage>(provider => provider.GetRequiredService<HealthStore>());
        services.AddSingleton<HealthMonitor>();
        services.AddSingleton<IProbeObserver>(provider => provider.GetRequiredService<HealthMonitor>());
        services.AddSingleton<ICheckObserver>(provider => provider.GetRequiredService<HealthMonitor>());
        services.AddSingleton<IProbeDemand>(provider => provider.GetRequiredService<HealthMonitor>());
        services.AddSingleton<TrialStore>();
        services.AddSingleton<TrialMonitor>();
        services.AddSingleton<ITrials>(provider => provider.GetRequiredService<TrialMonitor>());
        services.AddSingleton(provider => new CredentialRotation(
            provider.GetRequiredService<AltruistRegistry>(),
            provider.GetRequiredService<HealthMonitor>(),
            provider.GetRequiredService<ProbeStarter>(),
            provider.GetRequiredService<IOptions<ProbingOptions>>(),
            provider.GetRequiredService<RefusalLog>(),
            provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new CheckReports(
            provider.GetRequiredService<CheckList>(),
            provider.GetRequiredService<CheckBook>(),
            provider.GetRequiredService<HealthMonitor>(),
            provider.GetRequiredService<HealthBoard>(),
            provider.GetRequiredService<ProbeStarter>()));
        services.AddSingleton(provider => new AltruistTest(
            provider.GetRequiredService<HealthMonitor>(),
            provider.GetRequiredService<HealthBoard>(),
            provider.GetRequiredService<ProbeStarter>(),
            provider.GetRequiredService<CheckList>(),
            provider.GetRequiredService<CheckRunner>(),
            provider.GetRequiredService<CheckWatch>(),
            provider.GetRequiredService<ProbeDelivery>(),
            provider.GetRequiredService<IOptions<ProbingOptions>>(),
            provider.GetRequiredService<AltruistRegistry>(),
            provider.GetRequiredService<AuditStore>(),
            provider.GetRequiredService<RefusalLog>(),
            provider.GetRequiredService<TimeProvider>()));
        services.AddJob<EvidenceTidyJob>(EvidenceTidyJob.Name, _ => new JobSchedule(TimeSpan.FromHours(1), TimeSpan.FromMinutes(7)));
        return services;
    }
}
