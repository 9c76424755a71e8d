using AltruistManager.Accounts;
using AltruistManager.Storage;
using AltruistManager.Web.Security;

namespace AltruistManager.Benchmarks.Api;

/// <summary>The recorded answer from a Kestrel endpoint behind the service's own authentication, authorisation and limiter.</summary>
internal static class StackServer
{
    public static async Task<int> RunAsync(string file, string database)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Configuration["Storage:ConnectionString"] = $"Data Source={database}";
        builder.Configuration["Limits:RequestsPerSecond"] = "1000000";
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddOptions<StorageOptions>().BindConfiguration(StorageOptions.Section);
        builder.Services.AddOptions<LimitsOptions>().BindConfiguration(LimitsOptions.Section);
        builder.Services.AddStorage().AddAccounts();
        builder.Services.AddKeySecurity().AddRateLimits();

        await using var app = builder.Build();
        app.UseRouting();
        app.UseAuthentication();
        app.UseRateLimiter();
        app.UseAuthorization();
        app.MapGet("/api/v1/selections/{chain}", new Replay(RecordedAnswer.Load(file)).WriteAsync).RequireAuthorization(Policies.Portal);
        await app.Services.GetRequiredService<Database>().PrepareAsync(create: false, CancellationToken.None);
        await app.Services.GetRequiredService<ApiKeyRing>().RefreshAsync(CancellationToken.None);
        await app.StartAsync();
        Console.WriteLine(app.Urls.Single());
        await app.WaitForShutdownAsync();
        return 0;
    }
}
