using AltruistManager.Accounts;
using AltruistManager.Altruists;
using AltruistManager.Selection;
using AltruistManager.Web.Ui.Shared;

namespace AltruistManager.Web.Ui.Pages.Admin;

/// <summary>One order of staff.</summary>
/// <param name="Whom">Whom it names; null for a hold.</param>
/// <param name="Path">Where whom it names is shown; null for none.</param>
/// <param name="Does">What it does now, in words; empty where that is not known.</param>
/// <param name="EndedAt">When it was over; null while it is in force.</param>
/// <param name="WasEnded">It was ended before its time.</param>
internal sealed record OrderRow(
    string Id, OrderKind Kind, string? Whom, string? Path, string Where, string Reason, string? Note, string By, DateTimeOffset CreatedAt, DateTimeOffset Until, string Does,
    DateTimeOffset? EndedAt, bool WasEnded)
{
    /// <summary>As a line begins: <c>Pin of acme-eth-1</c>.</summary>
    public string Title => Kind switch
    {
        OrderKind.Pin => $"Pin of {Whom}",
        OrderKind.Exclude => $"Exclusion of {Whom}",
        _ => "Hold of the rotation",
    };

    public static OrderRow Of(Override rule, Roster roster, UserBook users, IReadOnlyDictionary<SlotKey, SlotStatus> slots, DateTimeOffset now)
    {
        var provider = rule.Altruist is { } altruist ? roster.Altruists.GetValueOrDefault(altruist)?.Provider : rule.Provider;
        return new OrderRow(
            rule.Id, rule.Kind is OverrideKind.Pin ? OrderKind.Pin : OrderKind.Exclude, OrderWords.Whom(roster, rule),
            provider is not { } owner ? null : rule.Altruist is { } named ? $"{Layout.ConsoleMenu.PathOf(owner.Value)}/altruists/{named}" : $"/admin/providers/{Uri.EscapeDataString(owner.Value)}",
            OrderWords.Where(roster, rule.Chain, rule.Region), rule.Reason, rule.Note, OrderWords.By(users, rule.CreatedBy), rule.CreatedAt, rule.ExpiresAt,
            DoesOf(rule, slots), OverAt(rule.DeletedAt, rule.ExpiresAt, now), rule.DeletedAt is not null);
    }

    public static OrderRow Of(Hold hold, Roster roster, UserBook users, IReadOnlyDictionary<SlotKey, SlotStatus> slots, DateTimeOffset now) => new(
        hold.Id, OrderKind.Hold, null, null, OrderWords.Where(roster, hold.Chain, hold.Region), hold.Reason, null, OrderWords.By(users, hold.CreatedBy), hold.CreatedAt, hold.Until,
        $"holds {Words.Count(slots.Keys.Count(hold.Concerns), "slot", "slots")}", OverAt(hold.DeletedAt, hold.Until, now), hold.DeletedAt is not null);

    private static string DoesOf(Override rule, IReadOnlyDictionary<SlotKey, SlotStatus> slots)
    {
        if (rule.Kind is OverrideKind.Exclude)
            return rule.Revoke ? "not even kept as the last good pick" : "";
        var ruled = slots.Values.Count(slot => slot is { State: SlotState.Override, Primary: { } primary } && primary.Altruist == rule.Altruist
            && (rule.Chain is null || rule.Chain == slot.Key.Chain) && (rule.Region is null || rule.Region == slot.Key.Region));
        return (ruled == 0 ? "waits: rules no slot now" : $"picked in {Words.Count(ruled, "slot", "slots")}") + (rule.Force ? ", forced" : "");
    }

    private static DateTimeOffset? OverAt(DateTimeOffset? deleted, DateTimeOffset until, DateTimeOffset now) => deleted ?? (until <= now ? until : null);
}

/// <summary>Maintenance that a provider planned or has begun.</summary>
internal sealed record DrainRow(string Id, string Altruist, string Provider, string Path, string Reason, DateTimeOffset From, DateTimeOffset? Until, bool IsInForce);

/// <summary>What people have ordered, in force and to come.</summary>
internal sealed record OverridesView(IReadOnlyList<OrderRow> InForce, IReadOnlyList<DrainRow> Maintenance)
{
    /// <param name="overrides">Those known to memory; what is over is left out.</param>
    public static OverridesView Build(
        Roster roster, UserBook users, IEnumerable<Override> overrides, IEnumerable<Hold> holds, DrainBook drains, IReadOnlyDictionary<SlotKey, SlotStatus> slots, DateTimeOffset now) => new(
        [
            .. OverrideRules.InForce(overrides, now).Select(rule => OrderRow.Of(rule, roster, users, slots, now))
                .Concat(Hold.InForce(holds, now).Select(hold => OrderRow.Of(hold, roster, users, slots, now)))
                .OrderBy(row => row.Until).ThenBy(row => row.Id, StringComparer.Ordinal),
        ],
        [
            .. drains.All.Where(drain => !(drain.Over <= now)).OrderBy(drain => drain.From).ThenBy(drain => drain.Id, StringComparer.Ordinal)
                .Where(drain => roster.Altruists.GetValueOrDefault(drain.Altruist) is { RetiredAt: null })
                .Select(drain =>
                {
                    var altruist = roster.Altruists[drain.Altruist];
                    return new DrainRow(
                        drain.Id, altruist.Label, MatrixView.ProviderName(roster, altruist.Provider), $"{Layout.ConsoleMenu.PathOf(altruist.Provider.Value)}/altruists/{altruist.Id}",
                        drain.Reason, drain.From, drain.Until, drain.From <= now);
                }),
        ]);
}
