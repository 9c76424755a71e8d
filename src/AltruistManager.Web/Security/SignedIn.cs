using System.Security.Claims;
using AltruistManager.Accounts;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;

namespace AltruistManager.Web.Security;

/// <summary>Nobody is signed in any more. A page that is open is left for the one where one signs in; whatever it was doing is called off.</summary>
internal sealed class NotSignedInException() : OperationCanceledException("Nobody is signed in.");

/// <summary>
/// Who looks at this page, at the moment it is asked: a role that was taken or a user who was disabled counts no more, in a page that stays open as well. A page hands
/// <see cref="Required"/> to the features it calls, at each event anew.
/// </summary>
internal sealed class SignedIn(UserBook book, AuthenticationStateProvider state, NavigationManager navigation)
{
    /// <summary>Null where nobody is signed in.</summary>
    public Actor? Actor => state.GetAuthenticationStateAsync() is { IsCompletedSuccessfully: true } known ? ActorOf(known.Result.User, book) : null;

    /// <exception cref="NotSignedInException">Nobody is; the browser is on its way to where one signs in.</exception>
    public Actor Required
    {
        get
        {
            if (Actor is { } actor)
                return actor;
            navigation.NavigateTo($"/sign-in?problem=over&{Sessions.BackParameter}={Uri.EscapeDataString("/" + navigation.ToBaseRelativePath(navigation.Uri))}", forceLoad: true);
            throw new NotSignedInException();
        }
    }

    /// <summary>Who a session stands for now; null for a key, and for nobody.</summary>
    public static Actor? ActorOf(ClaimsPrincipal principal, UserBook book) =>
        Sessions.Of(principal) is { } session ? book.ActorOf(session, principal.FindFirstValue(Sessions.AddressClaim)) : null;
}
