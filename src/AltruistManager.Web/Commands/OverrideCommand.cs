using System.CommandLine;
using AltruistManager.Altruists;
using AltruistManager.Selection;

namespace AltruistManager.Web.Commands;

/// <summary>Break-glass for staff: pins and exclusions on the database itself.</summary>
internal static class OverrideCommand
{
    public static Command CreatePin() => Create("pin", "Pins an altruist; a running service acts within a second", OverrideKind.Pin);

    public static Command CreateExclude() => Create("exclude", "Excludes an altruist or all of a provider; a running service acts within a second", OverrideKind.Exclude);

    private static Command Create(string name, string description, OverrideKind kind)
    {
        var common = new OrderOptions();
        var altruist = new Option<string?>("--altruist") { Description = "Its id, or its label where only one has it" };
        var provider = new Option<string?>("--provider") { Description = "All that it offers (exclude)" };
        var note = new Option<string?>("--note") { Description = "For staff only" };
        var force = new Option<bool>("--force") { Description = "Even if it is not eligible (pin)" };
        var revoke = new Option<bool>("--revoke") { Description = "Not even as the last good pick (exclude)" };
        var command = new Command(name, description) { altruist, provider, note, force, revoke };
        common.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            await using var opened = CommandDatabase.Of(parsed);
            var roster = await opened.OpenAsync(cancellation);
            if (parsed.GetValue(common.End) is { } id)
                return await opened.Orders.EndOverrideAsync(CommandDatabase.Operator, id, kind, cancellation) is null ? 0 : throw new CommandException($"There is no {(kind == OverrideKind.Pin ? "pin" : "exclusion")} {id} in force.");

            var errors = new FieldErrors();
            var draft = new OverrideDraft
            {
                Kind = kind,
                Chain = parsed.GetValue(common.Chain),
                Region = parsed.GetValue(common.Region),
                Altruist = Find(roster, parsed.GetValue(altruist), errors),
                Provider = parsed.GetValue(provider),
                Reason = parsed.GetValue(common.Reason)!.Trim(),
                Note = parsed.GetValue(note),
                ExpiresAt = common.UntilOf(parsed),
                Force = parsed.GetValue(force),
                Revoke = parsed.GetValue(revoke),
            };
            var wanted = opened.Orders.Check(CommandDatabase.Operator, draft, errors);
            OrderOptions.Refuse(errors);
            var rule = wanted.Value!;
            await opened.Orders.AddAsync(CommandDatabase.Operator, rule, cancellation);
            await Console.Out.WriteLineAsync(rule.Id);
            if (rule is { Kind: OverrideKind.Pin, Altruist: { } pinned, Force: false } && await opened.WhyNotEligibleAsync(pinned, cancellation) is { } why)
                await Console.Error.WriteLineAsync($"It is not eligible now ({why}): without --force the pin rules only once it is.");
            return 0;
        });
        return command;
    }

    private static string? Find(Roster roster, string? text, FieldErrors errors)
    {
        if (text is null || roster.Altruists.ContainsKey(new AltruistId(text)))
            return text;
        var labelled = roster.Live.Where(altruist => altruist.Label == text).ToList();
        if (labelled.Count > 1)
            errors.Add("altruist", $"names {labelled.Count} altruists labelled '{text}': give an id ({string.Join(", ", labelled.Select(altruist => altruist.Id))})");
        return labelled.Count == 0 ? text : labelled[0].Id.Value;
    }
}
