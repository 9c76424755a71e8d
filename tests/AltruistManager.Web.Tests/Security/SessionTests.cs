using System.Net;
using System.Text.Json;
using AltruistManager.Accounts;
using AltruistManager.Web.Security;
using Microsoft.AspNetCore.Identity;

namespace AltruistManager.Web.Tests.Security;

/// <summary>How people sign in on the pages, stay signed in, and cease to be.</summary>
public sealed class SessionTests(AppFixture app) : IClassFixture<AppFixture>
{
    private static int people;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Of nobody else.</summary>
    private readonly string anna = $"anna{Interlocked.Increment(ref people)}@acme.example";

    [Fact]
    public async Task Session_is_a_cookie_of_this_host_that_scripts_and_other_sites_cannot_use()
    {
        await Person.MakeAsync(app, anna);
        using var person = new Person(app);
        using var answer = await person.SignInAsync(anna.ToUpperInvariant(), query: "?back=%2Faltruists%3Fchain%3D0021");

        Assert.Equal((HttpStatusCode.Found, "/altruists?chain=0021"), (answer.StatusCode, answer.Headers.Location?.PathAndQuery));
        var cookie = person.SetCookies["__Host-session"].ToLowerInvariant();
        Assert.Contains("; path=/;", cookie);
        Assert.Contains("; secure", cookie);
        Assert.Contains("; httponly", cookie);
        Assert.Contains("; samesite=lax", cookie);
        Assert.DoesNotContain("domain", cookie);
        var form = person.SetCookies["__Host-form"].ToLowerInvariant();
        Assert.Contains("; secure", form);
        Assert.Contains("; samesite=strict", form);
        Assert.Contains(anna, await person.ReadAsync("/"));
        Assert.DoesNotContain(anna, await app.Anonymous.GetStringAsync("/", Cancellation));
    }

    [Theory]
    [InlineData("https://evil.example/")]
    [InlineData("//evil.example/")]
    [InlineData("/\\evil.example")]
    public async Task The_way_back_after_signing_in_stays_on_this_site(string back)
    {
        await Person.MakeAsync(app, anna);
        using var person = new Person(app);
        using var answer = await person.SignInAsync(anna, query: $"?back={Uri.EscapeDataString(back)}");
        Assert.Equal(new Uri(app.Address, "/"), answer.Headers.Location);
    }

    [Fact]
    public async Task Who_signed_in_and_what_became_of_accounts_stands_in_the_audit_trail()
    {
        var id = await Person.MakeAsync(app, anna, Grant.Of("acme", MemberRole.Viewer));
        using var person = new Person(app);
        using (await person.SignInAsync(anna, "wrong one"))
        using (await person.SignInAsync(anna))
            await app.Services.GetRequiredService<UserRegistry>().DisableAsync(Actor.Operator, id, Cancellation);
        await app.Services.GetRequiredService<RefusalLog>().FlushAsync(Cancellation);

        Assert.Equal(
            [("user.disable", "command:operator", "done"), ("user.sign-in", $"user:{id}", "done"), ("user.grant", "command:operator", "done")],
            (await LinesAsync($"user:{id}")).Select(line => (Text(line, "action"), Text(line, "actor"), Text(line, "outcome"))));
        var refused = Assert.Single(await LinesAsync($"user:{anna}"));
        Assert.Equal(("user.sign-in", "refused", "wrong password"), (Text(refused, "action"), Text(refused, "outcome"), Text(refused, "detail")));

        async Task<List<JsonElement>> LinesAsync(string subject) =>
            [.. (await app.Staff.GetJsonAsync($"/api/v1/audit?subject={Uri.EscapeDataString(subject)}", Cancellation)).GetProperty("items").EnumerateArray()];

        static string? Text(JsonElement line, string name) => line.GetProperty(name).GetString();
    }

    [Fact]
    public async Task Each_sign_in_begins_another_session()
    {
        await Person.MakeAsync(app, anna);
        using var person = new Person(app);
        using (await person.SignInAsync(anna))
        {
        }

        var first = person.Cookies["__Host-session"];
        using (await SignOutAsync(person))
        {
        }

        Assert.DoesNotContain("__Host-session", person.Cookies.Keys);
        using (await person.SignInAsync(anna))
            Assert.NotEqual(first, person.Cookies["__Host-session"]);
    }

    [Fact]
    public async Task Who_exists_and_why_it_failed_is_not_told()
    {
        await Person.MakeAsync(app, anna);
        var gone = await Person.MakeAsync(app, "gone@acme.example");
        await app.Services.GetRequiredService<UserRegistry>().DisableAsync(Actor.Operator, gone, Cancellation);
        var texts = new HashSet<string>();
        foreach (var (email, password) in new[] { (anna, "wrong one"), ("nobody@acme.example", "wrong one"), ("gone@acme.example", Person.Password) })
        {
            using var person = new Person(app);
            using var answer = await person.SignInAsync(email, password);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.DoesNotContain("__Host-session", person.Cookies.Keys);
            var html = await answer.Content.ReadAsStringAsync(Cancellation);
            texts.Add(html[html.IndexOf("role=\"alert\"", StringComparison.Ordinal)..html.IndexOf("<form method=\"post\" action=\"/sign-in", StringComparison.Ordinal)]);
        }

        Assert.Single(texts);
    }

    [Fact]
    public async Task Five_wrong_passwords_lock_the_account_for_the_right_one_as_well()
    {
        await Person.MakeAsync(app, anna);
        using var person = new Person(app);
        for (var i = 0; i < 5; i++)
        {
            using var wrong = await person.SignInAsync(anna, $"wrong one {i}");
        }

        using var right = await person.SignInAsync(anna);
        Assert.Equal(HttpStatusCode.OK, right.StatusCode);
        Assert.DoesNotContain("__Host-session", person.Cookies.Keys);
    }

    [Fact]
    public async Task Attempts_from_one_address_are_limited_whatever_the_account()
    {
        await using var limited = await AppFixture.StartAsync(("Limits:SignInsPerMinute", "3"));
        await Person.MakeAsync(limited, anna);
        // All at once: every twenty seconds one more is let in.
        var somebodies = Enumerable.Range(0, 12).Select(_ => new Person(limited)).ToList();
        var began = TimeProvider.System.GetTimestamp();
        var answers = await Task.WhenAll(somebodies.Select((person, number) => person.SignInAsync($"somebody{number}@acme.example")));
        var tried = answers.Count(answer => answer.StatusCode is HttpStatusCode.OK);
        Assert.InRange(tried, 3, 4 + (int)(TimeProvider.System.GetElapsedTime(began) / TimeSpan.FromSeconds(20)));
        Assert.Equal(answers.Length - tried, answers.Count(answer => answer.StatusCode is HttpStatusCode.TooManyRequests));
        foreach (var answer in answers)
            answer.Dispose();
        somebodies.ForEach(person => person.Dispose());
    }

    [Fact]
    public async Task Form_without_its_token_or_with_somebody_elses_is_refused()
    {
        await Person.MakeAsync(app, anna);
        using var person = new Person(app);
        using (var without = await person.PostAsync("/sign-in", ("_handler", "sign-in"), ("Input.Email", anna), ("Input.Password", Person.Password)))
            Assert.Equal(HttpStatusCode.BadRequest, without.StatusCode);

        using var other = new Person(app);
        var foreign = Person.HiddenOf(await other.ReadAsync("/sign-in"), "sign-in");
        using (await person.GetAsync("/sign-in"))
        {
        }

        using (var stolen = await person.PostAsync("/sign-in", [.. foreign, ("Input.Email", anna), ("Input.Password", Person.Password)]))
            Assert.Equal(HttpStatusCode.BadRequest, stolen.StatusCode);
        Assert.DoesNotContain("__Host-session", person.Cookies.Keys);

        using (await person.SignInAsync(anna))
        {
        }

        using var leave = await person.PostAsync("/sign-out");
        Assert.Equal(HttpStatusCode.BadRequest, leave.StatusCode);
        Assert.Contains(anna, await person.ReadAsync("/"));
    }

    [Fact]
    public async Task Session_ends_within_a_second_when_its_user_is_disabled_by_another_process()
    {
        var id = await Person.MakeAsync(app, anna);
        using var person = new Person(app);
        using (await person.SignInAsync(anna))
            Assert.Contains(anna, await person.ReadAsync("/"));

        // Past the registry, as a command does that shares no memory with the service.
        await app.Services.GetRequiredService<UserStore>().DisableAsync(Actor.Operator, id, disabled: true, Cancellation);
        var started = TimeProvider.System.GetTimestamp();
        await Wait.UntilAsync("the session is over", async () => !(await person.ReadAsync("/")).Contains(anna, StringComparison.Ordinal));
        Assert.InRange(TimeProvider.System.GetElapsedTime(started), TimeSpan.Zero, TimeSpan.FromSeconds(45));
    }

    [Fact]
    public async Task Cookies_do_nothing_on_the_API_and_keys_nothing_on_pages()
    {
        await Person.MakeAsync(app, "root@acme.example", Grant.Staff);
        using var staff = new Person(app);
        using (await staff.SignInAsync("root@acme.example"))
        using (var call = await staff.GetAsync("/api/v1/selections"))
            Assert.Equal(HttpStatusCode.Unauthorized, call.StatusCode);

        Assert.Contains("href=\"/sign-in", await app.Staff.GetStringAsync("/", Cancellation));
    }

    [Fact]
    public async Task Roles_are_looked_up_at_each_request()
    {
        var book = app.Services.GetRequiredService<UserBook>();
        var registry = app.Services.GetRequiredService<UserRegistry>();
        var id = await Person.MakeAsync(app, anna);
        var session = new UserSession { Id = "one", User = id, Stamp = book.Find(id)!.SecurityStamp, BegunAt = TimeProvider.System.GetUtcNow() };
        Assert.False(book.ActorOf(session, null)!.IsStaff);
        await registry.GrantAsync(Actor.Operator, id, Grant.Staff, Cancellation);
        Assert.True(book.ActorOf(session, null)!.IsStaff);
    }

    [Fact]
    public async Task Copy_of_a_session_is_worth_nothing_once_its_user_has_signed_out_and_the_others_go_on()
    {
        var id = await Person.MakeAsync(app, anna);
        using var person = await SignedInAsync();
        using var elsewhere = await SignedInAsync();
        using var thief = new Person(app);
        thief.Cookies["__Host-session"] = person.Cookies["__Host-session"];
        Assert.Contains(anna, await thief.ReadAsync("/methodology"));

        using (await SignOutAsync(person))
        {
        }

        Assert.DoesNotContain(anna, await thief.ReadAsync("/methodology"));
        Assert.Contains(anna, await elsewhere.ReadAsync("/methodology"));
        Assert.Equal(1, (await app.Staff.GetJsonAsync($"/api/v1/audit?action=user.sign-out&actor=user:{id}", Cancellation)).GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task Who_signs_out_moves_no_slot_and_no_file()
    {
        await using var own = await AppFixture.StartAsync();
        var id = await Person.MakeAsync(own, anna);
        await own.Staff.PutAsJsonAsync("/api/v1/regions/us-east", new { }, Cancellation);
        await own.Staff.PutAsJsonAsync("/api/v1/chains/0021", new { protocol = "evm", identity = "1" }, Cancellation);
        await own.Staff.PutAsJsonAsync("/api/v1/providers/acme", new { }, Cancellation);
        using (var added = await own.Staff.PostAsJsonAsync("/api/v1/altruists", new { provider = "acme", url = "http://127.0.0.1:9/x", chains = new[] { "0021" }, regions = new[] { "us-east" } }, Cancellation))
            Assert.Equal(HttpStatusCode.Created, added.StatusCode);
        var (store, book) = (own.Services.GetRequiredService<UserStore>(), own.Services.GetRequiredService<UserBook>());
        var file = new FileInfo(Path.Combine(own.Folder, "last-good.json"));
        // What the registration moved is at rest: several looks and more than a second without a write.
        await Wait.UntilAsync("the file is at rest", async () => await WritesDuringAsync() == 0);
        var key = await own.CreateKeyAsync(KeyScope.Portal);
        await Wait.UntilAsync("the new key is in the file", async () => (await File.ReadAllTextAsync(file.FullName, Cancellation)).Contains(key.Split('_')[1], StringComparison.Ordinal));

        // For longer than the file rests between two writes.
        async Task<int> WritesDuringAsync()
        {
            var before = Written();
            var started = TimeProvider.System.GetTimestamp();
            while (TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(1.5))
            {
                await store.EndSessionsAsync(Actor.Operator, id, Cancellation);
                var stamp = (await store.FindByIdAsync(id, Cancellation))!.SecurityStamp;
                await Wait.UntilAsync("the service has seen it", () => Task.FromResult(book.Find(id)!.SecurityStamp == stamp));
            }

            return Written() == before ? 0 : 1;
        }

        DateTime Written()
        {
            file.Refresh();
            return file.LastWriteTimeUtc;
        }
    }

    [Fact]
    public async Task Pages_of_who_is_signed_in_and_where_one_signs_in_are_kept_by_no_browser()
    {
        await Person.MakeAsync(app, anna);
        using var person = await SignedInAsync();
        using var nobody = new Person(app);
        var kept = new List<string>();
        foreach (var (who, paths) in new[]
        {
            (person, new[] { "/methodology", "/altruists", "/account", "/account/password", "/account/passkeys", "/account/authenticator", "/my", "/nothing", "/admin" }),
            (nobody, ["/sign-in", "/sign-in/passkey", "/forgot-password", "/reset-password?user=x&token=y", "/join/nothing", "/setup"]),
        })
        {
            foreach (var path in paths)
            {
                using var answer = await who.GetAsync(path);
                if (answer.Headers.CacheControl?.NoStore is not true)
                    kept.Add($"{path}: {answer.Headers.CacheControl}");
            }
        }

        Assert.Empty(kept);
        using var open = await nobody.GetAsync("/methodology");
        Assert.Equal((true, false), (open.Headers.CacheControl!.Private, open.Headers.CacheControl.NoStore));
    }

    [Fact]
    public async Task Failed_password_is_answered_at_the_same_moment_whoever_is_asked_for_so_that_it_tells_nothing()
    {
        await Person.MakeAsync(app, anna);
        var (locked, gone) = ($"locked-{anna}", $"gone-{anna}");
        var (lockedId, goneId) = (await Person.MakeAsync(app, locked), await Person.MakeAsync(app, gone));
        await app.Services.GetRequiredService<UserRegistry>().DisableAsync(Actor.Operator, goneId, Cancellation);
        foreach (var (email, password) in new[] { (anna, "wrong one"), (locked, "wrong one"), (locked, Person.Password), (gone, Person.Password), ($"nobody-{anna}", "wrong one") })
        {
            using var scope = app.Services.CreateScope();
            var users = scope.ServiceProvider.GetRequiredService<Users>();
            await users.SetLockoutEndDateAsync((await users.FindByIdAsync(lockedId))!, TimeProvider.System.GetUtcNow().AddMinutes(5));
            var clock = new WorkClock();
            var counting = new CountingHasher(users.PasswordHasher, clock);
            users.PasswordHasher = counting;
            scope.ServiceProvider.GetRequiredService<IHttpContextAccessor>().HttpContext = new DefaultHttpContext { RequestServices = scope.ServiceProvider };
            var signIns = ActivatorUtilities.CreateInstance<SignIns>(scope.ServiceProvider, clock);
            Assert.Equal(SignInOutcome.Failed, await signIns.WithPasswordAsync(email, password));
            Assert.Equal((email, 1), (email, counting.Looked));
            Assert.Equal((email, TimeSpan.FromSeconds(1)), (email, clock.Elapsed));

            // Late, it is answered at the next beat.
            clock.Work = TimeSpan.FromSeconds(1.4);
            await signIns.WithPasswordAsync(email, password);
            Assert.Equal((email, TimeSpan.FromSeconds(3)), (email, clock.Elapsed));
        }
    }

    private async Task<Person> SignedInAsync()
    {
        var person = new Person(app);
        using var answer = await person.SignInAsync(anna);
        Assert.Equal(HttpStatusCode.Found, answer.StatusCode);
        return person;
    }

    private static async Task<HttpResponseMessage> SignOutAsync(Person person) =>
        await person.PostAsync("/sign-out", [.. Person.HiddenOf(await person.ReadAsync("/"), "/sign-out")]);

    /// <summary>Goes on while a password is looked at and while somebody waits, and at no other time.</summary>
    private sealed class WorkClock : TimeProvider
    {
        /// <summary>What a look at a password takes.</summary>
        public TimeSpan Work { get; set; } = TimeSpan.FromMilliseconds(160);

        public TimeSpan Elapsed { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Elapsed.Ticks;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Elapsed += dueTime;
            return System.CreateTimer(callback, state, TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        }
    }

    private sealed class CountingHasher(IPasswordHasher<User> hasher, WorkClock clock) : IPasswordHasher<User>
    {
        public int Looked { get; private set; }

        public string HashPassword(User user, string password) => hasher.HashPassword(user, password);

        public PasswordVerificationResult VerifyHashedPassword(User user, string hashedPassword, string providedPassword)
        {
            Looked++;
            clock.Elapsed += clock.Work;
            return hasher.VerifyHashedPassword(user, hashedPassword, providedPassword);
        }
    }
}
