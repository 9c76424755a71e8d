using AltruistManager.Accounts;
using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Chains.Protocols;
using AltruistManager.Health;
using AltruistManager.Selection;
using AltruistManager.Web.Security;

namespace AltruistManager.Web.Ui.Pages.Setup;

/// <summary>What the steps of the first run do, each by the features that do it later as well.</summary>
internal sealed class SetupSteps(
    Users users, UserBook book, RegionRegistry regions, ChainRegistry chains, ProviderRegistry providers, AltruistRegistry altruists, AltruistTest test, RosterCache rosters,
    HealthBoard health, SnapshotHolder snapshots, SelectionRound round, ApiKeyStore keys, ChainCatalog catalog, ProtocolCatalog protocols, SignedIn who, TimeProvider time)
{
    /// <summary>A new altruist is probed every few seconds until it is decided, and then picked.</summary>
    private static readonly TimeSpan UntilPicked = TimeSpan.FromSeconds(20);

    /// <summary>What the catalogue knows well enough to be registered by its id.</summary>
    public IReadOnlyList<CatalogChain> Offered { get; } =
        [.. catalog.Chains.Where(chain => chain is { Identity: not null, Protocol: { } protocol } && protocols.Find(protocol) is not null).OrderBy(chain => chain.Name, StringComparer.OrdinalIgnoreCase).ThenBy(chain => chain.Id)];

    /// <returns>What is wrong; null when the user is made.</returns>
    public async Task<string?> MakeStaffAsync(User user, string password, CancellationToken cancellation)
    {
        var made = await users.CreateAsync(user, password);
        if (!made.Succeeded)
            return Users.Explain(made);
        await book.RefreshAsync(cancellation);
        return null;
    }

    /// <param name="lines">An id each, and behind it a name.</param>
    /// <returns>What is wrong; null when all are there.</returns>
    public async Task<string?> AddRegionsAsync(IEnumerable<(string Id, string? Name)> lines, CancellationToken cancellation)
    {
        foreach (var (id, name) in lines)
        {
            if (rosters.Current.Regions.ContainsKey(new RegionId(id)))
                continue;
            var outcome = await regions.PutAsync(who.Required, new RegionId(id), new RegionDraft(name, null), new FieldErrors(), cancellation);
            if (outcome.Refusal is { } refusal)
                return $"{id}: {Explain(refusal)}";
        }

        return null;
    }

    /// <returns>What is wrong; null when all are there.</returns>
    public async Task<string?> AddChainsAsync(IEnumerable<string> ids, CancellationToken cancellation)
    {
        foreach (var id in ids)
        {
            if (rosters.Current.Chains.ContainsKey(new ChainId(id)))
                continue;
            var outcome = await chains.PutAsync(who.Required, new ChainId(id), new ChainDraft(), new FieldErrors(), cancellation);
            if (outcome.Refusal is { } refusal)
                return $"{id}: {Explain(refusal)}";
        }

        await round.SettleAfterChangeAsync(Trigger.Change);
        return null;
    }

    /// <summary>Registers the provider and the altruist, or corrects that one, and tests it.</summary>
    /// <param name="altruist">The one of the attempt before; null at the first.</param>
    public async Task<(AltruistId? Altruist, AltruistTestReport? Report, string? Wrong)> AddAltruistAsync(
        string provider, AltruistId? altruist, AltruistDraft draft, CancellationToken cancellation)
    {
        if (!rosters.Current.Providers.ContainsKey(new ProviderId(provider))
            && (await providers.PutAsync(who.Required, new ProviderId(provider), new ProviderDraft(provider, null, null, null), new FieldErrors(), cancellation)).Refusal is { } refusal)
        {
            return (altruist, null, $"Provider: {Explain(refusal)}");
        }

        var outcome = altruist is { } known && rosters.Current.Altruists.GetValueOrDefault(known) is { RetiredAt: null } there && there.Provider.Value == provider
            ? await altruists.ChangeAsync(who.Required, known, draft with { Provider = null }, new FieldErrors(), cancellation)
            : await altruists.AddAsync(who.Required, draft with { Provider = provider }, new FieldErrors(), cancellation);
        if (outcome.Refusal is { } wrong)
            return (altruist, null, Explain(wrong));
        await round.SettleAfterChangeAsync(Trigger.Change);
        var tested = await test.RunAsync(who.Required, outcome.Value!, cancellation);
        return (outcome.Value!.Id, tested.Value, tested.Refusal?.Detail);
    }

    /// <summary>Tests it as it is now: what a form says of a test proves none.</summary>
    public async Task<(AltruistTestReport? Report, string? Wrong)> TestAsync(Altruist altruist, CancellationToken cancellation)
    {
        var tested = await test.RunAsync(who.Required, altruist, cancellation);
        return (tested.Value, tested.Refusal?.Detail);
    }

    /// <summary>What its own state makes of it, in words.</summary>
    public string ExplainState(Altruist altruist) => Eligibility.Explain(altruist.InService, health[altruist.Id], drain: null);

    /// <summary>A slot that it is offered for as soon as one has a pick, itself rather than another; null after a while without.</summary>
    public async Task<SlotStatus?> WaitForPickAsync(Altruist altruist, CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(UntilPicked);
        var snapshot = snapshots.Current;
        try
        {
            while (true)
            {
                if (snapshot.Slots.Values.Where(slot => slot.Primary is not null && altruist.Chains.Contains(slot.Key.Chain) && (altruist.Regions.Contains(RegionId.Everywhere) || altruist.Regions.Contains(slot.Key.Region)))
                    .OrderByDescending(slot => slot.Primaries.Any(pick => pick.Altruist == altruist.Id)).ThenBy(slot => slot.Key.Chain).ThenBy(slot => slot.Key.Region).FirstOrDefault() is { } slot)
                    return slot;
                snapshot = await snapshots.NextAsync(snapshot, patience.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <returns>The key, which is told once.</returns>
    public async Task<string> MakePortalKeyAsync(CancellationToken cancellation) =>
        (await keys.CreateAsync(who.Required, "first portal", KeyScope.Portal, null, null, null, cancellation)).Key ?? throw new InvalidOperationException("Staff may make any key.");

    /// <summary>Staff from the moment it is there; nobody where somebody is there by then.</summary>
    public User NewStaff(string email) => User.New(email.Trim(), time.GetUtcNow(), grant: Grant.Staff, mustBeFirst: true);

    private static string Explain(Refusal refusal) => refusal.Errors is { } errors
        ? string.Join(" ", errors.ToDictionary().SelectMany(field => field.Value.Select(error => $"{field.Key} {error}.")))
        : refusal.Detail;
}
