using System.CommandLine;
using System.CommandLine.Invocation;
using AltruistManager.Selection.Simulation;
using AltruistManager.Storage;
using AltruistManager.Transparency;
using AltruistManager.Web.Commands.Follow;

namespace AltruistManager.Web.Commands;

/// <summary>A command failed; the message is one line for the one who called it.</summary>
internal sealed class CommandException(string message) : Exception(message);

/// <summary>The commands of the executable. Exit codes: 0 done, 1 failed (one clear line on stderr), 2 wrong usage.</summary>
internal static class CommandLine
{
    private const int Failed = 1;
    private const int WrongUsage = 2;

    public static async Task<int> RunAsync(string[] arguments)
    {
        var root = new RootCommand("Altruist Manager: decides which altruist each portal uses.") { TreatUnmatchedTokensAsErrors = false };
        var serve = ServeCommand.Create();
        root.Subcommands.Add(serve);
        root.Subcommands.Add(KeysCommand.Create());
        root.Subcommands.Add(UsersCommand.Create());
        root.Subcommands.Add(ImportCommand.CreateChains());
        root.Subcommands.Add(ImportCommand.CreateAltruists());
        root.Subcommands.Add(VerifyCommand.Create());
        root.Subcommands.Add(SigningKeyCommand.Create());
        root.Subcommands.Add(DemoCommand.Create());
        root.Subcommands.Add(FollowCommand.Create());
        root.Subcommands.Add(StatusCommand.Create());
        root.Subcommands.Add(OverrideCommand.CreatePin());
        root.Subcommands.Add(OverrideCommand.CreateExclude());
        root.Subcommands.Add(HoldCommand.Create());
        root.Subcommands.Add(SimulateCommand.Create());
        root.Action = serve.Action;

        // No response files: an argument that begins with @ means itself.
        var parsed = root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (WrongWith(parsed) is { } wrong)
        {
            await Console.Error.WriteLineAsync($"{wrong} (altruist-manager --help tells more)");
            return WrongUsage;
        }

        try
        {
            // The host itself listens for signals.
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        }
        catch (Exception bad) when (bad is SettingsException or ScenarioException)
        {
            // A line for each error.
            await Console.Error.WriteLineAsync(bad.Message);
            return Failed;
        }
        catch (Exception failed) when (failed is CommandException or LogSourceException or IOException or UnauthorizedAccessException || Database.IsFailure(failed))
        {
            await Console.Error.WriteLineAsync(failed.Message.ReplaceLineEndings(" "));
            return Failed;
        }
    }

    private static string? WrongWith(ParseResult parsed)
    {
        if (parsed.Errors.Count > 0)
            return parsed.Action is ParseErrorAction ? string.Join(" ", parsed.Errors.Select(error => error.Message)) : null;

        var command = parsed.CommandResult.Command;
        if (command.TreatUnmatchedTokensAsErrors && parsed.UnmatchedTokens.Count > 0)
            return $"'{parsed.UnmatchedTokens[0]}' is not an option of {command.Name}.";

        // What is left over is configuration, as the framework takes it: --key value or --key=value.
        var expectsValue = false;
        foreach (var token in parsed.UnmatchedTokens)
        {
            if (expectsValue)
                expectsValue = false;
            else if (token.Length > 2 && token.StartsWith("--", StringComparison.Ordinal))
                expectsValue = !token.Contains('=', StringComparison.Ordinal);
            else
                return $"'{token}' is not a command or an option.";
        }

        return expectsValue ? $"'{parsed.UnmatchedTokens[^1]}' needs a value." : null;
    }
}
