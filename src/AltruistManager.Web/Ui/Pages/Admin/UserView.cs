using AltruistManager.Accounts;
using AltruistManager.Altruists;

namespace AltruistManager.Web.Ui.Pages.Admin;

/// <summary>One thing that a user was given, with its name.</summary>
/// <param name="Path">Where it is shown; null for none.</param>
internal sealed record RoleRow(Grant Grant, string Says, string? Path);

/// <summary>A user as staff see it.</summary>
internal sealed record UserView(UserListing User, IReadOnlyList<RoleRow> Roles)
{
    /// <param name="known">What memory knows of it; null of one that was made just now elsewhere.</param>
    /// <param name="portalName">Of a portal, by its id.</param>
    public static UserView Of(UserListing user, KnownUser? known, Roster roster, Func<string, string> portalName) => new(user,
    [
        .. (known?.Providers ?? new Dictionary<string, MemberRole>()).OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => new RoleRow(
            Grant.Of(pair.Key, pair.Value), $"{(pair.Value is MemberRole.Admin ? "administrator" : "viewer")} of {MatrixView.ProviderName(roster, new ProviderId(pair.Key))}",
            ProvidersPage.PathOf(new ProviderId(pair.Key)))),
        .. (known?.Portals ?? []).Order(StringComparer.Ordinal).Select(portal => new RoleRow(Grant.Owning(portal), $"owner of {portalName(portal)}", PortalsPage.PathOf(portal))),
    ]);

    /// <summary>Whether it can sign in, in words, and the tone of that.</summary>
    public static (string Says, string Tone) StateOf(UserListing user, DateTimeOffset now) => user switch
    {
        { DisabledAt: not null } => ("disabled", "idle"),
        { LockoutEnd: { } end } when end > now => ("locked out", "warn"),
        { SignedInAt: null } => ("never here", "idle"),
        _ => ("active", "good"),
    };
}
