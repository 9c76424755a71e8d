using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using AltruistManager.Web.Tests.Security;
using Microsoft.Data.Sqlite;

namespace AltruistManager.Web.Tests.EndToEnd;

/// <summary>
/// Secrets that are searched for in everything the process wrote. Gateways repeat all they are sent, wherever a node may put a text; only the bodies that portals
/// get may hold a secret.
/// </summary>
[Collection(EndToEndCollection.Name)]
public sealed class CanarySecretTests : IAsyncLifetime
{
    private const string Region = "us-east";

    /// <summary>Each begins with what is searched for; the rest has to be written differently in a URL, in HTML and in JSON.</summary>
    private static readonly (string Label, JsonObject Auth, string Secret)[] Altruists =
    [
        ("basic", new JsonObject { ["type"] = "basic", ["username"] = "portal-user", ["password"] = "cnryBASIC7f3a91+/ä \"q\"" }, "cnryBASIC7f3a91+/ä \"q\""),
        ("bearer", new JsonObject { ["type"] = "bearer", ["token"] = "cnryBEARER55d0c2.t+/=" }, "cnryBEARER55d0c2.t+/="),
        ("header", new JsonObject { ["type"] = "header", ["name"] = "X-Api-Key", ["value"] = "cnryHEADER8e11b4 <v>" }, "cnryHEADER8e11b4 <v>"),
        ("query", new JsonObject { ["type"] = "query", ["name"] = "api-key", ["value"] = "cnryQUERY60a7d9&ä/+ x" }, "cnryQUERY60a7d9&ä/+ x"),
    ];

    private static readonly JsonObject[] Rotated =
    [
        new() { ["type"] = "bearer", ["token"] = "cnryREFUSED31c4" },
        new() { ["type"] = "bearer", ["token"] = "cnryROTATED77e0" },
        new() { ["type"] = "query", ["name"] = "k", ["value"] = "cnryUNDECIDED99b1" },
    ];

    private readonly HttpClient http = new(new SocketsHttpHandler { AllowAutoRedirect = false });
    private readonly Dictionary<string, EchoGateway> gateways = [];
    private readonly Dictionary<string, string> ids = [];
    private readonly HashSet<(string Key, string Hash)> evidence = [];
    private readonly List<(string Where, string Text, bool MayTellUrls)> written = [];
    private Service service = null!;
    private string ownKey = "";
    private string otherKey = "";
    private Person owner = null!;
    private Person staff = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        service = await Service.StartAsync(("Logging__LogLevel__Default", "Trace"), ("Selection__Standbys", "5"), ("Probing__Interval", "00:00:01"), ("Selection__Interval", "00:00:02"), ("Limits__SignInsPerMinute", "0"));
        ownKey = (await service.RunAsync("keys", "create", "--name", "own", "--scope", "provider", "--provider", "acme")).Trim();
        otherKey = (await service.RunAsync("keys", "create", "--name", "other", "--scope", "provider", "--provider", "other")).Trim();
        await service.PutAsync($"/api/v1/regions/{Region}", new JsonObject());
        await service.PutAsync("/api/v1/chains/0021", new JsonObject { ["protocol"] = "evm", ["identity"] = "1", ["blockTimeSeconds"] = 1, ["lagToleranceBlocks"] = 10 });
        foreach (var provider in new[] { "acme", "other" })
            await service.PutAsync($"/api/v1/providers/{provider}", new JsonObject());
        foreach (var (label, auth, secret) in Altruists)
        {
            gateways[label] = await EchoGateway.StartAsync(secret[..12]);
            var made = await service.PostAsync("/api/v1/altruists", new JsonObject
            {
                ["provider"] = "acme",
                ["chains"] = new JsonArray("0021"),
                ["regions"] = new JsonArray(Region),
                ["label"] = label,
                ["url"] = $"{gateways[label].Url}/cnryPATH{label}4b/rpc",
                ["urls"] = new JsonObject { ["rest"] = $"{gateways[label].Url}/cnryREST{label}4b/rest" },
                ["auth"] = auth.DeepClone(),
            });
            written.Add(("the answer to the registration", made.ToJsonString(), MayTellUrls: true));
            ids[label] = made["id"]!.GetValue<string>();
        }

        owner = await SignInAsync("owner@acme.example", "--role", "provider", "--provider", "acme");
        staff = await SignInAsync("staff@manager.example", "--role", "staff");
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        owner.Dispose();
        staff.Dispose();
        await service.DisposeAsync();
        foreach (var gateway in gateways.Values)
            await gateway.DisposeAsync();
    }

    [Fact]
    public async Task Secrets_of_endpoints_are_nowhere_but_in_what_portals_are_told()
    {
        // Found where they belong: portals cannot use the altruists without.
        var selection = await Eventually.SeeAsync("all four are published", async () =>
            await service.PollAsync("0021", Region) is (HttpStatusCode.OK, var body, _) && body["standbys"]!.AsArray().Count == 3 ? body : null);
        foreach (var (label, auth, _) in Altruists)
            Assert.Contains(selection["standbys"]!.AsArray().Append(selection["primary"]), altruist => JsonNode.DeepEquals(altruist!["auth"], auth) && altruist["url"]!.GetValue<string>().Contains($"cnryPATH{label}4b", StringComparison.Ordinal));

        foreach (var mood in new[] { GatewayMood.Tells, GatewayMood.Errors, GatewayMood.Page, GatewayMood.Refuses, GatewayMood.Throttles })
        {
            foreach (var gateway in gateways.Values)
                gateway.Mood = mood;
            await ReasonsAsync(mood);
            await ReadEverythingAsync();
        }

        foreach (var gateway in gateways.Values)
            gateway.Mood = GatewayMood.Good;
        foreach (var id in ids.Values)
            await Eventually.BeTrueAsync($"{id} is healthy again", async () => (await service.GetAsync($"/api/v1/altruists/{id}"))["state"]!.GetValue<string>() == "healthy");
        await RotateAsync();
        await ChangeAsync();
        await ReadEverythingAsync();
        written.Add(("the log", service.Output, MayTellUrls: false));

        // What the database still has in its log of writes stays there for the search.
        service.Kill();
        await service.StartAgainAsync();
        await ReadEverythingAsync();
        service.Kill();
        written.Add(("the log after a restart", service.Output, MayTellUrls: false));
        foreach (var file in Directory.GetFiles(service.Folder, "*", SearchOption.AllDirectories))
            written.Add((file, Encoding.Latin1.GetString(await File.ReadAllBytesAsync(file, Cancellation)), MayTellUrls: false));
        foreach (var (generation, body) in EntriesOf(Path.Combine(service.Folder, "test.db")))
            written.Add(($"entry {generation}", body, MayTellUrls: false));

        Assert.True(written.Count > 100, $"only {written.Count} texts were searched");
        var needles = Altruists.Select(altruist => altruist.Secret[..10])
            .Concat(Rotated.SelectMany(auth => auth).Select(field => field.Value!.GetValue<string>()).Where(value => value.StartsWith("cnry", StringComparison.Ordinal)).Select(value => value[..10])).ToList();
        // In base64 only what is long enough not to be there by chance: a page or a file may hold what is encrypted.
        string[] paths =
        [
            "cnryPATH", "cnryREST", "cnryMOVED",
            .. Altruists.SelectMany(altruist => Forms($"cnryPATH{altruist.Label}4b").Concat(Forms($"cnryREST{altruist.Label}4b"))), .. Forms("cnryMOVED1"), .. Forms("cnryMOVED2"),
        ];
        var found = written.SelectMany(text => needles.SelectMany(Forms).Concat(text.MayTellUrls ? [] : paths)
            .Where(form => text.Text.Contains(form, StringComparison.OrdinalIgnoreCase))
            .Select(form => $"{form} in {text.Where}: {Around(text.Text, form)}")).Distinct().ToList();
        Assert.True(found.Count == 0, string.Join('\n', found.Take(40)));
    }

    /// <summary>Until what the gateways say in this mood stands in a probe of each altruist.</summary>
    private async Task ReasonsAsync(GatewayMood mood)
    {
        var since = TimeProvider.System.GetUtcNow();
        foreach (var id in ids.Values)
        {
            await Eventually.BeTrueAsync($"{id} was probed while its gateway was {mood}", async () =>
                DateTimeOffset.Parse((await service.GetAsync($"/api/v1/altruists/{id}"))["lastProbeAt"]!.GetValue<string>(), System.Globalization.CultureInfo.InvariantCulture) > since.AddSeconds(2));
        }
    }

    /// <summary>New credentials that are refused, taken, and not decided.</summary>
    private async Task RotateAsync()
    {
        var gateway = gateways["bearer"];
        gateway.Wants = "cnryBEARER";
        Assert.Equal(HttpStatusCode.BadRequest, await PutCredentialsAsync(ids["bearer"], Rotated[0]));
        gateway.Wants = "cnry";
        await Task.Delay(TimeSpan.FromMilliseconds(300), TimeProvider.System, Cancellation);
        Assert.Equal(HttpStatusCode.OK, await PutCredentialsAsync(ids["bearer"], Rotated[1]));
        (gateways["header"].Wants, gateways["header"].Mood) = ("cnry", GatewayMood.Throttles);
        Assert.Equal(HttpStatusCode.Accepted, await PutCredentialsAsync(ids["header"], Rotated[2]));
        await Eventually.BeTrueAsync("the new credentials are published", async () =>
            (await service.PollAsync("0021", Region)).Body.ToJsonString().Contains("cnryROTATED", StringComparison.Ordinal));
    }

    /// <summary>Changed URLs, good ones and ones that are refused in words.</summary>
    private async Task ChangeAsync()
    {
        foreach (var (id, change) in new[]
        {
            (ids["basic"], new JsonObject { ["url"] = $"{gateways["basic"].Url}/cnryMOVED1/rpc" }),
            (ids["query"], new JsonObject { ["url"] = "https://user:cnryMOVED2@a.example" }),
            (ids["query"], new JsonObject { ["auth"] = new JsonObject { ["type"] = "basic", ["username"] = "a:b", ["password"] = "cnryQUERY60a7d9\n" } }),
            (ids["query"], new JsonObject { ["auth"] = new JsonObject { ["type"] = "bearer", ["token"] = new JsonObject { ["cnryQUERY60a7d9"] = 1 } } }),
        })
        {
            await SendAsync(HttpMethod.Patch, $"/api/v1/altruists/{id}", service.StaffKey, mayTellUrls: true, change);
        }

        await Eventually.BeTrueAsync("the changed URL is published", async () =>
            (await service.PollAsync("0021", Region)).Body.ToJsonString().Contains("cnryMOVED1", StringComparison.Ordinal));
    }

    private Task<HttpStatusCode> PutCredentialsAsync(string id, JsonObject auth) =>
        SendAsync(HttpMethod.Put, $"/api/v1/altruists/{id}/credentials", ownKey, mayTellUrls: true, new JsonObject { ["auth"] = auth.DeepClone() });

    /// <summary>All that may be read, as everybody who may read; but for what portals are told of slots.</summary>
    private async Task ReadEverythingAsync()
    {
        foreach (var (key, whole) in new[] { (null, false), (otherKey, false), (ownKey, true), (service.PortalKey, true), (service.StaffKey, true) })
        {
            foreach (var path in new[]
            {
                "altruists", "chains", "chains/0021", "providers", "providers/acme", "regions", $"regions/{Region}", "protocols", $"decisions?chain=0021&region={Region}&limit=200",
                "transparency/head", "transparency/key", "transparency/entries?limit=200",
            }.Concat(ids.Values.SelectMany(id => new[] { $"altruists/{id}", $"altruists/{id}/changes?limit=200", $"altruists/{id}/standing" })))
            {
                await ReadAsync(path, key, whole, mayRead: true);
            }

            foreach (var id in ids.Values)
            {
                foreach (var path in new[] { $"altruists/{id}/probes?limit=200", $"altruists/{id}/budget" })
                    await ReadAsync(path, key, whole, mayRead: key == ownKey || key == service.StaffKey);
                foreach (var hash in (await HashesAsync(id)).Where(hash => evidence.Add((key ?? "", hash))))
                    await ReadAsync($"altruists/{id}/evidence/{hash}", key, whole, mayRead: key == ownKey || key == service.StaffKey);
                await SendAsync(HttpMethod.Post, $"/api/v1/altruists/{id}/test", key, whole, new JsonObject());
            }

            foreach (var path in new[] { "overrides", "holds", "portals", "publishers" })
                await ReadAsync(path, key, whole, mayRead: key == service.StaffKey);
            // Portals and staff are told the secrets there, as in the selections.
            if (key != service.PortalKey && key != service.StaffKey)
                await ReadAsync($"selections/stream?region={Region}", key, whole, mayRead: false);
        }

        foreach (var key in new[] { ownKey, service.StaffKey })
        {
            await ReadAsync("audit?limit=200", key, whole: false, mayRead: true);
            await ReadAsync("audit?limit=200", key, whole: false, mayRead: true, accept: "text/csv");
        }

        await ReadPagesAsync();
        foreach (var path in new[] { "/", "/altruists", "/methodology", $"/slots/0021/{Region}", "/openapi/v1.json", "/healthz/live", "/healthz/ready", "/healthz/fresh", "/nothing" }.Concat(ids.Values.Select(id => $"/altruists/{id}")))
            await SendAsync(HttpMethod.Get, path, null, mayTellUrls: false);
        var decisions = await service.GetAsync($"/api/v1/decisions?chain=0021&region={Region}&limit=3");
        foreach (var decision in decisions["items"]!.AsArray())
        {
            await ReadAsync($"decisions/{decision!["id"]}", null, whole: false, mayRead: true);
            await ReadAsync($"transparency/entries/{decision["generation"]}", null, whole: false, mayRead: true);
            await ReadAsync($"transparency/entries/{decision["generation"]}/header", null, whole: false, mayRead: true);
        }
    }

    /// <summary>What those who are signed in see.</summary>
    private async Task ReadPagesAsync()
    {
        string[] own =
        [
            "/my/acme", "/my/acme/add", "/my/acme/import", "/my/acme/import/altruists.csv", "/my/acme/keys", "/my/acme/settings", "/my/acme/team", "/account",
            .. ids.Values.SelectMany(id => new[] { $"/my/acme/altruists/{id}", $"/my/acme/altruists/{id}/edit" }),
        ];
        string[] ofStaff =
        [
            "/admin", "/admin/altruists", "/admin/audit", "/admin/audit.csv", "/admin/chains", "/admin/chains/0021", "/admin/jobs", "/admin/overrides", "/admin/portals", "/admin/providers",
            "/admin/providers/acme", "/admin/publishers", "/admin/regions", "/admin/settings", "/admin/users",
        ];
        string[] ofAll = ["/", "/altruists", "/transparency", $"/slots/0021/{Region}", .. ids.Values.Select(id => $"/altruists/{id}")];
        foreach (var path in own.Concat(ofAll))
            written.Add(($"page {path} of the owner", await owner.ReadAsync(path), MayTellUrls: true));
        foreach (var path in own.Append("/my").Concat(ofStaff).Concat(ofAll))
            written.Add(($"page {path} of staff", await staff.ReadAsync(path), MayTellUrls: true));
    }

    private async Task<Person> SignInAsync(string email, params string[] role)
    {
        await service.TellAsync(Person.Password, ["users", "create", "--email", email, .. role]);
        var person = new Person(new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = service.Address });
        await Eventually.BeTrueAsync($"{email} is signed in", async () =>
        {
            using var answer = await person.SignInAsync(email);
            using var page = await person.GetAsync("/account");
            return page.StatusCode == HttpStatusCode.OK;
        });
        return person;
    }

    /// <summary>Of the evidence that the changes of an altruist rest on.</summary>
    private async Task<IEnumerable<string>> HashesAsync(string id) =>
        (await service.GetAsync($"/api/v1/altruists/{id}/changes?limit=200"))["items"]!.AsArray().Select(change => change!["evidence"]?.GetValue<string>()).OfType<string>();

    /// <summary>A call that is not there, or is refused to whom it should be open, would leave its answer out of the search.</summary>
    private async Task ReadAsync(string path, string? key, bool whole, bool mayRead, string? accept = null)
    {
        var status = await SendAsync(HttpMethod.Get, $"/api/v1/{path}", key, whole, accept: accept);
        Assert.True(
            mayRead ? status == HttpStatusCode.OK : status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.NotFound,
            $"GET {path} as {key?[..12] ?? "nobody"} → {(int)status}");
    }

    private async Task<HttpStatusCode> SendAsync(HttpMethod method, string path, string? key, bool mayTellUrls, JsonObject? body = null, string? accept = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(service.Address, path));
        if (accept is not null)
            request.Headers.Accept.ParseAdd(accept);
        if (key is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        if (body is not null)
            request.Content = JsonContent.Create(body);
        using var response = await http.SendAsync(request, Cancellation);
        written.Add(($"{method} {path} as {key?[..12] ?? "nobody"}", $"{response}\n{await response.Content.ReadAsStringAsync(Cancellation)}", mayTellUrls));
        return response.StatusCode;
    }

    /// <summary>The bodies of the public log, which are compressed in the file.</summary>
    private static List<(long Generation, string Body)> EntriesOf(string file)
    {
        var entries = new List<(long, string)>();
        AltruistManager.Storage.SqliteLibrary.Load();
        using var connection = new SqliteConnection($"Data Source={file};Pooling=false");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "select generation, body from log_entries where body is not null";
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            using var brotli = new BrotliStream(new MemoryStream((byte[])reader[1]), CompressionMode.Decompress);
            using var body = new MemoryStream();
            brotli.CopyTo(body);
            entries.Add((reader.GetInt64(0), Encoding.Latin1.GetString(body.ToArray())));
        }

        Assert.NotEmpty(entries);
        return entries;
    }

    /// <summary>As it is, and in base64 wherever in a longer text it begins. Its letters are the same in a URL, in HTML and in JSON.</summary>
    private static IEnumerable<string> Forms(string needle)
    {
        yield return needle;
        for (var shift = 0; shift < 3; shift++)
        {
            // What depends on the neighbours is left out on both sides.
            var encoded = Convert.ToBase64String(Encoding.UTF8.GetBytes(new string('x', shift) + needle)).TrimEnd('=');
            yield return encoded[(shift == 0 ? 0 : 4)..^3];
        }
    }

    private static string Around(string text, string needle)
    {
        var at = text.IndexOf(needle, StringComparison.OrdinalIgnoreCase);
        var start = Math.Max(0, at - 80);
        return text.Substring(start, Math.Min(text.Length - start, 200)).ReplaceLineEndings(" ");
    }
}
