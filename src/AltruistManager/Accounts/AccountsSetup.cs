using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.DependencyInjection;

namespace AltruistManager.Accounts;

public static class AccountsSetup
{
    /// <summary>Rounds of PBKDF2 with SHA-512: some 160 ms a password.</summary>
    internal const int HashIterations = 210_000;

    public static IServiceCollection AddAccounts(this IServiceCollection services)
    {
        services.AddSingleton<ApiKeyStore>();
        services.AddSingleton<KeyUseStore>();
        services.AddSingleton<KeyUses>();
        services.AddSingleton<ApiKeyRing>();
        services.AddSingleton<AuditStore>();
        services.AddSingleton<RefusalLog>();
        services.AddHostedService(provider => provider.GetRequiredService<RefusalLog>());
        services.AddSingleton<UserStore>();
        services.AddSingleton<UserBook>();
        services.AddSingleton<UserRegistry>();
        services.AddSingleton<SetupStore>();
        services.AddSingleton<InvitationStore>();
        services.AddSingleton<Invitations>();
        services.Configure<PasswordHasherOptions>(static hasher => hasher.IterationCount = HashIterations);
        services.AddSingleton<IUserStore<User>>(static provider => provider.GetRequiredService<UserStore>());
        services.AddIdentityCore<User>(static identity =>
        {
            identity.User.RequireUniqueEmail = true;
            // The address is the name.
            identity.User.AllowedUserNameCharacters = "";
            identity.Password.RequiredLength = 0;
            identity.Password.RequiredUniqueChars = 0;
            identity.Password.RequireDigit = identity.Password.RequireLowercase = identity.Password.RequireUppercase = identity.Password.RequireNonAlphanumeric = false;
            identity.Lockout.MaxFailedAccessAttempts = 5;
            identity.Lockout.DefaultLockoutTimeSpan = TimeSpan.FromMinutes(5);
        })
        .AddUserManager<Users>()
        .AddPasswordValidator<PasswordRules>();
        return services;
    }
}
