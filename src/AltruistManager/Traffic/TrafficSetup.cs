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
        services.AddSingleton<EndpointUptake>();
        services.AddSingleton<PortalStore>();
        services.AddSingleton<PortalBook>();
        services.AddSingleton<PortalExposureStore>();
        services.AddSingleton<PortalExposures>();
        services.AddSingleton<RelayReportStore>();
        services.AddSingleton<Complaints>();
        services.AddSingleton<RelayReports>();
        services.AddSingleton<ReportReader>();
        services.AddJob<PortalPollJob>(PortalPollJob.Name, _ => new JobSchedule(TimeSpan.FromMinutes(1), TimeSpan.Zero));
        services.AddJob<KeyUseJob>(KeyUseJob.Name, _ => new JobSchedule(TimeSpan.FromMinutes(1), TimeSpan.Zero));
        services.AddJob<LettingGoJob>(LettingGoJob.Name, _ => new JobSchedule(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(5)));
        services.AddJob<ComplaintJob>(ComplaintJob.Name, _ => JobSchedule.OnlyWhenWoken);
        services.AddJob<ReportTidyJob>(ReportTidyJob.Name, _ => new JobSchedule(TimeSpan.FromHours(1), TimeSpan.FromMinutes(11)));
        return services;
    }
}
