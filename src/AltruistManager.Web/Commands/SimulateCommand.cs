using System.CommandLine;
using System.Globalization;
using AltruistManager.Selection.Simulation;

namespace AltruistManager.Web.Commands;

/// <summary>Tries the rules on a simulated world: no database, no network, no clock.</summary>
internal static class SimulateCommand
{
    public static Command Create()
    {
        var scenario = new Option<string>("--scenario") { Description = "The world to try the rules on: a JSON file, described in docs/simulation.md", Required = true };
        // Read as text: a validator may not ask for a value that cannot be converted.
        var hours = new Option<string?>("--hours") { Description = "How many hours of it; what the scenario says if not given" };
        var seed = new Option<string?>("--seed") { Description = "Another seed than the scenario's: another world of the same kind" };
        var csv = new Option<string?>("--csv") { Description = "Where to write the report as CSV, with every altruist" };
        var command = new Command("simulate", "Runs the real verdicts and picks over a simulated world and reports how fair and how available it was") { scenario, hours, seed, csv };
        command.Validators.Add(result =>
        {
            if (result.GetValue(hours) is { } text && !(Hours(text) is >= 0.1 and <= ScenarioReader.MostHours))
                result.AddError($"--hours must be a number from 0.1 to {ScenarioReader.MostHours}.");
            if (result.GetValue(seed) is { } number && !int.TryParse(number, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _))
                result.AddError("--seed must be a whole number.");
        });
        command.SetAction(async (parsed, cancellation) =>
        {
            var read = ScenarioReader.Read(await File.ReadAllTextAsync(parsed.GetValue(scenario)!, cancellation));
            read = read with
            {
                Hours = Hours(parsed.GetValue(hours)) ?? read.Hours,
                Seed = parsed.GetValue(seed) is { } number ? int.Parse(number, CultureInfo.InvariantCulture) : read.Seed,
            };
            // Opened first: who cannot write it should hear so at once.
            await using var file = parsed.GetValue(csv) is { } path ? new StreamWriter(path) : null;
            var started = TimeProvider.System.GetTimestamp();
            var report = new WorldSimulation(read).Run(cancellation);
            var took = TimeProvider.System.GetElapsedTime(started);
            if (file is not null)
                ReportWriter.ToCsv(report, file);
            await Console.Out.WriteAsync(ReportWriter.ToText(report));
            // Beside the report, which follows from the scenario alone.
            await Console.Error.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture,
                $"{read.Slots} slots for {report.Hours:0.#} h took {took.TotalSeconds:0.0} s: {read.Slots / took.TotalSeconds:0} simulated slots a second, {read.Slots * report.Hours / took.TotalSeconds:0} slot hours a second"));
            return 0;
        });
        return command;
    }

    private static double? Hours(string? text) => double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var hours) ? hours : null;
}
