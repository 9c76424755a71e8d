using System.CommandLine;
using System.Text.RegularExpressions;
using AltruistManager.Accounts;

namespace AltruistManager.Web.Commands;

/// <summary>Lets people in and shuts them out, on the database itself; a running service notices within a second. Passwords come from standard input.</summary>
internal static partial class UsersCommand
{
    public static Command Create() => new("users", "Makes, lists and disables users, and sets their passwords") { CreateUser(), ListUsers(), ResetPassword(), Disable(), Enable() };

    private static Command CreateUser()
    {
        var email = Email();
        var role = new Option<string>("--role") { Description = "staff, provider (changes its things), viewer (looks at them) or portal", Required = true };
        var provider = new Option<string?>("--provider") { Description = "Whose things (roles provider and viewer)" };
        var portal = new Option<string?>("--portal") { Description = "Which portal's keys and reports (role portal)" };
        var command = new Command("create", "Makes a user with the password on standard input; one that exists gets the role as well and keeps its password") { email, role, provider, portal };
        command.TreatUnmatchedTokensAsErrors = false;
        command.Validators.Add(result =>
        {
            var given = result.GetValue(role);
            if (given is not null and not ("staff" or "provider" or "viewer" or "portal"))
                result.AddError("--role must be staff, provider, viewer or portal.");
            if (given is "provider" or "viewer" != result.GetValue(provider) is not null)
                result.AddError(given is "provider" or "viewer" ? $"--provider is needed with --role {given}." : "--provider goes with --role provider and viewer only.");
            if (given == "portal" != result.GetValue(portal) is not null)
                result.AddError(given == "portal" ? "--portal is needed with --role portal." : "--portal goes with --role portal only.");
            if (result.GetValue(provider) is { } id && !IdShape().IsMatch(id))
                result.AddError("--provider must be the id of a provider.");
            if (result.GetValue(portal) is { } portalId && !IdShape().IsMatch(portalId))
                result.AddError("--portal must be the id of a portal.");
        });
        command.SetAction(async (parsed, cancellation) =>
        {
            await using var database = CommandDatabase.Of(parsed);
            var roster = await database.OpenAsync(create: true, cancellation);
            var address = parsed.GetValue(email)!.Trim();
            var grant = parsed.GetValue(role) switch
            {
                "staff" => Grant.Staff,
                "portal" => Grant.Owning(parsed.GetValue(portal)!),
                var of => Grant.Of(parsed.GetValue(provider)!, of == "viewer" ? MemberRole.Viewer : MemberRole.Admin),
            };
            var user = await database.Users.FindByEmailAsync(address);
            if (user is null)
            {
                user = User.New(address, CommandDatabase.Now, grant: grant, by: Actor.Operator);
                var made = await database.Users.CreateAsync(user, await ReadPasswordAsync(cancellation));
                if (!made.Succeeded)
                    throw new CommandException(Users.Explain(made));
            }
            else if (await database.UserRegistry.GrantAsync(Actor.Operator, user.Id, grant, cancellation) is { Refusal: { } refusal })
                throw new CommandException(refusal);
            await Console.Out.WriteLineAsync($"{user.Email} {grant}.");
            if (grant.Provider is { } id && !roster.Providers.ContainsKey(new Altruists.ProviderId(id)))
                await Console.Error.WriteLineAsync($"Note: there is no provider {id} yet.");
            return 0;
        });
        return command;
    }

    private static Command ListUsers()
    {
        var command = new Command("list", "Lists the users by address") { TreatUnmatchedTokensAsErrors = false };
        command.SetAction(async (parsed, cancellation) =>
        {
            await using var database = CommandDatabase.Of(parsed);
            await database.OpenAsync(cancellation);
            foreach (var user in await database.UserStore.ListAsync(null, null, int.MaxValue, cancellation))
            {
                var state = user.DisabledAt is { } disabled ? $"disabled {disabled:yyyy-MM-dd}" : user.SignedInAt is { } at ? $"last here {at:yyyy-MM-dd}" : "never here";
                await Console.Out.WriteLineAsync($"{user.Email}  {(user.IsStaff ? "staff" : "user")}  {(user.HasSecondFactor ? "second factor" : "password only")}  {state}");
            }

            return 0;
        });
        return command;
    }

    private static Command ResetPassword()
    {
        var email = Email();
        var clear = new Option<bool>("--clear-second-factor") { Description = "Also takes its authenticator app, passkeys and recovery codes away, for one who lost them" };
        var command = new Command("reset-password", "Sets a user's password to the one on standard input, lifts a lockout and ends its sessions") { email, clear };
        command.TreatUnmatchedTokensAsErrors = false;
        command.SetAction(async (parsed, cancellation) =>
        {
            await using var database = CommandDatabase.Of(parsed);
            await database.OpenAsync(cancellation);
            var user = await FindAsync(database, parsed.GetValue(email)!);
            var set = await database.Users.SetPasswordAsync(user, await ReadPasswordAsync(cancellation));
            if (!set.Succeeded)
                throw new CommandException(Users.Explain(set));
            if (parsed.GetValue(clear))
                await database.UserStore.ClearSecondFactorsAsync(Actor.Operator, user.Id, cancellation);
            return 0;
        });
        return command;
    }

    private static Command Disable() => Change("disable", "Ends a user's sessions and lets it in no more", static (registry, user, cancellation) => registry.DisableAsync(Actor.Operator, user, cancellation));

    private static Command Enable() => Change("enable", "Lets a disabled user in again", static (registry, user, cancellation) => registry.EnableAsync(Actor.Operator, user, cancellation));

    private static Command Change(string name, string description, Func<UserRegistry, string, CancellationToken, Task<AccountChange>> change)
    {
        var email = Email();
        var command = new Command(name, description) { email };
        command.TreatUnmatchedTokensAsErrors = false;
        command.SetAction(async (parsed, cancellation) =>
        {
            await using var database = CommandDatabase.Of(parsed);
            await database.OpenAsync(cancellation);
            var user = await FindAsync(database, parsed.GetValue(email)!);
            // As it is wanted already: nothing is left to do.
            await change(database.UserRegistry, user.Id, cancellation);
            return 0;
        });
        return command;
    }

    private static Option<string> Email()
    {
        var email = new Option<string>("--email") { Description = "The user's address", Required = true };
        email.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is not { } address || !AddressShape().IsMatch(address.Trim()))
                result.AddError("--email must be an email address.");
        });
        return email;
    }

    private static async Task<User> FindAsync(CommandDatabase database, string email) =>
        await database.Users.FindByEmailAsync(email.Trim()) ?? throw new CommandException($"There is no user {email.Trim()}.");

    private static async Task<string> ReadPasswordAsync(CancellationToken cancellation)
    {
        if (!Console.IsInputRedirected)
            await Console.Error.WriteAsync("Password (shown as it is typed): ");
        return await Console.In.ReadLineAsync(cancellation) is { Length: > 0 } password ? password : throw new CommandException("A password is needed on standard input.");
    }

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex IdShape();

    [GeneratedRegex(@"^[^@\s\p{C}]{1,64}@[^@\s\p{C}]{1,189}\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex AddressShape();
}
