using System.Text.Json.Nodes;
using AltruistManager.Storage;

namespace AltruistManager.Accounts;

/// <summary>Keys in the database. Every change takes a revision, by which running services see it within a second.</summary>
public sealed class ApiKeyStore(Database database, RefusalLog refusals, TimeProvider time)
{
    private const string Columns = "id, name, scope, provider_id, portal_id, secret_hash, created_at, expires_at, revoked_at, revision";

    /// <summary>Makes a key; the text is told once and never again.</summary>
    /// <param name="portal">Made if it does not exist, and again if it is retired; null with scope portal means one named after the key.</param>
    /// <returns>The key as its holder sends it; null where the actor may not make such a key.</returns>
    public async Task<string?> CreateAsync(Actor actor, string name, KeyScope scope, string? provider, string? portal, DateTimeOffset? expiresAt, CancellationToken cancellation)
    {
        if (!MayManage(actor, scope, provider, portal))
        {
            refusals.Note(actor, new AuditEntry("key.create", "key", "") { Provider = actor.OnlyProvider, Detail = $"may not make a key of scope {NameOf(scope)} for {provider ?? portal ?? "everything"}" });
            return null;
        }

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
                    Scope = NameOf(scope),
                    Provider = provider,
                    Portal = portal,
                    Hash = Convert.ToHexStringLower(hash),
                    Now = now,
                    ExpiresAt = expiresAt?.ToUnixTimeMilliseconds(),
                    Revision = revision,
                });
            await AuditStore.AppendAsync(write, UnixTime.FromMs(now), actor, new AuditEntry("key.create", "key", id)
            {
                Provider = provider,
                After = new JsonObject { ["name"] = name, ["scope"] = NameOf(scope), ["provider"] = provider, ["portal"] = portal, ["expiresAt"] = expiresAt?.UtcDateTime },
            });
        }, cancellation);
        return text;
    }

    /// <summary>False when there is no such key that is the actor's to end. A key that is revoked already stays revoked since then.</summary>
    public Task<bool> RevokeAsync(Actor actor, string id, CancellationToken cancellation) => database.WriteAsync(async write =>
    {
        var revision = await write.NextRevisionAsync();
        if (await write.SingleOrDefaultAsync<Row>($"select {Columns} from api_keys where id = @Id", new { Id = id }) is not { } row)
            return false;
        var key = row.ToKey();
        if (!MayManage(actor, key.Scope, key.ProviderId, key.PortalId))
        {
            refusals.Note(actor, new AuditEntry("key.revoke", "key", id) { Provider = actor.OnlyProvider, Detail = "belongs to somebody else" });
            return false;
        }

        if (key.RevokedAt is null)
        {
            await write.ExecuteAsync("update api_keys set revoked_at = @Now, revision = @Revision where id = @Id", new { Id = id, Now = time.NowMs(), Revision = revision });
            await AuditStore.AppendAsync(write, time.GetUtcNow(), actor, new AuditEntry("key.revoke", "key", id) { Provider = key.ProviderId, Before = new JsonObject { ["name"] = key.Name } });
        }

        return true;
    }, cancellation);

    /// <summary>The keys that the actor may know of, newest first.</summary>
    public async Task<IReadOnlyList<ApiKey>> ListAsync(Actor actor, CancellationToken cancellation)
    {
        var rows = await database.QueryAsync<Row>($"select {Columns} from api_keys order by created_at desc, id desc", null, cancellation);
        return [.. rows.Select(row => row.ToKey()).Where(key => MaySee(actor, key))];
    }

    /// <summary>The keys written after a revision, and the newest revision among them (or the one given).</summary>
    public async Task<(IReadOnlyList<ApiKey> Keys, long Revision)> ChangedSinceAsync(long revision, CancellationToken cancellation)
    {
        var rows = await database.QueryAsync<Row>($"select {Columns} from api_keys where revision > @revision order by revision", new { revision }, cancellation);
        return (rows.ConvertAll(row => row.ToKey()), rows.Count == 0 ? revision : rows[^1].Revision);
    }

    /// <summary>Staff's keys are staff's, and each portal's and provider's those of whoever may change its things.</summary>
    private static bool MayManage(Actor actor, KeyScope scope, string? provider, string? portal) => actor.IsStaff || scope switch
    {
        KeyScope.Provider => provider is not null && actor.MayChange(provider),
        KeyScope.Portal => portal is not null && actor.MayUsePortal(portal),
        _ => false,
    };

    private static bool MaySee(Actor actor, ApiKey key) => actor.IsStaff || (key.Scope, key.ProviderId, key.PortalId) switch
    {
        (KeyScope.Provider, { } provider, _) => actor.MaySee(provider),
        (KeyScope.Portal, _, { } portal) => actor.MayUsePortal(portal),
        _ => false,
    };

    private static string NameOf(KeyScope scope) => scope.ToString().ToLowerInvariant();

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
