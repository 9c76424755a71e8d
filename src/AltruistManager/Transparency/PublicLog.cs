using AltruistManager.Accounts;
using AltruistManager.Storage;
using Microsoft.Extensions.Options;

namespace AltruistManager.Transparency;

/// <param name="IsKept">Whether its body is.</param>
public sealed record PublishedHeader(LogHeader Header, bool IsKept);

/// <summary>The log for those who verify it: head, headers, bodies, keys; and when bodies are forgotten.</summary>
public sealed class PublicLog
{
    private readonly EntryStore store;
    private readonly Database database;
    private readonly LogSigner signer;
    private readonly TransparencyOptions options;
    private readonly TimeProvider time;

    public PublicLog(Database database, LogSigner signer, IOptions<TransparencyOptions> options, TimeProvider time)
    {
        this.database = database;
        this.signer = signer;
        this.options = options.Value;
        this.time = time;
        store = new EntryStore(database);
    }

    /// <summary>How long bodies are kept.</summary>
    public int KeepDays => options.KeepDays;

    /// <summary>Null before the first entry.</summary>
    public async Task<LogHeader?> HeadAsync(CancellationToken cancellation) =>
        await store.OriginAsync(cancellation) is { } origin ? await store.HeadAsync(origin, cancellation) : null;

    /// <summary>Oldest first, from the first entry that is not older than <paramref name="from"/>.</summary>
    public async Task<IReadOnlyList<LogHeader>> HeadersAsync(long from, int limit, CancellationToken cancellation) =>
        await store.OriginAsync(cancellation) is { } origin ? await store.HeadersAsync(origin, from, limit, cancellation) : [];

    /// <summary>Newest first.</summary>
    public async Task<IReadOnlyList<LogHeader>> HeadersBeforeAsync(long before, int limit, CancellationToken cancellation) =>
        await store.OriginAsync(cancellation) is { } origin ? await store.HeadersBeforeAsync(origin, before, limit, cancellation) : [];

    public async Task<PublishedHeader?> FindHeaderAsync(long generation, CancellationToken cancellation) =>
        await store.FindHeaderAsync(generation, cancellation) is { } row ? new PublishedHeader(row.Header, row.Kept != 0) : null;

    /// <returns>The canonical bytes of an entry in Brotli; null once they are no longer kept.</returns>
    public async Task<byte[]?> FindBodyAsync(long generation, CancellationToken cancellation) => (await store.FindAsync(generation, cancellation))?.Body;

    /// <summary>Oldest first; empty before the first signed entry.</summary>
    public async Task<IReadOnlyList<LogKey>> KeysAsync(CancellationToken cancellation) =>
        await store.OriginAsync(cancellation) is { } origin ? await store.KeysAsync(origin, cancellation) : [];

    /// <summary>The oldest entry that can still be replayed; null before the first.</summary>
    public async Task<LogHeader?> OldestKeptAsync(CancellationToken cancellation) =>
        await store.OriginAsync(cancellation) is { } origin ? await store.OldestKeptAsync(origin, cancellation) : null;

    /// <summary>A new signing key from the next entry on; a running service takes it by itself.</summary>
    /// <returns>Its id.</returns>
    /// <exception cref="StorageException">Nothing can be encrypted.</exception>
    public Task<string> RotateKeyAsync(Actor actor, CancellationToken cancellation) => database.WriteAsync(async write =>
    {
        var id = LogKey.IdOf(await signer.RotateAsync(write));
        await AuditStore.AppendAsync(write, time.GetUtcNow(), actor, new AuditEntry("signing-key.rotate", "signing-key", id));
        return id;
    }, cancellation);

    /// <summary>Forgets what is older than it has to be kept, one body a transaction: rounds and readers are not kept waiting.</summary>
    /// <returns>How many.</returns>
    internal async Task<int> ExpireAsync(CancellationToken cancellation)
    {
        if (await store.OriginAsync(cancellation) is not { } origin)
            return 0;
        var before = time.GetUtcNow() - TimeSpan.FromDays(options.KeepDays);
        var expired = 0;
        while (await store.ExpireOldestAsync(origin, before, cancellation))
            expired++;
        return expired;
    }
}
