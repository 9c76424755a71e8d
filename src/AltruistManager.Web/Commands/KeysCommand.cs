using System.CommandLine;
using System.Text.RegularExpressions;
using AltruistManager.Accounts;

namespace AltruistManager.Web.Commands;

/// <summary>Makes, lists and revokes keys, on the database itself; a running service notices.</summary>
internal static partial class KeysCommand
{
    private const int LongestDays = 3650;

    public static Command Create() => new("keys", "Makes, lists and revokes API keys") { CreateKey(), ListKeys(), RevokeKey() };

    private static Command CreateKey()
    {
        var name = new Option<string>("--name") { Description = "What the key is for", Required = true };
        var scope = new Option<string>("--scope") { Description = "portal, provider or staff", Required = true };
        var provider = new Option<string?>("--provider") { Description = "Whose things it manages (scope provider)" };
        var portal = new Option<string?>("--portal") { Description = "Whose key it is (scope portal); one named after the key if not given" };
        // Read as text: a validator may not ask for a value that cannot be converted.
        var days = new Option<string?>("--expires-days") { Description = "After how many days it ends; never if not given" };
        var command = new Command("create", "Makes a key and prints it, and nothing else") { name, scope, provider, portal, days };
        command.TreatUnmatchedTokensAsErrors = false;
        command.Validators.Add(result =>
        {
            var given = result.GetValue(scope);
            if (given is not null and not ("portal" or "provider" or "staff"))
                result.AddError("--scope must be portal, provider or staff.");
            if (result.GetValue(name) is not { } text || text.Trim().Length is 0 or > 100 || text.Any(char.IsControl))
                result.AddError("--name must have 1 to 100 characters.");
            if (given == "provider" != result.GetValue(provider) is not null)
                result.AddError(given == "provider" ? "--provider is needed with --scope provider." : "--provider goes with --scope provider only.");
            if (given != "portal" && result.GetValue(portal) is not null)
                result.AddError("--portal goes with --scope portal only.");
            if (result.GetValue(provider) is { } id && !IdShape().IsMatch(id))
                result.AddError("--provider must be the id of a provider.");
            if (result.GetValue(portal) is { } portalId && !IdShape().IsMatch(portalId))
                result.AddError("--portal must be the id of a portal.");
            if (result.GetValue(days) is { } number && !(int.TryParse(number, out var count) && count is >= 1 and <= LongestDays))
                result.AddError($"--expires-days must be from 1 to {LongestDays}.");
        });
        command.SetAction(async (parsed, cancellation) =>
        {
            await using var opened = CommandDatabase.Of(parsed);
            await opened.MigrateAsync(create: true, cancellation);
            DateTimeOffset? expiresAt = parsed.GetValue(days) is { } number ? TimeProvider.System.GetUtcNow().AddDays(int.Parse(number)) : null;
            var (key, _) = await opened.Keys.CreateAsync(
                CommandDatabase.Operator, parsed.GetValue(name)!.Trim(), Enum.Parse<KeyScope>(parsed.GetValue(scope)!, ignoreCase: true), parsed.GetValue(provider), parsed.GetValue(portal), expiresAt, cancellation);
            await Console.Out.WriteLineAsync(key);
            return 0;
        });
        return command;
    }

    private static Command ListKeys()
    {
        var command = new Command("list", "Lists the keys, newest first; never their secrets") { TreatUnmatchedTokensAsErrors = false };
        command.SetAction(async (parsed, cancellation) =>
        {
            await using var opened = CommandDatabase.Of(parsed);
            await opened.Database.PrepareAsync(create: false, cancellation);
            var now = TimeProvider.System.GetUtcNow();
            var keys = await opened.Keys.ListAsync(CommandDatabase.Operator, cancellation);
            var uses = await opened.KeyUses.FindAsync([.. keys.Select(key => key.Id)], cancellation);
            var rows = keys
                .Select(key => new[]
                {
                    key.Id, key.Scope.ToString().ToLowerInvariant(), key.ProviderId ?? key.PortalId ?? "-", $"{key.CreatedAt:yyyy-MM-dd}",
                    key.RevokedAt is { } revoked ? $"revoked {revoked:yyyy-MM-dd}" : key.ExpiresAt is not { } end ? "good" : end <= now ? $"expired {end:yyyy-MM-dd}" : $"good until {end:yyyy-MM-dd}",
                    uses.GetValueOrDefault(key.Id)?.LastAt is { } used ? $"{used:yyyy-MM-dd HH:mm}" : "never",
                    key.Name,
                })
                .Prepend(["ID", "SCOPE", "OF", "CREATED", "STATE", "LAST USED", "NAME"]).ToList();
            var widths = Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length)).ToArray();
            foreach (var row in rows)
                await Console.Out.WriteLineAsync(string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
            return 0;
        });
        return command;
    }

    private static Command RevokeKey()
    {
        var id = new Argument<string>("ID") { Description = "As keys list shows it" };
        var command = new Command("revoke", "Ends a key; a running service refuses it within a second") { id };
        command.TreatUnmatchedTokensAsErrors = false;
        command.SetAction(async (parsed, cancellation) =>
        {
            await using var opened = CommandDatabase.Of(parsed);
            await opened.MigrateAsync(create: false, cancellation);
            if (!await opened.Keys.RevokeAsync(CommandDatabase.Operator, parsed.GetValue(id)!, cancellation))
                throw new CommandException($"There is no key {parsed.GetValue(id)}.");
            return 0;
        });
        return command;
    }

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex IdShape();
}
