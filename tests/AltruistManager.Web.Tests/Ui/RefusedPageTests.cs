using System.Net;
using AltruistManager.Accounts;
using AltruistManager.Web.Security;
using AltruistManager.Web.Tests.Security;
using Microsoft.Extensions.Options;

namespace AltruistManager.Web.Tests.Ui;

/// <summary>What pages refuse stands in the audit trail, as what calls are refused does.</summary>
public sealed class RefusedPageTests(AppFixture app) : IClassFixture<AppFixture>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Page_that_is_not_for_who_looks_is_told_once_however_often_it_is_asked_for()
    {
        await PutAsync("providers/mine");
        await PutAsync("providers/theirs");
        var curious = await Person.MakeAsync(app, "curious@mine.example", Grant.Of("mine", MemberRole.Admin));
        using var person = new Person(app);
        using (await person.SignInAsync("curious@mine.example"))
        {
            foreach (var (path, status) in new[] { ("/admin/users", HttpStatusCode.Forbidden), ("/my/theirs", HttpStatusCode.NotFound), ("/my/theirs/keys", HttpStatusCode.NotFound), ("/my/portals/gateway", HttpStatusCode.NotFound) })
            {
                using var answer = await person.GetAsync(path);
                Assert.Equal(status, answer.StatusCode);
            }
        }

        var lines = await RefusalsAsync(new AuditFilter { Actor = $"user:{curious}", Action = "page.open" });
        var last = lines.MaxBy(line => line.At)!;
        Assert.Equal((4, "mine", "portal", "gateway"), (lines.Sum(line => line.Times), last.Provider, last.SubjectKind, last.SubjectId));
        // What is there and theirs is refused to nobody.
        Assert.Contains("mine", await person.ReadAsync("/my/mine"), StringComparison.Ordinal);
        Assert.Equal(4, (await RefusalsAsync(new AuditFilter { Actor = $"user:{curious}", Action = "page.open" })).Sum(line => line.Times));
    }

    [Fact]
    public async Task Staff_without_the_second_factor_that_they_need_are_sent_where_it_is_set_up_and_refused_as_such_also_what_is_no_page()
    {
        // Before anybody is there, every page leads to the setup.
        await Person.MakeAsync(app, "first@mine.example", Grant.Staff);
        var options = app.Services.GetRequiredService<IOptions<AccountsOptions>>().Value;
        options.RequireSecondFactorForStaff = true;
        try
        {
            using var scope = app.Services.CreateScope();
            var (path, _) = await scope.ServiceProvider.GetRequiredService<Invitations>().InviteAsync(Actor.Operator, Grant.Staff, "joiner@mine.example", Invitations.Lifetime, Cancellation);
            using var person = new Person(app);
            using (var joined = await person.SubmitAsync(path!, "join", ("Input.Email", "joiner@mine.example"), ("Input.Password", "seven slow snails")))
                Assert.Equal("/account", joined.Headers.Location!.PathAndQuery);
            foreach (var refused in new[] { "/admin/users", "/admin/audit.csv?actor=me" })
            {
                using var answer = await person.GetAsync(refused);
                Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
                // Two within a moment would be one line.
                await app.Services.GetRequiredService<RefusalLog>().FlushAsync(Cancellation);
            }
        }
        finally
        {
            options.RequireSecondFactorForStaff = false;
        }

        var lines = (await RefusalsAsync(new AuditFilter { Action = "page.open" })).Where(line => line.ActorName == "joiner@mine.example").ToList();
        Assert.Equal(["/admin/audit.csv", "UsersPage"], lines.Select(line => line.SubjectId).Order(StringComparer.Ordinal));
        Assert.All(lines, line => Assert.Equal("Staff may see it only with a second factor.", line.Detail));
    }

    [Fact]
    public async Task Link_for_a_password_that_is_not_good_is_told_and_one_that_is_says_from_where_it_was_used()
    {
        var forgetful = await Person.MakeAsync(app, "forgetful@mine.example");
        using var scope = app.Services.CreateScope();
        var (path, _) = await scope.ServiceProvider.GetRequiredService<PasswordLinks>().MakeAsync(Actor.Operator, forgetful);
        using var person = new Person(app);
        using (await person.SubmitAsync($"/reset-password?user={forgetful}&token=made-up", "reset", ("Input.Password", "seven slow snails")))
            Assert.Equal(("user", forgetful, AuditOutcome.Refused), Of(Assert.Single(await RefusalsAsync(new AuditFilter { Action = "user.use-password-link" }))));
        // Too short a password is a slip of the pen, and leaves nothing behind.
        using (await person.SubmitAsync(path!, "reset", ("Input.Password", "x")))
            Assert.Empty(await ChangesAsync());
        using (await person.SubmitAsync(path!, "reset", ("Input.Password", "seven slow snails")))
        {
            var line = Assert.Single(await ChangesAsync());
            Assert.Equal(("set a new password by a link", "forgetful@mine.example"), (line.Detail, line.ActorName));
            Assert.False(string.IsNullOrEmpty(line.Address));
        }

        Task<IReadOnlyList<AuditRecord>> ChangesAsync() => app.Services.GetRequiredService<AuditStore>().ListAsync(new AuditFilter { Action = "user.change", Subject = $"user:{forgetful}" }, null, 9, Cancellation);

        static (string, string, AuditOutcome) Of(AuditRecord line) => (line.SubjectKind, line.SubjectId, line.Outcome);
    }

    [Fact]
    public async Task Staff_take_lost_second_factors_from_somebody_else_and_end_its_sessions()
    {
        var lost = await Person.MakeAsync(app, "lost@mine.example", Grant.Staff);
        var helper = await Person.MakeAsync(app, "helper@mine.example", Grant.Staff);
        var store = app.Services.GetRequiredService<UserStore>();
        using (var person = new Person(app))
        {
            using (await person.SignInAsync("lost@mine.example"))
                Assert.Contains("lost@mine.example", await person.ReadAsync("/account"), StringComparison.Ordinal);
            await Person.GiveSecondFactorAsync(app, lost);

            using var scope = app.Services.CreateScope();
            var registry = scope.ServiceProvider.GetRequiredService<UserRegistry>();
            // Whoever sits at an open session is not thereby rid of the second factor.
            var themself = new Actor { Kind = ActorKind.User, Id = lost, Name = "lost@mine.example", IsStaff = true };
            Assert.StartsWith("Another one of staff", (await registry.ClearSecondFactorsAsync(themself, lost, Cancellation)).Refusal, StringComparison.Ordinal);
            Assert.True((await store.FindListingAsync(lost, Cancellation))!.HasSecondFactor);

            var other = themself with { Id = helper, Name = "helper@mine.example" };
            Assert.True((await registry.ClearSecondFactorsAsync(other, lost, Cancellation)).IsDone);
            Assert.False((await store.FindListingAsync(lost, Cancellation))!.HasSecondFactor);
            using var gone = await person.GetAsync("/account");
            Assert.Equal(HttpStatusCode.Found, gone.StatusCode);
        }

        // The password alone lets it in again.
        using var back = new Person(app);
        using var answer = await back.SignInAsync("lost@mine.example");
        Assert.Equal("/", answer.Headers.Location!.PathAndQuery);
        var line = Assert.Single(await app.Services.GetRequiredService<AuditStore>().ListAsync(new AuditFilter { Action = "user.clear-second-factor", Outcome = AuditOutcome.Done }, null, 9, Cancellation));
        Assert.Equal((helper, lost), (line.ActorId, line.SubjectId));
    }

    private async Task<IReadOnlyList<AuditRecord>> RefusalsAsync(AuditFilter filter)
    {
        await app.Services.GetRequiredService<RefusalLog>().FlushAsync(Cancellation);
        return await app.Services.GetRequiredService<AuditStore>().ListAsync(filter with { Outcome = AuditOutcome.Refused }, null, 50, Cancellation);
    }

    private async Task PutAsync(string path) => await (await app.Staff.PutAsJsonAsync($"/api/v1/{path}", new { }, Cancellation)).ReadJsonAsync(Cancellation);
}
