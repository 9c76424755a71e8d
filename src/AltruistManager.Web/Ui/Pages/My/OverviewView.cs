using AltruistManager.Altruists;
using AltruistManager.Health;
using AltruistManager.Selection;
using AltruistManager.Web.Ui.Shared;

namespace AltruistManager.Web.Ui.Pages.My;

/// <param name="Drain">The maintenance in force; null for none.</param>
/// <param name="PickedIn">Slots that it serves now.</param>
/// <param name="Alone">Slots in which nobody else can be picked.</param>
internal sealed record OwnAltruist(Altruist Altruist, Verdict Verdict, Drain? Drain, Usability Usability, int PickedIn, int StandbyIn, int Alone)
{
    public bool IsEligible => Usability is Usability.Healthy or Usability.Failing;

    /// <summary>What its own state makes of it, in words.</summary>
    public string Reason => Eligibility.Explain(Altruist.InService, Verdict, Drain);
}

/// <summary>Something that its provider should look at.</summary>
/// <param name="Tone"><c>bad</c>, <c>warn</c> or <c>idle</c>.</param>
internal sealed record Concern(string Tone, Altruist Altruist, string Says, string Because);

/// <summary>What a provider offers and how it does, what is in trouble first.</summary>
internal sealed record OverviewView
{
    public const int PageSize = 50;

    /// <summary>Of the page, those in trouble first.</summary>
    public required IReadOnlyList<OwnAltruist> Rows { get; init; }

    public required int Total { get; init; }

    public required int Eligible { get; init; }

    public required int PickedIn { get; init; }

    public required int Draining { get; init; }

    /// <summary>Of all its altruists, whatever the page.</summary>
    public required IReadOnlyList<Concern> Concerns { get; init; }

    public required int Page { get; init; }

    public required int Pages { get; init; }

    public static OverviewView Build(
        Roster roster, ProviderId provider, HealthBoard health, DrainBook drains, IReadOnlyDictionary<SlotKey, SlotStatus> slots, Func<Altruist, IReadOnlyList<string>> warnings, DateTimeOffset now, int page)
    {
        var picked = slots.Values.SelectMany(slot => slot.Primaries).CountBy(pick => pick.Altruist).ToDictionary();
        var standby = slots.Values.SelectMany(slot => slot.Standbys).CountBy(pick => pick.Altruist).ToDictionary();
        var alone = slots.Values.Where(slot => slot is { Eligible: 1, State: SlotState.Fresh or SlotState.Fallback }).SelectMany(slot => slot.Primaries).CountBy(pick => pick.Altruist).ToDictionary();
        var all = roster.Live.Where(altruist => altruist.Provider == provider).Select(altruist =>
        {
            var drain = drains.InForce(altruist.Id, now);
            var verdict = health[altruist.Id];
            return new OwnAltruist(
                altruist, verdict, drain, Eligibility.Judge(altruist.InService, verdict, drain, now),
                picked.GetValueOrDefault(altruist.Id), standby.GetValueOrDefault(altruist.Id), alone.GetValueOrDefault(altruist.Id));
        }).OrderBy(RankOf).ThenBy(row => row.Altruist.Label, StringComparer.Ordinal).ThenBy(row => row.Altruist.Id).ToList();

        var pages = Math.Max(1, (all.Count + PageSize - 1) / PageSize);
        page = Math.Clamp(page, 1, pages);
        return new OverviewView
        {
            Rows = [.. all.Skip((page - 1) * PageSize).Take(PageSize)],
            Total = all.Count,
            Eligible = all.Count(row => row.IsEligible),
            PickedIn = all.Sum(row => row.PickedIn),
            Draining = all.Count(row => row.Drain is not null),
            Concerns = [.. all.SelectMany(row => ConcernsOf(row, warnings(row.Altruist))).OrderBy(concern => concern.Tone == "bad" ? 0 : concern.Tone == "warn" ? 1 : 2)],
            Page = page,
            Pages = pages,
        };
    }

    private static IEnumerable<Concern> ConcernsOf(OwnAltruist row, IReadOnlyList<string> warnings)
    {
        var altruist = row.Altruist;
        if (altruist.Undecryptable is not null)
            yield return new Concern("bad", altruist, "cannot be reached any more", row.Reason);
        else if (row.Drain is null && altruist is { Enabled: true, Role: AltruistRole.Serve } && Words.Tone(row.Verdict.State) is "bad" or "warn" && row.Verdict.State != VerdictState.Failing)
            yield return new Concern(Words.Tone(row.Verdict.State), altruist, $"is {Words.Of(row.Verdict.State)}", row.Verdict.Reason);
        if (!altruist.InService.Attested)
            yield return new Concern("warn", altruist, "is not picked before control of it is proven", "whoever adds an endpoint shows that it is theirs");
        if (altruist.Serving is not null)
            yield return new Concern("idle", altruist, "is on trial with a changed endpoint", "the one of before stays in service until the new one has passed");
        foreach (var warning in warnings)
            yield return new Concern("warn", altruist, "has a warning", warning);
        if (row.Alone > 0)
            yield return new Concern("idle", altruist, $"is the only one eligible in {Words.Count(row.Alone, "slot", "slots")}", "without it these keep their last pick or have none");
    }

    private static int RankOf(OwnAltruist row) => row switch
    {
        { Altruist.Enabled: false } => 5,
        { Drain: not null } => 3,
        { IsEligible: true } => 4,
        _ => Words.Tone(row.Verdict.State) switch { "bad" => 0, "warn" => 1, _ => 2 },
    };
}
