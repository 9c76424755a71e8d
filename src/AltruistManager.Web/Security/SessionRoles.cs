using AltruistManager.Accounts;
using Microsoft.AspNetCore.Authorization;

namespace AltruistManager.Web.Security;

/// <summary>What the policies of pages ask of who is signed in: to be staff, or anybody.</summary>
internal sealed class SessionRoles(UserBook book) : IAuthorizationHandler
{
    public Task HandleAsync(AuthorizationHandlerContext context)
    {
        // Calls with a key are most of all there are, and none of ours.
        if (context.User.Identity is not { IsAuthenticated: true, AuthenticationType: Sessions.SchemeName } || SignedIn.ActorOf(context.User, book) is not { } actor)
            return Task.CompletedTask;
        foreach (var requirement in context.PendingRequirements)
        {
            if (requirement is UserRequirement || (actor.IsStaff && requirement is ScopeRequirement { Scope: KeyScope.Staff }))
                context.Succeed(requirement);
        }

        return Task.CompletedTask;
    }
}

/// <summary>Whoever is signed in; what it may see of a thing is decided by the features it is handed to.</summary>
internal sealed class UserRequirement : IAuthorizationRequirement;
