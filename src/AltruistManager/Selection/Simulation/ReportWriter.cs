using System.Globalization;
using System.Text;
using System.Text.Json;
using CsvHelper;

namespace AltruistManager.Selection.Simulation;

/// <summary>A report for people and, as CSV, for spreadsheets.</summary>
public static class ReportWriter
{
    /// <summary>Altruists and providers that are shown at either end.</summary>
    private const int Shown = 5;

    // A name that a spreadsheet would take for a formula is written as text.
    private static readonly CsvWriterOptions Options = CsvWriterOptions.Default with { Injection = CsvInjection.Escape, NewLine = "\n" };

    public static string ToText(SimulationReport report)
    {
        var text = new StringBuilder();
        var scenario = report.Scenario;
        Line($"{scenario.Slots} slots ({scenario.Chains} chains, {scenario.Regions} regions), {report.Altruists.Count} altruists of {report.Providers.Count} providers, {report.Hours:0.#} h, seed {scenario.Seed}");
        Line($"policy {scenario.Selection.Policy}, fairness unit {scenario.Selection.FairnessUnit}, primaries {scenario.Selection.Primaries}, standbys {scenario.Selection.Standbys}, provider cap {scenario.Selection.ProviderCapPercent} %");
        Line($"");
        Line($"Availability");
        Line($"  primary really bad        {Percent(report.Bad.ServedMs, report.All.ServedMs)} of the time, {Percent(report.Bad.Requests, report.All.Requests)} of the traffic, {Percent(report.Bad.BurstRequests, report.All.BurstRequests)} of bursts");
        Line($"    though others eligible  {Percent(report.BadThoughEligible.ServedMs, report.All.ServedMs)} of the time, {Percent(report.BadThoughEligible.Requests, report.All.Requests)} of the traffic");
        Line($"  degraded {Percent(report.DegradedMs, report.All.ServedMs)}, from a fallback region {Percent(report.FallbackMs, report.All.ServedMs)}, nobody {Percent(report.NoneMs, report.All.ServedMs)} of the time");
        Line($"");
        Line($"Failover, from the failure to the changed pick        count      p50      p95      max");
        foreach (var (fault, times) in report.Failovers)
            Line($"  {NameOf(fault),-50}{Row(times)}");
        Line($"  {"all",-50}{Row(report.AllFailovers)}");
        Line($"  {"picked when it was bad already, to the next pick",-50}{Row(report.PickedBad)}");
        Line($"  over before it was replaced: {report.NotReplaced}; nobody else eligible: {report.NobodyElse}");
        Line($"");
        Line($"Changes of picks");
        Line($"  per slot and hour {report.PickChangesPerSlotAndHour:0.00}; by rounds {report.RoundChanges}, between rounds {report.SettledChanges}");
        Line($"  away from a healthy one between rounds, needlessly: {report.Needless}; back to a nearer region or lower tier: {report.Nearer}");
        Line($"  longest hold while another was as healthy: {report.LongestHold} rounds; while the same other was all the time: {report.LongestHoldOfOne}");
        Line($"");
        Line($"Fairness, as a multiple of the share that was due (1.00 is exactly that)");
        Line($"                              least     p5    p50    p95   most");
        var rows = report.Comparable;
        foreach (var (name, ratio) in Ratios)
            Line($"  {name,-24}{Spread([.. rows.Select(ratio).Where(double.IsFinite)])}");
        Line($"  of {rows.Count} altruists to whom enough was due to compare");
        Table("Altruists with the least and the most of the bursts that were due, or of the time", rows);
        Table("Providers, the largest first", [.. report.Providers.OrderByDescending(row => row.Due.ServedMs)], ordered: true);
        return text.ToString();

        void Line(FormattableString line) => text.Append(line.ToString(CultureInfo.InvariantCulture).TrimEnd()).Append('\n');

        void Table(string title, IReadOnlyList<ShareRow> all, bool ordered = false)
        {
            Line($"");
            Line($"{title}");
            Line($"  {"",-30}sessions   hours    time  traffic  bursts");
            var bursts = report.All.BurstRequests > 0;
            var sorted = ordered ? all : [.. all.OrderBy(row => bursts ? Bursts(row) : Time(row)).ThenBy(row => row.Name, StringComparer.Ordinal)];
            foreach (var row in ordered ? sorted.Take(2 * Shown) : sorted.Count <= 2 * Shown ? sorted : sorted.Take(Shown).Concat(sorted.TakeLast(Shown)))
                Line($"  {row.Name,-30}{row.Got.Sessions,8:0}{row.Got.ServedMs / 3_600_000,8:0.0}{Ratio(Time(row)),8}{Ratio(Traffic(row)),9}{Ratio(Bursts(row)),8}");
            if (sorted.Count > 2 * Shown)
                Line($"  … {sorted.Count - 2 * Shown} more (--csv writes them all)");
        }
    }

    /// <summary>One line for each figure, provider and altruist; shares are multiples of what was due.</summary>
    public static void ToCsv(SimulationReport report, TextWriter writer)
    {
        using var csv = CsvWriter.Create(writer, Options, leaveOpen: true);
        csv.WriteRecord("kind", "name", "provider", "class", "value", "sessions", "sessions_share", "served_hours", "served_share", "requests", "requests_share", "burst_requests", "bursts_share", "bad_hours");
        foreach (var (name, value) in FiguresOf(report))
            csv.WriteRecord("figure", name, "", "", Number(value), "", "", "", "", "", "", "", "", "");
        foreach (var row in report.Providers)
            Write("provider", row);
        foreach (var row in report.Altruists)
            Write("altruist", row);

        void Write(string kind, ShareRow row) => csv.WriteRecord(
            kind, row.Name, row.Provider, row.Class, "",
            Number(row.Got.Sessions), Number(Sessions(row)), Number(row.Got.ServedMs / 3_600_000), Number(Time(row)), Number(row.Got.Requests), Number(Traffic(row)),
            Number(row.Got.BurstRequests), Number(Bursts(row)), Number(row.BadMs / 3_600_000));
    }

    private static readonly (string Name, Func<ShareRow, double> Of)[] Ratios = [("sessions", Sessions), ("served time", Time), ("traffic", Traffic), ("bursts", Bursts)];

    private static IEnumerable<(string Name, double Value)> FiguresOf(SimulationReport report)
    {
        yield return ("hours", report.Hours);
        yield return ("slots", report.Scenario.Slots);
        yield return ("bad_time_percent", 100 * report.Bad.ServedMs / report.All.ServedMs);
        yield return ("bad_traffic_percent", 100 * report.Bad.Requests / report.All.Requests);
        yield return ("bad_bursts_percent", 100 * report.Bad.BurstRequests / report.All.BurstRequests);
        yield return ("bad_time_though_eligible_percent", 100 * report.BadThoughEligible.ServedMs / report.All.ServedMs);
        yield return ("bad_traffic_though_eligible_percent", 100 * report.BadThoughEligible.Requests / report.All.Requests);
        yield return ("degraded_percent", 100 * report.DegradedMs / report.All.ServedMs);
        yield return ("fallback_percent", 100 * report.FallbackMs / report.All.ServedMs);
        yield return ("nobody_percent", 100 * report.NoneMs / report.All.ServedMs);
        foreach (var (name, times) in report.Failovers.Select(one => ($"failover_{NameOf(one.Key)}", one.Value)).Append(("failover", report.AllFailovers)).Append(("picked_bad", report.PickedBad)))
        {
            yield return ($"{name}_count", times.Count);
            yield return ($"{name}_p50_seconds", times.P50);
            yield return ($"{name}_p95_seconds", times.P95);
            yield return ($"{name}_max_seconds", times.Max);
        }

        yield return ("failures_over_before_replaced", report.NotReplaced);
        yield return ("failures_nobody_else_eligible", report.NobodyElse);
        yield return ("pick_changes_per_slot_and_hour", report.PickChangesPerSlotAndHour);
        yield return ("pick_changes_by_rounds", report.RoundChanges);
        yield return ("pick_changes_between_rounds", report.SettledChanges);
        yield return ("needless_changes", report.Needless);
        yield return ("changes_to_nearer", report.Nearer);
        yield return ("longest_hold_rounds", report.LongestHold);
        yield return ("longest_hold_rounds_while_the_same_other_was_there", report.LongestHoldOfOne);
        foreach (var (name, of) in Ratios)
        {
            var values = report.Comparable.Select(of).Where(double.IsFinite).Order().ToList();
            if (values.Count == 0)
                continue;
            yield return ($"least_share_of_{name.Replace(' ', '_')}", values[0]);
            yield return ($"most_share_of_{name.Replace(' ', '_')}", values[^1]);
        }
    }

    private static double Sessions(ShareRow row) => row.Got.Sessions / row.Due.Sessions;

    private static double Time(ShareRow row) => row.Got.ServedMs / row.Due.ServedMs;

    private static double Traffic(ShareRow row) => row.Got.Requests / row.Due.Requests;

    private static double Bursts(ShareRow row) => row.Got.BurstRequests / row.Due.BurstRequests;

    private static string NameOf(Fault fault) => JsonNamingPolicy.CamelCase.ConvertName(fault.ToString());

    private static string Row(Times times) => times.Count == 0
        ? $"{0,9}"
        : string.Create(CultureInfo.InvariantCulture, $"{times.Count,9}{times.P50,7:0.0} s{times.P95,7:0.0} s{times.Max,7:0.0} s");

    private static string Percent(double part, double whole) => whole > 0 ? string.Create(CultureInfo.InvariantCulture, $"{100 * part / whole:0.###} %") : "-";

    private static string Ratio(double ratio) => double.IsFinite(ratio) ? ratio.ToString("0.00", CultureInfo.InvariantCulture) : "-";

    private static string Spread(List<double> ratios)
    {
        if (ratios.Count == 0)
            return "          -";
        ratios.Sort();
        return string.Concat(new[] { 0, 0.05, 0.5, 0.95, 1 }.Select((part, column) => Ratio(ratios[(int)(part * (ratios.Count - 1))]).PadLeft(column == 0 ? 11 : 7)));
    }

    private static string Number(double value) => double.IsFinite(value) ? Math.Round(value, 4).ToString(CultureInfo.InvariantCulture) : "";
}
