using AltruistManager.Accounts;
using AltruistManager.Web.Api;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;

namespace AltruistManager.Web.Security;

/// <summary>
/// Who may call what. Every endpoint and page names its policy (<c>.RequireAuthorization(Policies.Staff)</c>, <c>.AllowPublic()</c>); one that
/// names none is refused to everybody.
/// </summary>
internal static class Policies
{
    /// <summary>Anybody; but a key that is sent must be good.</summary>
    public const string Public = "public";

    public const string Portal = "portal";

    /// <summary>Whoever is signed in on the pages.</summary>
    public const string User = "user";

    /// <summary>A provider; that a thing is its own is checked by the endpoint.</summary>
    public const string Provider = "provider";

    /// <summary>A staff key on the API, a staff user on the pages.</summary>
    public const string Staff = "staff";

    /// <summary>Whoever has a key; what it may see of a thing is checked by the endpoint.</summary>
    public const string AnyKey = "portal or provider";

    public static TBuilder AllowPublic<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder => endpoint.RequireAuthorization(Public);

    public static IServiceCollection AddKeySecurity(this IServiceCollection services)
    {
        services.AddSingleton<ApiKeyTickets>();
        services.AddAuthentication(ApiKeyHandler.SchemeName).AddScheme<AuthenticationSchemeOptions, ApiKeyHandler>(ApiKeyHandler.SchemeName, null);
        services.AddAuthorizationBuilder()
            .AddPolicy(Public, policy => policy.AddRequirements(new PublicRequirement()))
            .AddPolicy(Portal, policy => policy.AddRequirements(new ScopeRequirement(KeyScope.Portal)))
            .AddPolicy(Provider, policy => policy.AddRequirements(new ScopeRequirement(KeyScope.Provider)))
            .AddPolicy(User, policy => policy.AddRequirements(new UserRequirement()))
            .AddPolicy(AnyKey, policy => policy.AddRequirements(new KeyRequirement()))
            .AddPolicy(Staff, policy => policy.AddRequirements(new ScopeRequirement(KeyScope.Staff)))
            .SetFallbackPolicy(new AuthorizationPolicyBuilder().AddRequirements(new NobodyRequirement()).Build());
        return services;
    }

    private sealed class KeyRequirement : AuthorizationHandler<KeyRequirement>, IAuthorizationRequirement
    {
        protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, KeyRequirement requirement)
        {
            if (context.User.Identity is CallerIdentity)
                context.Succeed(requirement);
            return Task.CompletedTask;
        }
    }

    private sealed class PublicRequirement : AuthorizationHandler<PublicRequirement>, IAuthorizationRequirement
    {
        protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, PublicRequirement requirement)
        {
            if (context.Resource is HttpContext http && http.Features.Get<RefusedKey>() is null)
                context.Succeed(requirement);
            return Task.CompletedTask;
        }
    }

    /// <summary>Nobody meets it: an endpoint without a policy is a mistake.</summary>
    private sealed class NobodyRequirement : IAuthorizationRequirement;
}

/// <summary>Staff may do everything.</summary>
internal sealed class ScopeRequirement(KeyScope scope) : AuthorizationHandler<ScopeRequirement>, IAuthorizationRequirement
{
    public KeyScope Scope => scope;

    protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, ScopeRequirement requirement)
    {
        if (context.User.Identity is CallerIdentity { Caller: var caller } && (caller.Scope == scope || caller.IsStaff))
            context.Succeed(requirement);
        return Task.CompletedTask;
    }
}
