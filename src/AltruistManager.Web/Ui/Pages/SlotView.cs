using AltruistManager.Altruists;
using AltruistManager.Health;
using AltruistManager.Selection;
using AltruistManager.Web.Ui.Shared;

namespace AltruistManager.Web.Ui.Pages;

internal enum CandidateRole
{
    Picked,
    Standby,

    /// <summary>Could have been picked.</summary>
    Waiting,

    /// <summary>Could not.</summary>
    Out,
}

/// <param name="Place">1 for the first standby or the first of several primaries, and so on; 0 for the others.</param>
/// <param name="Weight">Of a primary, in percent of the traffic; 0 for the others.</param>
/// <param name="Tier">As it is now; null for an altruist no longer known.</param>
/// <param name="Now">The verdict as it is now, which may be later than the decision.</param>
internal sealed record CandidateRow(DecisionCandidate Candidate, CandidateRole Role, int Place, int Weight, string Provider, int? Tier, Verdict Now)
{
    public string RoleText => Role switch
    {
        CandidateRole.Picked => Weight < 100 ? $"picked, {Weight} %" : "picked",
        CandidateRole.Standby => Place switch { 1 => "1st standby", 2 => "2nd standby", 3 => "3rd standby", _ => $"{Place}th standby" },
        CandidateRole.Waiting => "eligible",
        _ => "not eligible",
    };
}

/// <summary>A decision told in words, with everybody who was considered.</summary>
internal sealed record SlotView
{
    public required Decision Decision { get; init; }

    /// <summary>The picked one first, then the standbys, those that could have been picked and those that could not.</summary>
    public required IReadOnlyList<CandidateRow> Candidates { get; init; }

    public int Eligible => Candidates.Count(row => row.Candidate.Eligible);

    public CandidateRow? Picked => Candidates.FirstOrDefault(row => row.Role == CandidateRole.Picked);

    /// <summary>Why, as a sentence of its own.</summary>
    public required string Because { get; init; }

    public static SlotView Build(Decision decision, Roster roster, HealthBoard health)
    {
        var rows = decision.Candidates.Select(Row)
            .OrderBy(row => row.Role).ThenBy(row => row.Place).ThenBy(row => row.Candidate.Turns)
            .ThenBy(row => row.Candidate.Label, StringComparer.Ordinal)
            .ToList();
        return new SlotView { Decision = decision, Candidates = rows, Because = Reason(decision, rows) };

        CandidateRow Row(DecisionCandidate candidate)
        {
            var primary = decision.Primaries.ToList().FindIndex(pick => pick.Altruist == candidate.Altruist);
            var place = primary >= 0 ? primary + 1 : decision.Standbys.ToList().IndexOf(candidate.Altruist) + 1;
            var role = primary >= 0 ? CandidateRole.Picked
                : place > 0 ? CandidateRole.Standby
                : candidate.Eligible ? CandidateRole.Waiting
                : CandidateRole.Out;
            return new CandidateRow(
                candidate, role, place, primary >= 0 ? decision.Primaries[primary].Weight : 0, MatrixView.ProviderName(roster, candidate.Provider),
                roster.Altruists.GetValueOrDefault(candidate.Altruist)?.Tier, health[candidate.Altruist]);
        }
    }

    private static string Reason(Decision decision, List<CandidateRow> rows)
    {
        var candidates = Words.Count(rows.Count, "candidate", "candidates");
        switch (decision.State)
        {
            case SlotState.Override when decision.Override is { } ruled:
                return $"Pinned by staff until {Words.Exact(ruled.ExpiresAt)}: “{ruled.Reason}”";
            case SlotState.Degraded:
                return $"None of {candidates} may be picked, so the last pick is kept: portals are never left with less than they had.";
            case SlotState.None when rows.Count == 0:
                return "Nobody offers an altruist for this chain in this region or its fallback regions.";
            case SlotState.None:
                return $"None of {candidates} may be picked, and there is no earlier pick that may be kept.";
            default:
                // The log gives the reason; only it knows the tier and the turns that counted.
                var reason = rows.Find(row => row.Role == CandidateRole.Picked)?.Candidate.Reason ?? "";
                return $"{Words.Sentence(reason)} {rows.Count(row => row.Candidate.Eligible)} of {candidates} could be picked.".TrimStart();
        }
    }
}
