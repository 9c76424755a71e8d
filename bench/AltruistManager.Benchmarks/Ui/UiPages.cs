namespace AltruistManager.Benchmarks.Ui;

/// <param name="User">Who looks; null for everybody.</param>
internal sealed record UiPage(string Name, string Path, string? User)
{
    /// <summary>Interactive, over a connection.</summary>
    public bool IsConsole => User is not null;
}

/// <summary>The pages that are measured: another one is another line.</summary>
internal static class UiPages
{
    /// <param name="world">What there is to look at.</param>
    public static IReadOnlyList<UiPage> Of(UiWorld world)
    {
        var (mine, altruist) = ($"/my/{world.Provider}", world.Altruist);
        return
        [
            new("matrix", "/", null),
            new("matrix, what needs attention", "/?show=attention", null),
            new("matrix, the last page", "/?page=999", null),
            new("slot", $"/slots/{world.Slot.Chain}/{world.Slot.Region}", null),
            new("altruists", "/altruists", null),
            new("altruists of a provider that are down", $"/altruists?provider={world.Provider}&state=down", null),
            new("altruist", $"/altruists/{altruist}", null),
            new("log", "/transparency", null),
            new("methodology", "/methodology", null),

            new("my overview", mine, UiWorld.Admin),
            new("my overview, the last page", $"{mine}?page=999", UiWorld.Admin),
            new("my altruist", $"{mine}/altruists/{altruist}", UiWorld.Admin),
            new("my altruist, offer and checks", $"{mine}/altruists/{altruist}?show=offer", UiWorld.Admin),
            new("my altruist, history", $"{mine}/altruists/{altruist}?show=history", UiWorld.Admin),
            new("my altruist, probes", $"{mine}/altruists/{altruist}?show=probes", UiWorld.Admin),
            new("my altruist, edit", $"{mine}/altruists/{altruist}/edit", UiWorld.Admin),
            new("my add", $"{mine}/add", UiWorld.Admin),
            new("my import", $"{mine}/import", UiWorld.Admin),
            new("my keys", $"{mine}/keys", UiWorld.Admin),
            new("my team", $"{mine}/team", UiWorld.Admin),
            new("my settings", $"{mine}/settings", UiWorld.Admin),
            new("my portal", $"/my/portals/{UiWorld.Portal}", UiWorld.Gateway),

            new("attention", "/admin", UiWorld.Staff),
            new("chains", "/admin/chains", UiWorld.Staff),
            new("chain", $"/admin/chains/{world.Slot.Chain}", UiWorld.Staff),
            new("regions", "/admin/regions", UiWorld.Staff),
            new("providers", "/admin/providers", UiWorld.Staff),
            new("provider", $"/admin/providers/{world.Provider}", UiWorld.Staff),
            new("all altruists", "/admin/altruists", UiWorld.Staff),
            new("overrides", "/admin/overrides", UiWorld.Staff),
            new("portals", "/admin/portals", UiWorld.Staff),
            new("portal", $"/admin/portals/{UiWorld.Portal}", UiWorld.Staff),
            new("users", "/admin/users", UiWorld.Staff),
            new("publishers", "/admin/publishers", UiWorld.Staff),
            new("jobs", "/admin/jobs", UiWorld.Staff),
            new("audit", "/admin/audit", UiWorld.Staff),
            new("settings", "/admin/settings", UiWorld.Staff),
        ];
    }
}
