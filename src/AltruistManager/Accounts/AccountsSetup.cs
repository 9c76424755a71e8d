using Microsoft.Extensions.DependencyInjection;

namespace AltruistManager.Accounts;

public static class AccountsSetup
{
    public static IServiceCollection AddAccounts(this IServiceCollection services)
    {
        services.AddSingleton<ApiKeyStore>();
        services.AddSingleton<ApiKeyRing>();
        return services;
    }
}
