using System.Text.Json.Nodes;
using AltruistManager.Storage;

namespace AltruistManager.Accounts;

/// <summary>Keys in the database. Every change takes a revision, by which running services see it within a second.</summary>
public sealed class ApiKeyStore(Database database, RefusalLog refusals, TimeProvider time)
{
    /// <summary>So many keys of one owner may be active that people make on the pages: one, and the one that takes its place.</summary>
    public const int MostActive = 2;

    private const string Columns = "id, name, scope, provider_id, portal_id, secret_hash, created_at, expires_at, revoked_at, revision";

    private const string ActiveOf =
        """
        select count(*) from api_keys
        where scope = @Scope and (provider_id = @Owner or portal_id = @Owner) and revoked_at is null and (expires_at is null or expires_at > @Now)
        """;

    /// <summary>Makes a key; the text is told once and never again.</summary>
    /// <param name="portal">Made if it does not exist, and again if it is retired; null with scope portal means one named after the key.</param>
    /// <returns>The key as its holder sends it; none where the actor may not make such a key, or <see cref="MostActive"/> of its owner are active and it is made on the pages.</returns>
    public async Task<(string? Key, AccountChange Outcome)> CreateAsync(Actor actor, string name, KeyScope scope, string? provider, string? portal, DateTimeOffset? expiresAt, CancellationToken cancellation)
    {
        if (!MayManage(actor, scope, provider, portal))
        {
            refusals.Note(actor, new AuditEntry("key.create", "key", "") { Provider = actor.OnlyProvider, Detail = $"may not make a key of scope {NameOf(scope)} for {provider ?? portal ?? "everything"}" });
            return (null, new AccountChange("You may not make such a key."));
        }

        var (text, id, hash) = KeyText.Create();
        var isMade = await database.WriteAsync(async write =>
        {
            var now = time.NowMs();
            // Orders the writers: of two that are made at once the second sees the first.
            var revision = await write.NextRevisionAsync();
            if (actor.Kind is ActorKind.User && (provider ?? portal) is { } owner && await write.ScalarAsync<long>(ActiveOf, Owner(scope, owner, now)) >= MostActive)
                return false;
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
            return true;
        }, cancellation);
        if (isMade)
            return (text, AccountChange.Done);
        var refusal = $"{MostActive} keys of {provider ?? portal} are active already: revoke one first.";
        refusals.Note(actor, new AuditEntry("key.create", "key", "") { Provider = provider, Detail = refusal });
        return (null, new AccountChange(refusal));
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

    /// <summary>The keys of one provider or portal, or those of staff, newest first; none where the actor may not know of them.</summary>
    /// <param name="owner">Id of the provider or portal; empty for staff.</param>
    /// <param name="before">Id of the last one of the page before; null for the first page.</param>
    public async Task<IReadOnlyList<ApiKey>> ListOfAsync(Actor actor, KeyScope scope, string owner, string? before, int limit, CancellationToken cancellation)
    {
        if (!(scope switch { KeyScope.Provider => actor.MaySee(owner), KeyScope.Portal => actor.MayUsePortal(owner), _ => actor.IsStaff }))
            return [];
        var rows = await database.QueryAsync<Row>(
            $"""
            select {Columns} from api_keys
            where scope = @Scope and (@Scope = 'staff' or provider_id = @Owner or portal_id = @Owner)
              and (@Before = '' or (created_at, id) < (select k.created_at, k.id from api_keys k where k.id = @Before))
            order by created_at desc, id desc
            limit @Limit
            """,
            new { Scope = NameOf(scope), Owner = owner, Before = before ?? "", Limit = limit }, cancellation);
        return rows.ConvertAll(row => row.ToKey());
    }

    /// <summary>How many keys of one provider or portal let in now.</summary>
    public async Task<int> CountActiveAsync(KeyScope scope, string owner, CancellationToken cancellation) =>
        (int)await database.SingleOrDefaultAsync<long>(ActiveOf, Owner(scope, owner, time.NowMs()), cancellation);

    /// <summary>The keys written after a revision, and the newest revision among them (or the one given).</summary>
    public async Task<(IReadOnlyList<ApiKey> Keys, long Revision)> ChangedSinceAsync(long revision, CancellationToken cancellation)
    {
        var rows = await database.QueryAsync<Row>($"select {Columns} from api_keys where revision > @revision order by revision", new { revision }, cancellation);
        return (rows.ConvertAll(row => row.ToKey()), rows.Count == 0 ? revision : rows[^1].Revision);
    }

    private static object Owner(KeyScope scope, string owner, long now) => new { Scope = NameOf(scope), Owner = owner, Now = now };

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
