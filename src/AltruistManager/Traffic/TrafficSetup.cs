using AltruistManager.Scheduling;
using Microsoft.Extensions.DependencyInjection;

namespace AltruistManager.Traffic;

public static class TrafficSetup
{
    public static IServiceCollection AddTraffic(this IServiceCollection services)
    {
        services.AddSingleton<PortalPollStore>();
        services.AddSingleton<PortalPolls>();
        services.AddSingleton<LettingGo>();
        services.AddJob<PortalPollJob>(PortalPollJob.Name, _ => new JobSchedule(TimeSpan.FromMinutes(1), TimeSpan.Zero));
        services.AddJob<LettingGoJob>(LettingGoJob.Name, _ => new JobSchedule(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(5)));
        return services;
    }
}
