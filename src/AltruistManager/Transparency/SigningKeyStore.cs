using AltruistManager.Storage;

namespace AltruistManager.Transparency;

/// <summary>On PostgreSQL: a table that all instances share.</summary>
internal sealed class SigningKeyStore(TimeProvider time) : ISigningKeyStore
{
    public Task<string?> FindAsync(WriteTransaction write) =>
        write.SingleOrDefaultAsync<string>("select secret from signing_keys order by created_at desc, secret limit 1");

    public async Task ReplaceAsync(WriteTransaction write, string secret)
    {
        await write.ExecuteAsync("delete from signing_keys");
        await write.ExecuteAsync("insert into signing_keys (secret, created_at) values (@Secret, @CreatedAt)", new { Secret = secret, CreatedAt = time.NowMs() });
    }
}
