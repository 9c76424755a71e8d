using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using AltruistManager.Storage;

namespace AltruistManager.Accounts;

/// <summary>A link by which somebody becomes a user, or gets one role more; good once, for a while.</summary>
public sealed record Invitation
{
    public required string Id { get; init; }

    /// <summary>Whom it is for; null for whoever holds it.</summary>
    public string? Email { get; init; }

    public required Grant Grant { get; init; }

    /// <summary>Who made it, as <see cref="Actor.Author"/> says.</summary>
    public required string CreatedBy { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    public DateTimeOffset? UsedAt { get; init; }

    public DateTimeOffset? RevokedAt { get; init; }

    public bool IsGood(DateTimeOffset now) => UsedAt is null && RevokedAt is null && now < ExpiresAt;
}

/// <summary>What came of opening an invitation.</summary>
public enum InvitationUse
{
    Taken,

    /// <summary>It is not good any more, or for somebody else.</summary>
    Over,

    /// <summary>Who opened it may do that already; it stays good.</summary>
    Needless,
}

/// <summary>Invitations in the database; of their tokens only hashes.</summary>
public sealed class InvitationStore(Database database, UserStore users, TimeProvider time)
{
    private const string Columns = "id, email, is_staff, provider_id, role, portal_id, created_by, created_at, expires_at, used_at, revoked_at";

    /// <summary>That who made it could make it now: who was shut out, or lost the role, does not live on in links.</summary>
    private const string StillGiven =
        """
        (created_by not like 'user:%' or exists (
            select 1 from users u
            where 'user:' || u.id = invitations.created_by and u.disabled_at is null
              and (u.is_staff = true or exists (select 1 from memberships m where m.user_id = u.id and m.provider_id = invitations.provider_id and m.role = 'admin'))))
        """;

    /// <returns>The token; it is told once and never again.</returns>
    public async Task<string> AddAsync(Actor actor, string? email, Grant grant, TimeSpan lifetime, CancellationToken cancellation)
    {
        var token = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        var now = time.GetUtcNow();
        var id = Guid.CreateVersion7(now).ToString();
        await database.WriteAsync(async write =>
        {
            await write.ExecuteAsync(
                $"""
                insert into invitations ({Columns}, email_key, token_hash)
                values (@Id, @Email, @IsStaff, @ProviderId, @Role, @PortalId, @CreatedBy, @CreatedAt, @ExpiresAt, null, null, @EmailKey, @Hash)
                """,
                new
                {
                    Id = id,
                    Email = email,
                    EmailKey = email is null ? null : User.KeyOf(email),
                    grant.IsStaff,
                    ProviderId = grant.Provider,
                    Role = grant.Provider is null ? null : grant.Role.ToString().ToLowerInvariant(),
                    PortalId = grant.Portal,
                    CreatedBy = actor.Author,
                    CreatedAt = now.ToUnixTimeMilliseconds(),
                    ExpiresAt = (now + lifetime).ToUnixTimeMilliseconds(),
                    Hash = Hash(token),
                });
            await AuditStore.AppendAsync(write, now, actor, new AuditEntry("invitation.add", "invitation", id) { Provider = grant.Provider, Detail = $"{email ?? "whoever holds the link"} {grant}" });
        }, cancellation);
        return token;
    }

    /// <summary>Null when there is none with that token, or who made it could not make it now.</summary>
    public async Task<Invitation?> FindAsync(string token, CancellationToken cancellation) =>
        (await database.SingleOrDefaultAsync<Row>($"select {Columns} from invitations where token_hash = @Hash and {StillGiven}", new { Hash = Hash(token) }, cancellation))?.ToInvitation();

    public async Task<Invitation?> FindByIdAsync(string id, CancellationToken cancellation) =>
        (await database.SingleOrDefaultAsync<Row>($"select {Columns} from invitations where id = @Id", new { Id = id }, cancellation))?.ToInvitation();

    /// <summary>Those to a provider that are still good, newest first.</summary>
    public Task<IReadOnlyList<Invitation>> ListGoodAsync(string provider, CancellationToken cancellation) => ListGoodAsync("provider_id", provider, cancellation);

    /// <summary>The same of those to look after a portal.</summary>
    public Task<IReadOnlyList<Invitation>> ListGoodOfPortalAsync(string portal, CancellationToken cancellation) => ListGoodAsync("portal_id", portal, cancellation);

    private async Task<IReadOnlyList<Invitation>> ListGoodAsync(string column, string id, CancellationToken cancellation)
    {
        var rows = await database.QueryAsync<Row>(
            $"""
            select {Columns} from invitations
            where used_at is null and revoked_at is null and expires_at > @Now and {column} = @To and {StillGiven}
            order by created_at desc, id desc
            """,
            new { Now = time.NowMs(), To = id }, cancellation);
        return rows.ConvertAll(row => row.ToInvitation());
    }

    /// <returns>False when it is not good any more.</returns>
    public Task<bool> RevokeAsync(Actor actor, Invitation invitation, CancellationToken cancellation) => database.WriteAsync(async write =>
    {
        if (await write.ExecuteAsync("update invitations set revoked_at = @Now where id = @Id and used_at is null and revoked_at is null", new { invitation.Id, Now = time.NowMs() }) != 1)
            return false;
        await AuditStore.AppendAsync(write, time.GetUtcNow(), actor, new AuditEntry("invitation.revoke", "invitation", invitation.Id) { Provider = invitation.Grant.Provider });
        return true;
    }, cancellation);

    /// <summary>Gives a user what the invitation says, and uses it up. It never takes anything: an admin who opens the link of a viewer stays one.</summary>
    public Task<InvitationUse> UseAsync(string token, User user, CancellationToken cancellation) =>
        database.WriteAsync(write => UseAsync(write, token, user, users, time.GetUtcNow()), cancellation);

    /// <inheritdoc cref="UseAsync(string, User, CancellationToken)"/>
    internal static async Task<InvitationUse> UseAsync(WriteTransaction write, string token, User user, UserStore users, DateTimeOffset now)
    {
        var revision = await write.NextRevisionAsync();
        // Made before there was a key to compare, and beyond ASCII.
        var unkeyed = await write.SingleOrDefaultAsync<string>("select email from invitations where token_hash = @Hash and email_key is null", new { Hash = Hash(token) });
        var row = await write.SingleOrDefaultAsync<Row>(
            $"""
            update invitations set used_at = @Now, used_by = @User
            where token_hash = @Hash and used_at is null and revoked_at is null and expires_at > @Now and (email is null or email_key = @EmailKey or (email_key is null and @IsMeant)) and {StillGiven}
            returning {Columns}
            """,
            new { Now = now.ToUnixTimeMilliseconds(), User = user.Id, Hash = Hash(token), user.EmailKey, IsMeant = unkeyed is not null && User.KeyOf(unkeyed) == user.EmailKey });
        if (row is null)
            return InvitationUse.Over;
        var grant = row.ToInvitation().Grant;
        if (!await users.GrantAsync(write, user.Id, grant, revision, onlyMore: true))
        {
            await write.ExecuteAsync("update invitations set used_at = null, used_by = null where id = @Id", new { row.Id });
            return InvitationUse.Needless;
        }

        await AuditStore.AppendAsync(write, now, Actor.Of(user), new AuditEntry("invitation.use", "invitation", row.Id) { Provider = grant.Provider, Detail = $"{user.Email} {grant}" });
        return InvitationUse.Taken;
    }

    /// <summary>A fast hash is enough: the token is 256 random bits.</summary>
    private static string Hash(string token) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)));

    private sealed record Row
    {
        public required string Id { get; init; }
        public string? Email { get; init; }
        public required bool IsStaff { get; init; }
        public string? ProviderId { get; init; }
        public string? Role { get; init; }
        public string? PortalId { get; init; }
        public required string CreatedBy { get; init; }
        public required long CreatedAt { get; init; }
        public required long ExpiresAt { get; init; }
        public long? UsedAt { get; init; }
        public long? RevokedAt { get; init; }

        public Invitation ToInvitation() => new()
        {
            Id = Id,
            Email = Email,
            Grant = IsStaff ? Grant.Staff : ProviderId is { } provider ? Grant.Of(provider, Enum.Parse<MemberRole>(Role!, ignoreCase: true)) : Grant.Owning(PortalId!),
            CreatedBy = CreatedBy,
            CreatedAt = UnixTime.FromMs(CreatedAt),
            ExpiresAt = UnixTime.FromMs(ExpiresAt),
            UsedAt = UnixTime.FromMs(UsedAt),
            RevokedAt = UnixTime.FromMs(RevokedAt),
        };
    }
}
