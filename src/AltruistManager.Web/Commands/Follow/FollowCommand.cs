using System.CommandLine;

namespace AltruistManager.Web.Commands.Follow;

/// <summary>A verified local mirror of picks, for portals in any language. Carries no RPC.</summary>
internal static class FollowCommand
{
    public static Command Create()
    {
        var from = new Option<string[]>("--from") { Description = "Addresses of managers, clones of one another, in the order to try", Required = true, AllowMultipleArgumentsPerToken = true };
        var region = new Option<string>("--region") { Description = "Where the portal is", Required = true };
        var command = new Command("follow", "Mirrors the picks of a region on loopback, proven by the public log; goes on with the last good ones. Takes configuration, such as --Follow:Key am_… (better as Follow__Key in the environment)") { from, region };
        command.TreatUnmatchedTokensAsErrors = false;
        command.Validators.Add(result =>
        {
            foreach (var address in result.GetValue(from) ?? [])
            {
                if (!(Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.UserInfo.Length == 0))
                    result.AddError($"--from must be http or https addresses without user name, not '{(uri is { UserInfo.Length: > 0 } ? uri.Host : address)}'.");
            }
        });
        command.SetAction(async (parsed, cancellation) =>
        {
            await using var app = MirrorService.Build([.. parsed.UnmatchedTokens], [.. parsed.GetValue(from)!.Select(address => new Uri(address))], parsed.GetValue(region)!);
            await app.RunAsync();
            return 0;
        });
        return command;
    }
}
