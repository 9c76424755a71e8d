using AltruistManager.Accounts;
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

    private readonly Users users;
    private readonly UserStore store;
    private readonly SignInLimits limits;
    private readonly ILogger<SignIns> logger;
    private readonly string address;

    public SignIns(
        Users users, UserStore store, SignInLimits limits, IHttpContextAccessor accessor, IUserClaimsPrincipalFactory<User> principals, IOptions<IdentityOptions> options,
        ILogger<SignIns> logger, IAuthenticationSchemeProvider schemes, IUserConfirmation<User> confirmation)
        : base(users, accessor, principals, options, logger, schemes, confirmation)
    {
        this.users = users;
        this.store = store;
        this.limits = limits;
        this.logger = logger;
        address = RateLimits.AddressOf(accessor.HttpContext!);
        AuthenticationScheme = Sessions.SchemeName;
    }

    public async Task<SignInOutcome> WithPasswordAsync(string email, string password)
    {
        if (!limits.MayTry(address, email))
            return await RefuseAsync(email, "too many attempts", SignInOutcome.TooFast);
        var user = await users.FindByEmailAsync(email.Trim());
        if (user?.PasswordHash is null || user.DisabledAt is not null)
        {
            nobodysHash ??= users.PasswordHasher.HashPassword(Unknown(), "nobody's");
            users.PasswordHasher.VerifyHashedPassword(Unknown(), nobodysHash, password);
            return await RefuseAsync(email, user is null ? "unknown address" : user.DisabledAt is null ? "no password" : "disabled");
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

    public override async Task<bool> CanSignInAsync(User user) => user.DisabledAt is null && await base.CanSignInAsync(user);

    private async Task<SignInOutcome> AcceptAsync(User user, string by)
    {
        await store.NoteSignInAsync(user, Context.RequestAborted);
        LogSignedIn(user.Email, by, address);
        return SignInOutcome.Done;
    }

    private Task<SignInOutcome> RefuseAsync(string email, string why, SignInOutcome outcome = SignInOutcome.Failed)
    {
        LogRefused(Printable(email), why, address);
        return Task.FromResult(outcome);
    }

    private static User Unknown() => new() { Id = "", Email = "", CreatedAt = default };

    /// <summary>Whatever was typed, as one short line of a log.</summary>
    private static string Printable(string text) => new([.. text.Take(100).Select(character => char.IsControl(character) ? ' ' : character)]);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Email} signed in by {By} from {Address}")]
    private partial void LogSignedIn(string email, string by, string address);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Sign-in as '{Email}' from {Address} refused: {Why}")]
    private partial void LogRefused(string email, string why, string address);
}
