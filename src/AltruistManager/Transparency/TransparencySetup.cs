using AltruistManager.Selection;
using Microsoft.Extensions.DependencyInjection;

namespace AltruistManager.Transparency;

public static class TransparencySetup
{
    public static IServiceCollection AddTransparency(this IServiceCollection services)
    {
        services.AddSingleton<EntryStore>();
        services.AddSingleton<IEntryLog, EntryLog>();
        return services;
    }
}
