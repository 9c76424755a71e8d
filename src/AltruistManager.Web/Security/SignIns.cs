using System.Security.Claims;
using AltruistManager.Accounts;
using AltruistManager.Storage;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace AltruistManager.Web.Security;

/// <summary>What came of an attempt to sign in. Why it failed is told to nobody outside: it would say who has an account.</summary>
internal enum SignInOutcome
{
    Done,
    Failed,

    /// <summary>The password was right; a code is needed as well.</summary>
    NeedsCode,

    /// <summary>Too many attempts from this address or for this account.</summary>
    TooFast,
}

/// <summary>Lets people in: the framework's manager, bounded by address and account, and silent about who exists.</summary>
internal sealed partial class SignIns : SignInManager<User>
{
    /// <summary>What is hashed where there is no such user, so that it takes as long.</summary>
    private static string? nobodysHash;

    /// <summary>Failed passwords are answered so long after they came, or a multiple of it: longer than to look at one and to count it takes.</summary>
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);

    private readonly Users users;
    private readonly UserStore store;
    private readonly UserBook book;
    private readonly SignInLimits limits;
    private readonly AuditStore audit;
    private readonly RefusalLog refusals;
    private readonly TimeProvider time;
    private readonly ILogger<SignIns> logger;
    private readonly string address;

    public SignIns(
        Users users, UserStore store, UserBook book, SignInLimits limits, AuditStore audit, RefusalLog refusals, IHttpContextAccessor accessor, IUserClaimsPrincipalFactory<User> principals, IOptions<IdentityOptions> options,
        TimeProvider time, ILogger<SignIns> logger, IAuthenticationSchemeProvider schemes, IUserConfirmation<User> confirmation)
        : base(users, accessor, principals, options, logger, schemes, confirmation)
    {
        this.users = users;
        this.store = store;
        this.book = book;
        this.limits = limits;
        this.audit = audit;
        this.refusals = refusals;
        this.time = time;
        this.logger = logger;
        address = RateLimits.AddressOf(accessor.HttpContext!);
        AuthenticationScheme = Sessions.SchemeName;
    }

    /// <summary>How soon it fails tells no more than that it fails: a wrong password is written down, and who is not known, disabled or locked out is not.</summary>
    public async Task<SignInOutcome> WithPasswordAsync(string email, string password)
    {
        if (!limits.MayTry(address, email))
            return await RefuseAsync(email, "too many attempts", SignInOutcome.TooFast);
        var begun = time.GetTimestamp();
        var outcome = await TryPasswordAsync(email, password);
        if (outcome is SignInOutcome.Failed)
            await Task.Delay(Beat - TimeSpan.FromTicks(time.GetElapsedTime(begun).Ticks % Beat.Ticks), time, Context.RequestAborted);
        return outcome;
    }

    /// <summary>The second step: a code of the authenticator app, each good once, or a recovery code.</summary>
    public async Task<SignInOutcome> WithCodeAsync(string code, bool isRecovery)
    {
        if (await GetTwoFactorAuthenticationUserAsync() is not { } user)
            return SignInOutcome.Failed;
        if (!limits.MayTry(address, user.Email))
            return await RefuseAsync(user.Email, "too many attempts", SignInOutcome.TooFast);
        if (await IsLockedOut(user) || user.DisabledAt is not null)
            return await RefuseAsync(user.Email, user.DisabledAt is null ? "locked out" : "disabled");
        var result = isRecovery
            ? await TwoFactorRecoveryCodeSignInAsync(code)
            : await TwoFactorAuthenticatorSignInAsync(string.Concat(code.Where(char.IsAsciiDigit)), isPersistent: false, rememberClient: false);
        return result.Succeeded ? await AcceptAsync(user, isRecovery ? "password and recovery code" : "password and code") : await RefuseAsync(user.Email, isRecovery ? "wrong recovery code" : "wrong code");
    }

    /// <summary>A passkey says who it is and that its holder was verified by the device: more than a password.</summary>
    /// <param name="credential">What the browser gave, as JSON.</param>
    public async Task<SignInOutcome> WithPasskeyAsync(string credential)
    {
        if (!limits.MayTry(address, address))
            return await RefuseAsync("a passkey", "too many attempts", SignInOutcome.TooFast);
        var assertion = await PerformPasskeyAssertionAsync(credential);
        if (!assertion.Succeeded)
            return await RefuseAsync("a passkey", assertion.Failure.Message);
        var user = assertion.User;
        // Guesses of a password lock out passwords: whoever holds the passkey guessed none.
        if (!await CanSignInAsync(user))
            return await RefuseAsync(user.Email, "disabled");
        await users.AddOrUpdatePasskeyAsync(user, assertion.Passkey);
        await BeginAsync(user, withSecondFactor: true);
        return await AcceptAsync(user, "passkey");
    }

    /// <summary>By the service of others, after it has said who that is.</summary>
    public async Task<SignInOutcome> WithExternalAsync(ExternalLoginInfo login)
    {
        var user = await users.FindByLoginAsync(login.LoginProvider, login.ProviderKey);
        if (user is null)
            return await RefuseAsync($"{login.ProviderDisplayName} {login.ProviderKey}", "not connected with anybody here");
        var result = await ExternalLoginSignInAsync(login.LoginProvider, login.ProviderKey, isPersistent: false, bypassTwoFactor: false);
        return result switch
        {
            { Succeeded: true } => await AcceptAsync(user, login.LoginProvider),
            { RequiresTwoFactor: true } => SignInOutcome.NeedsCode,
            _ => await RefuseAsync(user.Email, result.IsLockedOut ? "locked out" : "disabled"),
        };
    }

    /// <summary>Whether it is really the user who sits there, before something that matters is changed. Wrong ones count towards the lockout.</summary>
    public async Task<bool> IsThemselfAsync(User user, string? password)
    {
        if (user.PasswordHash is null)
            return true;
        if (!limits.MayTry(address, user.Email))
            return false;
        var result = await CheckPasswordSignInAsync(user, password ?? "", lockoutOnFailure: true);
        if (!result.Succeeded)
            Refused(Actor.Of(user, address), user.Email, "wrong password for a change of the account");
        return result.Succeeded;
    }

    /// <summary>A session anew, after what it rests on was changed; the one that this browser had is over.</summary>
    public Task BeginAsync(User user, bool withSecondFactor) =>
        SignInWithClaimsAsync(user, isPersistent: false, [new Claim(Sessions.MethodClaim, withSecondFactor ? Sessions.SecondFactor : "pwd")]);

    public override async Task SignInWithClaimsAsync(User user, AuthenticationProperties? authenticationProperties, IEnumerable<Claim> additionalClaims)
    {
        if (Sessions.Of(Context.User) is { } before)
            await EndAsync(before, signedOut: null);
        await base.SignInWithClaimsAsync(user, authenticationProperties, additionalClaims);
    }

    /// <summary>Ends the session, not only in this browser: a copy of its cookie is worth nothing, and pages that are open elsewhere are left.</summary>
    public override async Task SignOutAsync()
    {
        await base.SignOutAsync();
        if (Sessions.Of(Context.User) is not { } session)
            return;
        try
        {
            await EndAsync(session, SignedIn.ActorOf(Context.User, book));
        }
        catch (Exception failed) when (Database.IsFailure(failed))
        {
            // This browser forgets it all the same.
            LogNotEnded(failed, session.User);
        }
    }

    /// <summary>The same session after its user changed its password.</summary>
    public Task ContinueAsync(User user) => BeginAsync(user, Context.User.HasClaim(Sessions.MethodClaim, Sessions.SecondFactor));

    /// <summary>Ends every other session.</summary>
    public Task EndOthersAsync(User user) => ChangeAsync(user, "signed out everywhere else", (actor, _) => store.EndSessionsAsync(actor, user, CancellationToken.None));

    /// <summary>Ends every other session as well.</summary>
    public Task RemovePasskeyAsync(User user, byte[] credential) =>
        ChangeAsync(user, "removed a passkey", (actor, change) => store.TakePasskeyAsync(actor, user, credential, change, CancellationToken.None));

    /// <returns>False when an account there is connected already, or this one with somebody else.</returns>
    public async Task<bool> ConnectAsync(User user, ExternalLoginInfo login)
    {
        var change = $"connected the account with {login.ProviderDisplayName}";
        if (!await store.ConnectAsync(Actor.Of(user, address), user, login, change, CancellationToken.None))
            return false;
        LogChanged(user.Email, change, address);
        await ContinueAsync(user);
        return true;
    }

    /// <summary>Whatever is connected there, and ends every other session.</summary>
    public Task DisconnectAsync(User user, UserLoginInfo login) =>
        ChangeAsync(user, $"disconnected the account with {login.ProviderDisplayName}", (actor, change) => store.DisconnectAsync(actor, user, login.LoginProvider, change, CancellationToken.None));

    /// <summary>A change that somebody made of its own account.</summary>
    public async Task NoteAsync(User user, string change)
    {
        await audit.AppendAsync(Actor.Of(user, address), new AuditEntry("user.change", "user", user.Id) { Detail = change }, CancellationToken.None);
        LogChanged(user.Email, change, address);
    }

    public override async Task<bool> CanSignInAsync(User user) => user.DisabledAt is null && await base.CanSignInAsync(user);

    /// <summary>A change that is stored with its line in the audit trail and ends every session; this browser goes on with another.</summary>
    private async Task ChangeAsync(User user, string change, Func<Actor, string, Task> write)
    {
        await write(Actor.Of(user, address), change);
        await book.RefreshAsync(CancellationToken.None);
        LogChanged(user.Email, change, address);
        await ContinueAsync(user);
    }

    private async Task EndAsync(UserSession session, Actor? signedOut)
    {
        await store.EndSessionAsync(session, signedOut, CancellationToken.None);
        await book.RefreshAsync(CancellationToken.None);
    }

    private async Task<SignInOutcome> TryPasswordAsync(string email, string password)
    {
        var user = await users.FindByEmailAsync(email.Trim());
        var why = user switch
        {
            null => "unknown address",
            { DisabledAt: not null } => "disabled",
            { PasswordHash: null } => "no password",
            _ when await users.IsLockedOutAsync(user) => "locked out",
            _ => null,
        };
        if (user is null || why is not null)
        {
            // As long as it takes to look at a password: how soon the answer comes tells nothing either.
            nobodysHash ??= users.PasswordHasher.HashPassword(Unknown(), "nobody's");
            users.PasswordHasher.VerifyHashedPassword(Unknown(), nobodysHash, password);
            return await RefuseAsync(email, why!);
        }

        var result = await PasswordSignInAsync(user, password, isPersistent: false, lockoutOnFailure: true);
        return result switch
        {
            { Succeeded: true } => await AcceptAsync(user, "password"),
            { RequiresTwoFactor: true } => SignInOutcome.NeedsCode,
            { IsLockedOut: true } => await RefuseAsync(email, "locked out"),
            _ => await RefuseAsync(email, "wrong password"),
        };
    }

    private async Task<SignInOutcome> AcceptAsync(User user, string by)
    {
        await store.NoteSignInAsync(Actor.Of(user, address), user, by, CancellationToken.None);
        LogSignedIn(user.Email, by, address);
        return SignInOutcome.Done;
    }

    private Task<SignInOutcome> RefuseAsync(string email, string why, SignInOutcome outcome = SignInOutcome.Failed)
    {
        Refused(Actor.Nobody(address), Printable(email), why);
        return Task.FromResult(outcome);
    }

    private void Refused(Actor actor, string email, string why)
    {
        refusals.Note(actor, new AuditEntry("user.sign-in", "user", email) { Detail = why });
        LogRefused(email, why, address);
    }

    private static User Unknown() => new() { Id = "", Email = "", CreatedAt = default };

    /// <summary>Whatever was typed, as one short line of a log.</summary>
    private static string Printable(string text) => new([.. text.Take(100).Select(character => char.IsControl(character) ? ' ' : character)]);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Email} signed in by {By} from {Address}")]
    private partial void LogSignedIn(string email, string by, string address);

    [LoggerMessage(Level = LogLevel.Warning, Message = "User {User} has signed out in one browser, but a copy of the session goes on: the database could not be told")]
    private partial void LogNotEnded(Exception exception, string user);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Email} {Change} from {Address}")]
    private partial void LogChanged(string email, string change, string address);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Sign-in as '{Email}' from {Address} refused: {Why}")]
    private partial void LogRefused(string email, string why, string address);
}
