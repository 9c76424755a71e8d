using AltruistManager.Accounts;
using AltruistManager.Altruists;

namespace AltruistManager.Selection;

/// <summary>What staff order of the picks: pins, exclusions and holds. Picks are settled by the caller.</summary>
public sealed class OrderRegistry(OverrideStore overrides, HoldStore holds, RosterCache rosters, RefusalLog refusals, TimeProvider time)
{
    /// <summary>The override as it would be, without making it.</summary>
    /// <param name="errors">What was found wrong while reading the draft.</param>
    public Registered<Override> Check(Actor actor, OverrideDraft draft, FieldErrors errors)
    {
        if (Refused(actor, "override.add", "override", "") is { } refusal)
            return refusal;
        var rule = draft.Check(rosters.Current, actor.Author, time.GetUtcNow(), errors);
        return errors.Any ? Refusal.Invalid(errors) : Registered<Override>.Done(rule, created: true);
    }

    /// <param name="rule">Of <see cref="Check(Actor, OverrideDraft, FieldErrors)"/>.</param>
    public async Task<Registered<Override>> AddAsync(Actor actor, Override rule, CancellationToken cancellation)
    {
        if (Refused(actor, "override.add", "override", rule.Id) is { } refusal)
            return refusal;
        await overrides.AddAsync(actor, rule, OwnerOf(rule), cancellation);
        return Registered<Override>.Done(rule, created: true);
    }

    /// <param name="kind">Only one of this kind; null for any.</param>
    /// <returns>Null when it was ended.</returns>
    public async Task<Refusal?> EndOverrideAsync(Actor actor, string id, OverrideKind? kind, CancellationToken cancellation) =>
        Refused(actor, "override.end", "override", id)
        ?? (await overrides.DeleteAsync(actor, id, kind, OwnerOf, cancellation) ? null : new Refusal(RefusalKind.Unknown, "unknown-override", $"There is no override named '{id}'."));

    /// <summary>The hold as it would be, without making it.</summary>
    /// <param name="errors">What was found wrong while reading the draft.</param>
    public Registered<Hold> Check(Actor actor, HoldDraft draft, FieldErrors errors)
    {
        if (Refused(actor, "hold.add", "hold", "") is { } refusal)
            return refusal;
        var hold = draft.Check(rosters.Current, actor.Author, time.GetUtcNow(), errors);
        return errors.Any ? Refusal.Invalid(errors) : Registered<Hold>.Done(hold, created: true);
    }

    /// <inheritdoc cref="Check(Actor, HoldDraft, FieldErrors)"/>
    public async Task<Registered<Hold>> AddAsync(Actor actor, HoldDraft draft, FieldErrors errors, CancellationToken cancellation)
    {
        var wanted = Check(actor, draft, errors);
        if (wanted.Value is { } hold)
            await holds.AddAsync(actor, hold, cancellation);
        return wanted;
    }

    /// <returns>Null when it was ended.</returns>
    public async Task<Refusal?> EndHoldAsync(Actor actor, string id, CancellationToken cancellation) =>
        Refused(actor, "hold.end", "hold", id)
        ?? (await holds.DeleteAsync(actor, id, cancellation) ? null : new Refusal(RefusalKind.Unknown, "unknown-hold", $"There is no hold named '{id}'."));

    private ProviderId? OwnerOf(Override rule) => rule.Altruist is { } altruist ? rosters.Current.Altruists.GetValueOrDefault(altruist)?.Provider : rule.Provider;

    private Refusal? Refused(Actor actor, string action, string kind, string id)
    {
        var refusal = Refusal.UnlessStaff(actor, "order picks");
        if (refusal is not null)
            refusals.Note(actor, new AuditEntry(action, kind, id) { Provider = actor.OnlyProvider, Detail = refusal.Detail });
        return refusal;
    }
}
