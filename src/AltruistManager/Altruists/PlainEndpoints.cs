using AltruistManager.Storage;
using Microsoft.Extensions.Logging;

namespace AltruistManager.Altruists;

/// <summary>Encrypts, once, what versions before stored in the open, and leaves no trace of it in the database's files.</summary>
public sealed partial class PlainEndpoints(Database database, AltruistStore store, IHealthHeritage heritage, KeyRing ring, ILogger<PlainEndpoints> logger)
{
    /// <summary>Call at each start, before anything is read; the process may be killed at any moment of it.</summary>
    public async Task SealAsync(CancellationToken cancellation)
    {
        var (plain, unscrubbed) = await AltruistStore.PlainAsync(database, cancellation);
        if (plain > 0 && ring.Trouble is { } trouble)
        {
            LogNotSealed(plain, trouble);
            return;
        }

        if (plain > 0)
        {
            await database.WriteAsync(async write =>
            {
                await store.SealPlainAsync(write, await heritage.TakeUrlsAsync(write));
                await AltruistStore.MarkUnscrubbedAsync(write);
            }, cancellation);
            LogSealed(plain);
        }

        if (plain > 0 || unscrubbed)
            await ScrubAsync(cancellation);
    }

    private async Task ScrubAsync(CancellationToken cancellation)
    {
        try
        {
            await database.ScrubAsync(["altruists", "verdicts"], cancellation);
            await database.WriteAsync(AltruistStore.MarkScrubbedAsync, cancellation);
        }
        catch (Exception failed) when (Database.IsFailure(failed))
        {
            // Perhaps there is no room for a second copy: a reason to try again at the next start, not one to serve nobody.
            LogNotScrubbed(failed);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The endpoints of {Count} altruists are encrypted from now on")]
    private partial void LogSealed(long count);

    [LoggerMessage(Level = LogLevel.Error, Message = "The endpoints of {Count} altruists stay unencrypted: {Why}")]
    private partial void LogNotSealed(long count, string why);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The database's files may still hold URLs from before they were encrypted; the next start tries again to write them anew")]
    private partial void LogNotScrubbed(Exception exception);
}
