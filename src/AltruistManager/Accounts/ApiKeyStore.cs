using AltruistManager.Storage;

namespace AltruistManager.Accounts;

/// <summary>Keys in the database. Every change takes a revision, by which running services see it within a second.</summary>
public sealed class ApiKeyStore(Database database, TimeProvider time)
{
    private const string Columns = "id, name, scope, provider_id, portal_id, secret_hash, created_at, expires_at, revoked_at, revision";

    /// <summary>Makes a key; the text is told once and never again.</summary>
    /// <param name="portal">Made if it does not exist, and again if it is retired; null with scope portal means one named after the key.</param>
    /// <returns>The key as its holder sends it.</returns>
    public async Task<string> CreateAsync(string name, KeyScope scope, string? provider, string? portal, DateTimeOffset? expiresAt, CancellationToken cancellation)
    {
        var (text, id, hash) = KeyText.Create();
        await database.WriteAsync(async write =>
        {
            var now = time.NowMs();
            var revision = await write.NextRevisionAsync();
            if (scope is KeyScope.Portal)
            {
                portal ??= SlugOf(name, id);
                await write.ExecuteAsync(
                    """
                    insert into portals (id, name, created_at, revision)
                    values (@Id, @Name, @Now, @Revision)
                    on conflict (id) do update set retired_at = null, revision = excluded.revision where portals.retired_at is not null
                    """,
                    new { Id = portal, Name = name, Now = now, Revision = revision });
            }

            await write.ExecuteAsync(
                """
                insert into api_keys (id, name, scope, provider_id, portal_id, secret_hash, created_at, expires_at, revision)
                values (@Id, @Name, @Scope, @Provider, @Portal, @Hash, @Now, @ExpiresAt, @Revision)
                """,
                new
                {
                    Id = id,
                    Name = name,
                    Scope = scope.ToString().ToLowerInvariant(),
                    Provider = provider,
                    Portal = portal,
                    Hash = Convert.ToHexStringLower(hash),
                    Now = now,
                    ExpiresAt = expiresAt?.ToUnixTimeMilliseconds(),
                    Revision = revision,
                });
        }, cancellation);
        return text;
    }

    /// <summary>False when there is no such key. A key that is revoked already stays revoked since then.</summary>
    public Task<bool> RevokeAsync(string id, CancellationToken cancellation) =>
        database.WriteAsync(async write =>
            await write.ExecuteAsync(
                "update api_keys set revoked_at = coalesce(revoked_at, @Now), revision = @Revision where id = @Id",
                new { Id = id, Now = time.NowMs(), Revision = await write.NextRevisionAsync() }) > 0, cancellation);

    /// <summary>All keys, newest first.</summary>
    public async Task<IReadOnlyList<ApiKey>> ListAsync(CancellationToken cancellation)
    {
        var rows = await database.QueryAsync<Row>($"select {Columns} from api_keys order by created_at desc, id desc", null, cancellation);
        return rows.ConvertAll(row => row.ToKey());
    }

    /// <summary>The keys written after a revision, and the newest revision among them (or the one given).</summary>
    public async Task<(IReadOnlyList<ApiKey> Keys, long Revision)> ChangedSinceAsync(long revision, CancellationToken cancellation)
    {
        var rows = await database.QueryAsync<Row>($"select {Columns} from api_keys where revision > @revision order by revision", new { revision }, cancellation);
        return (rows.ConvertAll(row => row.ToKey()), rows.Count == 0 ? revision : rows[^1].Revision);
    }

    /// <summary>At most 64 lower-case letters, digits and dashes; the key's own id where nothing is left of the name.</summary>
    internal static string SlugOf(string name, string otherwise)
    {
        var characters = name.ToLowerInvariant().Select(character => char.IsAsciiLetterOrDigit(character) ? character : '-').ToArray();
        var slug = string.Join('-', new string(characters).Split('-', StringSplitOptions.RemoveEmptyEntries));
        return slug.Length == 0 ? otherwise : slug.Length > 64 ? slug[..64].TrimEnd('-') : slug;
    }

    private sealed record Row
    {
        public required string Id { get; init; }
        public required string Name { get; init; }
        public required string Scope { get; init; }
        public string? ProviderId { get; init; }
        public string? PortalId { get; init; }
        public required string SecretHash { get; init; }
        public required long CreatedAt { get; init; }
        public long? ExpiresAt { get; init; }
        public long? RevokedAt { get; init; }
        public required long Revision { get; init; }

        public ApiKey ToKey() => new()
        {
            Id = Id,
            Name = Name,
            Scope = Enum.Parse<KeyScope>(Scope, ignoreCase: true),
            ProviderId = ProviderId,
            PortalId = PortalId,
            SecretHash = Convert.FromHexString(SecretHash),
            CreatedAt = UnixTime.FromMs(CreatedAt),
            ExpiresAt = UnixTime.FromMs(ExpiresAt),
            RevokedAt = UnixTime.FromMs(RevokedAt),
        };
    }
}
