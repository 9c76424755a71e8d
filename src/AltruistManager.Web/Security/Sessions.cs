using System.Security.Claims;
using System.Security.Cryptography;
using AltruistManager.Accounts;
using AltruistManager.Storage;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Identity;

namespace AltruistManager.Web.Security;

/// <summary>
/// How people stay signed in on the pages: a cookie that the framework makes and reads. It is never looked at on the API, and keys are never looked at on pages. A session ends when
/// its user signs out of it, is disabled, or gets another security stamp, whatever the cookie says.
/// </summary>
internal static class Sessions
{
    public const string SchemeName = "session";

    /// <summary>Names the page that was asked for, in the address of the page where one signs in.</summary>
    public const string BackParameter = "back";

    /// <summary>In how a session began: with more than a password.</summary>
    public const string SecondFactor = "mfa";

    public const string MethodClaim = "amr";
    public const string IdClaim = "sid";
    public const string StampClaim = "stamp";
    public const string BegunClaim = "begun";

    /// <summary>Where the request that carries the session comes from; not in the cookie.</summary>
    public const string AddressClaim = "address";

    /// <summary>Since it was last used.</summary>
    private static readonly TimeSpan Idle = TimeSpan.FromHours(12);

    /// <summary>From the password to the code.</summary>
    private static readonly TimeSpan SecondStep = TimeSpan.FromMinutes(5);

    private static readonly ClaimsPrincipal Nobody = new(new ClaimsIdentity());

    public static IServiceCollection AddSessions(this IServiceCollection services)
    {
        services.AddHttpContextAccessor();
        services.AddScoped<SignedIn>();
        services.AddScoped<SignIns>();
        services.AddScoped<SignInManager<User>>(static provider => provider.GetRequiredService<SignIns>());
        services.AddScoped<IUserClaimsPrincipalFactory<User>, SessionPrincipals>();
        services.AddScoped<IUserConfirmation<User>, DefaultUserConfirmation<User>>();
        services.AddSingleton<IAuthorizationHandler, SessionRoles>();
        services.AddAuthentication().AddCookie(SchemeName, static cookie =>
        {
            Harden(cookie.Cookie, "session");
            cookie.LoginPath = "/sign-in";
            cookie.ReturnUrlParameter = BackParameter;
            cookie.ExpireTimeSpan = Idle;
            cookie.SlidingExpiration = true;
            cookie.Events.OnValidatePrincipal = ValidateAsync;
        });
        services.AddAuthentication()
            // Between the password and the code, and while a passkey is asked for.
            .AddCookie(IdentityConstants.TwoFactorUserIdScheme, static cookie =>
            {
                Harden(cookie.Cookie, "second-step");
                cookie.ExpireTimeSpan = SecondStep;
                cookie.SlidingExpiration = false;
            })
            // Between the return from the service of others and the session.
            .AddCookie(IdentityConstants.ExternalScheme, static cookie =>
            {
                Harden(cookie.Cookie, "external");
                cookie.ExpireTimeSpan = SecondStep;
                cookie.SlidingExpiration = false;
            });
        services.AddScoped<IPasskeyHandler<User>, PasskeyHandler<User>>();
        services.Configure<IdentityPasskeyOptions>(static passkeys =>
        {
            // Then it is two factors: the device, and what unlocks it. And no name need be typed.
            passkeys.UserVerificationRequirement = "required";
            passkeys.ResidentKeyRequirement = "required";
        });
        services.Configure<DataProtectionTokenProviderOptions>(static links => links.TokenLifespan = PasswordLinks.Lifetime);
        new IdentityBuilder(typeof(User), services)
            .AddTokenProvider<DataProtectorTokenProvider<User>>(TokenOptions.DefaultProvider)
            .AddTokenProvider<OnceOnlyCodes>(TokenOptions.DefaultAuthenticatorProvider);
        services.AddScoped<PasswordLinks>();
        services.AddScoped<AuthenticationStateProvider, LiveSessions>();
        services.AddAntiforgery(static antiforgery =>
        {
            antiforgery.Cookie = new SecureCookie { SameSite = SameSiteMode.Strict, HttpOnly = true, IsEssential = true };
            Harden(antiforgery.Cookie, "form");
            antiforgery.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
            antiforgery.Cookie.SameSite = SameSiteMode.Strict;
            // Pages say by their own policy who may frame them.
            antiforgery.SuppressXFrameOptionsHeader = true;
        });
        return services;
    }

    /// <summary>After the keys were looked at and before anything is decided: on a page, who is there is who its cookie says.</summary>
    public static void UseSessions(this WebApplication app) => app.Use(static (context, next) => context.IsPage() ? AuthenticateAsync(context, next) : next(context));

    /// <summary>What the cookie said; null for a key, and for nobody.</summary>
    public static UserSession? Of(ClaimsPrincipal principal) =>
        principal.FindFirstValue(ClaimTypes.NameIdentifier) is { } user && principal.FindFirstValue(IdClaim) is { } id && principal.FindFirstValue(StampClaim) is { } stamp
            && long.TryParse(principal.FindFirstValue(BegunClaim), out var begun)
            ? new UserSession { Id = id, User = user, Stamp = stamp, BegunAt = UnixTime.FromMs(begun), HasSecondFactor = principal.HasClaim(MethodClaim, SecondFactor) }
            : null;

    /// <summary>What is no call of the API: pages, and what they load.</summary>
    public static bool IsPage(this HttpContext context) =>
        !context.Request.Path.StartsWithSegments("/api", StringComparison.OrdinalIgnoreCase)
        && !context.Request.Path.StartsWithSegments("/healthz", StringComparison.OrdinalIgnoreCase)
        && !context.Request.Path.StartsWithSegments("/openapi", StringComparison.OrdinalIgnoreCase);

    /// <summary>A cookie of this host alone, which scripts cannot read. Browsers take a secure one on http://localhost as well.</summary>
    internal static void Harden(CookieBuilder cookie, string name)
    {
        cookie.Name = $"__Host-{name}";
        cookie.Path = "/";
        cookie.HttpOnly = true;
        cookie.SecurePolicy = CookieSecurePolicy.Always;
        cookie.SameSite = SameSiteMode.Lax;
        cookie.IsEssential = true;
    }

    private static async Task AuthenticateAsync(HttpContext context, RequestDelegate next)
    {
        var session = await context.AuthenticateAsync(SchemeName);
        context.User = session.Principal is { } principal
            ? new ClaimsPrincipal([.. principal.Identities, new ClaimsIdentity([new Claim(AddressClaim, RateLimits.AddressOf(context))])])
            : Nobody;
        await next(context);
    }

    private static async Task ValidateAsync(CookieValidatePrincipalContext session)
    {
        var services = session.HttpContext.RequestServices;
        try
        {
            if (await IsGoodAsync(session, services))
                return;
        }
        catch (Exception failed) when (Database.IsFailure(failed))
        {
            // Nobody for now; the session may be good again with the database.
            session.RejectPrincipal();
            return;
        }

        session.RejectPrincipal();
        await session.HttpContext.SignOutAsync(SchemeName);
    }

    private static async Task<bool> IsGoodAsync(CookieValidatePrincipalContext session, IServiceProvider services) =>
        session.Principal is { } principal && Of(principal) is { } known && await services.GetRequiredService<UserBook>().IsGoodAsync(known, session.HttpContext.RequestAborted);

    /// <summary>The framework refuses to make a secure antiforgery cookie on http, where browsers take it on localhost.</summary>
    private sealed class SecureCookie : CookieBuilder
    {
        public override CookieOptions Build(HttpContext context, DateTimeOffset expiresFrom)
        {
            var options = base.Build(context, expiresFrom);
            options.Secure = true;
            return options;
        }
    }

    /// <summary>What a session's cookie holds: who, and since when. What that user may do is looked up at each request.</summary>
    private sealed class SessionPrincipals(TimeProvider time) : IUserClaimsPrincipalFactory<User>
    {
        public Task<ClaimsPrincipal> CreateAsync(User user) => Task.FromResult(new ClaimsPrincipal(new ClaimsIdentity(
            [
                new Claim(ClaimTypes.NameIdentifier, user.Id),
                new Claim(IdClaim, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16))),
                new Claim(StampClaim, user.SecurityStamp),
                new Claim(BegunClaim, time.GetUtcNow().ToUnixTimeMilliseconds().ToString()),
            ],
            SchemeName)));
    }
}
