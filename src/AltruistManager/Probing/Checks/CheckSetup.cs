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
        services.AddSingleton<CheckList>();
        return services;
    }
}
