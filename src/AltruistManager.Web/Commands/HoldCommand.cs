using System.CommandLine;
using AltruistManager.Altruists;
using AltruistManager.Selection;

namespace AltruistManager.Web.Commands;

/// <summary>Break-glass for staff: stops the rotation on the database itself.</summary>
internal static class HoldCommand
{
    public static Command Create()
    {
        var common = new OrderOptions();
        var command = new Command("hold", "Stops the rotation, not the failover; a running service acts within a second");
        common.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            await using var opened = CommandDatabase.Of(parsed);
            var roster = await opened.OpenAsync(cancellation);
            if (parsed.GetValue(common.End) is { } id)
                return await opened.Holds.DeleteAsync(id, cancellation) ? 0 : throw new CommandException($"There is no hold {id} in force.");

            var errors = new FieldErrors();
            var hold = new HoldDraft
            {
                Chain = parsed.GetValue(common.Chain),
                Region = parsed.GetValue(common.Region),
                Reason = parsed.GetValue(common.Reason)!.Trim(),
                Until = common.UntilOf(parsed),
            }.Check(roster, CommandDatabase.Author, CommandDatabase.Now, errors);
            OrderOptions.Refuse(errors);
            await opened.Holds.AddAsync(hold, cancellation);
            await Console.Out.WriteLineAsync(hold.Id);
            return 0;
        });
        return command;
    }
}
