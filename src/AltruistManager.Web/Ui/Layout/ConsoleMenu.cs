using AltruistManager.Accounts;
using AltruistManager.Altruists;
using AltruistManager.Web.Ui.Pages;

namespace AltruistManager.Web.Ui.Layout;

/// <param name="Path">Of the page; those below it belong to it, unless <paramref name="IsExact"/>.</param>
public sealed record MenuLine(string Title, string Path, bool IsExact = false);

/// <param name="Title">Null for lines that need none.</param>
public sealed record MenuGroup(string? Title, IReadOnlyList<MenuLine> Lines);

/// <summary>The side navigation of the consoles, by who looks. A page is one file, which says how in <see cref="ConsolePage"/>, and one line here.</summary>
internal static class ConsoleMenu
{
    /// <summary>Of staff.</summary>
    private static readonly MenuLine[] Staff =
    [
        new MenuLine("Attention", "/admin", IsExact: true),
        new MenuLine("Chains", "/admin/chains"),
        new MenuLine("Regions", "/admin/regions"),
        new MenuLine("Providers", "/admin/providers"),
        new MenuLine("Altruists", "/admin/altruists"),
        new MenuLine("Overrides", "/admin/overrides"),
        new MenuLine("Portals", "/admin/portals"),
        new MenuLine("Users", "/admin/users"),
        new MenuLine("Publishers", "/admin/publishers"),
        new MenuLine("Jobs", "/admin/jobs"),
        new MenuLine("Audit", "/admin/audit"),
        new MenuLine("Settings", "/admin/settings"),
    ];

    /// <summary>Of a provider: below its own path.</summary>
    private static readonly (MenuLine Line, bool ForAdmins)[] Provider =
    [
        (new MenuLine("Altruists", "", IsExact: true), false),
        (new MenuLine("Add an altruist", "/add"), true),
        (new MenuLine("Import altruists", "/import"), true),
        (new MenuLine("API keys", "/keys"), false),
        (new MenuLine("Team", "/team"), false),
        (new MenuLine("Settings", "/settings"), false),
    ];

    /// <param name="provider">The one that the page is about; null for none.</param>
    public static IReadOnlyList<MenuGroup> Of(Actor actor, Roster roster, string? provider)
    {
        var groups = new List<MenuGroup>();
        if (actor.IsStaff)
            groups.Add(new MenuGroup("Staff", Staff));
        provider ??= actor.Providers.Count == 1 ? actor.Providers.Keys.Single() : null;
        if (provider is not null && actor.MaySee(provider))
        {
            groups.Add(new MenuGroup(
                MatrixView.ProviderName(roster, new ProviderId(provider)),
                [.. Provider.Where(page => !page.ForAdmins || actor.MayChange(provider)).Select(page => page.Line with { Path = PathOf(provider) + page.Line.Path })]));
        }

        if (actor.Portals.Count > 0)
            groups.Add(new MenuGroup("Portals", [.. actor.Portals.Order(StringComparer.Ordinal).Select(portal => new MenuLine(portal, $"/my/portals/{Uri.EscapeDataString(portal)}"))]));
        if (actor.Providers.Count > 1)
            groups.Add(new MenuGroup(null, [new MenuLine("All my providers", "/my", IsExact: true)]));
        return groups;
    }

    /// <summary>Where who looks gets into the consoles, from every page.</summary>
    public static IEnumerable<MenuLine> EntrancesOf(Actor actor)
    {
        if (actor.Providers.Count > 0)
            yield return new MenuLine("My altruists", "/my");
        else if (actor.Portals.Count > 0)
            yield return new MenuLine("My portals", "/my");
        if (actor.IsStaff)
            yield return new MenuLine("Staff", "/admin");
    }

    public static string PathOf(string provider) => $"/my/{Uri.EscapeDataString(provider)}";
}
