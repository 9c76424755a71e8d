using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using AltruistManager.Altruists;
using AltruistManager.Selection;
using AltruistManager.Storage;
using AltruistManager.Transparency;
using Microsoft.Extensions.Logging.Abstractions;

namespace AltruistManager.Web.Commands;

/// <summary>What is picked and what people ordered, from the database, or without one from the last-good file; needs no running service.</summary>
internal static class StatusCommand
{
    public static Command Create()
    {
        var command = new Command("status", "Shows what is picked, and overrides, holds and maintenance in force, whether or not the service runs") { TreatUnmatchedTokensAsErrors = false };
        command.SetAction(async (parsed, cancellation) =>
        {
            await using var opened = CommandDatabase.Of(parsed);
            var lastGood = new LastGoodFile(opened.Database, opened.Ring, [], NullLogger<LastGoodFile>.Instance);
            try
            {
                await opened.Database.PrepareAsync(create: false, cancellation);
                await opened.Ring.LoadAsync(cancellation);
                await ShowAsync(opened, lastGood.Read(), cancellation);
            }
            catch (Exception broken) when (Database.IsFailure(broken) && lastGood.Read() is { } told)
            {
                await Console.Error.WriteLineAsync($"{broken.Message.ReplaceLineEndings(" ")} What follows is what the last-good file tells.");
                await ShowAsync(told);
            }

            return 0;
        });
        return command;
    }

    private static async Task ShowAsync(CommandDatabase opened, Snapshot? told, CancellationToken cancellation)
    {
        var now = CommandDatabase.Now;
        var state = await PublishedState.ReadAsync(opened.Database, cancellation);
        var roster = await opened.ReadRosterAsync(cancellation);
        await opened.Overrides.RefreshAsync(cancellation);
        await opened.Holds.RefreshAsync(cancellation);
        await opened.Drains.RefreshAsync(cancellation);

        await WriteAsync($"origin {state.Origin}, generation {state.Generation}");
        await WriteAsync(state.RoundAt is { } at ? $"last round {state.Round} at {Time(at)}, {(now - at).TotalSeconds:0} s ago" : "no round yet");
        await WriteAsync(told is null ? "no last-good file" : $"last-good file: generation {told.Generation}{(told.Origin == state.Origin ? "" : $" of another origin, {told.Origin}")}");

        await WriteAsync("");
        await TableAsync(
            ["CHAIN", "REGION", "STATE", "PRIMARY", "STANDBYS", "SINCE", "ELIGIBLE"],
            [.. state.Slots.Select(slot => new[]
            {
                slot.Slot.Chain.Value,
                slot.Slot.Region.Value,
                slot.State.ToString().ToLowerInvariant(),
                Names(slot.Picks.Where((pick, place) => place == 0 || pick.Weight > 0)),
                Names(slot.Picks.Where((pick, place) => place > 0 && pick.Weight == 0)),
                slot.Picks.Count == 0 ? "-" : Time(slot.SelectedAt),
                $"{slot.Eligible} of {slot.Candidates}",
            })]);

        await ListAsync("Overrides in force", OverrideRules.InForce(opened.Overrides.Active, now).Select(rule =>
            $"{rule.Id}  {rule.Kind.ToString().ToLowerInvariant()} {(rule.Altruist is { } id ? LabelOf(roster, id) : $"all of {rule.Provider}")}{Where(rule.Chain?.Value, rule.Region?.Value)}"
            + $"{(rule.Force ? ", forced" : "")}{(rule.Revoke ? ", revoked" : "")}, until {Time(rule.ExpiresAt)}: {rule.Reason}"));
        await ListAsync("Holds in force", Hold.InForce(opened.Holds.Active, now).Select(hold => $"{hold.Id}  hold{Where(hold.Chain?.Value, hold.Region?.Value)}, until {Time(hold.Until)}: {hold.Reason}"));
        await ListAsync("Maintenance", roster.Live.SelectMany(altruist => opened.Drains.Current.Ahead(altruist.Id, now)).Select(drain =>
            $"{drain.Id}  {LabelOf(roster, drain.Altruist)} from {Time(drain.From)} until {(drain.Until is { } until ? Time(until) : "it is resumed")}{(drain.IsInForce(now) ? ", in force" : "")}: {drain.Reason}"));
    }

    /// <summary>What portals were told last; of each slot the state and the label of its pick.</summary>
    private static async Task ShowAsync(Snapshot told)
    {
        await WriteAsync($"origin {told.Origin}, generation {told.Generation}, last round at {told.RoundAt}");
        await WriteAsync("");
        var rows = new List<string[]>();
        foreach (var region in told.RegionIds)
        {
            using var all = JsonDocument.Parse(told.FindAll(region)!.Body);
            foreach (var slot in all.RootElement.GetProperty("selections").EnumerateArray())
            {
                var primary = slot.GetProperty("primary");
                rows.Add(
                [
                    slot.GetProperty("chain").GetString()!,
                    region,
                    slot.GetProperty("state").GetString()!,
                    primary.ValueKind == JsonValueKind.Null ? "-" : $"{primary.GetProperty("label").GetString()} ({primary.GetProperty("provider").GetString()})",
                ]);
            }
        }

        await TableAsync(["CHAIN", "REGION", "STATE", "PRIMARY"], rows);
    }

    private static string Names(IEnumerable<PublishedPick> picks)
    {
        var names = string.Join(", ", picks.Select(pick => pick.Weight is 0 or 100 ? $"{pick.Label} ({pick.Provider})" : $"{pick.Label} ({pick.Provider}) {pick.Weight} %"));
        return names.Length == 0 ? "-" : names;
    }

    private static string LabelOf(Roster roster, AltruistId id) => roster.Altruists.GetValueOrDefault(id) is { } altruist ? $"{altruist.Label} ({altruist.Provider})" : id.Value;

    private static string Where(string? chain, string? region) => $" for {chain ?? "every chain"} in {region ?? "every region"}";

    private static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    private static async Task ListAsync(string title, IEnumerable<string> lines)
    {
        var all = lines.ToList();
        await WriteAsync("");
        await WriteAsync(all.Count == 0 ? $"{title}: none" : $"{title}:");
        foreach (var line in all)
            await WriteAsync($"  {line}");
    }

    private static async Task TableAsync(string[] head, List<string[]> rows)
    {
        var widths = head.Select((name, column) => rows.Select(row => row[column].Length).Append(name.Length).Max()).ToArray();
        foreach (var row in rows.Prepend(head))
            await WriteAsync(string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
    }

    private static Task WriteAsync(string line) => Console.Out.WriteLineAsync(line);
}
