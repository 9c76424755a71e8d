using AltruistManager.Altruists.Import;
using AltruistManager.Chains;
using Microsoft.Extensions.DependencyInjection;

namespace AltruistManager.Altruists;

public static class AltruistsSetup
{
    /// <summary>Adds chains, regions, providers and altruists. Needs an <see cref="IRegistrationRules"/> and an <see cref="IHealthHeritage"/>.</summary>
    public static IServiceCollection AddAltruists(this IServiceCollection services)
    {
        services.AddSingleton<ChainCatalog>();
        services.AddSingleton<EndpointSeal>();
        services.AddSingleton<AltruistStore>();
        services.AddSingleton<PlainEndpoints>();
        services.AddSingleton<RosterStore>();
        services.AddSingleton<RosterCache>();
        services.AddSingleton<RegistryWriter>();
        services.AddSingleton<RegionRegistry>();
        services.AddSingleton<ChainRegistry>();
        services.AddSingleton<ProviderRegistry>();
        services.AddSingleton<AltruistRegistry>();
        services.AddSingleton<AltruistImport>();
        services.AddSingleton<ChainImport>();
        services.AddSingleton<DrainStore>();
        services.AddSingleton<DrainRegistry>();
        services.AddSingleton<ControlStore>();
        return services;
    }
}
