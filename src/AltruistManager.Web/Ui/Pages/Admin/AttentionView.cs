using AltruistManager.Alerts;

namespace AltruistManager.Web.Ui.Pages.Admin;

/// <summary>Where something is done about an item.</summary>
/// <param name="IsPublic">Of the public pages, which run no script.</param>
internal sealed record AttentionLink(string Title, string Path, bool IsPublic = false);

/// <param name="Total">Those shown and more.</param>
internal sealed record AttentionGroup(Severity Severity, string Title, string Tone, IReadOnlyList<AttentionEntry> Shown, int Total);

/// <summary>What needs attention as it is shown: the worst first, what was seen apart.</summary>
internal sealed record AttentionView
{
    /// <summary>Of each severity so many are shown until more are asked for.</summary>
    public const int Step = 50;

    /// <summary>Of every severity, the worst first; those of which there is nothing are left out.</summary>
    public required IReadOnlyList<AttentionGroup> Open { get; init; }

    public required AttentionGroup? Seen { get; init; }

    /// <summary>By severity, those that were seen left out.</summary>
    public required IReadOnlyDictionary<Severity, int> Counts { get; init; }

    public bool IsQuiet => Open.Count == 0;

    /// <param name="most">Shown of each group.</param>
    public static AttentionView Build(IReadOnlyList<AttentionEntry> entries, int most)
    {
        var open = entries.Where(entry => entry.Seen is null).GroupBy(entry => entry.Item.Severity).OrderByDescending(group => group.Key).ToList();
        var seen = entries.Where(entry => entry.Seen is not null).ToList();
        return new AttentionView
        {
            Open = [.. open.Select(group => Group(group.Key, TitleOf(group.Key), [.. group]))],
            Seen = seen.Count == 0 ? null : Group(Severity.Information, "Acknowledged", seen),
            Counts = Enum.GetValues<Severity>().ToDictionary(severity => severity, severity => open.Find(group => group.Key == severity)?.Count() ?? 0),
        };

        AttentionGroup Group(Severity severity, string title, List<AttentionEntry> all) => new(severity, title, ToneOf(severity), [.. all.Take(most)], all.Count);
    }

    public static string ToneOf(Severity severity) => severity switch
    {
        Severity.Critical => "bad",
        Severity.Warning => "warn",
        _ => "idle",
    };

    public static string TitleOf(Severity severity) => severity switch
    {
        Severity.Critical => "Critical",
        Severity.Warning => "Warnings",
        _ => "Good to know",
    };

    /// <summary>The page where it is done first, then where it is seen why.</summary>
    public static IEnumerable<AttentionLink> LinksOf(AttentionItem item)
    {
        switch (item.Kind)
        {
            case AttentionKind.Slot or AttentionKind.OneProvider when item.Chain is { } chain:
                yield return new AttentionLink("The chain", $"/admin/chains/{Uri.EscapeDataString(chain.Value)}");
                if (item.Region is { } region)
                    yield return new AttentionLink("Why", Shared.Words.SlotPath(new(chain, region)), IsPublic: true);
                break;
            case AttentionKind.Round:
                yield return new AttentionLink("Jobs", "/admin/jobs");
                break;
            case AttentionKind.Publisher:
                yield return new AttentionLink("Publishers", "/admin/publishers");
                break;
            case AttentionKind.Pin or AttentionKind.Ending:
                yield return new AttentionLink("Overrides", "/admin/overrides");
                break;
            case AttentionKind.Keys:
                yield return new AttentionLink("Altruists", "/admin/altruists");
                break;
            case AttentionKind.Report when item.Altruist is null:
                yield return new AttentionLink("Portals", "/admin/portals");
                break;
        }

        if (item is { Altruist: { } altruist, Provider: { } provider })
            yield return new AttentionLink("The altruist", $"{Layout.ConsoleMenu.PathOf(provider.Value)}/altruists/{altruist}");
    }
}
