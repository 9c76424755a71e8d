using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;

namespace AltruistManager.Web.Tests.EndToEnd;

/// <summary>The real process with a database of its own, seconds instead of minutes, driven through its commands and its REST calls only.</summary>
internal sealed partial class Service : IAsyncDisposable
{
    private readonly HttpClient http = new() { Timeout = TimeSpan.FromMinutes(2) };
    private readonly IPAddress host = OwnAddress.Draw();
    private readonly string folder = Directory.CreateTempSubdirectory("altruist-manager-test-").FullName;
    private readonly Dictionary<string, string> settings;
    private readonly IReadOnlyList<string> launcher;
    private ChildProcess? process;

    private Service(Dictionary<string, string> settings, IReadOnlyList<string> launcher)
    {
        this.launcher = launcher;
        this.settings = new Dictionary<string, string>
        {
            ["Storage__ConnectionString"] = $"Data Source={Path.Combine(folder, "test.db")}",
            ["Probing__AllowHttp"] = "true",
            ["Probing__AllowedPrivateNetworks__0"] = "127.0.0.0/8",
            ["Probing__Interval"] = "00:00:02",
            ["Probing__HotInterval"] = "00:00:00.300",
            ["Probing__RetryInterval"] = "00:00:00.200",
            // So generous that a busy machine alone makes nothing look ill.
            ["Probing__Timeout"] = "00:00:10",
            ["Probing__HotTimeout"] = "00:00:10",
            ["Health__CooldownInitial"] = "00:00:01",
            ["Selection__Interval"] = "00:00:04",
            ["Selection__Window"] = "00:10:00",
            ["Limits__RequestsPerSecond"] = "0",
            ["Limits__AnonymousRequestsPerSecond"] = "0",
        };
        foreach (var (name, value) in settings)
            this.settings[name] = value;
    }

    public Uri Address { get; private set; } = null!;

    public string StaffKey { get; private set; } = "";

    public string PortalKey { get; private set; } = "";

    /// <summary>Where the process keeps everything.</summary>
    public string Folder => folder;

    /// <summary>What it has printed since it was started last.</summary>
    public string Output => process!.Output;

    public int ProcessId => process!.Id ?? throw new InvalidOperationException("The service has ended.");

    /// <summary>Memory of the process that is in use now.</summary>
    public long ResidentBytes
    {
        get
        {
            var line = File.ReadLines($"/proc/{ProcessId}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
            return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]) * 1024;
        }
    }

    public static Task<Service> StartAsync(params (string Name, string Value)[] settings) => StartAsync([], settings);

    /// <param name="launcher">A command that runs the service as its last arguments, in circumstances of its own; must become it (exec).</param>
    public static async Task<Service> StartAsync(IReadOnlyList<string> launcher, params (string Name, string Value)[] settings)
    {
        var service = new Service(settings.ToDictionary(setting => setting.Name, setting => setting.Value), launcher);
        try
        {
            service.StaffKey = await service.CreateKeyAsync("staff");
            service.PortalKey = await service.CreateKeyAsync("portal");
            await service.StartAgainAsync();
            return service;
        }
        catch
        {
            await service.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the process at the port it had, and returns when it listens.</summary>
    public async Task StartAgainAsync()
    {
        process?.Dispose();
        var start = Launched(Command("serve", "--urls", Address is null ? $"http://{host}:0" : Address.GetLeftPart(UriPartial.Authority)));
        process = await ChildProcess.StartAsync(start, Listening());
        Address = new Uri($"http://{host}:{process.Port}");
    }

    public void Kill() => process!.Kill();

    /// <summary>Kills it, loses everything it kept, and starts it at the port it had with a new database and new keys.</summary>
    /// <param name="keysOf">A folder with a copy of the database that was lost: its keys are good again.</param>
    public async Task StartFromNothingAsync(string? keysOf = null)
    {
        Kill();
        Directory.Delete(folder, recursive: true);
        Directory.CreateDirectory(folder);
        StaffKey = await CreateKeyAsync("staff");
        PortalKey = await CreateKeyAsync("portal");
        if (keysOf is not null)
            TakeKeys(keysOf);
        await StartAgainAsync();
    }

    /// <summary>What the command prints on standard output.</summary>
    public Task<string> RunAsync(params string[] arguments) => TellAsync("", arguments);

    /// <summary>The same for a command that reads a line.</summary>
    public async Task<string> TellAsync(string line, params string[] arguments)
    {
        var start = Command(arguments);
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        using var command = Process.Start(start)!;
        await command.StandardInput.WriteLineAsync(line);
        command.StandardInput.Close();
        var errors = command.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await command.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await command.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(command.ExitCode == 0, $"{string.Join(' ', arguments)} ended with {command.ExitCode}: {await errors}");
        return output;
    }

    public Task<JsonNode> GetAsync(string path) => SendAsync(HttpMethod.Get, path, null);

    /// <summary>The answer as it came.</summary>
    public async Task<string> GetTextAsync(string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Address, path));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", StaffKey);
        using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, $"GET {path} → {(int)response.StatusCode}: {text}");
        return text;
    }

    public Task<JsonNode> PutAsync(string path, JsonNode body) => SendAsync(HttpMethod.Put, path, body);

    public Task<JsonNode> DeleteAsync(string path) => SendAsync(HttpMethod.Delete, path, null);

    public Task<JsonNode> PostAsync(string path, JsonNode? body = null) => SendAsync(HttpMethod.Post, path, body);

    /// <summary>Registers an altruist and the provider it belongs to.</summary>
    /// <returns>Its id.</returns>
    public async Task<string> AddAltruistAsync(string provider, string label, string chain, string region, string url)
    {
        await PutAsync($"/api/v1/providers/{provider}", new JsonObject { ["name"] = provider });
        var altruist = await PostAsync("/api/v1/altruists", new JsonObject
        {
            ["provider"] = provider,
            ["chains"] = new JsonArray(chain),
            ["url"] = url,
            ["regions"] = new JsonArray(region),
            ["label"] = label,
        });
        return altruist["id"]!.GetValue<string>();
    }

    /// <summary>What a portal gets: with its own key, whatever the status.</summary>
    public async Task<(HttpStatusCode Status, JsonNode Body, HttpResponseHeaders Headers)> PollAsync(string chain, string region)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Address, $"/api/v1/selections/{chain}?region={region}"));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", PortalKey);
        using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
        return (response.StatusCode, (await response.Content.ReadFromJsonAsync<JsonNode>(TestContext.Current.CancellationToken))!, response.Headers);
    }

    /// <summary>The altruist in use; null while the slot has none.</summary>
    public async Task<string?> PickAsync(string chain, string region)
    {
        var (status, body, _) = await PollAsync(chain, region);
        return status == HttpStatusCode.OK ? body["primary"]!["altruist"]!.GetValue<string>() : null;
    }

    /// <summary>The decisions of a slot, newest first, as anybody may read them.</summary>
    public async Task<IReadOnlyList<JsonNode>> DecisionsAsync(string chain, string region)
    {
        var all = new List<JsonNode>();
        string? next = null;
        do
        {
            var page = await GetAsync($"/api/v1/decisions?chain={chain}&region={region}&limit=200{(next is null ? "" : $"&before={next}")}");
            all.AddRange(page["items"]!.AsArray()!);
            next = page["next"]?.GetValue<string>();
        }
        while (next is not null);
        return all;
    }

    public ValueTask DisposeAsync()
    {
        if (process is not null)
        {
            // Shown with a test that failed.
            TestContext.Current.TestOutputHelper?.WriteLine(string.Join('\n', process.Output.Split('\n').TakeLast(150)));
            process.Dispose();
        }

        http.Dispose();
        Directory.Delete(folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    private async Task<string> CreateKeyAsync(string scope) =>
        (await RunAsync("keys", "create", "--name", $"test-{scope}", "--scope", scope)).Trim();

    private async Task<JsonNode> SendAsync(HttpMethod method, string path, JsonNode? body)
    {
        using var request = new HttpRequestMessage(method, new Uri(Address, path));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", StaffKey);
        if (body is not null)
            request.Content = JsonContent.Create(body);
        using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, $"{method} {path} → {(int)response.StatusCode}: {text}");
        return text.Length == 0 ? new JsonObject() : JsonNode.Parse(text)!;
    }

    private void TakeKeys(string from)
    {
        AltruistManager.Storage.SqliteLibrary.Load();
        using var connection = new SqliteConnection($"Data Source={Path.Combine(folder, "test.db")};Pooling=false");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "attach database @Old as old; insert or ignore into portals select * from old.portals; insert into api_keys select * from old.api_keys;";
        command.Parameters.AddWithValue("@Old", Path.Combine(from, "test.db"));
        command.ExecuteNonQuery();
    }

    private ProcessStartInfo Launched(ProcessStartInfo command)
    {
        if (launcher.Count == 0)
            return command;
        var start = new ProcessStartInfo(launcher[0]) { WorkingDirectory = command.WorkingDirectory };
        foreach (var argument in launcher.Skip(1).Append(command.FileName).Concat(command.ArgumentList))
            start.ArgumentList.Add(argument);
        foreach (var (name, value) in settings)
            start.Environment[name] = value;
        return start;
    }

    private ProcessStartInfo Command(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { WorkingDirectory = folder };
        start.ArgumentList.Add("exec");
        start.ArgumentList.Add(Checkout.Service);
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        foreach (var (name, value) in settings)
            start.Environment[name] = value;
        return start;
    }

    [GeneratedRegex(@"http://127[0-9.]+:(\d+)")]
    private static partial Regex Listening();
}
