using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using AltruistManager.Storage;
using AltruistManager.Transparency;
using Microsoft.Extensions.Options;

namespace AltruistManager.Web.Commands;

/// <summary>Replays the public log and checks its hashes, signatures and rows: of a service, of a file, or of the database, also while the service runs.</summary>
internal static class VerifyCommand
{
    public static Command Create()
    {
        var url = new Option<string?>("--url") { Description = "Address of a service, such as https://altruists.example" };
        var file = new Option<string?>("--file") { Description = "A file that --save made" };
        // Read as text: a validator may not ask for a value that cannot be converted.
        var from = new Option<string?>("--from") { Description = "The first generation to check; the first of all if not given" };
        var to = new Option<string?>("--to") { Description = "The last one; the newest if not given" };
        var head = new Option<string?>("--head") { Description = "The hash of an entry that must still be there, as an earlier verify printed it" };
        var key = new Option<string?>("--key") { Description = "The id of the key that must have signed the newest entry" };
        var save = new Option<string?>("--save") { Description = "Writes all that is read into this file, for --file" };
        var command = new Command("verify", "Replays the public log and checks it; without --url and --file that of the database") { url, file, from, to, head, key, save };
        command.TreatUnmatchedTokensAsErrors = false;
        command.Validators.Add(result =>
        {
            if (result.GetValue(url) is not null && result.GetValue(file) is not null)
                result.AddError("--url and --file do not go together.");
            if (result.GetValue(url) is { } address && !(Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"))
                result.AddError("--url must be an http or https address.");
            foreach (var (name, given) in new[] { ("--from", result.GetValue(from)), ("--to", result.GetValue(to)) })
            {
                if (given is not null && !TryGeneration(given, out _))
                    result.AddError($"{name} must be a generation, a whole number.");
            }

            foreach (var (name, given) in new[] { ("--head", result.GetValue(head)), ("--key", result.GetValue(key)) })
            {
                if (given is not null && !(given.Length == 2 * SHA256.HashSizeInBytes && given.All(char.IsAsciiHexDigit)))
                    result.AddError($"{name} must be {2 * SHA256.HashSizeInBytes} hexadecimal digits.");
            }
        });
        command.SetAction(async (parsed, cancellation) =>
        {
            await using var database = parsed.GetValue(url) is null && parsed.GetValue(file) is null ? Open(parsed) : null;
            if (database is not null)
                await database.PrepareAsync(create: false, cancellation);
            using var verification = parsed.GetValue(url) is { } address ? LogVerification.OfUrl(new Uri(address), TimeProvider.System)
                : parsed.GetValue(file) is { } path ? LogVerification.OfFile(path)
                : LogVerification.OfDatabase(database!);
            verification.Anchor = new LogAnchor(parsed.GetValue(head)?.ToLowerInvariant(), parsed.GetValue(key)?.ToLowerInvariant());
            await using var saved = parsed.GetValue(save) is { } target ? new FileStream(target, FileMode.Create, FileAccess.Write, FileShare.Read, 1 << 20) : null;
            var report = await verification.RunAsync(
                TryGeneration(parsed.GetValue(from), out var first) ? first : 0, TryGeneration(parsed.GetValue(to), out var last) ? last : long.MaxValue, saved, cancellation);
            if (report.Difference is { } difference)
                throw new CommandException(difference.ToString());
            foreach (var line in Describe(report))
                await Console.Out.WriteLineAsync(line);
            return 0;
        });
        return command;
    }

    private static IEnumerable<string> Describe(LogReport report)
    {
        if (report is not { First: { } first, Last: { } last })
        {
            yield return "There is no entry to verify.";
            yield break;
        }

        yield return $"Verified {report.Replayed + report.Forgotten} entries, {Name(first)} to {Name(last)}: {report.Replayed} replayed with {report.Decisions} decisions.";
        if (report.BeginsLate)
            yield return $"Entries before generation {Name(first)} were not there: what came before was not checked.";
        if (report.Forgotten > 0)
        {
            yield return report.FirstKept is { } kept
                ? $"Bodies before generation {Name(kept)} are no longer kept: their hashes and signatures were checked, not replayed."
                : "The bodies of these entries are no longer kept: their hashes and signatures were checked, not replayed.";
        }

        yield return $"Origin {last.Origin}, head {last.Hash}, {(report.Key is { } key ? $"signed by {key}" : "not signed")}.";
    }

    private static string Name(LogHeader header) =>
        string.Create(CultureInfo.InvariantCulture, $"{header.Generation} ({DateTimeOffset.FromUnixTimeMilliseconds(header.At):yyyy-MM-dd HH:mm:ss} UTC)");

    private static bool TryGeneration(string? text, out long generation) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out generation);

    private static Database Open(ParseResult parsed) =>
        new(Options.Create(Settings.ReadStorage(ServiceBuilder.Create([.. parsed.UnmatchedTokens]).Configuration)), TimeProvider.System);
}
