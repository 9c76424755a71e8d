using AltruistManager.Accounts;
using AltruistManager.Altruists;
using AltruistManager.Storage;
using AltruistManager.Traffic;
using AltruistManager.Web;
using AltruistManager.Web.Security;

namespace AltruistManager.Benchmarks.Api;

/// <summary>The recorded answer from a Kestrel endpoint behind the service's own authentication, authorisation and limiter.</summary>
internal static class StackServer
{
    public static async Task<int> RunAsync(string file, string database)
    {
        var builder = ServiceBuilder.Create([], new Dictionary<string, string?>
        {
            ["urls"] = "http://127.0.0.1:0",
            ["Storage:ConnectionString"] = $"Data Source={database}",
            ["Limits:RequestsPerSecond"] = "1000000",
        });
        Settings.Read(builder.Configuration).AddTo(builder.Services);
        builder.Services.AddStorage().AddAccounts();
        builder.Services.AddSingleton(new RosterCache()).AddSingleton<PortalStore>().AddSingleton<PortalBook>();
        builder.Services.AddKeySecurity().AddRateLimits();

        await using var app = builder.Build();
        app.UseRouting();
        app.UseAuthentication();
        app.UseRateLimiter();
        app.UseAuthorization();
        app.MapGet("/api/v1/selections/{chain}", new Replay(RecordedAnswer.Load(file)).WriteAsync).RequireAuthorization(Policies.Portal);
        await app.Services.GetRequiredService<Database>().PrepareAsync(create: false, CancellationToken.None);
        await app.Services.GetRequiredService<ApiKeyRing>().RefreshAsync(CancellationToken.None);
        await app.Services.GetRequiredService<PortalBook>().RefreshAsync(CancellationToken.None);
        await app.RunAsync();
        return 0;
    }
}
