using Microsoft.Extensions.DependencyInjection;

namespace AltruistManager.Storage;

public static class StorageSetup
{
    public static IServiceCollection AddStorage(this IServiceCollection services)
    {
        services.AddSingleton<Database>();
        services.AddSingleton<Migrator>();
        services.AddSingleton<KeyRing>();
        return services;
    }
}
