using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using AltruistManager.Accounts;
using AltruistManager.Altruists;
using AltruistManager.Storage;
using AltruistManager.Web.Security;
using Microsoft.AspNetCore.Components.Endpoints;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace AltruistManager.Web.Ui.Pages.Setup;

/// <summary>
/// The first run. While nobody can sign in, whoever reads the log makes the first staff user by the token in it; the rest of the way is staff's. Where there is nothing to show either,
/// every page leads there. It is closed for good at its end.
/// </summary>
internal sealed partial class FirstRun(
    UserBook users, RosterCache roster, SetupStore store, Initialisation initialisation, IServer server, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<FirstRun> logger)
    : BackgroundService
{
    public const string Start = "/setup";

    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(200);

    private volatile bool isClosed = true;
    private bool isKnown;

    /// <summary>Of this process: whoever reads its log may use it while nobody can sign in.</summary>
    internal string Token { get; } = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(24));

    /// <summary>True until it was gone through to its end.</summary>
    public bool IsOpen => !isClosed;

    /// <summary>Nobody can sign in yet: the token counts.</summary>
    public bool WaitsForStaff => IsOpen && !users.Any;

    /// <summary>There is nobody and nothing: pages have nothing to show but the way to begin.</summary>
    public bool IsEmpty => WaitsForStaff && roster.Current.Chains.Count == 0;

    public bool IsToken(string? text) =>
        WaitsForStaff && text is not null && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(text.Trim()), Encoding.UTF8.GetBytes(Token));

    public async Task CloseAsync(CancellationToken cancellation)
    {
        await store.CloseAsync(cancellation);
        isClosed = true;
    }

    /// <summary>Before the port opens, wherever the database is at hand: the first page asked for leads there already.</summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await FindOutAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Its address is known once it listens.
        while (!isKnown || !lifetime.ApplicationStarted.IsCancellationRequested)
        {
            await Task.Delay(Patience, time, stoppingToken);
            await FindOutAsync(stoppingToken);
        }

        if (WaitsForStaff)
            LogBegin($"{AddressOf(server.Features.Get<IServerAddressesFeature>()?.Addresses)}{Start}?token={Token}");
    }

    /// <summary>How far the first run came. A database that is broken says so later: portals are served meanwhile.</summary>
    private async Task FindOutAsync(CancellationToken cancellation)
    {
        if (isKnown || !initialisation.IsDone)
            return;
        try
        {
            isClosed = await store.IsClosedAsync(cancellation);
            isKnown = true;
        }
        catch (Exception failed) when (Database.IsFailure(failed))
        {
            // Asked again soon.
        }
    }

    /// <summary>The first address it listens at, as one that a person can open.</summary>
    private static string AddressOf(IEnumerable<string>? addresses) =>
        (addresses?.FirstOrDefault() ?? "").TrimEnd('/').Replace("://*", "://localhost", StringComparison.Ordinal).Replace("://+", "://localhost", StringComparison.Ordinal)
            .Replace("://0.0.0.0", "://localhost", StringComparison.Ordinal).Replace("://[::]", "://localhost", StringComparison.Ordinal);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Nobody can sign in yet. Set up at {Url} (or: altruist-manager users create)")]
    private partial void LogBegin(string url);
}

internal static class FirstRunSetup
{
    public static IServiceCollection AddFirstRun(this IServiceCollection services)
    {
        // Of the chains of the catalogue all may be chosen at once.
        services.Configure<RazorComponentsServiceOptions>(static forms => forms.MaxFormMappingCollectionSize = 1000);
        services.AddSingleton<FirstRun>();
        services.AddHostedService(static provider => provider.GetRequiredService<FirstRun>());
        services.AddScoped<SetupSteps>();
        return services;
    }

    /// <summary>While there is nobody and nothing, every page leads to the first step; never a call of the API, nor what pages load.</summary>
    public static void UseFirstRun(this WebApplication app)
    {
        var first = app.Services.GetRequiredService<FirstRun>();
        app.Use((context, next) =>
        {
            if (!first.IsEmpty || !context.IsPage() || !HttpMethods.IsGet(context.Request.Method) || context.GetEndpoint()?.Metadata.GetMetadata<ComponentTypeMetadata>() is null
                || context.Request.Path.StartsWithSegments(FirstRun.Start, StringComparison.Ordinal))
            {
                return next(context);
            }

            context.Response.Headers.CacheControl = "no-store";
            context.Response.Redirect(FirstRun.Start);
            return Task.CompletedTask;
        });
    }
}
