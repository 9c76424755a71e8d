using AltruistManager.Accounts;

namespace AltruistManager.Altruists;

/// <param name="Name">Null means the id.</param>
/// <param name="Shares">Null means one where staff writes, else what it has.</param>
public sealed record ProviderDraft(string? Name, string? Website, string? Contact, string? PayoutAddress, int? Shares = null);

/// <summary>Registers providers.</summary>
public sealed class ProviderRegistry(RegistryWriter writer, TimeProvider time)
{
    private const int MostShares = 100;

    /// <param name="errors">What was found wrong while reading the draft.</param>
    public Task<Registered<Provider>> PutAsync(Actor actor, ProviderId id, ProviderDraft draft, FieldErrors errors, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        return writer.ChangeAsync(
            new Deed<Provider>(actor, Told.Provider, null, id.Value),
            roster => Decide(roster, actor, id, draft, errors.Copy()),
            (write, provider, revision) => ProviderStore.PutAsync(write, provider, now, revision),
            cancellation);
    }

    internal static Registered<Provider> Decide(Roster roster, Actor actor, ProviderId id, ProviderDraft draft, FieldErrors errors)
    {
        if (Refusal.UnlessMayChange(actor, id, "what is said of this provider") is { } notYours)
            return notYours;

        if (Naming.IdError(id.Value) is { } wrong)
            errors.Add("id", wrong);
        errors.Text("name", draft.Name);
        errors.Text("contact", draft.Contact, most: 200);
        errors.Text("payoutAddress", draft.PayoutAddress, most: 200);
        if (draft.Website is { } website && AltruistUrl.Parse(website, "https", "http", allowPlain: true).Error is { } error)
            errors.Add("website", error);
        errors.Between("shares", draft.Shares, 1, MostShares);
        if (errors.Any)
            return Refusal.Invalid(errors);

        var before = roster.Providers.GetValueOrDefault(id);
        var shares = actor.IsStaff ? draft.Shares ?? 1 : before?.Shares ?? 1;
        if (draft.Shares is { } wanted && wanted != shares)
            return new Refusal(RefusalKind.Forbidden, "staff-only", "Shares are set by staff.");

        return Registered<Provider>.Done(
            new Provider(id, draft.Name ?? id.Value, draft.Website, draft.Contact, draft.PayoutAddress, shares), created: before is null);
    }
}
