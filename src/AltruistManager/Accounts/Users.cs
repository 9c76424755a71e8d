using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AltruistManager.Accounts;

/// <summary>The framework's manager of users, with what it does in several writes done in one.</summary>
public sealed class Users(
    UserStore store, IOptions<IdentityOptions> options, IPasswordHasher<User> hasher, IEnumerable<IUserValidator<User>> userValidators, IEnumerable<IPasswordValidator<User>> passwordValidators,
    ILookupNormalizer normalizer, IdentityErrorDescriber errors, IServiceProvider services, ILogger<Users> logger)
    : UserManager<User>(store, options, hasher, userValidators, passwordValidators, normalizer, errors, services, logger)
{
    /// <summary>Sets a password whatever was there before, lifts the lockout and ends every session.</summary>
    public async Task<IdentityResult> SetPasswordAsync(User user, string password)
    {
        var result = await UpdatePasswordHash(user, password, validatePassword: true);
        if (!result.Succeeded)
            return result;
        user.LockoutEnd = null;
        user.FailedCount = 0;
        return await UpdateUserAsync(user);
    }

    /// <summary>What is wrong, in one line for people.</summary>
    public static string Explain(IdentityResult result) => string.Join(" ", result.Errors.Select(error => error.Description));
}
