using System.Buffers.Binary;
using System.Net;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using AltruistManager.Accounts;
using AltruistManager.Web.Security;
using Microsoft.AspNetCore.Identity;

namespace AltruistManager.Web.Tests.Security;

/// <summary>What people do with their own account, and the links by which they come to one.</summary>
public sealed partial class AccountTests(AppFixture app) : IClassFixture<AppFixture>
{
    private static int people;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Of nobody else.</summary>
    private readonly string ben = $"ben{Interlocked.Increment(ref people)}@acme.example";

    [Fact]
    public async Task Account_pages_ask_who_is_not_signed_in_to_sign_in_and_come_back()
    {
        await Person.MakeAsync(app, ben);
        using var person = new Person(app);
        using var answer = await person.GetAsync("/account/passkeys?x=1");
        Assert.Equal(HttpStatusCode.Found, answer.StatusCode);
        Assert.Equal("/sign-in?back=%2Faccount%2Fpasskeys%3Fx%3D1", answer.Headers.Location!.PathAndQuery);
    }

    [Fact]
    public async Task Code_of_the_app_is_asked_after_the_password_and_taken_once()
    {
        using var person = await SignedInAsync();
        var (secret, spent, _) = await SwitchOnAppAsync(person);

        using var another = new Person(app);
        using (var first = await another.SignInAsync(ben, query: "?back=/altruists"))
            Assert.Equal("/sign-in/code?back=%2Faltruists", first.Headers.Location!.PathAndQuery);
        Assert.DoesNotContain("__Host-session", another.Cookies.Keys);

        // The one that was used to switch it on is spent; the one of the step after it is good as well, and only once.
        var next = Code(secret, 1);
        using (var replayed = await another.SubmitAsync("/sign-in/code", "code", ("Input.Code", spent)))
            Assert.Equal(HttpStatusCode.OK, replayed.StatusCode);
        // The same number with another digit before it.
        using (var replayed = await another.SubmitAsync("/sign-in/code", "code", ("Input.Code", $"0{spent}")))
            Assert.Equal(HttpStatusCode.OK, replayed.StatusCode);
        using (var wrong = await another.SubmitAsync("/sign-in/code", "code", ("Input.Code", next == "000000" ? "111111" : "000000")))
            Assert.Equal(HttpStatusCode.OK, wrong.StatusCode);
        Assert.DoesNotContain("__Host-session", another.Cookies.Keys);
        using (var good = await another.SubmitAsync("/sign-in/code?back=/altruists", "code", ("Input.Code", $"{next[..3]} {next[3..]}")))
            Assert.Equal("/altruists", good.Headers.Location!.PathAndQuery);
        Assert.Contains(ben, await another.ReadAsync("/"));

        using var third = new Person(app);
        using (await third.SignInAsync(ben))
        using (var replayed = await third.SubmitAsync("/sign-in/code", "code", ("Input.Code", next)))
            Assert.Equal(HttpStatusCode.OK, replayed.StatusCode);
        Assert.DoesNotContain("__Host-session", third.Cookies.Keys);
    }

    [Fact]
    public async Task Recovery_code_lets_in_once_and_wrong_codes_lock_the_account()
    {
        using var person = await SignedInAsync();
        var (secret, _, codes) = await SwitchOnAppAsync(person);
        Assert.Equal(10, codes.Count);

        using var another = new Person(app);
        using (await another.SignInAsync(ben))
        using (var good = await another.SubmitAsync("/sign-in/recovery", "code", ("Input.Code", codes[0].ToLowerInvariant())))
            Assert.Equal(HttpStatusCode.Found, good.StatusCode);
        using var third = new Person(app);
        using (await third.SignInAsync(ben))
        using (var again = await third.SubmitAsync("/sign-in/recovery", "code", ("Input.Code", codes[0])))
            Assert.Equal(HttpStatusCode.OK, again.StatusCode);

        var right = Code(secret, 1);
        for (var i = 0; i < 5; i++)
        {
            using var wrong = await third.SubmitAsync("/sign-in/code", "code", ("Input.Code", right == "123456" ? "654321" : "123456"));
        }

        using (var locked = await third.SubmitAsync("/sign-in/code", "code", ("Input.Code", right)))
            Assert.Equal(HttpStatusCode.OK, locked.StatusCode);
        using (var locked = await third.SubmitAsync("/sign-in/recovery", "code", ("Input.Code", codes[1])))
            Assert.Equal(HttpStatusCode.OK, locked.StatusCode);
        Assert.DoesNotContain("__Host-session", third.Cookies.Keys);
    }

    [Fact]
    public async Task App_is_switched_off_with_the_password_alone()
    {
        using var person = await SignedInAsync();
        await SwitchOnAppAsync(person);
        using (var wrong = await person.SubmitAsync("/account/authenticator", "remove", ("Input.Password", "not my password")))
            Assert.Contains("not your password", await wrong.Content.ReadAsStringAsync(Cancellation));
        Assert.Contains("recovery codes left", await person.ReadAsync("/account"));
        using (await person.SubmitAsync("/account/authenticator", "remove", ("Input.Password", Person.Password)))
            Assert.DoesNotContain("recovery codes left", await person.ReadAsync("/account"));
        using var another = new Person(app);
        using var answer = await another.SignInAsync(ben);
        Assert.Equal("/", answer.Headers.Location!.PathAndQuery);
    }

    [Fact]
    public async Task Changed_password_ends_the_other_sessions_and_keeps_this_one()
    {
        using var person = await SignedInAsync();
        using var other = new Person(app);
        using (await other.SignInAsync(ben))
            Assert.Contains(ben, await other.ReadAsync("/"));

        using (var wrong = await person.SubmitAsync("/account/password", "password", ("Input.Present", "not my password"), ("Input.New", "seven grey herons")))
            Assert.Contains("not the present password", await wrong.Content.ReadAsStringAsync(Cancellation));
        using (var common = await person.SubmitAsync("/account/password", "password", ("Input.Present", Person.Password), ("Input.New", "Welcome2026!")))
            Assert.Contains("guessed first", await common.Content.ReadAsStringAsync(Cancellation));
        using (var right = await person.SubmitAsync("/account/password", "password", ("Input.Present", Person.Password), ("Input.New", "seven grey herons")))
            Assert.Contains("is changed", await right.Content.ReadAsStringAsync(Cancellation));

        Assert.Contains(ben, await person.ReadAsync("/"));
        Assert.DoesNotContain(ben, await other.ReadAsync("/"));
        using var third = new Person(app);
        using (var old = await third.SignInAsync(ben))
            Assert.Equal(HttpStatusCode.OK, old.StatusCode);
        using (var now = await third.SignInAsync(ben, "seven grey herons"))
            Assert.Equal(HttpStatusCode.Found, now.StatusCode);
    }

    [Fact]
    public async Task Removed_passkey_ends_the_other_sessions_and_keeps_this_one()
    {
        using var person = await SignedInAsync();
        using var other = new Person(app);
        using (await other.SignInAsync(ben))
            Assert.Contains(ben, await other.ReadAsync("/methodology"));
        var store = app.Services.GetRequiredService<UserStore>();
        var now = TimeProvider.System.GetUtcNow();
        var id = Guid.CreateVersion7(now).ToByteArray();
        await store.AddOrUpdatePasskeyAsync(
            (await store.FindByEmailAsync(User.KeyOf(ben), Cancellation))!, new UserPasskeyInfo(id, [1], now, 0, null, true, false, false, [2], [3]) { Name = "Phone" }, Cancellation);

        var form = $"remove-{Convert.ToHexStringLower(id)}";
        using (var wrong = await person.SubmitAsync("/account/passkeys", form, ("Input.Password", "not my password")))
            Assert.Contains("not your password", await wrong.Content.ReadAsStringAsync(Cancellation));
        Assert.Contains(ben, await other.ReadAsync("/methodology"));
        using (var removed = await person.SubmitAsync("/account/passkeys", form, ("Input.Password", Person.Password)))
            Assert.Contains("signs nobody in any more", await removed.Content.ReadAsStringAsync(Cancellation));
        Assert.Contains(ben, await person.ReadAsync("/methodology"));
        Assert.DoesNotContain(ben, await other.ReadAsync("/methodology"));
    }

    [Fact]
    public async Task Signing_out_everywhere_leaves_one_session()
    {
        using var person = await SignedInAsync();
        using var other = new Person(app);
        using (await other.SignInAsync(ben))
        using (await person.SubmitAsync("/account", "everywhere"))
            Assert.Contains(ben, await person.ReadAsync("/"));
        Assert.DoesNotContain(ben, await other.ReadAsync("/"));
    }

    [Fact]
    public async Task Link_for_a_new_password_is_staffs_to_make_and_good_once()
    {
        var id = await Person.MakeAsync(app, ben);
        using var scope = app.Services.CreateScope();
        var links = scope.ServiceProvider.GetRequiredService<PasswordLinks>();
        Assert.Null((await links.MakeAsync(new Actor { Kind = ActorKind.User, Id = id, Name = ben }, id)).Path);
        var (path, _) = await links.MakeAsync(Actor.Operator, id);

        using var person = new Person(app);
        using (var set = await person.SubmitAsync(path!, "reset", ("Input.Password", "seven grey herons")))
            Assert.Contains("The password is set", await set.Content.ReadAsStringAsync(Cancellation));
        using (var again = await person.SubmitAsync(path!, "reset", ("Input.Password", "eight grey herons")))
            Assert.Contains("not good any more", await again.Content.ReadAsStringAsync(Cancellation));
        using var answer = await person.SignInAsync(ben, "seven grey herons");
        Assert.Equal(HttpStatusCode.Found, answer.StatusCode);
    }

    [Fact]
    public async Task Invitation_makes_an_account_with_its_role_and_is_good_once()
    {
        var invitations = app.Services.GetRequiredService<Invitations>();
        var (path, _) = await invitations.InviteAsync(Actor.Operator, Grant.Of("acme", MemberRole.Admin), null, Invitations.Lifetime, Cancellation);
        await Person.MakeAsync(app, $"other-{ben}");
        using var person = new Person(app);
        Assert.Contains("may change the things of acme", await person.ReadAsync(path!));
        using (var weak = await person.SubmitAsync(path!, "join", ("Input.Email", ben), ("Input.Password", "password1")))
            Assert.Contains("guessed first", await weak.Content.ReadAsStringAsync(Cancellation));
        using (var joined = await person.SubmitAsync(path!, "join", ("Input.Email", ben), ("Input.Password", Person.Password)))
            Assert.Equal(HttpStatusCode.Found, joined.StatusCode);
        Assert.Contains("manage the things of acme", await person.ReadAsync("/account"));

        using var second = new Person(app);
        Assert.Contains("not good any more", await second.ReadAsync(path!));
    }

    [Fact]
    public async Task Two_who_take_one_invitation_at_once_do_not_both_get_in()
    {
        var invitations = app.Services.GetRequiredService<Invitations>();
        var (path, _) = await invitations.InviteAsync(Actor.Operator, Grant.Staff, null, Invitations.Lifetime, Cancellation);
        using var scope = app.Services.CreateScope();
        var users = scope.ServiceProvider.GetRequiredService<Users>();
        var made = new List<bool>();
        foreach (var name in new[] { "one", "two" })
            made.Add((await users.CreateAsync(User.New($"{name}-{ben}", TimeProvider.System.GetUtcNow(), path!.Split('/')[^1]), Person.Password)).Succeeded);
        Assert.Equal([true, false], made);
        Assert.Null(await users.FindByEmailAsync($"two-{ben}"));
    }

    [Fact]
    public async Task Invitation_for_one_address_gives_others_nothing_and_one_who_is_there_gets_the_role()
    {
        var invitations = app.Services.GetRequiredService<Invitations>();
        var (path, _) = await invitations.InviteAsync(Actor.Operator, Grant.Owning("gateway"), ben.ToUpperInvariant(), Invitations.Lifetime, Cancellation);
        var stranger = $"stranger-{ben}";
        await Person.MakeAsync(app, stranger);
        using (var other = new Person(app))
        {
            using (await other.SignInAsync(stranger))
            using (await other.SubmitAsync(path!, "accept"))
                Assert.DoesNotContain("own the portal", await other.ReadAsync("/account"));
        }

        using var person = await SignedInAsync();
        using (await person.SubmitAsync(path!, "accept"))
            Assert.Contains("own the portal gateway", await person.ReadAsync("/account"));
    }

    [Fact]
    public async Task Admin_who_opens_the_link_of_a_viewer_is_told_so_and_stays_an_admin()
    {
        var path = (await app.Services.GetRequiredService<Invitations>().InviteAsync(Actor.Operator, Grant.Of("acme", MemberRole.Viewer), null, Invitations.Lifetime, Cancellation)).Path!;
        await Person.MakeAsync(app, ben, Grant.Of("acme", MemberRole.Admin));
        using var person = new Person(app);
        using (await person.SignInAsync(ben))
        using (var told = await person.SubmitAsync(path, "accept"))
            Assert.Contains("You may do that already", await told.Content.ReadAsStringAsync(Cancellation));
        Assert.Contains("manage the things of acme", await person.ReadAsync("/account"));
    }

    [Fact]
    public async Task Invitations_are_made_and_taken_back_by_who_may_give_the_role()
    {
        var invitations = app.Services.GetRequiredService<Invitations>();
        var member = await Person.MakeAsync(app, ben, Grant.Of(ben, MemberRole.Admin));
        var admin = new Actor { Kind = ActorKind.User, Id = member, Name = ben, Providers = new Dictionary<string, MemberRole> { [ben] = MemberRole.Admin } };
        Assert.Null((await invitations.InviteAsync(admin, Grant.Staff, null, Invitations.Lifetime, Cancellation)).Path);
        Assert.Null((await invitations.InviteAsync(admin, Grant.Of("helios", MemberRole.Viewer), null, Invitations.Lifetime, Cancellation)).Path);
        var (path, _) = await invitations.InviteAsync(admin, Grant.Of(ben, MemberRole.Viewer), null, Invitations.Lifetime, Cancellation);
        var listed = Assert.Single(await invitations.ListAsync(admin, ben, Cancellation));
        Assert.Empty(await invitations.ListAsync(admin, "helios", Cancellation));
        Assert.Empty(await invitations.ListOfPortalAsync(admin, "gateway", Cancellation));
        Assert.False((await invitations.RevokeAsync(admin with { Providers = new Dictionary<string, MemberRole>() }, listed.Id, Cancellation)).IsDone);
        Assert.True((await invitations.RevokeAsync(admin, listed.Id, Cancellation)).IsDone);
        Assert.Null(await invitations.FindGoodAsync(path!.Split('/')[^1], Cancellation));
    }

    /// <summary>Makes the user and signs it in.</summary>
    private async Task<Person> SignedInAsync()
    {
        await Person.MakeAsync(app, ben);
        var person = new Person(app);
        using var answer = await person.SignInAsync(ben);
        Assert.Equal(HttpStatusCode.Found, answer.StatusCode);
        return person;
    }

    private static async Task<(string Secret, string Spent, List<string> Codes)> SwitchOnAppAsync(Person person)
    {
        using var begun = await person.SubmitAsync("/account/authenticator", "begin", ("Input.Password", Person.Password));
        var html = await begun.Content.ReadAsStringAsync(Cancellation);
        Assert.Contains("src=\"data:image/png;base64,", html);
        var secret = Key().Match(html).Groups[1].Value.Replace(" ", "", StringComparison.Ordinal);
        var code = Code(secret, 0);
        using var confirmed = await person.SubmitAsync("/account/authenticator", "confirm", ("Input.Code", code));
        var codes = Recovery().Matches(await confirmed.Content.ReadAsStringAsync(Cancellation)).Select(match => match.Groups[1].Value).ToList();
        Assert.NotEmpty(codes);
        return (secret, code, codes);
    }

    /// <summary>What an app shows (RFC 6238), so many steps of thirty seconds from now.</summary>
    internal static string Code(string secret, int steps)
    {
        const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        var bits = string.Concat(secret.Select(letter => Convert.ToString(Alphabet.IndexOf(letter), 2).PadLeft(5, '0')));
        var key = Enumerable.Range(0, bits.Length / 8).Select(i => Convert.ToByte(bits.Substring(8 * i, 8), 2)).ToArray();
        var counter = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(counter, (TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() / 30) + steps);
#pragma warning disable CA5350 // What authenticator apps use.
        var hash = HMACSHA1.HashData(key, counter);
#pragma warning restore CA5350
        var number = BinaryPrimitives.ReadInt32BigEndian(hash.AsSpan(hash[^1] & 15)) & int.MaxValue;
        return (number % 1_000_000).ToString("D6");
    }

    [GeneratedRegex("""<code class="key">([A-Z2-7 ]+)</code>""")]
    private static partial Regex Key();

    [GeneratedRegex("<li><code>([A-Z0-9-]+)</code></li>")]
    private static partial Regex Recovery();
}
