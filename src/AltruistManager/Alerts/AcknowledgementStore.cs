using System.Collections.Frozen;
using System.Text.Json.Nodes;
using AltruistManager.Accounts;
using AltruistManager.Storage;

namespace AltruistManager.Alerts;

/// <summary>What staff have seen, in the database; <see cref="All"/> is kept in memory and refreshed when any process wrote.</summary>
public sealed class AcknowledgementStore(Database database, TimeProvider time) : IDisposable
{
    private readonly SemaphoreSlim turn = new(1, 1);
    private volatile FrozenDictionary<string, Acknowledgement> all = FrozenDictionary<string, Acknowledgement>.Empty;

    /// <summary>By the key of the item.</summary>
    public IReadOnlyDictionary<string, Acknowledgement> All => all;

    public async Task RefreshAsync(CancellationToken cancellation)
    {
        // One at a time: an older reading must not replace a newer one.
        await turn.WaitAsync(cancellation);
        try
        {
            var rows = await database.QueryAsync<Row>("select item, severity, since_at, acknowledged_at, acknowledged_by, note from acknowledgements", null, cancellation);
            all = rows.Select(row => row.ToAcknowledgement()).ToFrozenDictionary(row => row.Key);
        }
        finally
        {
            turn.Release();
        }
    }

    public void Dispose() => turn.Dispose();

    internal async Task PutAsync(Actor actor, Acknowledgement seen, string says, CancellationToken cancellation)
    {
        await database.WriteAsync(async write =>
        {
            await write.NextRevisionAsync();
            await write.ExecuteAsync(
                """
                insert into acknowledgements (item, severity, since_at, acknowledged_at, acknowledged_by, note)
                values (@Key, @Severity, @Since, @At, @By, @Note)
                on conflict (item) do update set
                    severity        = excluded.severity,
                    since_at        = excluded.since_at,
                    acknowledged_at = excluded.acknowledged_at,
                    acknowledged_by = excluded.acknowledged_by,
                    note            = excluded.note
                """,
                new { seen.Key, Severity = NameOf(seen.Severity), Since = seen.Since.ToUnixTimeMilliseconds(), At = seen.At.ToUnixTimeMilliseconds(), seen.By, seen.Note });
            await AuditStore.AppendAsync(write, seen.At, actor, new AuditEntry("attention.acknowledge", "attention", seen.Key)
            {
                After = new JsonObject { ["severity"] = NameOf(seen.Severity), ["says"] = says, ["note"] = seen.Note },
            });
        }, cancellation);
        await RefreshAsync(cancellation);
    }

    /// <summary>False when nobody has acknowledged it.</summary>
    internal async Task<bool> TakeBackAsync(Actor actor, string key, CancellationToken cancellation)
    {
        var wasThere = await database.WriteAsync(async write =>
        {
            await write.NextRevisionAsync();
            if (await write.ExecuteAsync("delete from acknowledgements where item = @Key", new { Key = key }) == 0)
                return false;
            await AuditStore.AppendAsync(write, time.GetUtcNow(), actor, new AuditEntry("attention.take-back", "attention", key));
            return true;
        }, cancellation);
        await RefreshAsync(cancellation);
        return wasThere;
    }

    /// <summary>Forgets those whose state is over, unless they were acknowledged anew meanwhile.</summary>
    internal async Task EndAsync(IReadOnlyCollection<Acknowledgement> over, CancellationToken cancellation)
    {
        await database.WriteAsync(async write =>
        {
            await write.NextRevisionAsync();
            await write.ExecuteAsync(
                "delete from acknowledgements where item = @Key and acknowledged_at = @At", over.Select(seen => new { seen.Key, At = seen.At.ToUnixTimeMilliseconds() }));
        }, cancellation);
        await RefreshAsync(cancellation);
    }

    private static string NameOf(Severity severity) => severity.ToString().ToLowerInvariant();

    private sealed record Row
    {
        public required string Item { get; init; }
        public required string Severity { get; init; }
        public required long SinceAt { get; init; }
        public required long AcknowledgedAt { get; init; }
        public required string AcknowledgedBy { get; init; }
        public string? Note { get; init; }

        public Acknowledgement ToAcknowledgement() => new(
            Item, Enum.Parse<Severity>(Severity, ignoreCase: true), UnixTime.FromMs(SinceAt), UnixTime.FromMs(AcknowledgedAt), AcknowledgedBy, Note);
    }
}
