using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AltruistManager.Storage;
using Dapper;
using Microsoft.AspNetCore.Identity;

namespace AltruistManager.Accounts;

/// <summary>
/// Users in the database, for the framework's managers. What decides who somebody is takes a revision, by which running services see it within a second; counting
/// a wrong password takes none.
/// </summary>
public sealed class UserStore(Database database, KeyRing ring, TimeProvider time)
    : IUserPasswordStore<User>, IUserSecurityStampStore<User>, IUserEmailStore<User>, IUserLockoutStore<User>, IUserTwoFactorStore<User>, IUserAuthenticatorKeyStore<User>,
      IUserTwoFactorRecoveryCodeStore<User>, IUserPasskeyStore<User>, IUserLoginStore<User>
{
    private const string Purpose = "authenticator key";

    /// <summary>For longer than any code is accepted.</summary>
    private static readonly TimeSpan CodesAreRemembered = TimeSpan.FromMinutes(10);

    private const string Columns =
        "id, email, email_key, password_hash, security_stamp, is_staff, two_factor, authenticator_key, failed_count, lockout_end, created_at, signed_in_at, disabled_at, version";

    private const string Listing =
        """
        select u.id, u.email, u.is_staff, u.two_factor, u.created_at, u.signed_in_at, u.disabled_at, u.lockout_end,
               (select count(*) from passkeys p where p.user_id = u.id) as passkeys
        from users u
        """;

    public async Task<IdentityResult> CreateAsync(User user, CancellationToken cancellationToken)
    {
        try
        {
            await database.WriteAsync(async write =>
            {
                // First: by it those who are made at once wait for each other, so that the second sees the first.
                var revision = await write.NextRevisionAsync();
                if (user.MustBeFirst && await write.ScalarAsync<long>("select count(*) from users") > 0)
                    throw new NotFirstException();
                await write.ExecuteAsync(
                    $"""
                    insert into users ({Columns}, revision)
                    values (@Id, @Email, @EmailKey, @PasswordHash, @SecurityStamp, @IsStaff, @TwoFactor, @AuthenticatorKey, @FailedCount, @LockoutEnd, @CreatedAt, @SignedInAt, @DisabledAt, @Version, @Revision)
                    """,
                    Row.Of(user) with { Revision = revision });
                if (user.InvitationToken is { } token && await InvitationStore.UseAsync(write, token, user, this, time.GetUtcNow()) is not InvitationUse.Taken)
                    throw new InvitationSpentException();
                if (user.MadeBy is { } actor)
                    await NoteAsync(write, actor, new AuditEntry("user.add", "user", user.Id) { After = new JsonObject { ["email"] = user.Email } });
                if (user.FirstGrant is { } grant)
                {
                    await GrantAsync(write, user.Id, grant, await write.NextRevisionAsync(), onlyMore: true);
                    await NoteAsync(write, Actor.Operator, new AuditEntry("user.grant", "user", user.Id) { Provider = grant.Provider, Detail = grant.ToString() });
                }
            }, cancellationToken);
            return IdentityResult.Success;
        }
        catch (NotFirstException)
        {
            return IdentityResult.Failed(new IdentityError { Code = "NotFirst", Description = "Somebody was faster: there is a user by now. Sign in, or ask them for an invitation." });
        }
        catch (InvitationSpentException)
        {
            return IdentityResult.Failed(new IdentityError { Code = "Invitation", Description = "This invitation is not good any more: ask for another." });
        }
        catch (Exception taken) when (Database.IsDuplicate(taken))
        {
            return IdentityResult.Failed(new IdentityErrorDescriber().DuplicateEmail(user.Email));
        }
    }

    public async Task<IdentityResult> UpdateAsync(User user, CancellationToken cancellationToken)
    {
        bool stored;
        try
        {
            stored = await database.WriteAsync(async write =>
            {
                var row = Row.Of(user);
                var before = await write.SingleOrDefaultAsync<Row>($"select {Columns}, revision from users where id = @Id", new { user.Id });
                if (before is null || before.Version != user.Version)
                    return false;
                // What others keep in memory may be written beside this, which leaves the version as it is: the revision that stands then stays.
                var isStored = await write.ExecuteAsync(
                    """
                    update users
                    set email = @Email, email_key = @EmailKey, password_hash = @PasswordHash, security_stamp = @SecurityStamp, is_staff = @IsStaff, two_factor = @TwoFactor,
                        authenticator_key = @AuthenticatorKey, failed_count = @FailedCount, lockout_end = @LockoutEnd, signed_in_at = @SignedInAt, disabled_at = @DisabledAt,
                        version = version + 1, revision = coalesce(@Revision, revision)
                    where id = @Id and version = @Version
                    """,
                    row with { Revision = row.IsKnownAs(before) ? null : await write.NextRevisionAsync() }) == 1;
                if (isStored && row.SecurityStamp != before.SecurityStamp)
                    await ForgetEndedAsync(write, user.Id);
                if (isStored && user.ToNote is var (actor, entry))
                    await NoteAsync(write, actor, entry);
                return isStored;
            }, cancellationToken);
        }
        catch (Exception taken) when (Database.IsDuplicate(taken))
        {
            return IdentityResult.Failed(new IdentityErrorDescriber().DuplicateEmail(user.Email));
        }

        if (!stored)
            return IdentityResult.Failed(new IdentityErrorDescriber().ConcurrencyFailure());
        user.Version++;
        return IdentityResult.Success;
    }

    /// <summary>Never: what a user did keeps its author. A user is disabled instead.</summary>
    public Task<IdentityResult> DeleteAsync(User user, CancellationToken cancellationToken) =>
        Task.FromResult(IdentityResult.Failed(new IdentityError { Code = "Kept", Description = "Users are disabled, not deleted." }));

    public Task<User?> FindByIdAsync(string userId, CancellationToken cancellationToken) => FindAsync("id = @Key", userId, cancellationToken);

    public Task<User?> FindByNameAsync(string normalizedUserName, CancellationToken cancellationToken) => FindByEmailAsync(normalizedUserName, cancellationToken);

    public Task<User?> FindByEmailAsync(string normalizedEmail, CancellationToken cancellationToken) => FindAsync("email_key = @Key", normalizedEmail, cancellationToken);

    public Task<string> GetUserIdAsync(User user, CancellationToken cancellationToken) => Task.FromResult(user.Id);

    public Task<string?> GetUserNameAsync(User user, CancellationToken cancellationToken) => GetEmailAsync(user, cancellationToken);

    public Task SetUserNameAsync(User user, string? userName, CancellationToken cancellationToken) => SetEmailAsync(user, userName, cancellationToken);

    public Task<string?> GetNormalizedUserNameAsync(User user, CancellationToken cancellationToken) => GetNormalizedEmailAsync(user, cancellationToken);

    public Task SetNormalizedUserNameAsync(User user, string? normalizedName, CancellationToken cancellationToken) => SetNormalizedEmailAsync(user, normalizedName, cancellationToken);

    public Task<string?> GetEmailAsync(User user, CancellationToken cancellationToken) => Task.FromResult<string?>(user.Email);

    public Task SetEmailAsync(User user, string? email, CancellationToken cancellationToken) => Do(() => user.Email = email ?? "");

    public Task<string?> GetNormalizedEmailAsync(User user, CancellationToken cancellationToken) => Task.FromResult<string?>(user.EmailKey);

    public Task SetNormalizedEmailAsync(User user, string? normalizedEmail, CancellationToken cancellationToken) => Do(() => user.EmailKey = normalizedEmail ?? "");

    /// <summary>Whoever is here was let in by staff or by a member of its provider; the address is a name.</summary>
    public Task<bool> GetEmailConfirmedAsync(User user, CancellationToken cancellationToken) => Task.FromResult(true);

    public Task SetEmailConfirmedAsync(User user, bool confirmed, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task SetPasswordHashAsync(User user, string? passwordHash, CancellationToken cancellationToken) => Do(() => user.PasswordHash = passwordHash);

    public Task<string?> GetPasswordHashAsync(User user, CancellationToken cancellationToken) => Task.FromResult(user.PasswordHash);

    public Task<bool> HasPasswordAsync(User user, CancellationToken cancellationToken) => Task.FromResult(user.PasswordHash is not null);

    public Task SetSecurityStampAsync(User user, string stamp, CancellationToken cancellationToken) => Do(() => user.SecurityStamp = stamp);

    public Task<string?> GetSecurityStampAsync(User user, CancellationToken cancellationToken) => Task.FromResult<string?>(user.SecurityStamp);

    public Task<DateTimeOffset?> GetLockoutEndDateAsync(User user, CancellationToken cancellationToken) => Task.FromResult(user.LockoutEnd);

    public Task SetLockoutEndDateAsync(User user, DateTimeOffset? lockoutEnd, CancellationToken cancellationToken) => Do(() => user.LockoutEnd = lockoutEnd);

    /// <summary>Stored at once: of guesses made side by side each counts.</summary>
    public async Task<int> IncrementAccessFailedCountAsync(User user, CancellationToken cancellationToken)
    {
        var counted = await database.WriteAsync(write => write.SingleOrDefaultAsync<Row>(
            $"update users set failed_count = failed_count + 1, version = version + 1 where id = @Id returning {Columns}, revision", new { user.Id }), cancellationToken);
        // What somebody changed meanwhile goes with it: the framework stores the whole user again when it locks it out.
        TakeUp(user, counted!.ToUser());
        return user.FailedCount;
    }

    public Task ResetAccessFailedCountAsync(User user, CancellationToken cancellationToken) => Do(() => user.FailedCount = 0);

    public Task<int> GetAccessFailedCountAsync(User user, CancellationToken cancellationToken) => Task.FromResult(user.FailedCount);

    public Task<bool> GetLockoutEnabledAsync(User user, CancellationToken cancellationToken) => Task.FromResult(true);

    public Task SetLockoutEnabledAsync(User user, bool enabled, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task SetTwoFactorEnabledAsync(User user, bool enabled, CancellationToken cancellationToken) => Do(() => user.TwoFactorEnabled = enabled);

    public Task<bool> GetTwoFactorEnabledAsync(User user, CancellationToken cancellationToken) => Task.FromResult(user.TwoFactorEnabled);

    public Task SetAuthenticatorKeyAsync(User user, string key, CancellationToken cancellationToken) =>
        Do(() => user.SealedAuthenticatorKey = Convert.ToBase64String(ring.Protect(Purpose, Encoding.UTF8.GetBytes(key))));

    public Task<string?> GetAuthenticatorKeyAsync(User user, CancellationToken cancellationToken) =>
        Task.FromResult(user.SealedAuthenticatorKey is { } key ? Encoding.UTF8.GetString(ring.Reader(Purpose)(Convert.FromBase64String(key))) : null);

    /// <summary>Takes a code of an authenticator app that was found right.</summary>
    /// <returns>False when it was taken before.</returns>
    public Task<bool> SpendCodeAsync(User user, string code, CancellationToken cancellation) => database.WriteAsync(async write =>
    {
        var now = time.NowMs();
        await write.ExecuteAsync("delete from spent_codes where user_id = @Id and at < @Before", new { user.Id, Before = now - (long)CodesAreRemembered.TotalMilliseconds });
        return await write.ExecuteAsync(
            "insert into spent_codes (user_id, code_hash, at) values (@Id, @Hash, @Now) on conflict (user_id, code_hash) do nothing", new { user.Id, Hash = Hash(user, code), Now = now }) == 1;
    }, cancellation);

    public Task ReplaceCodesAsync(User user, IEnumerable<string> recoveryCodes, CancellationToken cancellationToken) => database.WriteAsync(async write =>
    {
        await write.ExecuteAsync("delete from recovery_codes where user_id = @Id", new { user.Id });
        foreach (var code in recoveryCodes)
            await write.ExecuteAsync("insert into recovery_codes (user_id, code_hash) values (@Id, @Hash)", new { user.Id, Hash = Hash(user, code) });
    }, cancellationToken);

    public Task<bool> RedeemCodeAsync(User user, string code, CancellationToken cancellationToken) => database.WriteAsync(
        async write => await write.ExecuteAsync("delete from recovery_codes where user_id = @Id and code_hash = @Hash", new { user.Id, Hash = Hash(user, code) }) == 1, cancellationToken);

    public async Task<int> CountCodesAsync(User user, CancellationToken cancellationToken) =>
        (int)await database.SingleOrDefaultAsync<long>("select count(*) from recovery_codes where user_id = @Id", new { user.Id }, cancellationToken);

    public async Task AddOrUpdatePasskeyAsync(User user, UserPasskeyInfo passkey, CancellationToken cancellationToken)
    {
        var stored = await database.WriteAsync(async write => await write.ExecuteAsync(
            """
            insert into passkeys (credential_id, user_id, name, created_at, data)
            values (@Credential, @Id, @Name, @CreatedAt, @Data)
            on conflict (credential_id) do update set name = excluded.name, data = excluded.data where passkeys.user_id = excluded.user_id
            """,
            new
            {
                Credential = Name(passkey.CredentialId),
                user.Id,
                Name = passkey.Name ?? "",
                CreatedAt = passkey.CreatedAt.ToUnixTimeMilliseconds(),
                Data = JsonSerializer.Serialize(PasskeyData.Of(passkey)),
            }), cancellationToken);
        if (stored == 0)
            throw new InvalidOperationException("This passkey belongs to another user.");
    }

    public async Task<IList<UserPasskeyInfo>> GetPasskeysAsync(User user, CancellationToken cancellationToken) =>
        [.. (await database.QueryAsync<PasskeyRow>("select credential_id, name, created_at, data from passkeys where user_id = @Id order by created_at, credential_id", new { user.Id }, cancellationToken)).Select(row => row.ToPasskey())];

    public Task<User?> FindByPasskeyIdAsync(byte[] credentialId, CancellationToken cancellationToken) =>
        FindAsync("id = (select user_id from passkeys where credential_id = @Key)", Name(credentialId), cancellationToken);

    public async Task<UserPasskeyInfo?> FindPasskeyAsync(User user, byte[] credentialId, CancellationToken cancellationToken) =>
        (await database.SingleOrDefaultAsync<PasskeyRow>(
            "select credential_id, name, created_at, data from passkeys where user_id = @Id and credential_id = @Credential", new { user.Id, Credential = Name(credentialId) }, cancellationToken))?.ToPasskey();

    public Task RemovePasskeyAsync(User user, byte[] credentialId, CancellationToken cancellationToken) => database.WriteAsync(
        async write => await write.ExecuteAsync("delete from passkeys where user_id = @Id and credential_id = @Credential", new { user.Id, Credential = Name(credentialId) }), cancellationToken);

    /// <summary>Takes a passkey from a user for good and ends every session: whoever came in with it, or with what was taken from its device, is out.</summary>
    public Task TakePasskeyAsync(Actor actor, User user, byte[] credentialId, string change, CancellationToken cancellation) => EndSessionsAsync(
        actor, user, new AuditEntry("user.change", "user", user.Id) { Detail = change },
        write => write.ExecuteAsync("delete from passkeys where user_id = @Id and credential_id = @Credential", new { user.Id, Credential = Name(credentialId) }), cancellation);

    /// <summary>Lets a user in by an account with a service of others; one account of each service.</summary>
    /// <returns>False when one is connected already, or that account with somebody else.</returns>
    public Task<bool> ConnectAsync(Actor actor, User user, UserLoginInfo login, string change, CancellationToken cancellation) => database.WriteAsync(async write =>
    {
        // Of two that are connected at once the second sees the first.
        await write.NextRevisionAsync();
        var connected = await write.ExecuteAsync(
            """
            insert into logins (provider, key, name, user_id)
            select @LoginProvider, @ProviderKey, @ProviderDisplayName, u.id from users u
            where u.id = @Id and not exists (select 1 from logins other where other.user_id = @Id and other.provider = @LoginProvider)
            on conflict (provider, key) do nothing
            """,
            new { login.LoginProvider, login.ProviderKey, login.ProviderDisplayName, user.Id });
        if (connected == 0)
            return false;
        await NoteAsync(write, actor, new AuditEntry("user.change", "user", user.Id) { Detail = change });
        return true;
    }, cancellation);

    /// <summary>A service of others lets a user in no more, whichever accounts there did, and every session ends.</summary>
    public Task DisconnectAsync(Actor actor, User user, string loginProvider, string change, CancellationToken cancellation) => EndSessionsAsync(
        actor, user, new AuditEntry("user.change", "user", user.Id) { Detail = change },
        write => write.ExecuteAsync("delete from logins where user_id = @Id and provider = @Provider", new { user.Id, Provider = loginProvider }), cancellation);

    public Task AddLoginAsync(User user, UserLoginInfo login, CancellationToken cancellationToken) => database.WriteAsync(
        async write => await write.ExecuteAsync(
            "insert into logins (provider, key, name, user_id) values (@LoginProvider, @ProviderKey, @ProviderDisplayName, @Id)",
            new { login.LoginProvider, login.ProviderKey, login.ProviderDisplayName, user.Id }), cancellationToken);

    public Task RemoveLoginAsync(User user, string loginProvider, string providerKey, CancellationToken cancellationToken) => database.WriteAsync(
        async write => await write.ExecuteAsync("delete from logins where provider = @Provider and key = @Key and user_id = @Id", new { Provider = loginProvider, Key = providerKey, user.Id }), cancellationToken);

    public async Task<IList<UserLoginInfo>> GetLoginsAsync(User user, CancellationToken cancellationToken) =>
        [.. (await database.QueryAsync<LoginRow>("select provider, key, name from logins where user_id = @Id order by provider, key", new { user.Id }, cancellationToken)).Select(row => new UserLoginInfo(row.Provider, row.Key, row.Name))];

    public async Task<User?> FindByLoginAsync(string loginProvider, string providerKey, CancellationToken cancellationToken) =>
        (await database.SingleOrDefaultAsync<Row>(
            $"select {Columns}, revision from users where id = (select user_id from logins where provider = @Provider and key = @Key)", new { Provider = loginProvider, Key = providerKey }, cancellationToken))?.ToUser();

    /// <summary>Whether anybody can sign in at all.</summary>
    public async Task<bool> AnyAsync(CancellationToken cancellation) => await database.SingleOrDefaultAsync<long>("select count(*) from users", null, cancellation) > 0;

    /// <summary>Gives a user something, or another role with the same provider.</summary>
    public Task<RoleChange> GrantAsync(Actor actor, string user, Grant grant, CancellationToken cancellation) => database.WriteAsync(async write =>
    {
        // First: by it changes of roles wait for each other, so that two who leave at once see each other.
        var revision = await write.NextRevisionAsync();
        if (grant is { Provider: { } provider, Role: MemberRole.Viewer } && await IsNeededAsync(write, actor, user, provider))
            return RoleChange.LastOne;
        if (!await GrantAsync(write, user, grant, revision, onlyMore: false))
            return RoleChange.Nothing;
        await NoteAsync(write, actor, new AuditEntry("user.grant", "user", user) { Provider = grant.Provider, Detail = grant.ToString() });
        return RoleChange.Done;
    }, cancellation);

    public Task<RoleChange> RevokeAsync(Actor actor, string user, Grant grant, CancellationToken cancellation) => database.WriteAsync(async write =>
    {
        var revision = await write.NextRevisionAsync();
        if ((grant.IsStaff || grant.Provider is not null) && await IsNeededAsync(write, actor, user, grant.Provider))
            return RoleChange.LastOne;
        var changed = grant switch
        {
            { IsStaff: true } => await write.ExecuteAsync("update users set is_staff = false, version = version + 1 where id = @Id and is_staff = true", new { Id = user }),
            { Provider: { } provider } => await write.ExecuteAsync("delete from memberships where user_id = @Id and provider_id = @Provider", new { Id = user, Provider = provider }),
            _ => await write.ExecuteAsync("delete from portal_owners where user_id = @Id and portal_id = @Portal", new { Id = user, grant.Portal }),
        };
        if (changed == 0)
            return RoleChange.Nothing;
        await TouchAsync(write, user, revision);
        await NoteAsync(write, actor, new AuditEntry("user.revoke", "user", user) { Provider = grant.Provider, Detail = grant.ToString() });
        return RoleChange.Done;
    }, cancellation);

    /// <summary>Disables a user or enables it again; a disabled one's sessions end.</summary>
    public Task<RoleChange> DisableAsync(Actor actor, string user, bool disabled, CancellationToken cancellation) => database.WriteAsync(async write =>
    {
        var revision = await write.NextRevisionAsync();
        if (disabled && await IsNeededAsync(write, actor, user, provider: null))
            return RoleChange.LastOne;
        var changed = await write.ExecuteAsync(
            disabled
                ? "update users set disabled_at = @Now, version = version + 1 where id = @Id and disabled_at is null"
                : "update users set disabled_at = null, version = version + 1 where id = @Id and disabled_at is not null",
            new { Id = user, Now = time.NowMs() });
        if (changed == 0)
            return RoleChange.Nothing;
        await TouchAsync(write, user, revision);
        await NoteAsync(write, actor, new AuditEntry(disabled ? "user.disable" : "user.enable", "user", user));
        return RoleChange.Done;
    }, cancellation);

    /// <summary>Ends one session for good, whoever holds a copy of its cookie; it is remembered until it would end by itself.</summary>
    /// <param name="signedOut">Who asked for it; null where another session takes its place.</param>
    public Task EndSessionAsync(UserSession session, Actor? signedOut, CancellationToken cancellation) => database.WriteAsync(async write =>
    {
        // One that ended with the stamp needs no row, and nobody need hear of it.
        if (await write.ScalarAsync<long>("select count(*) from users where id = @User and security_stamp = @Stamp", new { session.User, session.Stamp }) == 0)
            return;
        var revision = await write.NextRevisionAsync();
        await write.ExecuteAsync("delete from ended_sessions where until_at <= @Now", new { Now = time.NowMs() });
        var ended = await write.ExecuteAsync(
            """
            insert into ended_sessions (id, user_id, until_at)
            select @Id, u.id, @Until from users u where u.id = @User and u.security_stamp = @Stamp
            on conflict (id) do nothing
            """,
            new { session.Id, session.User, session.Stamp, Until = session.EndsAt.ToUnixTimeMilliseconds() });
        if (ended == 0)
            return;
        await TouchAsync(write, session.User, revision);
        if (signedOut is not null)
            await NoteAsync(write, signedOut, new AuditEntry("user.sign-out", "user", session.User));
    }, cancellation);

    /// <summary>Ends every session of a user and every link for a new password.</summary>
    public Task<RoleChange> EndSessionsAsync(Actor actor, string user, CancellationToken cancellation) => database.WriteAsync(async write =>
    {
        if (!await EndSessionsAsync(write, user))
            return RoleChange.Nothing;
        await NoteAsync(write, actor, new AuditEntry("user.end-sessions", "user", user));
        return RoleChange.Done;
    }, cancellation);

    /// <summary>The same where the user asks for it, who then knows the new stamp.</summary>
    public Task EndSessionsAsync(Actor actor, User user, CancellationToken cancellation) =>
        EndSessionsAsync(actor, user, new AuditEntry("user.end-sessions", "user", user.Id), null, cancellation);

    /// <summary>Takes up what is stored now; what was changed and not stored is lost.</summary>
    public async Task ReloadAsync(User user, CancellationToken cancellation)
    {
        if (await FindByIdAsync(user.Id, cancellation) is { } stored)
            TakeUp(user, stored);
    }

    /// <summary>Takes every second factor from a user, so that the password alone lets it in, and ends its sessions.</summary>
    public Task<RoleChange> ClearSecondFactorsAsync(Actor actor, string user, CancellationToken cancellation) => database.WriteAsync(async write =>
    {
        if (!await EndSessionsAsync(write, user))
            return RoleChange.Nothing;
        await write.ExecuteAsync("delete from recovery_codes where user_id = @Id", new { Id = user });
        await write.ExecuteAsync("delete from passkeys where user_id = @Id", new { Id = user });
        await write.ExecuteAsync("update users set two_factor = false, authenticator_key = null, version = version + 1 where id = @Id", new { Id = user });
        await NoteAsync(write, actor, new AuditEntry("user.clear-second-factor", "user", user));
        return RoleChange.Done;
    }, cancellation);

    /// <summary>The time of a sign-in, which concerns nobody else.</summary>
    public Task NoteSignInAsync(Actor actor, User user, string by, CancellationToken cancellation) => database.WriteAsync(async write =>
    {
        await write.ExecuteAsync("update users set signed_in_at = @Now where id = @Id", new { user.Id, Now = time.NowMs() });
        await NoteAsync(write, actor, new AuditEntry("user.sign-in", "user", user.Id) { Detail = by });
    }, cancellation);

    /// <summary>The users whose address, provider or portal contains some text, by address.</summary>
    /// <param name="after">The last address of the page before; null for the first page.</param>
    public async Task<IReadOnlyList<UserListing>> ListAsync(string? contains, string? after, int limit, CancellationToken cancellation)
    {
        var rows = await database.QueryAsync<ListingRow>(
            $"""
            {Listing}
            where u.email_key > @After
              and (@Part = '' or u.email_key like @Like
                   or exists (select 1 from memberships m where m.user_id = u.id and m.provider_id = @Part)
                   or exists (select 1 from portal_owners o where o.user_id = u.id and o.portal_id = @Part))
            order by u.email_key
            limit @Limit
            """,
            new { After = User.KeyOf(after ?? ""), Part = contains ?? "", Like = $"%{User.KeyOf(contains ?? "").Replace("%", "", StringComparison.Ordinal)}%", Limit = limit },
            cancellation);
        return rows.ConvertAll(row => row.ToListing());
    }

    /// <summary>Null when there is no such user.</summary>
    public async Task<UserListing?> FindListingAsync(string user, CancellationToken cancellation) =>
        (await database.SingleOrDefaultAsync<ListingRow>($"{Listing} where u.id = @Id", new { Id = user }, cancellation))?.ToListing();

    /// <summary>The users written after a revision, and the newest revision among them (or the one given).</summary>
    internal Task<(IReadOnlyList<KnownUser> Users, long Revision)> ChangedSinceAsync(long revision, CancellationToken cancellation) => database.ReadSnapshotAsync(async connection =>
    {
        var users = (await connection.QueryAsync<Row>(Command($"select {Columns}, revision from users where revision > @revision order by revision"))).AsList();
        if (users.Count == 0)
            return ((IReadOnlyList<KnownUser>)[], revision);
        var members = (await connection.QueryAsync<GrantRow>(Command(
            "select m.user_id, m.provider_id as thing, m.role from memberships m join users u on u.id = m.user_id where u.revision > @revision"))).ToLookup(row => row.UserId);
        var portals = (await connection.QueryAsync<GrantRow>(Command(
            "select o.user_id, o.portal_id as thing from portal_owners o join users u on u.id = o.user_id where u.revision > @revision"))).ToLookup(row => row.UserId);
        var ended = (await connection.QueryAsync<GrantRow>(Command(
            "select e.user_id, e.id as thing from ended_sessions e join users u on u.id = e.user_id where u.revision > @revision and e.until_at > @now"))).ToLookup(row => row.UserId);
        return ([.. users.Select(user => new KnownUser
        {
            Id = user.Id,
            Email = user.Email,
            SecurityStamp = user.SecurityStamp,
            IsStaff = user.IsStaff,
            IsDisabled = user.DisabledAt is not null,
            Providers = members[user.Id].ToFrozenDictionary(row => row.Thing, row => Enum.Parse<MemberRole>(row.Role!, ignoreCase: true)),
            Portals = portals[user.Id].Select(row => row.Thing).ToFrozenSet(),
            EndedSessions = ended[user.Id].Select(row => row.Thing).ToFrozenSet(),
        })], users[^1].Revision!.Value);

        CommandDefinition Command(string sql) => new(sql, new { revision, now = time.NowMs() }, cancellationToken: cancellation);
    }, cancellation);

    /// <inheritdoc cref="GrantAsync(Actor, string, Grant, CancellationToken)"/>
    /// <param name="onlyMore">Takes nothing from who may do more already.</param>
    /// <returns>False when nothing is different now.</returns>
    internal async Task<bool> GrantAsync(WriteTransaction write, string user, Grant grant, long revision, bool onlyMore)
    {
        var now = time.NowMs();
        var changed = grant switch
        {
            { IsStaff: true } => await write.ExecuteAsync("update users set is_staff = true, version = version + 1 where id = @Id and is_staff = false", new { Id = user }),
            { Provider: { } provider } => await write.ExecuteAsync(
                """
                insert into memberships (user_id, provider_id, role, since)
                values (@Id, @Provider, @Role, @Now)
                on conflict (user_id, provider_id) do update set role = excluded.role, since = excluded.since
                where memberships.role <> excluded.role and (@OnlyMore = false or excluded.role = 'admin')
                """,
                new { Id = user, Provider = provider, Role = grant.Role.ToString().ToLowerInvariant(), Now = now, OnlyMore = onlyMore }),
            _ => await write.ExecuteAsync(
                "insert into portal_owners (user_id, portal_id, since) values (@Id, @Portal, @Now) on conflict (user_id, portal_id) do nothing", new { Id = user, grant.Portal, Now = now }),
        };
        if (changed == 0)
            return false;
        await TouchAsync(write, user, revision);
        return true;
    }

    public void Dispose()
    {
        // It holds nothing.
    }

    private async Task EndSessionsAsync(Actor actor, User user, AuditEntry entry, Func<WriteTransaction, Task>? change, CancellationToken cancellation)
    {
        await database.WriteAsync(async write =>
        {
            await EndSessionsAsync(write, user.Id);
            if (change is not null)
                await change(write);
            await NoteAsync(write, actor, entry);
        }, cancellation);
        await ReloadAsync(user, cancellation);
    }

    /// <returns>False when there is no such user.</returns>
    private static async Task<bool> EndSessionsAsync(WriteTransaction write, string user)
    {
        var revision = await write.NextRevisionAsync();
        if (await write.ExecuteAsync("update users set security_stamp = @Stamp, version = version + 1 where id = @Id", new { Id = user, Stamp = Convert.ToHexString(RandomNumberGenerator.GetBytes(20)) }) == 0)
            return false;
        await TouchAsync(write, user, revision);
        await ForgetEndedAsync(write, user);
        return true;
    }

    /// <summary>None of them would go on: the stamp is another.</summary>
    private static Task<int> ForgetEndedAsync(WriteTransaction write, string user) => write.ExecuteAsync("delete from ended_sessions where user_id = @Id", new { Id = user });

    private static void TakeUp(User user, User stored)
    {
        (user.PasswordHash, user.SecurityStamp, user.TwoFactorEnabled, user.SealedAuthenticatorKey) = (stored.PasswordHash, stored.SecurityStamp, stored.TwoFactorEnabled, stored.SealedAuthenticatorKey);
        (user.IsStaff, user.LockoutEnd, user.SignedInAt, user.DisabledAt, user.Version) = (stored.IsStaff, stored.LockoutEnd, stored.SignedInAt, stored.DisabledAt, stored.Version);
        user.FailedCount = stored.FailedCount;
    }

    private Task NoteAsync(WriteTransaction write, Actor actor, AuditEntry entry) => AuditStore.AppendAsync(write, time.GetUtcNow(), actor, entry);

    /// <summary>Everybody who keeps this user in memory is to read it again.</summary>
    private static Task<int> TouchAsync(WriteTransaction write, string user, long revision) =>
        write.ExecuteAsync("update users set revision = @Revision where id = @Id", new { Id = user, Revision = revision });

    /// <summary>
    /// Pages must not shut out everybody who could open them again, nor leave a provider without anybody who may change its things; a command on the machine may do the one,
    /// staff the other.
    /// </summary>
    /// <param name="provider">Null asks for the last one of staff.</param>
    private static async Task<bool> IsNeededAsync(WriteTransaction write, Actor actor, string user, string? provider) =>
        (provider is null ? actor.Kind is ActorKind.User : !actor.IsStaff) && await write.ScalarAsync<long>(
            provider is null
                ? """
                  select count(*) from users
                  where id = @Id and is_staff = true and disabled_at is null
                    and not exists (select 1 from users other where other.id <> @Id and other.is_staff = true and other.disabled_at is null)
                  """
                : """
                  select count(*) from memberships
                  where user_id = @Id and provider_id = @Provider and role = 'admin'
                    and not exists (
                        select 1 from memberships other join users u on u.id = other.user_id
                        where other.provider_id = @Provider and other.user_id <> @Id and other.role = 'admin' and u.disabled_at is null)
                  """,
            new { Id = user, Provider = provider }) > 0;

    private async Task<User?> FindAsync(string condition, string key, CancellationToken cancellation) =>
        (await database.SingleOrDefaultAsync<Row>($"select {Columns}, revision from users where {condition}", new { Key = key }, cancellation))?.ToUser();

    /// <summary>A fast hash is enough for what is random and not chosen by people; a spent code is worth nothing.</summary>
    private static string Hash(User user, string code) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{user.Id} {Plain(code)}")));

    /// <summary>However it was typed: codes are shown in groups.</summary>
    private static string Plain(string code) => string.Concat(code.Where(char.IsAsciiLetterOrDigit)).ToUpperInvariant();

    private static string Name(byte[] credentialId) => Convert.ToHexStringLower(credentialId);

    private static Task Do(Action change)
    {
        change();
        return Task.CompletedTask;
    }

    private sealed record Row
    {
        public required string Id { get; init; }
        public required string Email { get; init; }
        public required string EmailKey { get; init; }
        public string? PasswordHash { get; init; }
        public required string SecurityStamp { get; init; }
        public required bool IsStaff { get; init; }
        public required bool TwoFactor { get; init; }
        public string? AuthenticatorKey { get; init; }
        public required int FailedCount { get; init; }
        public long? LockoutEnd { get; init; }
        public required long CreatedAt { get; init; }
        public long? SignedInAt { get; init; }
        public long? DisabledAt { get; init; }
        public required long Version { get; init; }

        /// <summary>Null leaves what is stored.</summary>
        public long? Revision { get; init; }

        public static Row Of(User user) => new()
        {
            Id = user.Id,
            Email = user.Email,
            EmailKey = user.EmailKey,
            PasswordHash = user.PasswordHash,
            SecurityStamp = user.SecurityStamp,
            IsStaff = user.IsStaff,
            TwoFactor = user.TwoFactorEnabled,
            AuthenticatorKey = user.SealedAuthenticatorKey,
            FailedCount = user.FailedCount,
            LockoutEnd = user.LockoutEnd?.ToUnixTimeMilliseconds(),
            CreatedAt = user.CreatedAt.ToUnixTimeMilliseconds(),
            SignedInAt = user.SignedInAt?.ToUnixTimeMilliseconds(),
            DisabledAt = user.DisabledAt?.ToUnixTimeMilliseconds(),
            Version = user.Version,
        };

        /// <summary>Nothing that others keep in memory differs.</summary>
        public bool IsKnownAs(Row other) =>
            (Email, SecurityStamp, IsStaff, DisabledAt) == (other.Email, other.SecurityStamp, other.IsStaff, other.DisabledAt);

        public User ToUser() => new()
        {
            Id = Id,
            Email = Email,
            EmailKey = EmailKey,
            PasswordHash = PasswordHash,
            SecurityStamp = SecurityStamp,
            IsStaff = IsStaff,
            TwoFactorEnabled = TwoFactor,
            SealedAuthenticatorKey = AuthenticatorKey,
            FailedCount = FailedCount,
            LockoutEnd = UnixTime.FromMs(LockoutEnd),
            CreatedAt = UnixTime.FromMs(CreatedAt),
            SignedInAt = UnixTime.FromMs(SignedInAt),
            DisabledAt = UnixTime.FromMs(DisabledAt),
            Version = Version,
        };
    }

    private sealed record ListingRow
    {
        public required string Id { get; init; }
        public required string Email { get; init; }
        public required bool IsStaff { get; init; }
        public required bool TwoFactor { get; init; }
        public required long CreatedAt { get; init; }
        public long? SignedInAt { get; init; }
        public long? DisabledAt { get; init; }
        public long? LockoutEnd { get; init; }
        public required long Passkeys { get; init; }

        public UserListing ToListing() => new()
        {
            Id = Id,
            Email = Email,
            IsStaff = IsStaff,
            HasSecondFactor = TwoFactor || Passkeys > 0,
            CreatedAt = UnixTime.FromMs(CreatedAt),
            SignedInAt = UnixTime.FromMs(SignedInAt),
            DisabledAt = UnixTime.FromMs(DisabledAt),
            LockoutEnd = UnixTime.FromMs(LockoutEnd),
        };
    }

    private sealed record GrantRow
    {
        public required string UserId { get; init; }
        public required string Thing { get; init; }
        public string? Role { get; init; }
    }

    private sealed record LoginRow
    {
        public required string Provider { get; init; }
        public required string Key { get; init; }
        public string? Name { get; init; }
    }

    private sealed record PasskeyRow
    {
        public required string CredentialId { get; init; }
        public required string Name { get; init; }
        public required long CreatedAt { get; init; }
        public required string Data { get; init; }

        public UserPasskeyInfo ToPasskey()
        {
            var data = JsonSerializer.Deserialize<PasskeyData>(Data)!;
            return new UserPasskeyInfo(
                Convert.FromHexString(CredentialId), data.PublicKey, UnixTime.FromMs(CreatedAt), data.SignCount, data.Transports, data.IsUserVerified, data.IsBackupEligible, data.IsBackedUp,
                data.AttestationObject, data.ClientDataJson)
            {
                Name = Name,
            };
        }
    }

    private sealed record PasskeyData(
        byte[] PublicKey, uint SignCount, string[]? Transports, bool IsUserVerified, bool IsBackupEligible, bool IsBackedUp, byte[] AttestationObject, byte[] ClientDataJson)
    {
        public static PasskeyData Of(UserPasskeyInfo passkey) => new(
            passkey.PublicKey, passkey.SignCount, passkey.Transports, passkey.IsUserVerified, passkey.IsBackupEligible, passkey.IsBackedUp, passkey.AttestationObject, passkey.ClientDataJson);
    }

    /// <summary>Takes back what was written beside it.</summary>
    private sealed class NotFirstException : Exception;

    private sealed class InvitationSpentException : Exception;
}
