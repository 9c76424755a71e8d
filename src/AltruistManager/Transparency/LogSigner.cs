using System.Security.Cryptography;
using System.Text;
using AltruistManager.Storage;
using Microsoft.Extensions.Logging;

namespace AltruistManager.Transparency;

/// <summary>
/// Signs what is appended to the log. A key that cannot be read stops no publication and is never replaced: until it can be read again, a key signs that only
/// this process knows, so that the log says in public that something is wrong and is whole all the same.
/// </summary>
public sealed partial class LogSigner : IDisposable
{
    private const string Purpose = "AltruistManager.LogSigning.1";

    private readonly ISigningKeyStore store;
    private readonly KeyRing ring;
    private readonly ILogger<LogSigner> logger;
    private (string? Secret, ECDsa Key, string Public)? current;
    private volatile string? trouble;

    public LogSigner(Database database, KeyRing ring, TimeProvider time, ILogger<LogSigner> logger)
        : this(database.Dialect.IsSqlite ? new SigningKeyFile(database) : new SigningKeyStore(time), ring, logger)
    {
    }

    internal LogSigner(ISigningKeyStore store, KeyRing ring, ILogger<LogSigner> logger)
    {
        this.store = store;
        this.ring = ring;
        this.logger = logger;
    }

    /// <summary>Why a makeshift key signs; null when all is well.</summary>
    public string? Trouble => trouble;

    /// <summary>Signs within the transaction that appends. One at a time.</summary>
    /// <returns>The signature, and the public key it fits.</returns>
    internal async Task<(string Signature, string PublicKey)> SignAsync(WriteTransaction write, LogHeader header)
    {
        var key = await CurrentAsync(write);
        var signature = key.Key.SignData(Encoding.UTF8.GetBytes(header.ToText()), HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        return (Convert.ToBase64String(signature), key.Public);
    }

    /// <summary>Makes a new key, which signs from the next entry on; the private part of the one before is forgotten.</summary>
    /// <returns>Its public key.</returns>
    /// <exception cref="StorageException">Nothing can be encrypted.</exception>
    internal async Task<string> RotateAsync(WriteTransaction write)
    {
        using var made = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await store.ReplaceAsync(write, Seal(made));
        return PublicOf(made);
    }

    public void Dispose() => current?.Key.Dispose();

    private async Task<(string? Secret, ECDsa Key, string Public)> CurrentAsync(WriteTransaction write)
    {
        try
        {
            var secret = await store.FindAsync(write);
            if (current is { Secret: { } used } && used == secret)
            {
                trouble = null;
                return current.Value;
            }

            if (secret is not null)
                return Use(secret, Unseal(secret));

            var made = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            secret = Seal(made);
            await store.ReplaceAsync(write, secret);
            return Use(secret, made);
        }
        catch (Exception unusable) when (unusable is CryptographicException or FormatException or IOException or UnauthorizedAccessException or StorageException)
        {
            if (trouble is null)
                LogUnusable(unusable, ring.Explain(unusable));
            trouble = current is { Secret: not null } ? "the signing key of the log cannot be read: the one in memory signs" : "the signing key of the log cannot be used: a makeshift one signs";
            return current ?? Use(null, ECDsa.Create(ECCurve.NamedCurves.nistP256));
        }
    }

    private (string? Secret, ECDsa Key, string Public) Use(string? secret, ECDsa key)
    {
        current?.Key.Dispose();
        current = (secret, key, PublicOf(key));
        if (secret is not null)
            trouble = null;
        return current.Value;
    }

    private string Seal(ECDsa key)
    {
        var plain = key.ExportPkcs8PrivateKey();
        try
        {
            return Convert.ToBase64String(ring.Protect(Purpose, plain));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    private ECDsa Unseal(string secret)
    {
        var plain = ring.Reader(Purpose)(Convert.FromBase64String(secret));
        var key = ECDsa.Create();
        try
        {
            key.ImportPkcs8PrivateKey(plain, out _);
            return key;
        }
        catch (CryptographicException)
        {
            key.Dispose();
            throw;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    private static string PublicOf(ECDsa key) => Convert.ToBase64String(key.ExportSubjectPublicKeyInfo());

    [LoggerMessage(Level = LogLevel.Error, Message = "The signing key of the log cannot be used ({Why}): a makeshift one signs until it is back. Put the signing key and the key ring back from a backup")]
    private partial void LogUnusable(Exception exception, string why);
}
