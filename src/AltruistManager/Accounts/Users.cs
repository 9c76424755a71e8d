using System.Security.Cryptography;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AltruistManager.Accounts;

/// <summary>The framework's manager of users, with what it does in several writes done in one.</summary>
public sealed class Users(
    UserStore store, IOptions<IdentityOptions> options, IPasswordHasher<User> hasher, IEnumerable<IUserValidator<User>> userValidators, IEnumerable<IPasswordValidator<User>> passwordValidators,
    ILookupNormalizer normalizer, IdentityErrorDescriber errors, RefusalLog refusals, UserBook book, TimeProvider time, IServiceProvider services, ILogger<Users> logger)
    : UserManager<User>(store, options, hasher, userValidators, passwordValidators, normalizer, errors, services, logger)
{
    /// <summary>How many recovery codes are made at once.</summary>
    public const int RecoveryCodes = 10;

    /// <summary>Makes a user without a password, to whom staff hand over a link for one.</summary>
    public async Task<(User? User, AccountChange Outcome)> AddAsync(Actor actor, string email)
    {
        if (!actor.IsStaff)
        {
            refusals.Note(actor, new AuditEntry("user.add", "user", "") { Provider = actor.OnlyProvider, Detail = "Only staff may do that." });
            return (null, new AccountChange("Only staff may do that."));
        }

        var user = User.New(email.Trim(), time.GetUtcNow(), by: actor);
        var made = await CreateAsync(user);
        if (!made.Succeeded)
            return (null, new AccountChange(Explain(made)));
        await book.RefreshAsync(CancellationToken);
        return (user, AccountChange.Done);
    }

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

    /// <summary>Sets a password by a link that staff handed over; a lockout ends as well.</summary>
    public async Task<IdentityResult> SetPasswordByLinkAsync(User user, string token, string password) =>
        await VerifyUserTokenAsync(user, Options.Tokens.PasswordResetTokenProvider, ResetPasswordTokenPurpose, token)
            ? await SetPasswordAsync(user, password)
            : IdentityResult.Failed(new IdentityError { Code = "Link", Description = "This link is not good any more: ask for another." });

    /// <summary>Makes a key for an authenticator app, which counts once a code of it was shown.</summary>
    public async Task<IdentityResult> BeginAuthenticatorAsync(User user)
    {
        await store.SetAuthenticatorKeyAsync(user, GenerateNewAuthenticatorKey(), CancellationToken);
        return await UpdateUserAsync(user);
    }

    /// <summary>Asks for a code of the app from now on. Every other session ends.</summary>
    /// <returns>The recovery codes, shown once; null when the code is wrong.</returns>
    public async Task<IReadOnlyList<string>?> ConfirmAuthenticatorAsync(User user, string code)
    {
        if (!await VerifyTwoFactorTokenAsync(user, Options.Tokens.AuthenticatorTokenProvider, string.Concat(code.Where(char.IsAsciiDigit))))
            return null;
        await SetTwoFactorEnabledAsync(user, true);
        return [.. await GenerateNewTwoFactorRecoveryCodesAsync(user, RecoveryCodes) ?? []];
    }

    /// <summary>The app and its recovery codes count no more. Every other session ends.</summary>
    public async Task RemoveAuthenticatorAsync(User user)
    {
        user.SealedAuthenticatorKey = null;
        await store.ReplaceCodesAsync(user, [], CancellationToken);
        await SetTwoFactorEnabledAsync(user, false);
    }

    /// <summary>80 random bits in groups, so that a fast hash of it can be stored.</summary>
    protected override string CreateTwoFactorRecoveryCode() => string.Join('-', RandomNumberGenerator.GetString("ABCDEFGHJKLMNPQRSTUVWXYZ23456789", 16).Chunk(4).Select(group => new string(group)));

    /// <summary>What is wrong, in one line for people.</summary>
    public static string Explain(IdentityResult result) => string.Join(" ", result.Errors.Select(error => error.Description));
}
