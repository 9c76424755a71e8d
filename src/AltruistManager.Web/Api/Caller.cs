using System.Security.Claims;
using AltruistManager.Accounts;
using AltruistManager.Altruists;

namespace AltruistManager.Web.Api;

/// <summary>
/// Who is calling. An endpoint asks for it as a parameter; on a public endpoint without a key it is nobody.
/// </summary>
/// <param name="Actor">On whom features decide.</param>
/// <param name="Scope">Null without a key.</param>
/// <param name="Provider">Whose key it is, for scope provider.</param>
/// <param name="PortalId">Whose key it is, for scope portal.</param>
internal sealed record Caller(Actor Actor, KeyScope? Scope, ProviderId? Provider, string? PortalId)
{
    public string? KeyId => Scope is null ? null : Actor.Id;

    public bool IsStaff => Actor.IsStaff;

    /// <summary>True for staff, and for the provider itself.</summary>
    public bool Owns(ProviderId provider) => Actor.MaySee(provider.Value);

    public static Caller Of(ApiKey key) => new(Actor.Of(key), key.Scope, key is { Scope: KeyScope.Provider, ProviderId: { } provider } ? new ProviderId(provider) : null, key.PortalId);

    /// <summary>With the address that the request came from.</summary>
    public static Caller Of(HttpContext context)
    {
        var address = AddressOf(context);
        return context.User.Identity is CallerIdentity { Caller: var known } ? known with { Actor = known.Actor with { Address = address } } : new Caller(Actor.Nobody(address), null, null, null);
    }

    public static ValueTask<Caller> BindAsync(HttpContext context) => ValueTask.FromResult(Of(context));

    private static string? AddressOf(HttpContext context) => context.Connection.RemoteIpAddress switch
    {
        { IsIPv4MappedToIPv6: true } mapped => mapped.MapToIPv4().ToString(),
        var address => address?.ToString(),
    };
}

/// <summary>The identity behind a request with a valid key.</summary>
internal sealed class CallerIdentity(Caller caller) : ClaimsIdentity("key")
{
    public Caller Caller => caller;
}
