using AltruistManager.Accounts;
using AltruistManager.Chains;
using AltruistManager.Storage;

namespace AltruistManager.Altruists;

/// <summary>What somebody says of an altruist; null was not said.</summary>
public sealed record AltruistDraft
{
    public string? Provider { get; init; }

    /// <summary>Ids or aliases.</summary>
    public IReadOnlyList<string>? Chains { get; init; }

    public string? Url { get; init; }

    /// <summary>By RPC type.</summary>
    public IReadOnlyDictionary<string, string>? Urls { get; init; }

    public IReadOnlyList<string>? Regions { get; init; }

    public string? Label { get; init; }

    /// <summary>What the endpoint wants to see of who asks.</summary>
    public AuthDraft? Auth { get; init; }

    public IReadOnlyList<string>? Capabilities { get; init; }

    public int? CapacityRps { get; init; }

    /// <summary>True where the capacity was said to be unknown again.</summary>
    public bool ClearsCapacity { get; init; }

    public int? Tier { get; init; }

    public string? Role { get; init; }

    public string? Visibility { get; init; }

    public bool? Enabled { get; init; }

    public bool? Attested { get; init; }

    /// <inheritdoc cref="ChainDraft.Seen"/>
    public Altruist? Seen { get; init; }
}

/// <summary>What a decision about an altruist changes.</summary>
/// <param name="Altruist">As it is afterwards.</param>
/// <param name="Retired">Whose health it inherits; null for nobody's.</param>
/// <param name="Displaced">Those whose claims to its URLs end, as they are afterwards.</param>
internal sealed record AltruistStep(Altruist Altruist, Altruist? Retired, IReadOnlyList<Altruist> Displaced);

/// <summary>Registers altruists, changes and retires them.</summary>
public sealed class AltruistRegistry(RegistryWriter writer, AltruistStore store, ControlStore control, IRegistrationRules rules, IHealthHeritage heritage, TimeProvider time)
{
    private static readonly string[] RpcTypes = ["websocket", "rest", "cometbft"];

    /// <param name="errors">What was found wrong while reading the draft.</param>
    public async Task<Registered<Altruist>> AddAsync(Actor actor, AltruistDraft draft, FieldErrors errors, CancellationToken cancellation)
    {
        var now = UnixTime.FromMs(time.NowMs());
        var id = new AltruistId(Guid.CreateVersion7(now).ToString());
        // What staff add is attested; nobody else's proofs are looked for in the name of a provider.
        var provider = draft.Provider ?? actor.OnlyProvider;
        IReadOnlyList<ShownControl> shown = !actor.IsStaff && provider is not null && actor.MayChange(provider) ? await control.ProvenAsync(new ProviderId(provider), cancellation) : [];
        AltruistStep? step = null;
        var deed = new Deed<Altruist>(actor, Told.Altruist, "add", id.Value);
        return await OrTakenAsync(deed, writer.ChangeAsync(
            deed,
            roster =>
            {
                var view = new RosterView(roster);
                var decided = WithShown(DecideNew(view, actor, id, now, draft, errors.Copy()), shown);
                step = StepOf(view, decided, now);
                return decided;
            },
            async (write, added, revision) =>
            {
                await StoreAsync(write, step!, revision);
                if (!actor.IsStaff)
                    await ControlStore.SpendAsync(write, added, PlacesTextOf(added), now);
            },
            cancellation));
    }

    /// <summary>Staff say publicly that the newest endpoint is its provider's (design 5.7); claims of others to its URLs end.</summary>
    /// <param name="seen">The altruist as they saw it: what it was changed to since is not attested.</param>
    public Task<Registered<Altruist>> AttestAsync(Actor actor, Altruist seen, CancellationToken cancellation)
    {
        var deed = new Deed<Altruist>(actor, Told.Altruist, "attest", seen.Id.Value);
        return OrTakenAsync(deed, ChangeAsync(deed, roster =>
        {
            if (Refusal.UnlessStaff(actor, "attest control of an endpoint") is { } notStaff)
                return notStaff;
            if (FindOwn(new RosterView(roster), actor, seen.Id, out var altruist) is { } refusal)
                return refusal;
            return altruist!.Url.Length > 0 && altruist.Url == seen.Url && SameUrls(altruist.Urls, seen.Urls)
                ? Registered<Altruist>.Done(altruist with { Attested = true, ControlBy = ControlProof.Staff }, created: false)
                : new Refusal(RefusalKind.Taken, "changed-meanwhile", "Its URLs were changed since you looked: look again, and attest what you see.");
        }, cancellation));
    }

    /// <param name="errors">What was found wrong while reading the draft.</param>
    public Task<Registered<Altruist>> ChangeAsync(Actor actor, AltruistId id, AltruistDraft draft, FieldErrors errors, CancellationToken cancellation) =>
        ChangeAsync(actor, "change", id, draft, errors, cancellation);

    /// <param name="what">As the audit trail names it.</param>
    internal Task<Registered<Altruist>> ChangeAsync(Actor actor, string what, AltruistId id, AltruistDraft draft, FieldErrors errors, CancellationToken cancellation)
    {
        var deed = new Deed<Altruist>(actor, Told.Altruist, what, id.Value) { Seen = draft.Seen };
        return OrTakenAsync(deed, ChangeAsync(deed, roster => DecideChange(new RosterView(roster), actor, id, draft, errors.Copy()), cancellation));
    }

    /// <summary>Takes note that control of the newest endpoint was proven; claims of others to its URLs end.</summary>
    /// <param name="places">Where it was proven, as <see cref="PlaceOf"/> tells them apart.</param>
    internal Task<Registered<Altruist>> ProveAsync(Actor actor, AltruistId id, IReadOnlyCollection<string> places, ControlProof by, CancellationToken cancellation)
    {
        var deed = new Deed<Altruist>(actor, Told.Altruist, "prove", id.Value);
        return OrTakenAsync(deed, ChangeAsync(deed, roster =>
        {
            if (FindOwn(new RosterView(roster), actor, id, out var altruist) is { } refusal)
                return refusal;
            return altruist!.Url.Length > 0 && PlacesOf(altruist.Endpoint).All(places.Contains)
                ? Registered<Altruist>.Done(altruist with { Attested = true, ControlBy = by }, created: false)
                : new Refusal(RefusalKind.Taken, "changed-meanwhile", "The altruist was changed while control was looked for: try again.");
        }, cancellation));
    }

    private async Task<Registered<Altruist>> ChangeAsync(Deed<Altruist> deed, Func<Roster, Registered<Altruist>> decide, CancellationToken cancellation)
    {
        var now = UnixTime.FromMs(time.NowMs());
        AltruistStep? step = null;
        return await writer.ChangeAsync(
            deed,
            roster =>
            {
                var decided = decide(roster);
                step = StepOf(new RosterView(roster), decided, now);
                return decided;
            },
            (write, _, revision) => StoreAsync(write, step!, revision),
            cancellation);
    }

    /// <returns>Null for what was refused.</returns>
    internal static AltruistStep? StepOf(RosterView view, Registered<Altruist> decided, DateTimeOffset now) =>
        decided.Value is { } altruist ? new AltruistStep(altruist, decided.Created ? view.PredecessorOf(altruist) : null, Displaced(view, altruist, now)) : null;

    internal async Task StoreAsync(WriteTransaction write, AltruistStep step, long revision)
    {
        var altruist = step.Altruist;
        foreach (var loser in step.Displaced)
        {
            await store.PutAsync(write, loser, revision);
            await AuditStore.AppendAsync(write, time.GetUtcNow(), Actor.Service, new AuditEntry("altruist.displace", "altruist", loser.Id.Value)
            {
                Provider = loser.Provider.Value,
                Detail = loser.RetiredAt is null ? "back to the URL of before: another provider has proven control of the new one" : "retired: another provider has proven control of its URL",
            });
        }

        await store.PutAsync(write, altruist, revision);
        if (step.Retired is { } retired)
            await heritage.InheritAsync(write, retired.Id, altruist.Id);
    }

    /// <summary>What would be registered, without doing so.</summary>
    /// <param name="errors">What was found wrong while reading the draft.</param>
    public Task<Registered<Altruist>> ProposeAsync(Actor actor, AltruistDraft draft, FieldErrors errors, CancellationToken cancellation)
    {
        var now = UnixTime.FromMs(time.NowMs());
        var id = new AltruistId(Guid.CreateVersion7(now).ToString());
        return writer.PreviewAsync(new Deed<Altruist>(actor, Told.Altruist, "test", ""), roster => DecideNew(new RosterView(roster), actor, id, now, draft, errors.Copy()), cancellation);
    }

    /// <summary>What would become of a change, without making it.</summary>
    /// <param name="errors">What was found wrong while reading the draft.</param>
    public Task<Registered<Altruist>> PreviewAsync(Actor actor, AltruistId id, AltruistDraft draft, FieldErrors errors, CancellationToken cancellation) =>
        writer.PreviewAsync(new Deed<Altruist>(actor, Told.Altruist, "change", id.Value), roster => DecideChange(new RosterView(roster), actor, id, draft, errors.Copy()), cancellation);

    /// <summary>A change whose endpoint was tested already: it is in service at once.</summary>
    /// <param name="tested">Fingerprint of what was tested; when the change leads elsewhere by now, it is refused.</param>
    /// <param name="also">What else is written in the same transaction.</param>
    internal Task<Registered<Altruist>> ChangeTestedAsync(
        Actor actor, AltruistId id, AltruistDraft draft, string tested, Func<WriteTransaction, Task> also, CancellationToken cancellation) =>
        writer.ChangeAsync(
            new Deed<Altruist>(actor, Told.Altruist, "credentials", id.Value),
            roster =>
            {
                var decided = DecideChange(new RosterView(roster), actor, id, draft, new FieldErrors());
                if (decided.Value is not { } changed)
                    return decided;
                return changed.Fingerprint == tested && changed.Attested
                    ? Registered<Altruist>.Done(changed with { Serving = null }, created: false)
                    : new Refusal(RefusalKind.Taken, "changed-meanwhile", "The altruist was changed while its endpoint was tested: try again.");
            },
            async (write, altruist, revision) =>
            {
                await store.PutAsync(write, altruist, revision);
                await also(write);
            },
            cancellation);

    /// <summary>Puts the newest endpoint into service.</summary>
    /// <param name="tested">Fingerprint of what passed its trial.</param>
    /// <param name="also">What else is written in the same transaction.</param>
    /// <returns>False where it was changed meanwhile, or control of it is not proven.</returns>
    internal async Task<bool> PromoteAsync(AltruistId id, string tested, Func<WriteTransaction, Task> also, CancellationToken cancellation)
    {
        var outcome = await writer.ChangeAsync<Altruist>(
            new Deed<Altruist>(Actor.Service, Told.Altruist, "promote", id.Value),
            roster => roster.Altruists.GetValueOrDefault(id) is { RetiredAt: null, Serving: not null, Attested: true } altruist && altruist.Fingerprint == tested
                ? Registered<Altruist>.Done(altruist with { Serving = null }, created: false)
                : new Refusal(RefusalKind.Unknown, "no-trial", $"The altruist {id} is not on trial with this endpoint."),
            async (write, altruist, revision) =>
            {
                await store.PutAsync(write, altruist, revision);
                await also(write);
            },
            cancellation);
        return outcome.Refusal is null;
    }

    /// <summary>Takes an altruist out of service for good; its history stays.</summary>
    public Task<Registered<Altruist>> RetireAsync(Actor actor, AltruistId id, CancellationToken cancellation)
    {
        var now = UnixTime.FromMs(time.NowMs());
        return writer.ChangeAsync(
            new Deed<Altruist>(actor, Told.Altruist, "retire", id.Value),
            roster => FindOwn(new RosterView(roster), actor, id, out var altruist) is { } refusal ? refusal : Registered<Altruist>.Done(altruist! with { RetiredAt = now }, created: false),
            store.PutAsync,
            cancellation);
    }

    internal Registered<Altruist> DecideNew(RosterView view, Actor actor, AltruistId id, DateTimeOffset now, AltruistDraft draft, FieldErrors errors)
    {
        ProviderId? provider = (draft.Provider ?? actor.OnlyProvider) is { } name ? new ProviderId(name) : null;
        if (provider is { } given && Refusal.UnlessMayChange(actor, given, $"what {given} offers") is { } notYours)
            return notYours;
        if (OnlyForStaff(actor, draft, before: null) is { } refusal)
            return refusal;

        if (provider is not { } owner)
            errors.Add("provider", "is required");
        else if (!view.Roster.Providers.ContainsKey(owner))
            errors.Add("provider", $"'{owner}' is not a provider");
        if (draft.Chains is null && !errors.Has("chains"))
            errors.Add("chains", "is required");
        if (draft.Url is null && !errors.Has("url"))
            errors.Add("url", "is required");

        return Decide(
            view, actor, draft, errors,
            new Altruist
            {
                Id = id,
                Provider = provider ?? default,
                Network = default,
                Chains = [],
                Regions = [RegionId.Everywhere],
                Url = "",
                MayBePrivate = actor.IsStaff,
                Label = "",
                Attested = actor.IsStaff,
                CreatedAt = now,
            },
            created: true);
    }

    internal Registered<Altruist> DecideChange(RosterView view, Actor actor, AltruistId id, AltruistDraft draft, FieldErrors errors)
    {
        if (FindOwn(view, actor, id, out var before) is { } notFound)
            return notFound;
        if (OnlyForStaff(actor, draft, before) is { } refusal)
            return refusal;

        if (draft.Provider is { } provider && provider != before!.Provider.Value)
            errors.Add("provider", "cannot be changed: add the altruist to the other provider");
        return Decide(view, actor, draft, errors, before!, created: false);
    }

    /// <summary>What its provider has shown at these very places before it was registered need not be shown again.</summary>
    private static Registered<Altruist> WithShown(Registered<Altruist> decided, IReadOnlyList<ShownControl> shown) =>
        shown.Count > 0 && decided.Value is { Attested: false } made && PlacesTextOf(made) is var places && shown.FirstOrDefault(proven => proven.Places == places) is { By: { } by }
            ? Registered<Altruist>.Done(made with { Attested = true, ControlBy = by }, decided.Created)
            : decided;

    /// <summary>An altruist whose endpoint cannot be decrypted holds its URL all the same.</summary>
    private async Task<Registered<Altruist>> OrTakenAsync(Deed<Altruist> deed, Task<Registered<Altruist>> change)
    {
        try
        {
            return await change;
        }
        catch (Exception taken) when (Database.IsDuplicate(taken))
        {
            return writer.Noted<Altruist>(deed, Refusal.UrlTaken);
        }
    }

    private static Refusal? FindOwn(RosterView view, Actor actor, AltruistId id, out Altruist? altruist)
    {
        altruist = view.Find(id);
        if (altruist is null)
            return new Refusal(RefusalKind.Unknown, "unknown-altruist", $"There is no altruist '{id}'.");
        if (Refusal.UnlessMayChange(actor, altruist.Provider, "this altruist") is { } notYours)
            return notYours;
        return altruist.RetiredAt is null ? null : new Refusal(RefusalKind.Retired, "retired", $"The altruist {id} is retired.");
    }

    /// <summary>A provider may say what staff decide only as it already is.</summary>
    private static Refusal? OnlyForStaff(Actor actor, AltruistDraft draft, Altruist? before)
    {
        if (actor.IsStaff)
            return null;
        if (draft.Tier is { } tier && tier != (before?.Tier ?? 1))
            return Staff("tier");
        if (draft.Role is { } role && role != AltruistStore.RoleText(before?.Role ?? AltruistRole.Serve))
            return Staff("role");
        return draft.Attested is { } attested && attested != (before?.Attested ?? false) ? Staff("attested") : null;

        Refusal? Staff(string field) => Refusal.UnlessStaff(actor, $"set '{field}'");
    }

    /// <summary>Another provider has proven control of the URL; that it merely claims one keeps nobody from it.</summary>
    private static bool IsTaken(RosterView view, Altruist before, string url) => view.LiveAt(before.Provider, [url]).Any(other => other.Provider != before.Provider && Holds(other, url));

    private static bool Holds(Altruist altruist, string url) =>
        (altruist.Attested && Has(altruist.Endpoint, url)) || (altruist.Serving is { Attested: true } serving && Has(serving, url));

    private static bool Has(Endpoint endpoint, string url) => endpoint.Url == url || endpoint.Urls.Values.Contains(url);

    /// <summary>Who keeps an altruist from having this URL as its own: one of the same provider, or one whose control of it is proven.</summary>
    private static Altruist? HolderOf(RosterView view, Altruist altruist, string url) => view.LiveAt(altruist.Provider, [url]).FirstOrDefault(other =>
        other.Id != altruist.Id
        && ((other.Provider == altruist.Provider ? other.Url == url || other.Serving?.Url == url : Holds(other, url))
            || (other.Undecryptable is { } lost && AltruistStore.IsKeyOf(lost.UrlKey, altruist.Provider, url))));

    /// <summary>Those of other providers whose claims end because control of their URLs is proven by this one, as they are afterwards.</summary>
    private static IReadOnlyList<Altruist> Displaced(RosterView view, Altruist proven, DateTimeOffset now) => proven is not { Attested: true, RetiredAt: null }
        ? []
        :
        [
            .. view.LiveAt(proven.Provider, proven.Urls.Values.Append(proven.Url)).Where(other => other.Provider != proven.Provider && !other.Attested && other.Url.Length > 0 && proven.Urls.Values.Append(proven.Url).Any(url => Has(other.Endpoint, url)))
                .Select(other => other.Serving is null ? other with { RetiredAt = now } : other.InService),
        ];

    /// <summary>Null while there is room for it.</summary>
    private static Refusal? OverLimit(RosterView view, Altruist before, IReadOnlyList<ChainId> chains, bool created)
    {
        if (created && view.Roster.Providers[before.Provider].MaxAltruists is { } most && view.CountOf(before.Provider) >= most)
            return new Refusal(RefusalKind.Taken, "limit", $"{before.Provider} may have {most} altruists and has them: retire one, or ask staff for more.");
        foreach (var chain in chains.Except(before.Chains).Select(id => view.Roster.Chains[id]))
        {
            if (chain.MaxAltruists is { } places && view.CountOf(chain) >= places)
                return new Refusal(RefusalKind.Taken, "limit", $"The chain {chain.Id} takes {places} altruists and has them: only staff can make room.");
        }

        return null;
    }

    /// <summary>The places of an endpoint whose control has to be proven, by what tells them apart.</summary>
    internal static Dictionary<string, Uri> PlacesToProve(Altruist altruist) =>
        altruist.Url.Length == 0 ? [] : altruist.Urls.Values.Prepend(altruist.Url).DistinctBy(PlaceOf).ToDictionary(PlaceOf, url => new Uri(url));

    /// <summary>The places of the newest endpoint in one text, whatever their order.</summary>
    internal static string PlacesTextOf(Altruist altruist) => string.Join(", ", PlacesToProve(altruist).Keys.Order(StringComparer.Ordinal));

    /// <summary>Host and port, and whether what is said there is encrypted: who controls one controls it for every RPC type.</summary>
    private static string PlaceOf(string url)
    {
        var parsed = new Uri(url);
        return $"{(parsed.Scheme is "https" or "wss" ? "secure" : "plain")} {parsed.IdnHost}:{parsed.Port}";
    }

    private static IEnumerable<string> PlacesOf(Endpoint endpoint) => endpoint.Url.Length == 0 ? [] : endpoint.Urls.Values.Append(endpoint.Url).Select(PlaceOf);

    /// <summary>Places whose control is proven.</summary>
    private static IEnumerable<string> ProvenPlaces(Endpoint endpoint) => endpoint.Attested ? PlacesOf(endpoint) : [];

    /// <summary>
    /// Credentials that were said for one place are sent to no other because somebody changed a URL: whoever holds a provider's key does not thereby get at what
    /// nobody can read back.
    /// </summary>
    /// <param name="auth">As it would be; the very one of before where it was not said anew.</param>
    private static void CheckPlaces(Altruist before, AltruistDraft draft, string url, IReadOnlyDictionary<string, string> urls, EndpointAuth auth, HashSet<string> proven, FieldErrors errors)
    {
        if (auth.Kind == AuthKind.None || before.Url.Length == 0)
            return;

        if (ReferenceEquals(auth, before.Auth))
        {
            var known = PlacesOf(before.Endpoint).Concat(proven).ToHashSet();
            if (urls.Values.Append(url).Any(wanted => !known.Contains(PlaceOf(wanted))))
                errors.Add("auth", "say it anew for another host; none takes it away");
            return;
        }

        // Whoever renews credentials may not know that the URL was changed meanwhile.
        if (before.Serving is null || auth == before.Auth)
            return;
        if (draft.Url is null && !proven.Contains(PlaceOf(url)))
            errors.Add("url", "say it together with the credentials: it was changed to a host whose control is not proven");
        if (draft.Urls is null && urls.Values.Any(extra => !proven.Contains(PlaceOf(extra))))
            errors.Add("urls", "say them together with the credentials: they were changed to a host whose control is not proven");
    }

    private static bool SameUrls(IReadOnlyDictionary<string, string> left, IReadOnlyDictionary<string, string> right) =>
        left.Count == right.Count && left.All(url => right.GetValueOrDefault(url.Key) == url.Value);

    private static bool SamePlace(Endpoint left, Endpoint right) => left.Url == right.Url && left.Auth == right.Auth && SameUrls(left.Urls, right.Urls);

    /// <summary>A changed endpoint is tested beside the one in service, which stays until then (design 5.7); one that is changed back needs no test.</summary>
    /// <param name="attested">What was said of it, if anything.</param>
    private static Altruist WithTrial(Altruist before, bool changed, bool? attested, Altruist after)
    {
        if (before.Url.Length == 0 || (before.Serving is null && !changed))
            return after;

        var inService = before.InService.Endpoint;
        // Who is not believed any more is believed nowhere.
        if (attested == false)
            inService = inService with { Attested = false };
        return SamePlace(after.Endpoint, inService)
            ? after with { Serving = null, Auth = inService.Auth, MayBePrivate = inService.MayBePrivate, Attested = attested ?? inService.Attested }
            : after with { Serving = inService };
    }

    private Registered<Altruist> Decide(RosterView view, Actor actor, AltruistDraft draft, FieldErrors errors, Altruist before, bool created)
    {
        var roster = view.Roster;
        var (chains, network) = draft.Chains is { } named ? CheckChains(roster, named, errors) : (before.Chains, before.Network);
        if (!created && chains.Count > 0 && network != before.Network)
            errors.Add("chains", $"must stay on the network {before.Network}: add another altruist for {network}");
        var regions = draft.Regions is { } places ? CheckRegions(roster, places, errors) : before.Regions;
        var url = draft.Url is { } address && CheckUrl("url", address, "https", "http", actor.IsStaff, before, errors) is { } normalised ? normalised : before.Url;
        var urls = draft.Urls is { } more ? CheckUrls(more, actor.IsStaff, before, errors) : before.Urls;

        foreach (var capability in draft.Capabilities ?? [])
            if (Naming.CapabilityError(capability) is { } error)
                errors.Add("capabilities", error);
        IReadOnlyList<string> capabilities = draft.Capabilities is { } claimed ? [.. claimed.Distinct().Order(StringComparer.Ordinal)] : before.Capabilities;
        if (draft.Chains is not null || draft.Capabilities is not null)
            foreach (var chain in chains)
                foreach (var missing in roster.Chains[chain].Requires.Except(capabilities))
                    errors.Add("capabilities", $"must hold '{missing}', which the chain {chain} requires");

        errors.Text("label", draft.Label);
        errors.Between("capacityRps", draft.CapacityRps, 1, 10_000_000);
        errors.Between("tier", draft.Tier, 1, 100);
        if (draft.Role is not (null or "serve" or "reference"))
            errors.Add("role", "must be serve or reference");
        if (draft.Visibility is not (null or "portals" or "public"))
            errors.Add("visibility", "must be portals or public");
        var auth = draft.Auth is { } wanted && AuthRules.Check(wanted, before.Auth, [url, .. urls.Values], errors) is { } given ? given : before.Auth;
        if (before.Undecryptable is not null && draft.Url is null && (draft.Auth is not null || draft.Urls is not null))
            errors.Add("url", $"is needed too: {before.Undecryptable}");
        var proven = ProvenPlaces(before.Endpoint).Concat(before.Serving is { } serving ? ProvenPlaces(serving) : []).ToHashSet();
        // Whoever looked at the URL that is in service, or at an earlier one, does not thereby attest what it was changed to.
        if (draft.Attested == true && before is { Serving: { } other, Attested: false })
        {
            if (draft.Url is null && other.Url != before.Url)
                errors.Add("url", "say it together with attested: it was changed, and attested is what you saw");
            if (draft.Urls is null && !SameUrls(other.Urls, before.Urls))
                errors.Add("urls", "say them together with attested: they were changed, and attested is what you saw");
        }

        if (!errors.Any)
            CheckPlaces(before, draft, url, urls, auth, proven, errors);
        if (errors.Any)
            return Refusal.Invalid(errors);

        if (OverLimit(view, before, chains, created) is { } full)
            return full;
        if (url != before.Url && HolderOf(view, before, url) is { } holder)
        {
            return new Refusal(
                RefusalKind.Taken, "url-taken",
                actor.MaySee(holder.Provider.Value) ? $"The altruist {holder.Id} already has this URL." : "An altruist of another provider already has this URL.");
        }

        if (url != before.Url && IsTaken(view, before, url))
            return new Refusal(RefusalKind.Taken, "url-taken", "An altruist of another provider already has this URL.");
        foreach (var (type, extra) in urls)
        {
            if (before.Urls.GetValueOrDefault(type) != extra && IsTaken(view, before, extra))
                return new Refusal(RefusalKind.Taken, "url-taken", $"An altruist of another provider already has the URL for {type}.");
        }

        // Attestation is of hosts: a provider's move to another one has to be proven anew, what staff set is attested.
        var sameUrl = url == before.Url;
        var moved = !sameUrl || !SameUrls(urls, before.Urls);
        // One that cannot be decrypted and is said again is what it was.
        var said = !moved || (before.Undecryptable is { } lost && urls.Count == 0 && AltruistStore.IsKeyOf(lost.UrlKey, before.Provider, url));
        var attested = urls.Values.Append(url).All(wanted => wanted.Length > 0 && proven.Contains(PlaceOf(wanted))) || (said ? before.Attested : actor.IsStaff);
        return Registered<Altruist>.Done(
            WithTrial(before, changed: moved || auth != before.Auth, draft.Attested, before with
            {
                Network = network,
                Chains = chains,
                Regions = regions,
                Url = url,
                Urls = urls,
                Auth = auth == before.Auth ? before.Auth : auth,
                MayBePrivate = sameUrl || said ? before.MayBePrivate : actor.IsStaff,
                Label = draft.Label ?? (before.Label.Length > 0 ? before.Label : new Uri(url).Host),
                Capabilities = capabilities,
                CapacityRps = draft.ClearsCapacity ? null : draft.CapacityRps ?? before.CapacityRps,
                Tier = draft.Tier ?? before.Tier,
                Role = draft.Role switch { "reference" => AltruistRole.Reference, "serve" => AltruistRole.Serve, _ => before.Role },
                Visibility = draft.Visibility switch { "public" => AltruistVisibility.Public, "portals" => AltruistVisibility.Portals, _ => before.Visibility },
                Enabled = draft.Enabled ?? before.Enabled,
                Attested = draft.Attested ?? attested,
                ControlBy = draft.Attested == true || (attested && !before.Attested && actor.IsStaff) ? ControlProof.Staff : before.ControlBy,
                Undecryptable = sameUrl ? before.Undecryptable : null,
            }),
            created);
    }

    private static (IReadOnlyList<ChainId> Chains, NetworkId Network) CheckChains(Roster roster, IReadOnlyList<string> names, FieldErrors errors)
    {
        var chains = new List<Chain>();
        foreach (var name in names)
        {
            var chain = roster.FindChain(name);
            if (chain is null)
                errors.Add("chains", $"holds '{name}', which is not a chain");
            else if (chain.RetiredAt is not null)
                errors.Add("chains", $"holds '{name}', which is retired{(chain.Successor is { } successor ? $": use {successor}" : "")}");
            else
                chains.Add(chain);
        }

        if (names.Count == 0)
            errors.Add("chains", "must have at least one");
        if (chains.DistinctBy(chain => chain.Network).Count() > 1)
            errors.Add("chains", $"must all be of one network: {string.Join(", ", chains.Select(chain => $"{chain.Id} is of {chain.Network}"))}");
        else if (chains.DistinctBy(chain => chain.Path).Count() > 1)
            errors.Add("chains", $"must all be at one path behind the URL, for it is probed once: {string.Join(", ", chains.Select(chain => $"{chain.Id} is at '{chain.Path}'"))}; register one altruist for each path");
        return ([.. chains.Select(chain => chain.Id).Distinct().Order()], chains.Count > 0 ? chains[0].Network : default);
    }

    private static IReadOnlyList<RegionId> CheckRegions(Roster roster, IReadOnlyList<string> names, FieldErrors errors)
    {
        if (names.Count == 0)
            errors.Add("regions", "must have at least one; * is everywhere");
        foreach (var name in names)
            if (name != RegionId.Everywhere.Value && !roster.Regions.ContainsKey(new RegionId(name)))
                errors.Add("regions", $"holds '{name}', which is not a region");
        return [.. names.Select(name => new RegionId(name)).Distinct().Order()];
    }

    private Dictionary<string, string> CheckUrls(IReadOnlyDictionary<string, string> urls, bool byStaff, Altruist before, FieldErrors errors)
    {
        var checkedUrls = new Dictionary<string, string>();
        foreach (var (type, address) in urls.OrderBy(url => url.Key, StringComparer.Ordinal))
        {
            var (secure, plain) = type == "websocket" ? ("wss", "ws") : ("https", "http");
            if (!RpcTypes.Contains(type))
                errors.Add($"urls.{type}", $"is not an RPC type: {string.Join(", ", RpcTypes)}");
            else if (CheckUrl($"urls.{type}", address, secure, plain, byStaff, before, errors) is { } normalised)
                checkedUrls.Add(type, normalised);
        }

        return checkedUrls;
    }

    /// <param name="before">What it has already is not looked into anew.</param>
    /// <returns>The normalised URL; null when something is wrong with it.</returns>
    private string? CheckUrl(string field, string text, string secure, string plain, bool byStaff, Altruist before, FieldErrors errors)
    {
        var parsed = AltruistUrl.Parse(text, secure, plain, rules.AllowHttp);
        if (parsed.Error is { } error)
            errors.Add(field, error);
        else if (!IsKnown(before, parsed.Url) && parsed.Literal is { } address && !rules.MayUse(address, byStaff))
            errors.Add(field, "leads to an address that is not public");
        else
            return parsed.Url;
        return null;

        static bool IsKnown(Altruist altruist, string url) =>
            Has(altruist.Endpoint, url) || Has(altruist.InService.Endpoint, url) || (altruist is { MayBePrivate: true, Undecryptable: { } lost } && AltruistStore.IsKeyOf(lost.UrlKey, altruist.Provider, url));
    }
}
