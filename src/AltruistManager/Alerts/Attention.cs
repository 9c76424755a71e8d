using System.Globalization;
using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Health;
using AltruistManager.Selection;
using AltruistManager.Traffic;

namespace AltruistManager.Alerts;

/// <summary>What needs the attention of staff, from the state as it is. Pure.</summary>
public static class Attention
{
    /// <summary>An override or a hold that ends within this time is told of.</summary>
    public static readonly TimeSpan EndsSoon = TimeSpan.FromHours(24);

    /// <summary>Regions and altruists named in one sentence.</summary>
    private const int Named = 3;

    /// <summary>The worst first, then in the order of kinds, then the longest so; each key once.</summary>
    public static IReadOnlyList<AttentionItem> Of(AttentionFacts facts) =>
    [
        .. OfSlots(facts).Concat(OfRounds(facts)).Concat(OfProber(facts)).Concat(OfKeys(facts)).Concat(OfPublishers(facts)).Concat(OfOverrides(facts)).Concat(OfHolds(facts)).Concat(OfAltruists(facts)).Concat(OfReports(facts))
            .DistinctBy(item => item.Key)
            .OrderByDescending(item => item.Severity).ThenBy(item => item.Kind).ThenBy(item => item.Since ?? facts.Now).ThenBy(item => item.Key, StringComparer.Ordinal),
    ];

    /// <summary>Whether who acknowledged it has seen it as it is: it began before, and is no worse than it was.</summary>
    public static bool IsSeen(AttentionItem item, Acknowledgement? acknowledged) =>
        acknowledged is not null && item.Severity <= acknowledged.Severity && !(item.Since > acknowledged.At);

    /// <summary>Whether the state with this key is one of the process that tells of it: others do not see it.</summary>
    internal static bool IsOfProcess(string key) =>
        key is "round" or "frozen" or "own-fault" or "broken-probes" or "ring" or "signer" or "undecryptable" || key.StartsWith("publisher:", StringComparison.Ordinal);

    private static IEnumerable<AttentionItem> OfSlots(AttentionFacts facts)
    {
        var unoffered = new Dictionary<ChainId, List<RegionId>>();
        var alone = new Dictionary<ChainId, (ProviderId Provider, List<RegionId> Regions, bool IsSame)>();
        foreach (var (key, slot) in facts.Slots)
        {
            if (facts.Roster.Chains.GetValueOrDefault(key.Chain) is not { Enabled: true, RetiredAt: null } chain)
                continue;
            if (slot is { Candidates: 0, Primary: null } && chain.MinEligible > 0)
                (unoffered.TryGetValue(chain.Id, out var regions) ? regions : unoffered[chain.Id] = []).Add(key.Region);
            else if (OfSlot(facts.Roster, chain, slot) is { } item)
                yield return item;
            else if (OnlyProvider(facts.Roster, slot) is { } provider)
                alone[key.Chain] = alone.TryGetValue(key.Chain, out var known) ? (provider, [.. known.Regions, key.Region], known.IsSame && known.Provider == provider) : (provider, [key.Region], true);
        }

        foreach (var (id, regions) in unoffered)
        {
            var chain = facts.Roster.Chains[id];
            regions.Sort();
            yield return new AttentionItem(
                $"unoffered:{chain.Id}", AttentionKind.Slot, Severity.Critical,
                $"Nobody offers {chain.Name} in {List(regions.ConvertAll(region => region.Value), "regions")}, where at least {chain.MinEligible} should be eligible: portals are told that there is no altruist.",
                "Invite a provider to offer it there, give the regions a fallback, or ask less of the chain.")
            { Chain = id };
        }

        foreach (var (chain, (provider, regions, isSame)) in alone)
        {
            regions.Sort();
            yield return new AttentionItem(
                $"one-provider:{chain}", AttentionKind.OneProvider, Severity.Information,
                $"{NameOf(facts.Roster, chain)} hangs on {(isSame ? $"one provider, {NameOf(facts.Roster, provider)}," : "one provider each")} in {List(regions.ConvertAll(region => region.Value), "regions")}.",
                "Invite another provider to offer it: while there is one, what happens to it happens to all.")
            { Chain = chain };
        }
    }

    private static AttentionItem? OfSlot(Roster roster, Chain chain, SlotStatus slot)
    {
        var least = chain.MinEligible ?? 0;
        // Where somebody offers it and nobody can be picked, portals are refused, whatever the chain asks for. A draft is no offer.
        var isRefused = slot is { Candidates: > 0, Primary: null, Eligible: 0 } && IsOffered(roster, chain, slot.Key.Region);
        if (slot.Eligible >= least && !(slot.Eligible == 0 && (isRefused || slot.State is SlotState.Degraded)))
            return null;
        var (says, severity) = slot.Eligible == 0
            ? ($"Nobody is eligible for {chain.Name} in {slot.Key.Region}: {(slot.Primary is null ? "portals are told that there is no altruist" : "the last pick is kept")}.", isRefused || least > 0 ? Severity.Critical : Severity.Warning)
            : ($"{slot.Eligible} of at least {least} {(slot.Eligible == 1 ? "is" : "are")} eligible for {chain.Name} in {slot.Key.Region}.", Severity.Warning);
        return new AttentionItem(
            $"slot:{slot.Key}", AttentionKind.Slot, severity, says,
            slot.Candidates > slot.Eligible
                ? "See why the others are not eligible and ask their providers, or give the region a fallback."
                : "Invite another provider to offer it there, give the region a fallback, or ask less of the chain.")
        { Chain = chain.Id, Region = slot.Key.Region };
    }

    private static bool IsOffered(Roster roster, Chain chain, RegionId region) =>
        roster.LiveByNetwork.GetValueOrDefault(chain.Network)?.Any(altruist =>
            altruist is { Enabled: true, Attested: true } && altruist.Chains.Contains(chain.Id) && (altruist.Regions.Contains(RegionId.Everywhere) || altruist.Regions.Contains(region))) == true;

    /// <summary>The provider of all that can be picked; standbys are of other providers where there are any. Null for several and for nobody.</summary>
    private static ProviderId? OnlyProvider(Roster roster, SlotStatus slot)
    {
        if (slot.Eligible == 0 || slot.Primary is null || (slot.Eligible > slot.Primaries.Count && slot.Standbys.Count == 0))
            return null;
        ProviderId? only = null;
        foreach (var pick in slot.Primaries.Concat(slot.Standbys))
        {
            if (roster.Altruists.GetValueOrDefault(pick.Altruist) is not { Provider: var provider } || (only is not null && only != provider))
                return null;
            only = provider;
        }

        return only;
    }

    private static IEnumerable<AttentionItem> OfRounds(AttentionFacts facts)
    {
        var due = facts.LastRoundAt + 2 * facts.RoundInterval;
        var failed = facts.Rounds is { FailingSince: not null, LastError: { } error } ? $" The last one failed: {error}." : "";
        const string Do = "Look at the jobs and into the log; portals keep their picks meanwhile.";
        if (facts.Now > due)
            yield return new AttentionItem("round", AttentionKind.Round, Severity.Critical, $"No round since {Time(facts.LastRoundAt)}, which is more than two intervals.{failed}", Do) { Since = due };
        else if (failed.Length > 0)
            yield return new AttentionItem("round", AttentionKind.Round, Severity.Warning, failed.TrimStart().Replace("The last one", "The last round", StringComparison.Ordinal), Do) { Since = facts.Rounds!.FailingSince };
    }

    private static IEnumerable<AttentionItem> OfProber(AttentionFacts facts)
    {
        if (facts.FrozenSince is { } since)
        {
            yield return new AttentionItem(
                "frozen", AttentionKind.Prober, Severity.Critical, "Verdicts are frozen: nothing proves that the prober's own network works, and every pick is kept.",
                "See to the network of the machine that probes; it thaws by itself at the first proof.")
            { Since = since };
        }

        if (facts.OwnFault is { } fault)
            yield return new AttentionItem("own-fault", AttentionKind.Prober, Severity.Critical, Sentence(fault), "See to the machine that probes; nobody is judged by such probes.");
        if (facts.BrokenProbes is { } bug)
            yield return new AttentionItem("broken-probes", AttentionKind.Prober, Severity.Critical, Sentence(bug), "Report what the log says: it is a fault of this program.");
    }

    private static IEnumerable<AttentionItem> OfKeys(AttentionFacts facts)
    {
        if (facts.RingTrouble is { } ring)
            yield return new AttentionItem("ring", AttentionKind.Keys, Severity.Critical, Sentence(ring), "Put the ring of keys back from a backup: without it endpoints cannot be read.");
        if (facts.SignerTrouble is { } signer)
            yield return new AttentionItem("signer", AttentionKind.Keys, Severity.Critical, Sentence(signer), "Put the signing key back from a backup, or announce that another one signs.");
        if (facts.Roster.Undecryptable is { Count: > 0 } lost)
        {
            yield return new AttentionItem(
                "undecryptable", AttentionKind.Keys, Severity.Critical,
                $"The endpoints of {List([.. lost.Select(altruist => altruist.Label)], "altruists")} cannot be decrypted: {lost[0].Undecryptable!.Reason.TrimEnd('.')}.",
                "Put the ring of keys back from a backup, or have their providers enter URL and credentials anew.");
        }
    }

    private static IEnumerable<AttentionItem> OfPublishers(AttentionFacts facts)
    {
        foreach (var publisher in facts.Publishers)
        {
            if (publisher.State.BehindSince is { } since)
            {
                yield return new AttentionItem(
                    $"publisher:{publisher.Name}", AttentionKind.Publisher, facts.Now - since >= facts.PublisherBehindAfter ? Severity.Critical : Severity.Warning,
                    $"The publisher {publisher.Name} is behind: {publisher.State.Error?.TrimEnd('.') ?? "its target lacks something"}.",
                    "See to its target; it is tried again by itself until it takes what it should have.")
                { Since = since };
            }
        }
    }

    private static IEnumerable<AttentionItem> OfOverrides(AttentionFacts facts)
    {
        foreach (var rule in OverrideRules.InForce(facts.Overrides, facts.Now))
        {
            var altruist = rule.Altruist is { } id ? facts.Roster.Altruists.GetValueOrDefault(id) : null;
            var who = altruist?.Label ?? rule.Altruist?.Value ?? $"all of {NameOf(facts.Roster, rule.Provider ?? default)}";
            var where = $"{(rule.Chain is { } chain ? $" for {NameOf(facts.Roster, chain)}" : "")}{(rule.Region is { } region ? $" in {region}" : "")}";
            if (rule is { Kind: OverrideKind.Pin, Altruist: not null } && WhyUnfit(facts, altruist) is var (why, since))
            {
                yield return new AttentionItem(
                    $"pin:{rule.Id}", AttentionKind.Pin, Severity.Warning,
                    rule.Force
                        ? $"{who} is pinned by force{where} and is not eligible: {why.TrimEnd('.')}."
                        : $"The pin of {who}{where} has no effect, because it is not eligible: {why.TrimEnd('.')}.",
                    "End the pin, or see to the altruist.")
                { Since = since > rule.CreatedAt ? since : rule.CreatedAt, Altruist = rule.Altruist, Provider = altruist?.Provider };
            }

            if (rule.ExpiresAt - facts.Now <= EndsSoon)
            {
                var soonFrom = rule.ExpiresAt - EndsSoon;
                yield return new AttentionItem(
                    $"ending:{rule.Id}", AttentionKind.Ending, Severity.Information, $"The {(rule.Kind == OverrideKind.Pin ? "pin" : "exclusion")} of {who}{where} ends at {Time(rule.ExpiresAt)}.",
                    "Make another if it is still wanted; otherwise nothing is to be done.")
                { Since = soonFrom > rule.CreatedAt ? soonFrom : rule.CreatedAt };
            }
        }
    }

    private static IEnumerable<AttentionItem> OfHolds(AttentionFacts facts)
    {
        foreach (var hold in Hold.InForce(facts.Holds, facts.Now).Where(hold => hold.Until - facts.Now <= EndsSoon))
        {
            var what = hold.Chain is { } chain ? NameOf(facts.Roster, chain) : "every chain";
            var soonFrom = hold.Until - EndsSoon;
            yield return new AttentionItem(
                $"ending:{hold.Id}", AttentionKind.Ending, Severity.Information, $"The hold of {what}{(hold.Region is { } region ? $" in {region}" : "")} ends at {Time(hold.Until)}: the rotation goes on then.",
                "Make another if it is still wanted; otherwise nothing is to be done.")
            { Since = soonFrom > hold.CreatedAt ? soonFrom : hold.CreatedAt };
        }
    }

    /// <summary>Why a pinned altruist is not eligible, and since when; null when it is.</summary>
    private static (string Why, DateTimeOffset Since)? WhyUnfit(AttentionFacts facts, Altruist? altruist)
    {
        if (altruist is null)
            return ("it is not there any more", DateTimeOffset.MinValue);
        var (verdict, drain) = (facts.Health[altruist.Id], facts.Drains.InForce(altruist.Id, facts.Now));
        return Eligibility.Judge(altruist.InService, verdict, drain, facts.Now) is Usability.No
            ? (Eligibility.Explain(altruist.InService, verdict, drain), altruist.RetiredAt ?? drain?.From ?? verdict.Since)
            : null;
    }

    private static IEnumerable<AttentionItem> OfAltruists(AttentionFacts facts)
    {
        foreach (var altruist in facts.Roster.Live)
        {
            if (altruist.Enabled && facts.Health[altruist.Id] is { State: VerdictState.Suspended } verdict)
            {
                yield return new AttentionItem(
                    $"suspended:{altruist.Id}", AttentionKind.Altruist, Severity.Warning, $"{altruist.Label} of {NameOf(facts.Roster, altruist.Provider)} is suspended: {verdict.Reason.TrimEnd('.')}.",
                    "Ask its provider; a test that passes takes it back into service, otherwise it is to be retired.")
                { Since = verdict.Since, Altruist = altruist.Id, Provider = altruist.Provider };
            }
        }
    }

    private static IEnumerable<AttentionItem> OfReports(AttentionFacts facts)
    {
        foreach (var odd in facts.Anomalies)
        {
            var altruist = odd.Altruist is { } id ? facts.Roster.Altruists.GetValueOrDefault(id) : null;
            var label = altruist?.Label ?? odd.Altruist?.Value;
            var (says, then) = odd.Kind switch
            {
                AnomalyKind.Errors => ($"Portals report of {label}: {odd.SaysInFull}.", "See what its probes say, and ask its provider."),
                AnomalyKind.Differs => ($"The portal {odd.Portal} sees {label} otherwise than everybody else: {odd.SaysInFull}.", "Look at the way from that portal to it; nothing follows from one portal's word."),
                _ => ($"The portal {odd.Portal} {odd.SaysInFull}.", "Ask who runs it: it may still read picks, but what it relays is not known."),
            };
            yield return new AttentionItem(
                $"report:{odd.Kind}:{odd.Altruist}:{odd.Portal}", AttentionKind.Report, odd.Kind is AnomalyKind.Differs ? Severity.Information : Severity.Warning, says, then)
            { Altruist = odd.Altruist, Provider = altruist?.Provider, Portal = odd.Portal };
        }
    }

    private static string NameOf(Roster roster, ChainId chain) => roster.Chains.GetValueOrDefault(chain)?.Name ?? chain.Value;

    private static string NameOf(Roster roster, ProviderId provider) => roster.Providers.GetValueOrDefault(provider)?.Name ?? provider.Value;

    private static string List(List<string> names, string many) =>
        names.Count <= Named ? string.Join(", ", names) : $"{string.Join(", ", names.Take(Named - 1))} and {names.Count - Named + 1} more {many}";

    private static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);

    private static string Sentence(string text) => $"{char.ToUpperInvariant(text[0])}{text[1..].TrimEnd('.')}.";
}
