using AltruistManager.Accounts;
using AltruistManager.Storage;

namespace AltruistManager.Altruists;

/// <param name="Name">Null means the id.</param>
/// <param name="PayoutAddress">Null means what it has.</param>
/// <param name="Shares">Null means one where staff writes, else what it has.</param>
public sealed record ProviderDraft(string? Name, string? Website, string? Contact, string? PayoutAddress, int? Shares = null)
{
    /// <summary>True where it was said that it is to be paid nowhere.</summary>
    public bool ClearsPayoutAddress { get; init; }

    /// <summary>Null means any number where staff writes, else what it has.</summary>
    public int? MaxAltruists { get; init; }

    /// <inheritdoc cref="ChainDraft.Seen"/>
    public Provider? Seen { get; init; }
}

/// <summary>Registers providers.</summary>
public sealed class ProviderRegistry(RegistryWriter writer, TimeProvider time)
{
    private const int MostShares = 100;

    /// <param name="errors">What was found wrong while reading the draft.</param>
    public Task<Registered<Provider>> PutAsync(Actor actor, ProviderId id, ProviderDraft draft, FieldErrors errors, CancellationToken cancellation)
    {
        var now = UnixTime.FromMs(time.NowMs());
        return writer.ChangeAsync(
            new Deed<Provider>(actor, Told.Provider, null, id.Value) { Seen = draft.Seen },
            roster => Decide(roster, actor, id, draft, errors.Copy(), now),
            (write, provider, revision) => ProviderStore.PutAsync(write, provider, now, revision),
            cancellation);
    }

    /// <summary>Makes a provider that is not there.</summary>
    /// <param name="errors">What was found wrong while reading the draft.</param>
    public Task<Registered<Provider>> AddAsync(Actor actor, ProviderId id, ProviderDraft draft, FieldErrors errors, CancellationToken cancellation)
    {
        var now = UnixTime.FromMs(time.NowMs());
        return writer.ChangeAsync(
            new Deed<Provider>(actor, Told.Provider, null, id.Value),
            roster => Refusal.UnlessStaff(actor, "add providers")
                ?? (roster.Providers.ContainsKey(id) ? new Refusal(RefusalKind.Taken, "provider-exists", $"There is a provider {id} already.") : Decide(roster, actor, id, draft, errors.Copy(), now)),
            (write, provider, revision) => ProviderStore.PutAsync(write, provider, now, revision),
            cancellation);
    }

    internal static Registered<Provider> Decide(Roster roster, Actor actor, ProviderId id, ProviderDraft draft, FieldErrors errors, DateTimeOffset now)
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
        errors.Between("maxAltruists", draft.MaxAltruists, 0, 100_000);
        if (errors.Any)
            return Refusal.Invalid(errors);

        var before = roster.Providers.GetValueOrDefault(id)?.Settled(now);
        var shares = actor.IsStaff ? draft.Shares ?? 1 : before?.Shares ?? 1;
        if (draft.Shares is { } wanted && wanted != shares)
            return new Refusal(RefusalKind.Forbidden, "staff-only", "Shares are set by staff.");

        var most = actor.IsStaff ? draft.MaxAltruists : before?.MaxAltruists;
        if (draft.MaxAltruists is { } number && number != most)
            return new Refusal(RefusalKind.Forbidden, "staff-only", "How many altruists a provider may have is set by staff.");

        if (before is null && draft.PayoutAddress is not null && WithoutSecondFactor(actor) is { } unsure)
            return unsure;

        var provider = new Provider(id, draft.Name ?? id.Value, draft.Website, draft.Contact, before is null ? draft.PayoutAddress : before.PayoutAddress, shares)
        {
            MaxAltruists = most,
            NextPayoutAddress = before?.NextPayoutAddress,
            NextPayoutAt = before?.NextPayoutAt,
            PayoutChange = before?.PayoutChange,
        };
        return before is null || (draft.PayoutAddress is null && !draft.ClearsPayoutAddress)
            ? Registered<Provider>.Done(provider, created: before is null)
            : WithPayout(provider, actor, draft.PayoutAddress, now);
    }

    /// <summary>Whoever takes over an account does not thereby get at what the provider is paid: it takes a second factor, and days in which everybody can see it.</summary>
    private static Registered<Provider> WithPayout(Provider provider, Actor actor, string? wanted, DateTimeOffset now)
    {
        var known = provider.NextPayoutAt is null ? provider.PayoutAddress : provider.NextPayoutAddress;
        if (wanted == known)
            return Registered<Provider>.Done(provider, created: false);
        if (WithoutSecondFactor(actor) is { } unsure)
            return unsure;
        var noted = provider with { PayoutChange = new PayoutChange(now, actor.IsStaff ? "staff" : actor.Name, known, wanted) };
        // Back to what counts today: the change that waits is off.
        return Registered<Provider>.Done(
            wanted == provider.PayoutAddress
                ? noted with { NextPayoutAddress = null, NextPayoutAt = null }
                : noted with { NextPayoutAddress = wanted, NextPayoutAt = now + Provider.PayoutDelay },
            created: false);
    }

    /// <summary>A key proves no second factor, so only staff's and the machine's own commands do without.</summary>
    private static Refusal? WithoutSecondFactor(Actor actor) => actor.HasSecondFactor || actor is { IsStaff: true, Kind: not ActorKind.User }
        ? null
        : new Refusal(RefusalKind.Forbidden, "second-factor-needed", "A payout address is changed only by somebody who proved a second factor at sign-in on the pages, or with a key of staff; a provider's key is not enough.");
}
