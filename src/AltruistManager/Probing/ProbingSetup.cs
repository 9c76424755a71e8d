using System.Net;
using AltruistManager.Accounts;
using AltruistManager.Altruists;
using AltruistManager.Chains.Protocols;
using AltruistManager.Probing.Checks;
using AltruistManager.Scheduling;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AltruistManager.Probing;

public static class ProbingSetup
{
    /// <summary>Adds the lanes and their jobs; <see cref="ProbingOptions"/> are bound by the caller.</summary>
    public static IServiceCollection AddProbing(this IServiceCollection services)
    {
        services.AddChainProtocols();
        services.TryAddSingleton<IProbeObserver, Unwired>();
        services.TryAddSingleton<IHotAltruists, Unwired>();
        services.TryAddSingleton<IProbeDemand, Unwired>();
        services.TryAddSingleton<ITrials, Unwired>();
        services.TryAddSingleton<ICheckObserver, Unwired>();

        services.AddSingleton(_ => new NameResolver(Dns.GetHostAddresses));
        services.AddSingleton<EgressProof>();
        services.AddSingleton<BrokenProbes>();
        services.AddSingleton<GuardedHttp>();
        services.AddChecks();
        services.AddSingleton<Prober>();
        services.AddSingleton<ProbeStore>();
        services.AddSingleton<ProbeWork>();
        services.AddSingleton<ProbeDelivery>();
        services.AddSingleton<ProbeStarter>();
        services.AddSingleton<Canaries>();
        services.AddSingleton<CloseWatch>();
        services.AddSingleton<TrialWatch>();
        services.AddSingleton<IPickProbes>(provider => new PickProbes(
            new Lazy<ProbeStarter>(provider.GetRequiredService<ProbeStarter>),
            new Lazy<ProbeDelivery>(provider.GetRequiredService<ProbeDelivery>),
            provider.GetRequiredService<ProbeWork>(),
            provider.GetRequiredService<IOptions<ProbingOptions>>(),
            provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new Sweeper(
            provider.GetRequiredService<RosterCache>(),
            provider.GetRequiredService<ProbeStarter>(),
            provider.GetRequiredService<ProbeDelivery>(),
            provider.GetRequiredService<IProbeDemand>(),
            provider.GetRequiredService<ProbeWork>(),
            provider.GetRequiredService<IOptions<ProbingOptions>>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<Sweeper>>()));

        services.AddSingleton(provider => new ProbeBudget(
            provider.GetRequiredService<ProbeStore>(),
            provider.GetRequiredService<CheckList>(),
            provider.GetRequiredService<ProbeStarter>(),
            provider.GetRequiredService<IHotAltruists>(),
            provider.GetRequiredService<IOptions<ProbingOptions>>(),
            provider.GetRequiredService<TimeProvider>()));

        services.AddSingleton(provider => new TxtResolver(TxtResolver.OfSystem, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new ControlProver(
            provider.GetRequiredService<GuardedHttp>(),
            provider.GetRequiredService<TxtResolver>(),
            provider.GetRequiredService<ControlStore>(),
            provider.GetRequiredService<AltruistRegistry>(),
            provider.GetRequiredService<RosterCache>(),
            provider.GetRequiredService<RefusalLog>(),
            provider.GetRequiredService<IOptions<ProbingOptions>>(),
            provider.GetRequiredService<TimeProvider>()));

        services.AddHostedService<ProbingHost>();
        services.AddJob<SweepJob>(SweepJob.Name, provider => Every(provider, options => ProbeTicks.Of(options.Interval)));
        services.AddJob<HotProbeJob>(HotProbeJob.Name, provider => Every(provider, options => ProbeTicks.OfHot(options.HotInterval)));
        services.AddJob<RetryProbeJob>(RetryProbeJob.Name, provider => Every(provider, options => ProbeTicks.Of(options.RetryInterval)));
        services.AddJob<TrialProbeJob>(TrialProbeJob.Name, provider => Every(provider, options => ProbeTicks.Of(options.RetryInterval)));
        services.AddJob<ProbeTidyJob>(ProbeTidyJob.Name, _ => new JobSchedule(TimeSpan.FromHours(1), TimeSpan.FromMinutes(5)));
        return services;

        static JobSchedule Every(IServiceProvider provider, Func<ProbingOptions, TimeSpan> tick) =>
            new(tick(provider.GetRequiredService<IOptions<ProbingOptions>>().Value), TimeSpan.Zero);
    }
}
