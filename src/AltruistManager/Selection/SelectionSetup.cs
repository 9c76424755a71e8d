using AltruistManager.Health;
using AltruistManager.Probing;
using AltruistManager.Scheduling;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace AltruistManager.Selection;

public static class SelectionSetup
{
    public static IServiceCollection AddSelection(this IServiceCollection services)
    {
        services.AddSingleton<SelectionStore>();
        services.AddSingleton<OverrideStore>();
        services.AddSingleton<HoldStore>();
        services.AddSingleton<OrderRegistry>();
        services.AddSingleton<SnapshotHolder>();
        services.AddSingleton<LastGoodFile>();
        services.AddSingleton<DecisionLog>();
        services.AddSingleton<StandingReader>();
        services.AddSingleton<SelectionRound>();
        services.AddSingleton<IVerdictObserver>(provider => provider.GetRequiredService<SelectionRound>());
        services.AddSingleton<IHotAltruists, HotAltruists>();
        services.AddHostedService<LastGoodKeeper>();
        services.AddJob<SelectionJob>(
            SelectionJob.Name, provider => new JobSchedule(provider.GetRequiredService<IOptions<SelectionOptions>>().Value.Interval, TimeSpan.Zero, OnTheClock: true));
        services.AddSingleton<LookAhead>();
        services.AddJob<LookAheadJob>(LookAheadJob.Name, provider =>
        {
            var options = provider.GetRequiredService<IOptions<SelectionOptions>>().Value;
            return new JobSchedule(options.Interval, options.Interval - LookAhead.LeadOf(options), OnTheClock: true);
        });
        services.AddJob<SettleJob>(SettleJob.Name, _ => new JobSchedule(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1)));
        return services;
    }
}
