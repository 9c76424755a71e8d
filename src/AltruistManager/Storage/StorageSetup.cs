using Dapper;
using Microsoft.Extensions.DependencyInjection;

namespace AltruistManager.Storage;

public static class StorageSetup
{
    public static IServiceCollection AddStorage(this IServiceCollection services)
    {
        DefaultTypeMap.MatchNamesWithUnderscores = true;
        services.AddSingleton<Database>();
        services.AddSingleton<Migrator>();
        return services;
    }
}
