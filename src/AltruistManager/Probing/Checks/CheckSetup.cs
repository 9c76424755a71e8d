using AltruistManager.Scheduling;
using Microsoft.Extensions.DependencyInjection;

namespace AltruistManager.Probing.Checks;

internal static class CheckSetup
{
    /// <summary>One line per check, in the order in which they run and are shown. The head comes first: what follows needs it.</summary>
    public static IServiceCollection AddChecks(this IServiceCollection services)
    {
        services.AddSingleton<ICheck, HeightCheck>();
        services.AddSingleton<ICheck, IdentityCheck>();
        services.AddSingleton<ICheck, DataIntegrityCheck>();
        services.AddSingleton<ICheck, HeadAgeCheck>();
        services.AddSingleton<ICheck, LatencyCheck>();
        foreach (var capability in CapabilityCheck.Provable)
            services.AddSingleton<ICheck>(new CapabilityCheck(capability));
        services.AddSingleton<ICheck, WebsocketCheck>();
        services.AddSingleton<ICheck, CertificateCheck>();
        services.AddSingleton<ICheck, ConsistencyCheck>();

        services.AddSingleton<CheckList>();
        services.AddSingleton<CheckStore>();
        services.AddSingleton<CheckBook>();
        services.AddSingleton<CheckRunner>();
        services.AddSingleton<CheckWatch>();
        services.AddJob<CheckJob>(CheckJob.Name, _ => new JobSchedule(TimeSpan.FromSeconds(1), TimeSpan.Zero));
        return services;
    }
}
