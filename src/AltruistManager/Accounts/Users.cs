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

    /// <summary>Code of the error of a link that is used up, over or made up.</summary>
    public const string LinkIsOver = "Link";

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
    public Task<IdentityResult> SetPasswordAsync(User user, string password) => ChangeAsync(user, async () =>
    {
        var result = await UpdatePasswordHash(user, password, validatePassword: true);
        if (!result.Succeeded)
            return result;
        user.LockoutEnd = null;
        user.FailedCount = 0;
        return await UpdateUserAsync(user);
    });

    /// <summary>Sets a password by a link that staff handed over; a lockout ends as well.</summary>
    /// <param name="address">Network address of who uses it, for the audit trail.</param>
    public async Task<IdentityResult> SetPasswordByLinkAsync(User user, string token, string password, string address)
    {
        if (!await VerifyUserTokenAsync(user, Options.Tokens.PasswordResetTokenProvider, ResetPasswordTokenPurpose, token))
            return IdentityResult.Failed(new IdentityError { Code = LinkIsOver, Description = "This link is not good any more: ask for another." });
        user.ToNote = (Actor.Of(user, address), new AuditEntry("user.change", "user", user.Id) { Detail = "set a new password by a link" });
        try
        {
            return await SetPasswordAsync(user, password);
        }
        finally
        {
            user.ToNote = null;
        }
    }

    /// <summary>Makes a key for an authenticator app, which counts once a code of it was shown.</summary>
    public Task<IdentityResult> BeginAuthenticatorAsync(User user) => ChangeAsync(user, async () =>
    {
        await store.SetAuthenticatorKeyAsync(user, GenerateNewAuthenticatorKey(), CancellationToken);
        return await UpdateUserAsync(user);
    });

    /// <summary>Asks for a code of the app from now on. Every other session ends.</summary>
    /// <returns>The recovery codes, shown once; none unless it is done.</returns>
    public async Task<(IReadOnlyList<string> Codes, IdentityResult Outcome)> ConfirmAuthenticatorAsync(User user, string code)
    {
        if (!await VerifyTwoFactorTokenAsync(user, Options.Tokens.AuthenticatorTokenProvider, string.Concat(code.Where(char.IsAsciiDigit))))
            return ([], IdentityResult.Failed(new IdentityError { Code = "Code", Description = "This code is wrong or over. Is the clock of the phone right?" }));
        var outcome = await ChangeAsync(user, () => SetTwoFactorEnabledAsync(user, true));
        return outcome.Succeeded ? (await RenewCodesAsync(user), outcome) : ([], outcome);
    }

    /// <summary>Other recovery codes in place of those there were.</summary>
    /// <returns>They are shown once.</returns>
    public async Task<IReadOnlyList<string>> RenewCodesAsync(User user)
    {
        var codes = Enumerable.Range(0, RecoveryCodes).Select(_ => CreateTwoFactorRecoveryCode()).ToList();
        await store.ReplaceCodesAsync(user, codes, CancellationToken);
        return codes;
    }

    /// <summary>The app and its recovery codes count no more. Every other session ends.</summary>
    public async Task<IdentityResult> RemoveAuthenticatorAsync(User user)
    {
        var outcome = await ChangeAsync(user, () =>
        {
            user.SealedAuthenticatorKey = null;
            return SetTwoFactorEnabledAsync(user, false);
        });
        if (outcome.Succeeded)
            await store.ReplaceCodesAsync(user, [], CancellationToken);
        return outcome;
    }

    /// <summary>
    /// Makes a change and, where the user was written since it was read (a wrong password that a stranger types is a write), once more over what is stored now, unless
    /// what the change rests on is another now. What was not stored is not left in the user.
    /// </summary>
    private async Task<IdentityResult> ChangeAsync(User user, Func<Task<IdentityResult>> change)
    {
        var before = Of(user);
        var result = await change();
        if (!IsOvertaken(result))
            return result;
        await store.ReloadAsync(user, CancellationToken);
        if (Of(user) == before)
        {
            result = await change();
            if (!IsOvertaken(result))
                return result;
            await store.ReloadAsync(user, CancellationToken);
        }

        return IdentityResult.Failed(new IdentityError { Code = "Overtaken", Description = "Nothing was changed: something else about the account was changed at the same moment. Try again." });

        bool IsOvertaken(IdentityResult outcome) => outcome.Errors.Any(error => error.Code == ErrorDescriber.ConcurrencyFailure().Code);

        static (string, string?, bool, string?, bool) Of(User user) => (user.SecurityStamp, user.PasswordHash, user.TwoFactorEnabled, user.SealedAuthenticatorKey, user.DisabledAt is null);
    }

    /// <summary>80 random bits in groups, so that a fast hash of it can be stored.</summary>
    protected override string CreateTwoFactorRecoveryCode() => string.Join('-', RandomNumberGenerator.GetString("ABCDEFGHJKLMNPQRSTUVWXYZ23456789", 16).Chunk(4).Select(group => new string(group)));

    /// <summary>What is wrong, in one line for people.</summary>
    public static string Explain(IdentityResult result) => string.Join(" ", result.Errors.Select(error => error.Description));
}
