using System.CommandLine;

namespace AltruistManager.Web.Commands;

/// <summary>Runs the service; the default.</summary>
internal static class ServeCommand
{
    public static Command Create()
    {
        var command = new Command("serve", "Runs the service (the default). Takes configuration, such as --urls http://localhost:8080 --Probing:Interval 00:01:00") { TreatUnmatchedTokensAsErrors = false };
        command.SetAction(async (parsed, cancellation) =>
        {
            await using var app = Service.Build([.. parsed.UnmatchedTokens]);
            await app.RunAsync();
            return 0;
        });
        return command;
    }
}
