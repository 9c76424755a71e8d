using AltruistManager.Altruists;
using AltruistManager.Probing;
using AltruistManager.Probing.Checks;

namespace AltruistManager.Health;

/// <summary>The newest state of every check of an altruist, for whoever shows it.</summary>
public sealed class CheckReports
{
    private readonly CheckList checks;
    private readonly CheckBook book;
    private readonly HealthMonitor health;
    private readonly HealthBoard board;
    private readonly ProbeStarter starter;

    internal CheckReports(CheckList checks, CheckBook book, HealthMonitor health, HealthBoard board, ProbeStarter starter)
    {
        this.checks = checks;
        this.book = book;
        this.health = health;
        this.board = board;
        this.starter = starter;
    }

    /// <summary>Those that concern it, in the order in which they run; none where its protocol is not probed.</summary>
    public IReadOnlyList<CheckStatus> Of(Altruist altruist)
    {
        if (altruist.Undecryptable is not null || starter.SubjectOf(altruist.InService) is not { } subject)
            return [];
        var facts = health.FactsOf(altruist.Id, altruist.Network);
        var statuses = new List<CheckStatus>();
        var isAsked = health.Answers(altruist.Id);
        foreach (var check in checks.All)
        {
            if (!check.Concerns(subject))
                continue;
            statuses.Add(check switch
            {
                ISweepCheck swept => StatusOf(check.Name, swept.Judge(facts)),
                IOwnCheck own when book.Find(altruist.Id, check.Name) is { } record && record.Place == CheckRecord.PlaceOf(own, subject.Altruist, subject.Path) =>
                    new CheckStatus(check.Name, record.State, isAsked ? record.Reason : $"{record.Reason}; not looked at while it does not answer", record.At),
                _ => new CheckStatus(check.Name, CheckState.Unknown, isAsked ? "not checked yet" : "not checked yet: it has to answer first", null),
            });
        }

        return statuses;
    }

    /// <summary>What it claims and has proven; the rest does not count.</summary>
    public IReadOnlyList<string> ProvenOf(Altruist altruist)
    {
        var served = altruist.InService;
        return [.. board[altruist.Id].Proven.Where(capability => altruist.Capabilities.Contains(capability) || served.Urls.ContainsKey(capability))];
    }

    private static CheckStatus StatusOf(string check, Judged judged) => new(check, judged.State, judged.Reason, judged.At);
}
