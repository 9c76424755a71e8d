using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;

namespace AltruistManager.Benchmarks.Api;

/// <summary>The real service in a folder of its own with default timing, driven through its commands and REST calls only.</summary>
internal sealed class DrivenService(string folder) : IDisposable
{
    private readonly HttpClient staff = new();
    private Uri? address;

    /// <summary>Asks as a portal does.</summary>
    public HttpClient Portal { get; } = new();

    public string PortalKey { get; private set; } = "";

    public string Database => Path.Combine(folder, "bench.db");

    public Uri Address => address ?? throw new InvalidOperationException("The service was not started.");

    public async Task CreateKeysAsync(CancellationToken cancellation)
    {
        staff.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", await CreateKeyAsync("staff", cancellation));
        PortalKey = await CreateKeyAsync("portal", cancellation);
        Portal.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", PortalKey);
    }

    /// <summary>At the port it had, if it was started before; returns when it listens.</summary>
    public async Task<ServerProcess> StartAsync(CancellationToken cancellation)
    {
        var server = await ServerProcess.StartAsync("service", Command("serve", "--urls", address?.GetLeftPart(UriPartial.Authority) ?? "http://127.0.0.1:0"), null, cancellation);
        address = server.Address;
        return server;
    }

    /// <summary>As staff.</summary>
    public async Task<JsonNode?> SendAsync(HttpMethod method, string path, JsonNode? body, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, new Uri(Address, path));
        if (body is not null)
            request.Content = JsonContent.Create(body);
        using var response = await staff.SendAsync(request, cancellation);
        var text = await response.Content.ReadAsStringAsync(cancellation);
        if (!response.IsSuccessStatusCode)
            throw new InvalidOperationException($"{method} {path}: {(int)response.StatusCode} {text}");
        return text.Length == 0 ? null : JsonNode.Parse(text);
    }

    public void Dispose()
    {
        staff.Dispose();
        Portal.Dispose();
    }

    private async Task<string> CreateKeyAsync(string scope, CancellationToken cancellation)
    {
        var start = Command("keys", "create", "--name", $"bench-{scope}", "--scope", scope);
        start.RedirectStandardOutput = true;
        start.UseShellExecute = false;
        using var command = Process.Start(start)!;
        var key = await command.StandardOutput.ReadToEndAsync(cancellation);
        await command.WaitForExitAsync(cancellation);
        return command.ExitCode == 0 ? key.Trim() : throw new InvalidOperationException($"keys create ended with {command.ExitCode}.");
    }

    private ProcessStartInfo Command(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { WorkingDirectory = folder };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "altruist-manager.dll"));
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        start.Environment["Storage__ConnectionString"] = $"Data Source={Database}";
        start.Environment["Probing__AllowHttp"] = "true";
        start.Environment["Probing__AllowedPrivateNetworks__0"] = "127.0.0.0/8";
        // The limiter counts every request, and stops none.
        start.Environment["Limits__RequestsPerSecond"] = "1000000";
        start.Environment["Limits__StreamsPerKey"] = "1000000";
        start.Environment["Limits__ReportsPerMinute"] = "1000000";
        return start;
    }
}
