using AltruistManager.Scheduling;
using AltruistManager.Selection;
using Microsoft.Extensions.DependencyInjection;

namespace AltruistManager.Transparency;

public static class TransparencySetup
{
    public static IServiceCollection AddTransparency(this IServiceCollection services)
    {
        services.AddSingleton<EntryStore>();
        services.AddSingleton<LogSigner>();
        services.AddSingleton<IEntryLog, EntryLog>();
        services.AddSingleton<PublicLog>();
        services.AddJob<LogTidyJob>(LogTidyJob.Name, _ => new JobSchedule(TimeSpan.FromHours(1), TimeSpan.FromMinutes(11)));
        return services;
    }
}
