using System.CommandLine;
using AltruistManager.Storage;
using AltruistManager.Transparency;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace AltruistManager.Web.Commands;

/// <summary>Changes the key that signs the public log; a running service signs its next entry with the new one.</summary>
internal static class SigningKeyCommand
{
    public static Command Create() => new("signing-key", "The key that signs the public log") { Rotate() };

    private static Command Rotate()
    {
        var command = new Command("rotate", "Makes a new key and prints its id; the old one stays served with what it signed") { TreatUnmatchedTokensAsErrors = false };
        command.SetAction(async (parsed, cancellation) =>
        {
            await using var database = new Database(Options.Create(Settings.ReadStorage(ServiceBuilder.Create([.. parsed.UnmatchedTokens]).Configuration)), TimeProvider.System);
            await database.PrepareAsync(create: false, cancellation);
            await new Migrator(database, TimeProvider.System, NullLogger<Migrator>.Instance).MigrateAsync(cancellation);
            var ring = new KeyRing(database, NullLogger<KeyRing>.Instance);
            await ring.LoadAsync(cancellation);
            using var signer = new LogSigner(database, ring, TimeProvider.System, NullLogger<LogSigner>.Instance);
            var id = await new PublicLog(database, signer, Options.Create(new TransparencyOptions()), TimeProvider.System).RotateKeyAsync(CommandDatabase.Operator, cancellation);
            await Console.Out.WriteLineAsync(id);
            return 0;
        });
        return command;
    }
}
