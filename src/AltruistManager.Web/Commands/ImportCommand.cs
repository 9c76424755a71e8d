using System.CommandLine;
using AltruistManager.Altruists.Import;

namespace AltruistManager.Web.Commands;

/// <summary>Registers chains or altruists from a CSV file, on the database itself: all that is in it or nothing. A running service notices within a second.</summary>
internal static class ImportCommand
{
    private const int MostProblems = 50;

    public static Command CreateChains() => new("chains", "Registers chains from a file")
    {
        Create("Makes and changes chains: the first line of the file names columns as the API names fields", async (database, file, isDry, cancellation) => isDry
            ? await database.ChainImport.PreviewAsync(CommandDatabase.Operator, file, ImportLimits.OfCommands, cancellation)
            : await database.ChainImport.ApplyAsync(CommandDatabase.Operator, file, ImportLimits.OfCommands, cancellation)),
    };

    public static Command CreateAltruists() => new("altruists", "Registers altruists from a file")
    {
        Create("Makes and changes altruists of any provider: the first line of the file names columns as the API names fields", async (database, file, isDry, cancellation) => isDry
            ? await database.AltruistImport.PreviewAsync(CommandDatabase.Operator, provider: null, file, ImportLimits.OfCommands, cancellation)
            : await database.AltruistImport.ApplyAsync(CommandDatabase.Operator, provider: null, file, ImportLimits.OfCommands, shown: null, cancellation)),
    };

    private static Command Create(string description, Func<CommandDatabase, byte[], bool, CancellationToken, Task<ImportPlan>> import)
    {
        var file = new Argument<string>("FILE") { Description = "CSV in UTF-8" };
        var dry = new Option<bool>("--dry-run") { Description = "Says what would become of it, and changes nothing" };
        var command = new Command("import", description) { file, dry };
        command.TreatUnmatchedTokensAsErrors = false;
        command.SetAction(async (parsed, cancellation) =>
        {
            var content = await ReadAsync(parsed.GetValue(file)!, cancellation);
            await using var database = CommandDatabase.Of(parsed);
            await database.OpenAsync(cancellation);
            var plan = await import(database, content, parsed.GetValue(dry), cancellation);
            await ShowAsync(plan, parsed.GetValue(dry));
            return 0;
        });
        return command;
    }

    private static async Task<byte[]> ReadAsync(string path, CancellationToken cancellation)
    {
        // Whatever is larger is not read into memory to be told so.
        if (new FileInfo(path) is { Exists: true } file && file.Length > ImportLimits.OfCommands.Bytes)
            throw new CommandException($"{path} has {file.Length / 1024:N0} KB, and {ImportLimits.OfCommands.Bytes / 1024:N0} KB at most are taken: part it.");
        return await File.ReadAllBytesAsync(path, cancellation);
    }

    private static async Task ShowAsync(ImportPlan plan, bool isDry)
    {
        if (plan.IsWrong)
        {
            var problems = plan.AllProblems.ToList();
            foreach (var problem in problems.Take(MostProblems))
                await Console.Error.WriteLineAsync($"{problem}");
            if (problems.Count > MostProblems)
                await Console.Error.WriteLineAsync($"… and {problems.Count - MostProblems} more");
            throw new CommandException(plan.Refusal?.Detail ?? $"Nothing was imported{(plan.Lines.Count > 0 ? $": {plan}" : "")}.");
        }

        foreach (var line in plan.Lines.Where(line => line.Verdict is ImportVerdict.New or ImportVerdict.Changed))
        {
            await Console.Out.WriteLineAsync($"{(line.Verdict == ImportVerdict.New ? "new" : "changed")}  {line.Name}  {line.Id}");
            foreach (var change in line.Changes)
                await Console.Out.WriteLineAsync(line.Verdict == ImportVerdict.New || change.Field == ImportChange.Displaces ? $"  {change.Field}: {change.After}" : $"  {change.Field}: {change.Before ?? "nothing"} → {change.After ?? "nothing"}");
        }

        await Console.Out.WriteLineAsync($"{(isDry ? "Would import" : "Imported")}: {plan}.");
    }
}
