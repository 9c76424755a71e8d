using System.Security.Claims;
using AltruistManager.Accounts;
using AltruistManager.Altruists;

namespace AltruistManager.Web.Api;

/// <summary>
/// Who is calling. An endpoint asks for it as a parameter; on a public endpoint without a key it is <see cref="Anonymous"/>.
/// </summary>
/// <param name="Scope">Null without a key.</param>
/// <param name="Provider">Whose key it is, for scope provider.</param>
/// <param name="PortalId">Whose key it is, for scope portal.</param>
internal sealed record Caller(KeyScope? Scope, ProviderId? Provider, string? PortalId, string? KeyId)
{
    public static readonly Caller Anonymous = new(null, null, null, null);

    public bool IsStaff => Scope is KeyScope.Staff;

    /// <summary>True for staff, and for the provider itself.</summary>
    public bool Owns(ProviderId provider) => IsStaff || (Scope is KeyScope.Provider && Provider == provider);

    public static Caller Of(ApiKey key) => new(key.Scope, key.ProviderId is { } provider ? new ProviderId(provider) : null, key.PortalId, key.Id);

    public static ValueTask<Caller> BindAsync(HttpContext context) =>
        ValueTask.FromResult(context.User.Identity is CallerIdentity known ? known.Caller : Anonymous);
}

/// <summary>The identity behind a request with a valid key.</summary>
internal sealed class CallerIdentity(Caller caller) : ClaimsIdentity("key")
{
    public Caller Caller => caller;
}
