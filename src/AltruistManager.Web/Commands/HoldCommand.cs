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
            await opened.OpenAsync(cancellation);
            if (parsed.GetValue(common.End) is { } id)
                return await opened.Orders.EndHoldAsync(CommandDatabase.Operator, id, cancellation) is null ? 0 : throw new CommandException($"There is no hold {id} in force.");

            var errors = new FieldErrors();
            var draft = new HoldDraft
            {
                Chain = parsed.GetValue(common.Chain),
                Region = parsed.GetValue(common.Region),
                Reason = parsed.GetValue(common.Reason)!.Trim(),
                Until = common.UntilOf(parsed),
            };
            var hold = await opened.Orders.AddAsync(CommandDatabase.Operator, draft, errors, cancellation);
            OrderOptions.Refuse(errors);
            await Console.Out.WriteLineAsync(hold.Value!.Id);
            return 0;
        });
        return command;
    }
}
