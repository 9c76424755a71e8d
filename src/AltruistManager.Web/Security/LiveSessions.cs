using AltruistManager.Accounts;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Server;

namespace AltruistManager.Web.Security;

/// <summary>
/// Looks again and again whether the session behind a page that stays open is still good: who is disabled, has signed out, or signed in too long ago sees no more of it within a minute.
/// </summary>
internal sealed class LiveSessions(ILoggerFactory loggers, UserBook book) : RevalidatingServerAuthenticationStateProvider(loggers)
{
    protected override TimeSpan RevalidationInterval { get; } = TimeSpan.FromSeconds(20);

    protected override Task<bool> ValidateAuthenticationStateAsync(AuthenticationState authenticationState, CancellationToken cancellationToken) =>
        Task.FromResult(SignedIn.ActorOf(authenticationState.User, book) is not null);
}
