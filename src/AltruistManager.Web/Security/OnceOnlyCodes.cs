using AltruistManager.Accounts;
using Microsoft.AspNetCore.Identity;

namespace AltruistManager.Web.Security;

/// <summary>The framework's codes of authenticator apps, each taken once: one that was looked on while it was typed is worth nothing.</summary>
internal sealed class OnceOnlyCodes(UserStore store) : AuthenticatorTokenProvider<User>
{
    private const int Digits = 6;

    public override async Task<bool> ValidateAsync(string purpose, string token, UserManager<User> manager, User user) =>
        // A number with more digits is the same number to the framework, and another code here.
        token.Length == Digits && token.All(char.IsAsciiDigit) && await base.ValidateAsync(purpose, token, manager, user) && await store.SpendCodeAsync(user, token, CancellationToken.None);
}
