using System.Globalization;
using CsvHelper;

namespace AltruistManager.Accounts;

/// <summary>The audit trail for a spreadsheet. What a spreadsheet would take for a formula begins with an apostrophe.</summary>
public static class AuditCsv
{
    private static readonly string[] Header =
        ["id", "at", "actorKind", "actor", "actorName", "address", "action", "subjectKind", "subject", "provider", "outcome", "times", "before", "after", "detail"];

    private static readonly CsvWriterOptions Options = new() { Injection = CsvInjection.Escape };

    /// <summary>As many as there are: what has been written is sent on as it comes.</summary>
    public static async Task WriteAsync(Stream stream, IAsyncEnumerable<AuditRecord> records, CancellationToken cancellation)
    {
        await using var csv = CsvWriter.Create(stream, Options, leaveOpen: true);
        await csv.WriteRecordAsync(Header, cancellation);
        await foreach (var record in records.WithCancellation(cancellation))
        {
            await csv.WriteRecordAsync(
            [
                record.Id.ToString(CultureInfo.InvariantCulture), record.At.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture),
                record.ActorKind.ToString().ToLowerInvariant(), record.ActorId, record.ActorName, record.Address!, record.Action, record.SubjectKind, record.SubjectId, record.Provider!,
                record.Outcome.ToString().ToLowerInvariant(), record.Times.ToString(CultureInfo.InvariantCulture), record.Before!, record.After!, record.Detail!,
            ], cancellation);
        }
    }
}
