using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;

namespace AltruistManager.Accounts;

/// <summary>Why a key is not good.</summary>
public enum KeyRefusal
{
    None,

    /// <summary>It cannot be a key of ours.</summary>
    Malformed,
    Unknown,
    Revoked,
    Expired,

    /// <summary>Memory does not know it and the database cannot be asked.</summary>
    CannotTell,
}

/// <param name="Key">Null unless the key is good.</param>
public readonly record struct KeyCheck(ApiKey? Key, KeyRefusal Refusal);

/// <summary>
/// Checks keys from memory. A key that memory does not know makes it load what was written since it last looked, once; all who wait
/// share one query and queries keep a distance, so that a flood of invented keys is no flood of queries.
/// </summary>
public sealed partial class ApiKeyRing : IDisposable
{
    /// <summary>Ids known to be nobody's; forgotten as a whole when there are this many.</summary>
    private const int MostUnknown = 10_000;

    private readonly ConcurrentDictionary<string, ApiKey> keys = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> nobodys = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim loading = new(1, 1);
    private readonly SharedLook look;
    private readonly ApiKeyStore store;
    private readonly KeyUses uses;
    private readonly TimeProvider time;
    private readonly ILogger<ApiKeyRing> logger;
    private long revision;

    public ApiKeyRing(ApiKeyStore store, KeyUses uses, TimeProvider time, ILogger<ApiKeyRing> logger)
    {
        this.store = store;
        this.uses = uses;
        this.time = time;
        this.logger = logger;
        look = new SharedLook(LookAsync, time);
    }

    /// <summary>Of the newest change of a key that is known here.</summary>
    public long Revision => Interlocked.Read(ref revision);

    /// <summary>How often the database was asked for a key that memory does not know.</summary>
    internal long Looks => look.Count;

    /// <summary>Checks a key as it was sent; completes at once unless memory does not know it.</summary>
    public ValueTask<KeyCheck> CheckAsync(ReadOnlySpan<char> text, CancellationToken cancellation)
    {
        if (!KeyText.TryParse(text, out var id, out var secret))
            return ValueTask.FromResult(new KeyCheck(null, KeyRefusal.Malformed));
        if (keys.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(id, out var key))
            return ValueTask.FromResult(Judge(key, secret));
        return nobodys.GetAlternateLookup<ReadOnlySpan<char>>().ContainsKey(id)
            ? ValueTask.FromResult(new KeyCheck(null, KeyRefusal.Unknown))
            : AskAsync(id.ToString(), secret.ToString(), cancellation);
    }

    /// <summary>Whether a key that was checked before is still good, for those who stay connected: they use it all the while.</summary>
    public bool IsGood(string id)
    {
        if (!keys.TryGetValue(id, out var key) || key.RevokedAt is not null || key.ExpiresAt <= time.GetUtcNow())
            return false;
        uses.Note(id);
        return true;
    }

    /// <summary>Loads the keys written since the last time; everything at first.</summary>
    public async Task RefreshAsync(CancellationToken cancellation)
    {
        await loading.WaitAsync(cancellation);
        try
        {
            var (changed, newest) = await store.ChangedSinceAsync(revision, cancellation);
            foreach (var key in changed)
                keys[key.Id] = key;
            revision = newest;
        }
        finally
        {
            loading.Release();
        }
    }

    public void Dispose() => loading.Dispose();

    /// <summary>The portals' keys that are not revoked, for the last-good file.</summary>
    public IReadOnlyList<PortalKey> ExportPortalKeys() =>
    [
        .. from key in keys.Values
           where key.Scope is KeyScope.Portal && key.RevokedAt is null
           orderby key.Id
           select new PortalKey(key.Id, key.Name, key.PortalId, Convert.ToHexStringLower(key.SecretHash.Span), key.ExpiresAt),
    ];

    /// <summary>How many keys of each portal let in now; of portals that have any.</summary>
    public IReadOnlyDictionary<string, int> CountActiveByPortal()
    {
        var now = time.GetUtcNow();
        return keys.Values.Where(key => key is { Scope: KeyScope.Portal, PortalId: not null, RevokedAt: null } && !(key.ExpiresAt <= now)).CountBy(key => key.PortalId!).ToDictionary();
    }

    /// <summary>Takes the keys of the last-good file until the database says otherwise.</summary>
    public void Import(IEnumerable<PortalKey> portalKeys)
    {
        foreach (var key in portalKeys)
        {
            keys.TryAdd(key.Id, new ApiKey
            {
                Id = key.Id,
                Name = key.Name,
                Scope = KeyScope.Portal,
                PortalId = key.PortalId,
                SecretHash = Convert.FromHexString(key.SecretHash),
                CreatedAt = DateTimeOffset.UnixEpoch,
                ExpiresAt = key.ExpiresAt,
            });
        }
    }

    private KeyCheck Judge(ApiKey key, ReadOnlySpan<char> secret)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        KeyText.Hash(secret, hash);
        // Whoever does not hold the secret is told nothing about the key.
        if (!CryptographicOperations.FixedTimeEquals(hash, key.SecretHash.Span))
            return new KeyCheck(null, KeyRefusal.Unknown);
        if (key.RevokedAt is not null)
            return new KeyCheck(null, KeyRefusal.Revoked);
        if (key.ExpiresAt <= time.GetUtcNow())
            return new KeyCheck(null, KeyRefusal.Expired);
        uses.Note(key.Id);
        return new KeyCheck(key, KeyRefusal.None);
    }

    private async ValueTask<KeyCheck> AskAsync(string id, string secret, CancellationToken cancellation)
    {
        try
        {
            await look.AskAsync().WaitAsync(cancellation);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            return new KeyCheck(null, KeyRefusal.CannotTell);
        }

        if (keys.TryGetValue(id, out var key))
            return Judge(key, secret);
        if (nobodys.Count >= MostUnknown)
            nobodys.Clear();
        nobodys[id] = true;
        return new KeyCheck(null, KeyRefusal.Unknown);
    }

    private async Task LookAsync(CancellationToken cancellation)
    {
        try
        {
            await RefreshAsync(cancellation);
        }
        catch (Exception exception)
        {
            LogCannotTell(exception);
            throw;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "An unknown key was sent, and the database could not be asked for it")]
    private partial void LogCannotTell(Exception exception);
}
