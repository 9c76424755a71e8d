using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using AltruistManager.Accounts;

namespace AltruistManager.Web.Tests;

/// <summary>
/// The real application on a real port with a database of its own in a temporary folder. Share one in a class:
/// <code>
/// public sealed class RegionsApiTests(AppFixture app) : IClassFixture&lt;AppFixture&gt;
/// {
///     var answer = await app.Staff.PutAsJsonAsync("/api/v1/regions/us-east", new { name = "US East" }, cancellation);
///     Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
///     var problem = await app.Provider("acme").GetProblemAsync("/api/v1/overrides", cancellation);   // status, type, errors
/// </code>
/// <c>Anonymous</c>, <c>Portal</c>, <c>Staff</c> and <c>Provider("id")</c> are clients with a key of that scope. <c>Services</c> gives what
/// runs inside. A test that needs settings of its own makes <c>await AppFixture.StartAsync(("Limits:RequestsPerSecond", "5"))</c> and disposes it.
/// </summary>
public sealed class AppFixture : IAsyncLifetime
{
    private readonly (string Key, string Value)[] settings;
    private readonly string folder = Directory.CreateTempSubdirectory("altruist-manager-test-").FullName;
    private readonly Dictionary<string, string?> keys = [];
    private readonly Dictionary<string, HttpClient> clients = [];
    private WebApplication? service;

    public AppFixture()
        : this([])
    {
    }

    private AppFixture((string Key, string Value)[] settings) => this.settings = settings;

    /// <summary>Where the database and the last-good file are.</summary>
    public string Folder => folder;

    public Uri Address => new(service!.Urls.Single());

    public IServiceProvider Services => service!.Services;

    public HttpClient Anonymous => clients["anonymous"];

    public HttpClient Portal => clients["portal"];

    public HttpClient Staff => clients["staff"];

    public static async Task<AppFixture> StartAsync(params (string Key, string Value)[] settings)
    {
        var app = new AppFixture(settings);
        await app.InitializeAsync();
        return app;
    }

    public async ValueTask InitializeAsync()
    {
        await BeginAsync();
        keys["anonymous"] = null;
        keys["portal"] = await CreateKeyAsync(KeyScope.Portal);
        keys["staff"] = await CreateKeyAsync(KeyScope.Staff);
        MakeClients();
    }

    /// <summary>Stops the service, does what is to be done to its files meanwhile, and starts it again; the clients keep their keys.</summary>
    public async Task RestartAsync(Action meanwhile)
    {
        await StopAsync();
        meanwhile();
        await BeginAsync();
        MakeClients();
    }

    /// <summary>A client with a provider's key; the provider itself need not exist.</summary>
    public HttpClient Provider(string id)
    {
        lock (clients)
        {
            if (!clients.TryGetValue("provider " + id, out var client))
            {
                keys["provider " + id] = CreateKeyAsync(KeyScope.Provider, provider: id).GetAwaiter().GetResult();
                clients["provider " + id] = client = Client(keys["provider " + id]);
            }

            return client;
        }
    }

    public async Task<string> CreateKeyAsync(KeyScope scope, string? provider = null, string? portal = null, DateTimeOffset? expiresAt = null) =>
        (await Services.GetRequiredService<ApiKeyStore>().CreateAsync(Actor.Operator, "test", scope, provider, portal, expiresAt, CancellationToken.None)).Key!;

    /// <summary>A client that sends this key; null sends none.</summary>
    public HttpClient Client(string? key)
    {
        var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = Address };
        if (key is not null)
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return client;
    }

    /// <summary>
    /// An interval of rounds of which no test meets one. They are on the clock of the wall, at every multiple since the epoch: of these intervals the one whose next is furthest
    /// away, which is six hours at any time of day.
    /// </summary>
    public static string FarRounds { get; } = FarRoundsAt(TimeProvider.System.GetUtcNow()).ToString("c", CultureInfo.InvariantCulture);

    private static TimeSpan FarRoundsAt(DateTimeOffset now) =>
        Enumerable.Range(12, 13).Select(hours => TimeSpan.FromHours(hours)).MaxBy(interval => interval.Ticks - (now - DateTimeOffset.UnixEpoch).Ticks % interval.Ticks);

    /// <summary>The service is put together here rather than by the framework's test host, which races with a service that opens its port quickly.</summary>
    private async Task BeginAsync()
    {
        (string Key, string? Value)[] values =
        [
            ("Storage:ConnectionString", $"Data Source={folder}/test.db"),
            ("Limits:RequestsPerSecond", "0"),
            ("Limits:AnonymousRequestsPerSecond", "0"),
            ("Limits:SignInsPerMinute", "0"),
            // Rounds and sweeps happen when a test asks for them.
            ("Probing:Interval", "01:00:00"),
            // Nobody falls, and no test of an endpoint fails, because this machine is busy.
            ("Probing:Timeout", "00:00:30"),
            ("Probing:HotTimeout", "00:00:30"),
            ("Selection:Interval", FarRounds),
            ("Selection:Window", FarRounds),
            ("Probing:AllowHttp", "true"),
            ("Probing:AllowedPrivateNetworks:0", "127.0.0.0/8"),
            .. settings,
        ];
        var overrides = new Dictionary<string, string?>();
        foreach (var (key, value) in values)
            overrides[key] = value;
        service = Service.Build(["--environment", "Production", "--urls", "http://127.0.0.1:0"], overrides);
        await service.StartAsync();
    }

    private void MakeClients()
    {
        lock (clients)
        {
            foreach (var client in clients.Values)
                client.Dispose();
            foreach (var (name, key) in keys)
                clients[name] = Client(key);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var client in clients.Values)
            client.Dispose();
        if (service is not null)
            await StopAsync();
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (IOException)
        {
            // The service writes its last-good file when it stops, which may be just now; the folder is a temporary one.
        }
    }

    private async Task StopAsync()
    {
        await service!.StopAsync();
        await service.DisposeAsync();
    }
}

/// <summary>A problem detail as a caller sees it.</summary>
/// <param name="Slug">The last part of <c>type</c>.</param>
public sealed record ProblemAnswer(int Status, string Slug, string? Detail, IReadOnlyDictionary<string, string[]> Errors, HttpResponseMessage Response);

public static class HttpClientExtensions
{
    public static async Task<JsonElement> GetJsonAsync(this HttpClient client, string path, CancellationToken cancellation)
    {
        using var answer = await client.GetAsync(path, cancellation);
        return await answer.ReadJsonAsync(cancellation);
    }

    /// <summary>The body of a good answer.</summary>
    public static async Task<JsonElement> ReadJsonAsync(this HttpResponseMessage answer, CancellationToken cancellation)
    {
        Assert.True(answer.IsSuccessStatusCode, $"{(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync(cancellation)}");
        return await answer.Content.ReadFromJsonAsync<JsonElement>(cancellation);
    }

    public static async Task<ProblemAnswer> GetProblemAsync(this HttpClient client, string path, CancellationToken cancellation) =>
        await (await client.GetAsync(path, cancellation)).ReadProblemAsync(cancellation);

    /// <summary>The body of a bad answer, which must be a problem detail whose status is that of the answer.</summary>
    public static async Task<ProblemAnswer> ReadProblemAsync(this HttpResponseMessage answer, CancellationToken cancellation)
    {
        var text = await answer.Content.ReadAsStringAsync(cancellation);
        Assert.True(answer.Content.Headers.ContentType?.MediaType == "application/problem+json", $"{(int)answer.StatusCode} {answer.Content.Headers.ContentType} {text}");
        var problem = JsonDocument.Parse(text).RootElement;
        Assert.Equal((int)answer.StatusCode, problem.GetProperty("status").GetInt32());
        var errors = problem.TryGetProperty("errors", out var fields)
            ? fields.EnumerateObject().ToDictionary(field => field.Name, field => field.Value.EnumerateArray().Select(error => error.GetString()!).ToArray())
            : [];
        return new ProblemAnswer(
            (int)answer.StatusCode,
            problem.GetProperty("type").GetString()!.Split(':')[^1],
            problem.TryGetProperty("detail", out var detail) ? detail.GetString() : null,
            errors,
            answer);
    }
}
