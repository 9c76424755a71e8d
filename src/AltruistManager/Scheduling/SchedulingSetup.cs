using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Quartz;

namespace AltruistManager.Scheduling;

public static class SchedulingSetup
{
    /// <summary>
    /// Adds the scheduler. It starts where this call stands among the hosted services: call it after the one that migrates the
    /// database and loads the state. Where that may take longer than the start, register a <see cref="SchedulingGate"/> before and open it then.
    /// </summary>
    public static IServiceCollection AddScheduling(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(_ => SchedulingGate.AlwaysOpen());
        services.AddSingleton<JobTable>();
        services.AddSingleton(provider => new JobWaker(provider.GetRequiredService<JobTable>()));
        services.AddSingleton(provider => new JobTimes(provider.GetRequiredService<JobTable>()));
        services.AddQuartz(quartz =>
        {
            quartz.UseInMemoryStore(store => store.MaxConsecutiveFireFailures = 0);
            quartz.UseDefaultThreadPool(16);
            quartz.ConfigureScheduler(scheduler =>
            {
                scheduler.InstanceName = "altruist-manager";
                scheduler.ShutdownJobInterruption = ShutdownJobInterruption.Always;
            });
        });
        services.AddHostedService<SchedulerHost>();
        return services;
    }

    /// <summary>
    /// Registers a job under its name: <c>services.AddJob&lt;TidyJob&gt;("tidy", _ => new(TimeSpan.FromHours(1), TimeSpan.FromMinutes(1)))</c>.
    /// Its runs never overlap; what it throws is logged, and its schedule goes on.
    /// </summary>
    /// <param name="schedule">Asked once, when the jobs are first needed.</param>
    public static IServiceCollection AddJob<TJob>(this IServiceCollection services, string name, Func<IServiceProvider, JobSchedule> schedule)
        where TJob : class, IJob
    {
        services.TryAddTransient<TJob>();
        services.TryAddTransient<ScheduledRun<TJob>>();
        services.AddSingleton(new JobRegistration(name, typeof(ScheduledRun<TJob>), schedule));
        return services;
    }
}
