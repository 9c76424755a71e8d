using AltruistManager.Scheduling;
using Microsoft.Extensions.DependencyInjection;

namespace AltruistManager.Alerts;

public static class AlertsSetup
{
    public static IServiceCollection AddAlerts(this IServiceCollection services)
    {
        services.AddSingleton<AcknowledgementStore>();
        services.AddSingleton<AttentionDesk>();
        services.AddJob<AttentionJob>(AttentionJob.Name, _ => new JobSchedule(TimeSpan.FromSeconds(5), TimeSpan.Zero));
        return services;
    }
}
