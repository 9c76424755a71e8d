using AltruistManager.Accounts;
using AltruistManager.Storage;
using AltruistManager.Tests.Storage;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace AltruistManager.Tests.Accounts;

public sealed class UserOnSqlite(SqliteFixture fixture) : UserContract(fixture), IClassFixture<SqliteFixture>;

public sealed class UserOnPostgres(PostgresFixture fixture) : UserContract(fixture), IClassFixture<PostgresFixture>;

/// <summary>Users as the framework's managers store them, and as running services see them, on every database.</summary>
public abstract class UserContract(DatabaseFixture fixture) : StorageContract(fixture)
{
    private const string Password = "nine green herons";

    private static int people;

    [Fact]
    public async Task Password_is_stored_hashed_with_SHA512_and_at_least_210000_iterations()
    {
        var user = await MakeAsync();

        // Version 3 of the framework's format: 01, then the function (2 is SHA-512) and the iterations, four bytes each.
        var stored = Convert.FromBase64String(await StoredAsync<string>("select password_hash from users where id = @Id", user));
        Assert.Equal([1, 0, 0, 0, 2], stored[..5]);
        Assert.True(System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(stored.AsSpan(5)) >= 210_000);
    }

    [Theory]
    [InlineData("short 7", false)]
    [InlineData("Password123!", false)]
    [InlineData("P@ssw0rd2026", false)]
    [InlineData("12345678", false)]
    [InlineData("abcdefghij", false)]
    [InlineData("aaaaaaaaaaaa", false)]
    [InlineData("qwertyuiop", false)]
    [InlineData("wanda1984", false)]
    [InlineData("abcabcabcabc", false)]
    [InlineData("vieux-port 7", true)]
    public async Task Passwords_that_are_guessed_first_are_refused(string password, bool taken)
    {
        using var services = Services();
        var made = await services.GetRequiredService<Users>().CreateAsync(User.New($"wanda@acme{Interlocked.Increment(ref people)}.example", Now), password);
        Assert.Equal(taken, made.Succeeded);
    }

    [Fact]
    public async Task Password_of_sixty_four_characters_and_more_is_taken_and_all_of_it_counts()
    {
        using var services = Services();
        var users = services.GetRequiredService<Users>();
        var password = string.Concat(Enumerable.Range(0, 16).Select(number => $"wö{number:x}·")) + " end of it";
        Assert.True(password.Length >= 64);
        var user = User.New($"long{Interlocked.Increment(ref people)}@acme.example", Now);
        Assert.True((await users.CreateAsync(user, password)).Succeeded);
        Assert.True(await users.CheckPasswordAsync(user, password));
        Assert.False(await users.CheckPasswordAsync(user, password[..^1]));
    }

    [Fact]
    public async Task Address_is_one_whatever_its_case_and_taken_once()
    {
        using var services = Services();
        var users = services.GetRequiredService<Users>();
        var user = await MakeAsync();
        Assert.Equal(user.Id, (await users.FindByEmailAsync(user.Email.ToUpperInvariant()))!.Id);
        Assert.False((await users.CreateAsync(User.New(user.Email.ToUpperInvariant(), Now), Password)).Succeeded);

        // Two at the same moment: neither sees the other before it writes.
        var store = new UserStore(Database, Ring(Database), TimeProvider.System);
        var twin = User.New(user.Email, Now);
        twin.EmailKey = user.EmailKey;
        Assert.False((await store.CreateAsync(twin, Cancellation)).Succeeded);
    }

    [Fact]
    public async Task Of_two_changes_made_on_the_same_reading_the_second_is_refused()
    {
        var made = await MakeAsync();
        var store = new UserStore(Database, Ring(Database), TimeProvider.System);
        var one = (await store.FindByIdAsync(made.Id, Cancellation))!;
        var other = (await store.FindByIdAsync(made.Id, Cancellation))!;
        one.SecurityStamp = "one";
        other.SecurityStamp = "other";
        Assert.True((await store.UpdateAsync(one, Cancellation)).Succeeded);
        Assert.False((await store.UpdateAsync(other, Cancellation)).Succeeded);
        Assert.Equal("one", (await store.FindByIdAsync(made.Id, Cancellation))!.SecurityStamp);
    }

    [Fact]
    public async Task Wrong_passwords_side_by_side_all_count_towards_the_lockout()
    {
        using var services = Services();
        var users = services.GetRequiredService<Users>();
        var made = await MakeAsync();
        var readings = new List<User>();
        for (var i = 0; i < 5; i++)
            readings.Add((await users.FindByIdAsync(made.Id))!);
        foreach (var reading in readings)
            await users.AccessFailedAsync(reading);

        Assert.True(await users.IsLockedOutAsync((await users.FindByIdAsync(made.Id))!));
    }

    [Fact]
    public async Task New_password_lifts_the_lockout_and_ends_the_sessions()
    {
        using var services = Services();
        var users = services.GetRequiredService<Users>();
        using var book = Book();
        var user = await MakeAsync();
        await book.RefreshAsync(Cancellation);
        var before = Session(user);
        Assert.True(await book.IsGoodAsync(Session(user), Cancellation));
        for (var i = 0; i < 5; i++)
            await users.AccessFailedAsync(user);

        Assert.True((await users.SetPasswordAsync(user, "seven grey herons")).Succeeded);

        Assert.False(await users.IsLockedOutAsync((await users.FindByIdAsync(user.Id))!));
        Assert.True(await book.IsGoodAsync(Session((await users.FindByIdAsync(user.Id))!), Cancellation));
        Assert.False(await book.IsGoodAsync(before, Cancellation));
    }

    [Fact]
    public async Task What_a_user_is_given_and_what_is_taken_is_seen_after_the_next_refresh()
    {
        using var mine = Book();
        using var others = Book();
        var store = new UserStore(Database, Ring(Database), TimeProvider.System);
        var registry = new UserRegistry(store, mine, Actors.Refusals(Database));
        var user = await MakeAsync();
        foreach (var grant in new[] { Grant.Of("acme", MemberRole.Viewer), Grant.Of("helios", MemberRole.Viewer), Grant.Of("helios", MemberRole.Admin), Grant.Owning("gateway") })
            Assert.True((await registry.GrantAsync(Actor.Operator, user.Id, grant, Cancellation)).IsDone);
        Assert.False((await registry.GrantAsync(Actor.Operator, user.Id, Grant.Owning("gateway"), Cancellation)).IsDone);

        await others.RefreshAsync(Cancellation);
        foreach (var actor in new[] { ActorIn(mine), ActorIn(others) })
        {
            Assert.Equal((true, false, true, true), (actor.MaySee("acme"), actor.MayChange("acme"), actor.MayChange("helios"), actor.MayUsePortal("gateway")));
            Assert.False(actor.IsStaff || actor.MaySee("northwind"));
        }

        Assert.True((await registry.RevokeAsync(Actor.Operator, user.Id, Grant.Of("helios", MemberRole.Admin), Cancellation)).IsDone);
        Assert.True((await registry.GrantAsync(Actor.Operator, user.Id, Grant.Staff, Cancellation)).IsDone);
        Assert.True((await registry.RevokeAsync(Actor.Operator, user.Id, Grant.Staff, Cancellation)).IsDone);
        await others.RefreshAsync(Cancellation);
        Assert.Equal((true, false, false), (ActorIn(others).MaySee("acme"), ActorIn(others).MaySee("helios"), ActorIn(others).IsStaff));

        Assert.True((await registry.DisableAsync(Actor.Operator, user.Id, Cancellation)).IsDone);
        await others.RefreshAsync(Cancellation);
        Assert.Null(others.ActorOf(Session(user), null));

        Actor ActorIn(UserBook book) => book.ActorOf(Session(user), null)!;
    }

    [Fact]
    public async Task Admin_of_a_provider_says_who_else_is_its_member_and_nothing_more()
    {
        using var book = Book();
        var registry = new UserRegistry(new UserStore(Database, Ring(Database), TimeProvider.System), book, Actors.Refusals(Database));
        var user = await MakeAsync();
        var admin = Person(("acme", MemberRole.Admin), ("helios", MemberRole.Viewer));

        Assert.True((await registry.GrantAsync(admin, user.Id, Grant.Of("acme", MemberRole.Admin), Cancellation)).IsDone);
        foreach (var grant in new[] { Grant.Of("helios", MemberRole.Viewer), Grant.Of("northwind", MemberRole.Viewer), Grant.Staff, Grant.Owning("gateway") })
            Assert.False((await registry.GrantAsync(admin, user.Id, grant, Cancellation)).IsDone, grant.ToString());
        Assert.False((await registry.DisableAsync(admin, user.Id, Cancellation)).IsDone);
        Assert.False((await registry.RevokeAsync(Person(("acme", MemberRole.Viewer)), user.Id, Grant.Of("acme", MemberRole.Admin), Cancellation)).IsDone);
    }

    [Fact]
    public async Task Staff_make_users_and_sign_them_out_everywhere_and_nobody_else_does()
    {
        using var services = Services();
        var (users, registry, book) = (services.GetRequiredService<Users>(), services.GetRequiredService<UserRegistry>(), services.GetRequiredService<UserBook>());
        var email = $"new{Interlocked.Increment(ref people)}@acme.example";
        Assert.Null((await users.AddAsync(Person(("acme", MemberRole.Admin)), email)).User);
        Assert.Null((await users.AddAsync(Actor.Operator, "nonsense")).User);
        var user = (await users.AddAsync(Actor.Operator, email)).User!;
        Assert.Null((await users.AddAsync(Actor.Operator, email)).User);
        Assert.Null(user.PasswordHash);
        Assert.Equal(["user.add"], await ActionsAsync(user));

        Assert.NotNull(book.ActorOf(Session(user), null));
        Assert.False((await registry.EndSessionsAsync(Person(("acme", MemberRole.Admin)), user.Id, Cancellation)).IsDone);
        Assert.False((await registry.EndSessionsAsync(Actor.Operator, "nobody", Cancellation)).IsDone);
        Assert.NotNull(book.ActorOf(Session(user), null));
        Assert.True((await registry.EndSessionsAsync(Actor.Operator, user.Id, Cancellation)).IsDone);
        Assert.Null(book.ActorOf(Session(user), null));
        Assert.Equal(["user.end-sessions", "user.add"], await ActionsAsync(user));
        Assert.Equal(email, (await services.GetRequiredService<UserStore>().FindListingAsync(user.Id, Cancellation))!.Email);

        async Task<IEnumerable<string>> ActionsAsync(User about) =>
            (await services.GetRequiredService<AuditStore>().ListAsync(new AuditFilter { Subject = $"user:{about.Id}" }, null, 10, Cancellation)).Where(line => line.Outcome is AuditOutcome.Done).Select(line => line.Action);
    }

    [Fact]
    public async Task Who_belongs_where_is_counted_and_listed_without_those_who_are_disabled()
    {
        using var services = Services();
        var (registry, book) = (services.GetRequiredService<UserRegistry>(), services.GetRequiredService<UserBook>());
        var (provider, portal) = ($"provider{Interlocked.Increment(ref people)}", $"portal{Interlocked.Increment(ref people)}");
        var (admin, viewer, gone) = (await MakeAsync(), await MakeAsync(), await MakeAsync());
        await registry.GrantAsync(Actor.Operator, admin.Id, Grant.Of(provider, MemberRole.Admin), Cancellation);
        await registry.GrantAsync(Actor.Operator, viewer.Id, Grant.Of(provider, MemberRole.Viewer), Cancellation);
        await registry.GrantAsync(Actor.Operator, gone.Id, Grant.Of(provider, MemberRole.Admin), Cancellation);
        await registry.GrantAsync(Actor.Operator, viewer.Id, Grant.Owning(portal), Cancellation);
        await registry.GrantAsync(Actor.Operator, gone.Id, Grant.Owning(portal), Cancellation);
        await registry.DisableAsync(Actor.Operator, gone.Id, Cancellation);
        Assert.Equal((2, 1), book.CountMembers()[provider]);
        Assert.Equal([viewer.Id], book.OwnersOf(portal).Select(user => user.Id));
    }

    [Fact]
    public async Task Staff_without_a_second_factor_are_no_staff_where_one_is_required()
    {
        var store = new UserStore(Database, Ring(Database), TimeProvider.System);
        using var book = new UserBook(store, Options.Create(new AccountsOptions { RequireSecondFactorForStaff = true }), TimeProvider.System);
        var user = await MakeAsync();
        await store.GrantAsync(Actor.Operator, user.Id, Grant.Staff, Cancellation);
        await book.RefreshAsync(Cancellation);
        Assert.False(book.ActorOf(Session(user), null)!.IsStaff);
        Assert.True(book.ActorOf(Session(user) with { HasSecondFactor = true }, null)!.IsStaff);
    }

    [Fact]
    public async Task Key_of_the_authenticator_app_is_encrypted_and_recovery_codes_are_hashed_and_good_once()
    {
        var store = new UserStore(Database, Ring(Database), TimeProvider.System);
        var user = await MakeAsync();
        await store.SetAuthenticatorKeyAsync(user, "JBSWY3DPEHPK3PXP", Cancellation);
        Assert.True((await store.UpdateAsync(user, Cancellation)).Succeeded);
        await store.ReplaceCodesAsync(user, ["AAAA-BBBB", "CCCC-DDDD"], Cancellation);

        Assert.DoesNotContain("JBSWY3DP", await StoredAsync<string>("select authenticator_key from users where id = @Id", user), StringComparison.Ordinal);
        Assert.Equal("JBSWY3DPEHPK3PXP", await store.GetAuthenticatorKeyAsync((await store.FindByIdAsync(user.Id, Cancellation))!, Cancellation));
        Assert.Equal(0, await StoredAsync<long>("select count(*) from recovery_codes where user_id = @Id and code_hash like '%AAAA%'", user));
        Assert.True(await store.RedeemCodeAsync(user, "aaaa-bbbb ", Cancellation));
        Assert.False(await store.RedeemCodeAsync(user, "AAAA-BBBB", Cancellation));
        Assert.Equal(1, await store.CountCodesAsync(user, Cancellation));
    }

    [Fact]
    public async Task Code_of_an_authenticator_app_is_taken_once_by_each_user()
    {
        var store = new UserStore(Database, Ring(Database), TimeProvider.System);
        var (one, other) = (await MakeAsync(), await MakeAsync());
        Assert.True(await store.SpendCodeAsync(one, "123456", Cancellation));
        Assert.False(await store.SpendCodeAsync(one, "123456", Cancellation));
        Assert.True(await store.SpendCodeAsync(other, "123456", Cancellation));
    }

    [Fact]
    public async Task Passkey_is_kept_whole_and_belongs_to_one_user()
    {
        var store = new UserStore(Database, Ring(Database), TimeProvider.System);
        var (owner, other) = (await MakeAsync(), await MakeAsync());
        var id = Guid.CreateVersion7(Now).ToByteArray();
        await store.AddOrUpdatePasskeyAsync(owner, Passkey(1), Cancellation);
        await store.AddOrUpdatePasskeyAsync(owner, Passkey(2), Cancellation);

        var kept = Assert.Single(await store.GetPasskeysAsync(owner, Cancellation));
        Assert.Equal(("key ring", 2u, true, false), (kept.Name, kept.SignCount, kept.IsUserVerified, kept.IsBackedUp));
        Assert.Equal([1, 2, 3], kept.PublicKey);
        Assert.Equal(["internal"], kept.Transports!);
        Assert.Equal(owner.Id, (await store.FindByPasskeyIdAsync(id, Cancellation))!.Id);
        Assert.Null(await store.FindPasskeyAsync(other, id, Cancellation));
        await Assert.ThrowsAsync<InvalidOperationException>(() => store.AddOrUpdatePasskeyAsync(other, Passkey(3), Cancellation));
        await store.RemovePasskeyAsync(other, id, Cancellation);
        Assert.Single(await store.GetPasskeysAsync(owner, Cancellation));

        UserPasskeyInfo Passkey(uint count) => new(id, [1, 2, 3], Now, count, ["internal"], true, true, false, [4], [5]) { Name = "key ring" };
    }

    [Fact]
    public async Task Users_are_listed_by_address_in_pages_and_found_by_what_they_belong_to()
    {
        var database = await Fixture.NewDatabaseAsync(Cancellation);
        var store = new UserStore(database, Ring(database), TimeProvider.System);
        foreach (var name in new[] { "carol", "alice", "bob" })
        {
            var user = User.New($"{name}@acme.example", Now);
            user.EmailKey = user.Email.ToUpperInvariant();
            await store.CreateAsync(user, Cancellation);
            if (name == "bob")
                await store.GrantAsync(Actor.Operator, user.Id, Grant.Of("helios", MemberRole.Admin), Cancellation);
        }

        Assert.Equal(["alice@acme.example", "bob@acme.example"], (await store.ListAsync(null, null, 2, Cancellation)).Select(user => user.Email));
        Assert.Equal(["carol@acme.example"], (await store.ListAsync(null, "bob@acme.example", 2, Cancellation)).Select(user => user.Email));
        Assert.Equal(["bob@acme.example"], (await store.ListAsync("helios", null, 9, Cancellation)).Select(user => user.Email));
        Assert.Equal(["carol@acme.example"], (await store.ListAsync("CAR", null, 9, Cancellation)).Select(user => user.Email));
    }

    [Fact]
    public async Task Invitation_is_good_once_for_a_while_and_for_whom_it_is_meant()
    {
        var users = new UserStore(Database, Ring(Database), TimeProvider.System);
        var store = new InvitationStore(Database, users, TimeProvider.System);
        var (meant, other) = (await MakeAsync(), await MakeAsync());
        using var book = Book();

        var token = await store.AddAsync(Actor.Operator, meant.Email, Grant.Of("acme", MemberRole.Admin), TimeSpan.FromDays(1), Cancellation);
        Assert.Equal(0, await StoredAsync<long>("select count(*) from invitations where token_hash = '" + token + "' or id = @Id", meant));
        Assert.Equal(InvitationUse.Over, await store.UseAsync(token, other, Cancellation));
        Assert.Equal(InvitationUse.Taken, await store.UseAsync(token, meant, Cancellation));
        Assert.Equal(InvitationUse.Over, await store.UseAsync(token, meant, Cancellation));
        await book.RefreshAsync(Cancellation);
        Assert.Equal([("acme", MemberRole.Admin)], book.Find(meant.Id)!.Providers.Select(membership => (membership.Key, membership.Value)));
        Assert.Empty(book.Find(other.Id)!.Providers);

        var late = await store.AddAsync(Actor.Operator, null, Grant.Staff, TimeSpan.FromMilliseconds(-1), Cancellation);
        Assert.Equal(InvitationUse.Over, await store.UseAsync(late, meant, Cancellation));
        var revoked = await store.AddAsync(Actor.Operator, null, Grant.Owning("gateway"), TimeSpan.FromDays(1), Cancellation);
        await store.AddAsync(Actor.Operator, null, Grant.Owning("another"), TimeSpan.FromDays(1), Cancellation);
        var listed = Assert.Single(await store.ListGoodOfPortalAsync("gateway", Cancellation));
        Assert.True(await store.RevokeAsync(Actor.Operator, listed, Cancellation));
        Assert.Equal(InvitationUse.Over, await store.UseAsync(revoked, meant, Cancellation));
        Assert.Empty(await store.ListGoodAsync("acme", Cancellation));
    }

    [Fact]
    public async Task First_run_is_closed_once_for_all()
    {
        var database = await Fixture.NewDatabaseAsync(Cancellation);
        var store = new SetupStore(database, TimeProvider.System);
        Assert.False(await store.IsClosedAsync(Cancellation));
        await store.CloseAsync(Cancellation);
        await store.CloseAsync(Cancellation);
        Assert.True(await new SetupStore(database, TimeProvider.System).IsClosedAsync(Cancellation));
    }

    [Fact]
    public async Task Session_that_was_signed_out_of_is_over_on_every_instance_and_others_go_on()
    {
        var store = new UserStore(Database, Ring(Database), TimeProvider.System);
        using var here = Book();
        using var there = Book();
        var user = await MakeAsync();
        await here.RefreshAsync(Cancellation);
        await there.RefreshAsync(Cancellation);
        var (session, other) = (Session(user), Session(user));

        await store.EndSessionAsync(session, here.ActorOf(session, null), Cancellation);
        await store.EndSessionAsync(session, null, Cancellation);
        foreach (var book in new[] { here, there, Book() })
        {
            await book.RefreshAsync(Cancellation);
            Assert.Equal((false, true), (book.ActorOf(session, null) is not null, book.ActorOf(other, null) is not null));
            Assert.False(await book.IsGoodAsync(session, Cancellation));
        }

        var line = Assert.Single(await new AuditStore(Database, TimeProvider.System).ListAsync(new AuditFilter { Subject = $"user:{user.Id}", Action = "user.sign-out" }, null, 10, Cancellation));
        Assert.Equal(user.Email, line.ActorName);
    }

    [Fact]
    public async Task Session_is_over_seven_days_after_it_began_however_much_it_is_used_and_an_ended_one_is_forgotten_then()
    {
        var clock = new Clock { Now = Now };
        var store = new UserStore(Database, Ring(Database), clock);
        using var book = new UserBook(store, Options.Create(new AccountsOptions()), clock);
        var user = await MakeAsync();
        await book.RefreshAsync(Cancellation);
        var (session, ended) = (Session(user) with { BegunAt = clock.Now }, Session(user) with { BegunAt = clock.Now });
        await store.EndSessionAsync(ended, null, Cancellation);
        await book.RefreshAsync(Cancellation);
        Assert.Contains(ended.Id, book.Find(user.Id)!.EndedSessions);

        clock.Now += TimeSpan.FromDays(7) - TimeSpan.FromSeconds(1);
        Assert.NotNull(book.ActorOf(session, null));
        clock.Now += TimeSpan.FromSeconds(1);
        Assert.Null(book.ActorOf(session, null));
        await store.EndSessionAsync(Session(user) with { BegunAt = clock.Now }, null, Cancellation);
        Assert.Equal(0, await StoredAsync<long>($"select count(*) from ended_sessions where id = '{ended.Id}' and user_id = @Id", user));
    }

    [Fact]
    public async Task Invitation_of_who_could_not_make_it_any_more_is_over()
    {
        var users = new UserStore(Database, Ring(Database), TimeProvider.System);
        var store = new InvitationStore(Database, users, TimeProvider.System);
        var provider = $"of-{Interlocked.Increment(ref people)}";
        var (staff, admin, guest) = (await MakeAsync(), await MakeAsync(), await MakeAsync());
        await users.GrantAsync(Actor.Operator, staff.Id, Grant.Staff, Cancellation);
        await users.GrantAsync(Actor.Operator, admin.Id, Grant.Of(provider, MemberRole.Admin), Cancellation);
        var byStaff = await store.AddAsync(Actor.Of(staff), null, Grant.Of(provider, MemberRole.Viewer), TimeSpan.FromDays(1), Cancellation);
        var byAdmin = await store.AddAsync(Actor.Of(admin), null, Grant.Of(provider, MemberRole.Viewer), TimeSpan.FromDays(1), Cancellation);
        Assert.Equal(2, (await store.ListGoodAsync(provider, Cancellation)).Count);

        await users.DisableAsync(Actor.Operator, staff.Id, disabled: true, Cancellation);
        await users.GrantAsync(Actor.Operator, admin.Id, Grant.Of(provider, MemberRole.Viewer), Cancellation);
        foreach (var token in new[] { byStaff, byAdmin })
        {
            Assert.Null(await store.FindAsync(token, Cancellation));
            Assert.Equal(InvitationUse.Over, await store.UseAsync(token, guest, Cancellation));
        }

        Assert.Empty(await store.ListGoodAsync(provider, Cancellation));
        await users.GrantAsync(Actor.Operator, admin.Id, Grant.Of(provider, MemberRole.Admin), Cancellation);
        Assert.Equal(InvitationUse.Taken, await store.UseAsync(byAdmin, guest, Cancellation));
    }

    [Fact]
    public async Task Admin_who_opens_the_link_of_a_viewer_stays_an_admin_and_the_link_stays_good()
    {
        var users = new UserStore(Database, Ring(Database), TimeProvider.System);
        var store = new InvitationStore(Database, users, TimeProvider.System);
        var (admin, guest) = (await MakeAsync(), await MakeAsync());
        await users.GrantAsync(Actor.Operator, admin.Id, Grant.Of("acme", MemberRole.Admin), Cancellation);
        var link = await store.AddAsync(Actor.Operator, null, Grant.Of("acme", MemberRole.Viewer), TimeSpan.FromDays(1), Cancellation);
        Assert.Equal(InvitationUse.Needless, await store.UseAsync(link, admin, Cancellation));
        Assert.Equal("admin", await StoredAsync<string>("select role from memberships where user_id = @Id and provider_id = 'acme'", admin));
        Assert.Equal(InvitationUse.Taken, await store.UseAsync(link, guest, Cancellation));

        // More than it has is given.
        var more = await store.AddAsync(Actor.Operator, null, Grant.Of("acme", MemberRole.Admin), TimeSpan.FromDays(1), Cancellation);
        Assert.Equal(InvitationUse.Taken, await store.UseAsync(more, guest, Cancellation));
        Assert.Equal("admin", await StoredAsync<string>("select role from memberships where user_id = @Id and provider_id = 'acme'", guest));
    }

    [Fact]
    public async Task Invitation_for_an_address_beyond_ASCII_is_for_it_whatever_its_case()
    {
        var users = new UserStore(Database, Ring(Database), TimeProvider.System);
        var store = new InvitationStore(Database, users, TimeProvider.System);
        var user = await MakeAsync($"jörg{Interlocked.Increment(ref people)}@acme.example");
        var link = await store.AddAsync(Actor.Operator, user.Email.ToUpperInvariant(), Grant.Staff, TimeSpan.FromDays(1), Cancellation);
        Assert.Equal(InvitationUse.Taken, await store.UseAsync(link, user, Cancellation));
    }

    [Fact]
    public async Task Of_the_last_two_admins_and_staff_one_stays_although_another_process_took_the_other_just_now()
    {
        var database = await Fixture.NewDatabaseAsync(Cancellation);
        var store = new UserStore(database, Ring(database), TimeProvider.System);
        using var mine = Book(database);
        using var stale = Book(database);
        var (here, there) = (new UserRegistry(store, mine, Actors.Refusals(database)), new UserRegistry(store, stale, Actors.Refusals(database)));
        var (one, two) = (await MakeAsync(database: database), await MakeAsync(database: database));
        foreach (var user in new[] { one, two })
        {
            await store.GrantAsync(Actor.Operator, user.Id, Grant.Staff, Cancellation);
            await store.GrantAsync(Actor.Operator, user.Id, Grant.Of("acme", MemberRole.Admin), Cancellation);
        }

        await mine.RefreshAsync(Cancellation);
        await stale.RefreshAsync(Cancellation);
        var admin = Person(("acme", MemberRole.Admin));
        Assert.True((await here.RevokeAsync(admin, one.Id, Grant.Of("acme", MemberRole.Admin), Cancellation)).IsDone);
        Assert.Contains("last admin of acme", (await there.RevokeAsync(admin, two.Id, Grant.Of("acme", MemberRole.Admin), Cancellation)).Refusal, StringComparison.Ordinal);
        Assert.Contains("last admin of acme", (await there.GrantAsync(admin, two.Id, Grant.Of("acme", MemberRole.Viewer), Cancellation)).Refusal, StringComparison.Ordinal);
        Assert.True((await here.DisableAsync(Actors.Staff, one.Id, Cancellation)).IsDone);
        Assert.Contains("last staff user", (await there.RevokeAsync(Actors.Staff, two.Id, Grant.Staff, Cancellation)).Refusal, StringComparison.Ordinal);
        Assert.Contains("last staff user", (await there.DisableAsync(Actors.Staff, two.Id, Cancellation)).Refusal, StringComparison.Ordinal);

        // Staff may leave a provider without an admin, and a command the pages without staff.
        Assert.True((await there.RevokeAsync(Actors.Staff, two.Id, Grant.Of("acme", MemberRole.Admin), Cancellation)).IsDone);
        Assert.True((await there.DisableAsync(Actor.Operator, two.Id, Cancellation)).IsDone);
    }

    [Fact]
    public async Task Of_two_admins_who_put_each_other_out_at_the_same_moment_one_stays()
    {
        var store = new UserStore(Database, Ring(Database), TimeProvider.System);
        for (var round = 0; round < 10; round++)
        {
            var provider = $"pair-{Interlocked.Increment(ref people)}";
            var pair = new[] { await AddAsync(store), await AddAsync(store) };
            foreach (var user in pair)
                await store.GrantAsync(Actor.Operator, user.Id, Grant.Of(provider, MemberRole.Admin), Cancellation);
            var outcomes = await Task.WhenAll(pair.Select(user => Task.Run(() => store.RevokeAsync(Person((provider, MemberRole.Admin)), user.Id, Grant.Of(provider, MemberRole.Admin), Cancellation))));
            Assert.Equal([RoleChange.Done, RoleChange.LastOne], outcomes.Order());
        }
    }

    [Fact]
    public async Task Account_is_changed_although_a_stranger_types_a_wrong_password_at_the_same_moment()
    {
        using var services = Services();
        var (users, store) = (services.GetRequiredService<Users>(), services.GetRequiredService<UserStore>());
        var made = await MakeAsync();
        made.TwoFactorEnabled = true;
        Assert.True((await store.UpdateAsync(made, Cancellation)).Succeeded);
        await users.RenewCodesAsync(made);

        var reading = await OvertakenAsync();
        Assert.True((await users.SetPasswordAsync(reading, "seven grey herons")).Succeeded);
        Assert.True(await users.CheckPasswordAsync((await users.FindByIdAsync(made.Id))!, "seven grey herons"));

        reading = await OvertakenAsync();
        Assert.True((await users.RemoveAuthenticatorAsync(reading)).Succeeded);
        Assert.Equal((false, 0), ((await users.FindByIdAsync(made.Id))!.TwoFactorEnabled, await users.CountRecoveryCodesAsync(reading)));

        reading = await OvertakenAsync();
        var before = reading.SecurityStamp;
        await store.EndSessionsAsync(Actor.Of(reading), reading, Cancellation);
        Assert.NotEqual(before, reading.SecurityStamp);
        Assert.Equal(reading.SecurityStamp, (await users.FindByIdAsync(made.Id))!.SecurityStamp);

        async Task<User> OvertakenAsync()
        {
            var early = (await users.FindByIdAsync(made.Id))!;
            await users.AccessFailedAsync((await users.FindByIdAsync(made.Id))!);
            return early;
        }
    }

    [Fact]
    public async Task Change_that_rests_on_what_is_not_so_any_more_is_refused_whole()
    {
        using var services = Services();
        var (users, store) = (services.GetRequiredService<Users>(), services.GetRequiredService<UserStore>());
        var made = await MakeAsync();
        made.TwoFactorEnabled = true;
        Assert.True((await store.UpdateAsync(made, Cancellation)).Succeeded);
        await users.RenewCodesAsync(made);
        var stale = (await users.FindByIdAsync(made.Id))!;
        await store.EndSessionsAsync(Actor.Operator, made.Id, Cancellation);

        var refused = await users.RemoveAuthenticatorAsync(stale);

        Assert.StartsWith("Nothing was changed", Users.Explain(refused), StringComparison.Ordinal);
        Assert.Equal((true, Users.RecoveryCodes), ((await users.FindByIdAsync(made.Id))!.TwoFactorEnabled, await users.CountRecoveryCodesAsync(made)));
        stale = (await users.FindByIdAsync(made.Id))!;
        await store.EndSessionsAsync(Actor.Operator, made.Id, Cancellation);
        Assert.False((await users.SetPasswordAsync(stale, "seven grey herons")).Succeeded);
        Assert.True(await users.CheckPasswordAsync((await users.FindByIdAsync(made.Id))!, Password));
    }

    [Fact]
    public async Task What_a_user_is_given_while_its_own_change_is_stored_is_seen_by_all()
    {
        var database = await Fixture.NewDatabaseAsync(Cancellation);
        var store = new UserStore(database, Ring(database), TimeProvider.System);
        using var book = Book(database);
        var user = await AddAsync(store);
        await book.RefreshAsync(Cancellation);
        Task<IdentityResult>? update = null;
        await database.WriteAsync(async write =>
        {
            await store.GrantAsync(write, user.Id, Grant.Of("acme", MemberRole.Viewer), await write.NextRevisionAsync(), onlyMore: false);
            // Has read what stands, and waits for the row.
            user.SignedInAt = Now;
            update = Task.Run(() => store.UpdateAsync(user, Cancellation));
            while (database.Dialect.Name == "postgres"
                   && await database.SingleOrDefaultAsync<long>("select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like 'update users%'", null, Cancellation) == 0)
                await Task.Yield();
        }, Cancellation);

        Assert.True((await update!).Succeeded);
        await book.RefreshAsync(Cancellation);
        Assert.Equal(["acme"], book.Find(user.Id)!.Providers.Keys);
    }

    [Fact]
    public async Task Ended_sessions_are_remembered_only_as_long_as_they_would_go_on()
    {
        var store = new UserStore(Database, Ring(Database), TimeProvider.System);
        var user = await AddAsync(store);
        await store.EndSessionAsync(Session(user), null, Cancellation);
        Assert.Equal(1, await EndedAsync());
        await store.EndSessionsAsync(Actor.Operator, user.Id, Cancellation);
        Assert.Equal(0, await EndedAsync());

        // Over by the stamp: nothing is written, and no instance looks.
        var revision = await RevisionAsync();
        await store.EndSessionAsync(Session(user), Actor.Of(user), Cancellation);
        Assert.Equal((0, revision), (await EndedAsync(), await RevisionAsync()));

        await store.ReloadAsync(user, Cancellation);
        await store.EndSessionAsync(Session(user), null, Cancellation);
        Assert.Equal(1, await EndedAsync());
        user.SecurityStamp = "another";
        Assert.True((await store.UpdateAsync(user, Cancellation)).Succeeded);
        Assert.Equal(0, await EndedAsync());

        Task<long> EndedAsync() => StoredAsync<long>("select count(*) from ended_sessions where user_id = @Id", user);
        Task<long> RevisionAsync() => StoredAsync<long>("select value from counters where name = 'revision'", user);
    }

    [Fact]
    public async Task One_account_of_another_service_is_connected_at_a_time_and_disconnecting_leaves_none()
    {
        var store = new UserStore(Database, Ring(Database), TimeProvider.System);
        var (user, other) = (await AddAsync(store), await AddAsync(store));
        var (one, two) = (new UserLoginInfo("external", $"one-{user.Id}", "Acme ID"), new UserLoginInfo("external", $"two-{user.Id}", "Acme ID"));
        Assert.True(await store.ConnectAsync(Actor.Of(user), user, one, "connected", Cancellation));
        Assert.False(await store.ConnectAsync(Actor.Of(user), user, two, "connected", Cancellation));
        Assert.False(await store.ConnectAsync(Actor.Of(other), other, one, "connected", Cancellation));
        Assert.Equal(user.Id, (await store.FindByLoginAsync("external", one.ProviderKey, Cancellation))!.Id);
        Assert.Null(await store.FindByLoginAsync("external", two.ProviderKey, Cancellation));

        // As there may be of old.
        await store.AddLoginAsync(user, two, Cancellation);
        var stamp = user.SecurityStamp;
        await store.DisconnectAsync(Actor.Of(user), user, "external", "disconnected", Cancellation);
        Assert.Empty(await store.GetLoginsAsync(user, Cancellation));
        Assert.NotEqual(stamp, user.SecurityStamp);
        var lines = await new AuditStore(Database, TimeProvider.System).ListAsync(new AuditFilter { Subject = $"user:{user.Id}" }, null, 10, Cancellation);
        Assert.Equal(["disconnected", "connected"], lines.Select(line => line.Detail));
    }

    [Fact]
    public async Task Addresses_that_were_invited_before_are_compared_alike_on_every_database()
    {
        var place = await Fixture.NewPlaceAsync(Cancellation);
        var database = Fixture.Open(place);
        await database.PrepareAsync(create: true, Cancellation);
        var migrations = Migrator.Embedded(database.Dialect.Name);
        await DatabaseFixture.MigratorOf(database).MigrateAsync([.. migrations.TakeWhile(migration => !migration.Name.StartsWith("0023", StringComparison.Ordinal))], Cancellation);
        foreach (var email in new[] { "jörg@acme.example", "Anna@Acme.example" })
            await database.WriteAsync(write => write.ExecuteAsync(
                "insert into invitations (id, email, is_staff, created_by, created_at, expires_at, token_hash) values (@Email, @Email, true, 'command:operator', 0, 1, @Email)", new { Email = email }), Cancellation);
        await DatabaseFixture.MigratorOf(database).MigrateAsync(Cancellation);
        Assert.Equal([null, "ANNA@ACME.EXAMPLE"], await database.QueryAsync<string?>("select email_key from invitations order by email_key is not null", null, Cancellation));
    }

    [Fact]
    public async Task Invitation_for_an_address_beyond_ASCII_that_was_made_before_there_were_keys_is_for_it_alone()
    {
        var users = new UserStore(Database, Ring(Database), TimeProvider.System);
        var store = new InvitationStore(Database, users, TimeProvider.System);
        var (user, other) = (await MakeAsync($"jörg{Interlocked.Increment(ref people)}@acme.example"), await MakeAsync());
        var link = await store.AddAsync(Actor.Operator, user.Email.ToUpperInvariant(), Grant.Staff, TimeSpan.FromDays(1), Cancellation);
        await Database.WriteAsync(write => write.ExecuteAsync("update invitations set email_key = null where email = @Email", new { Email = user.Email.ToUpperInvariant() }), Cancellation);
        Assert.Equal(InvitationUse.Over, await store.UseAsync(link, other, Cancellation));
        Assert.Equal(InvitationUse.Taken, await store.UseAsync(link, user, Cancellation));
    }

    [Fact]
    public async Task User_and_what_it_is_given_as_it_is_made_are_there_together_or_not_at_all()
    {
        using var services = Services();
        var users = services.GetRequiredService<Users>();
        var staff = User.New($"first{Interlocked.Increment(ref people)}@acme.example", Now, grant: Grant.Staff);
        Assert.True((await users.CreateAsync(staff, Password)).Succeeded);
        using var book = Book();
        await book.RefreshAsync(Cancellation);
        Assert.True(book.Find(staff.Id)!.IsStaff);

        // A portal without an id cannot be given.
        var half = User.New($"half{Interlocked.Increment(ref people)}@acme.example", Now, grant: Grant.Owning(null!));
        await Assert.ThrowsAnyAsync<Exception>(() => users.CreateAsync(half, Password));
        Assert.Null(await users.FindByIdAsync(half.Id));
    }

    private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    /// <summary>Begun just now.</summary>
    private static UserSession Session(User user) => new() { Id = Guid.CreateVersion7(Now).ToString(), User = user.Id, Stamp = user.SecurityStamp, BegunAt = Now };

    /// <summary>Without a password, which takes its time.</summary>
    private static async Task<User> AddAsync(UserStore store)
    {
        var user = User.New($"person{Interlocked.Increment(ref people)}@acme.example", Now);
        user.EmailKey = User.KeyOf(user.Email);
        Assert.True((await store.CreateAsync(user, Cancellation)).Succeeded);
        return user;
    }

    private async Task<User> MakeAsync(string? email = null, Database? database = null)
    {
        using var services = Services(database);
        var user = User.New(email ?? $"person{Interlocked.Increment(ref people)}@acme.example", Now);
        var made = await services.GetRequiredService<Users>().CreateAsync(user, Password);
        Assert.True(made.Succeeded, Users.Explain(made));
        return user;
    }

    private async Task<T> StoredAsync<T>(string sql, User user) => (await Database.SingleOrDefaultAsync<T>(sql, new { user.Id }, Cancellation))!;

    private UserBook Book(Database? database = null) => new(new UserStore(database ?? Database, Ring(database ?? Database), TimeProvider.System), Options.Create(new AccountsOptions()), TimeProvider.System);

    private static KeyRing Ring(Database database) => new(database, NullLogger<KeyRing>.Instance);

    private static Actor Person(params (string Provider, MemberRole Role)[] memberships) => new()
    {
        Kind = ActorKind.User,
        Id = "1",
        Name = "somebody@acme.example",
        Providers = memberships.ToDictionary(membership => membership.Provider, membership => membership.Role),
    };

    private ServiceProvider Services(Database? database = null) => new ServiceCollection()
        .AddLogging().AddSingleton(TimeProvider.System).AddSingleton(database ?? Database).AddSingleton(Ring(database ?? Database)).AddAccounts().BuildServiceProvider();

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; }

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
