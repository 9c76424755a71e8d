using System.Net;
using AltruistManager.Accounts;
using AltruistManager.Web.Security;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Endpoints;

namespace AltruistManager.Web.Tests.Security;

/// <summary>
/// Which page is shown to whom: every page there is for every kind of user, with things that are one provider's and one portal's. A page that is not in the table fails; those below
/// <c>/admin</c> are staff's, whatever they are.
/// </summary>
public sealed class PageMatrixTests(AppFixture app) : IClassFixture<AppFixture>, IAsyncLifetime
{
    private const string Admin = "/admin";

    private readonly Dictionary<For, Person> people = [];
    private readonly Dictionary<string, string> ids = [];

    /// <summary>Whom a page lets in. Others are asked to sign in, or find nothing; of staff's pages they are told that they are not for them.</summary>
    [Flags]
    private enum For
    {
        Nobody = 1,
        OfNothing = 2,
        PortalOwner = 4,
        OtherAdmin = 8,
        Viewer = 16,
        Admin = 32,
        Staff = 64,
        Users = OfNothing | PortalOwner | OtherAdmin | Viewer | Admin | Staff,
        Everybody = Nobody | Users,
        Members = Viewer | Admin | Staff,
        Portal = PortalOwner | Staff,
    }

    /// <summary>By the route of the page.</summary>
    private static readonly Dictionary<string, (string Path, For Whom)> Table = new()
    {
        ["/"] = ("/", For.Everybody),
        ["/altruists"] = ("/altruists", For.Everybody),
        ["/altruists/{Id}"] = ("/altruists/{altruist}", For.Everybody),
        ["/slots/{ChainText}/{RegionText}"] = ("/slots/0021/us-east", For.Everybody),
        ["/transparency"] = ("/transparency", For.Everybody),
        ["/methodology"] = ("/methodology", For.Everybody),
        ["/sign-in"] = ("/sign-in", For.Everybody),
        ["/sign-in/code"] = ("/sign-in/code", For.Everybody),
        ["/sign-in/recovery"] = ("/sign-in/recovery", For.Everybody),
        ["/sign-in/passkey"] = ("/sign-in/passkey", For.Everybody),
        ["/forgot-password"] = ("/forgot-password", For.Everybody),
        ["/reset-password"] = ("/reset-password?user=x&token=y", For.Everybody),
        ["/join/{Token}"] = ("/join/nothing", For.Everybody),
        ["/account"] = ("/account", For.Users),
        ["/account/password"] = ("/account/password", For.Users),
        ["/account/authenticator"] = ("/account/authenticator", For.Users),
        ["/account/passkeys"] = ("/account/passkeys", For.Users),
        ["/account/external"] = ("/account/external", For.Users),
        ["/setup"] = ("/setup", For.Everybody),
        ["/setup/regions"] = ("/setup/regions", For.Staff),
        ["/setup/chains"] = ("/setup/chains", For.Staff),
        ["/setup/altruist"] = ("/setup/altruist", For.Staff),
        ["/my"] = ("/my", For.Users),
        ["/my/{provider}"] = ("/my/owner", For.Members),
        ["/my/{provider}/add"] = ("/my/owner/add", For.Members),
        ["/my/{provider}/altruists/{id}"] = ("/my/owner/altruists/{altruist}", For.Members),
        ["/my/{provider}/altruists/{id}/edit"] = ("/my/owner/altruists/{altruist}/edit", For.Members),
        ["/my/{provider}/import"] = ("/my/owner/import", For.Members),
        ["/my/{provider}/keys"] = ("/my/owner/keys", For.Members),
        ["/my/{provider}/team"] = ("/my/owner/team", For.Members),
        ["/my/{provider}/settings"] = ("/my/owner/settings", For.Members),
        ["/my/portals/{id}"] = ("/my/portals/gateway", For.Portal),
    };

    /// <summary>What can be fetched that is neither a page nor a call: files of somebody's things.</summary>
    private static readonly Dictionary<string, (string Path, For Whom)> Files = new()
    {
        ["/admin/audit.csv"] = ("/admin/audit.csv", For.Staff),
        ["/my/{provider}/import/example.csv"] = ("/my/owner/import/example.csv", For.Members),
        ["/my/{provider}/import/altruists.csv"] = ("/my/owner/import/altruists.csv", For.Members),
    };

    /// <summary>What holds nothing of anybody's, or only what the session itself is: the same for everybody.</summary>
    private static readonly string[] Plain = ["/theme", "/sign-out", "/openapi/", "/healthz", "/css/", "/img/", "/js/", "/kit/", "/_framework/", "/_blazor", "/favicon"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>All pages of the product but the one that is shown where there is none.</summary>
    private static IReadOnlyList<string> Routes { get; } =
    [
        .. typeof(SignedIn).Assembly.GetTypes().SelectMany(page => page.GetCustomAttributes(typeof(RouteAttribute), inherit: false).Cast<RouteAttribute>())
            .Select(route => route.Template).Where(route => route != "/not-found").Order(StringComparer.Ordinal),
    ];

    public async ValueTask InitializeAsync()
    {
        await PutAsync("regions/us-east", new { });
        await PutAsync("chains/0021", new { protocol = "evm", identity = "1" });
        await PutAsync("providers/owner", new { });
        await PutAsync("providers/other", new { });
        await PutAsync("portals/gateway", new { });
        foreach (var provider in new[] { "owner", "other" })
        {
            using var made = await app.Staff.PostAsJsonAsync("/api/v1/altruists", new { provider, chains = new[] { "0021" }, url = $"http://127.0.0.1:9/{provider}{Guid.CreateVersion7(TimeProvider.System.GetUtcNow())}" }, Cancellation);
            ids[provider] = (await made.ReadJsonAsync(Cancellation)).GetProperty("id").GetString()!;
        }

        await AddAsync(For.OfNothing);
        await AddAsync(For.PortalOwner, Grant.Owning("gateway"));
        await AddAsync(For.OtherAdmin, Grant.Of("other", MemberRole.Admin));
        await AddAsync(For.Viewer, Grant.Of("owner", MemberRole.Viewer));
        await AddAsync(For.Admin, Grant.Of("owner", MemberRole.Admin));
        await AddAsync(For.Staff, Grant.Staff);
        people[For.Nobody] = new Person(app);
    }

    public ValueTask DisposeAsync()
    {
        foreach (var person in people.Values)
            person.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public void Every_page_is_in_the_table()
    {
        var pages = Routes.Where(route => !IsStaffs(route)).ToList();
        Assert.Empty(pages.Except(Table.Keys));
        Assert.Empty(Table.Keys.Except(pages));
    }

    [Fact]
    public async Task Every_page_is_shown_to_whom_the_table_says_and_to_nobody_else()
    {
        var wrong = new List<string>();
        foreach (var route in Routes)
        {
            var (path, whom) = LineOf(route);
            path = path.Replace("{altruist}", ids["owner"], StringComparison.Ordinal);
            foreach (var (who, person) in people)
            {
                var expected = whom.HasFlag(who) ? "shown" : who is For.Nobody ? "sign in" : whom is For.Staff ? "not for you" : "nothing";
                var told = await ToldAsync(person, path);
                // Of what is not there staff are told so.
                if (told != expected && !(IsStaffs(route) && who is For.Staff && told == "nothing" && route.Contains('{', StringComparison.Ordinal)))
                    wrong.Add($"{path} for {who}: {expected} expected, but {told}");
            }
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public async Task Every_file_is_given_to_whom_the_table_says_and_to_nobody_else()
    {
        var addresses = app.Services.GetServices<EndpointDataSource>().SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.Metadata.GetMetadata<ComponentTypeMetadata>() is null)
            .Select(endpoint => $"/{endpoint.RoutePattern.RawText!.TrimStart('/')}").Distinct()
            .Where(address => !address.StartsWith("/api/", StringComparison.Ordinal) && !Array.Exists(Plain, plain => address.StartsWith(plain, StringComparison.Ordinal)));
        Assert.Equal(Files.Keys.Order(StringComparer.Ordinal), addresses.Order(StringComparer.Ordinal));

        var wrong = new List<string>();
        foreach (var (path, whom) in Files.Values)
        {
            foreach (var (who, person) in people)
            {
                var expected = whom.HasFlag(who) ? "shown" : who is For.Nobody ? "sign in" : whom is For.Staff ? "not for you" : "nothing";
                if (await ToldAsync(person, path) is var told && told != expected)
                    wrong.Add($"{path} for {who}: {expected} expected, but {told}");
            }
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public async Task Nobody_comes_to_a_thing_of_another_provider_by_an_address_of_the_own_one()
    {
        foreach (var path in new[] { "/my/owner/altruists/{0}", "/my/owner/altruists/{0}/edit" })
        {
            Assert.Equal("nothing", await ToldAsync(people[For.Admin], string.Format(null, path, ids["other"])));
            Assert.Equal("shown", await ToldAsync(people[For.Admin], string.Format(null, path, ids["owner"])));
        }
    }

    [Fact]
    public async Task No_page_but_those_of_the_consoles_carries_state_for_a_connection()
    {
        foreach (var route in Routes.Where(route => !IsStaffs(route)))
        {
            var (path, _) = LineOf(route);
            using var answer = await people[For.Admin].GetAsync(path.Replace("{altruist}", ids["owner"], StringComparison.Ordinal));
            var html = await answer.Content.ReadAsStringAsync(Cancellation);
            if (!route.StartsWith("/my", StringComparison.Ordinal))
                Assert.Equal((route, false), (route, html.Contains("<!--Blazor", StringComparison.Ordinal)));
            else if (answer.StatusCode is HttpStatusCode.OK)
                Assert.Contains("<!--Blazor:", html, StringComparison.Ordinal);
        }
    }

    private static bool IsStaffs(string route) => route == Admin || route.StartsWith($"{Admin}/", StringComparison.Ordinal);

    private static (string Path, For Whom) LineOf(string route) =>
        IsStaffs(route) ? (string.Join('/', route.Split('/').Select(part => part.StartsWith('{') ? "nothing" : part)), For.Staff) : Table.GetValueOrDefault(route, (route, For.Nobody));

    private static async Task<string> ToldAsync(Person person, string path)
    {
        using var answer = await person.GetAsync(path);
        return answer.StatusCode switch
        {
            HttpStatusCode.Forbidden => "not for you",
            HttpStatusCode.NotFound when path != "/account/external" => "nothing",
            HttpStatusCode.Found when answer.Headers.Location!.OriginalString.Contains($"/sign-in?{Sessions.BackParameter}=", StringComparison.Ordinal) => "sign in",
            < HttpStatusCode.BadRequest or HttpStatusCode.NotFound => "shown",
            var other => $"{(int)other}",
        };
    }

    private async Task AddAsync(For who, params Grant[] grants)
    {
        var email = $"{who}-{Guid.CreateVersion7(TimeProvider.System.GetUtcNow()):N}@matrix.example";
        await Person.MakeAsync(app, email, grants);
        people[who] = new Person(app);
        using var signedIn = await people[who].SignInAsync(email);
        Assert.Equal(HttpStatusCode.Found, signedIn.StatusCode);
    }

    private async Task PutAsync(string path, object body) => await (await app.Staff.PutAsJsonAsync($"/api/v1/{path}", body, Cancellation)).ReadJsonAsync(Cancellation);
}
