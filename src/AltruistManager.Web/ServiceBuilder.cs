using AltruistManager.Probing;
using AltruistManager.Scheduling;
using AltruistManager.Storage;
using AltruistManager.Web.Running;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;

namespace AltruistManager.Web;

/// <summary>What the framework needs to know before the service is put together.</summary>
internal static class ServiceBuilder
{
    public static WebApplicationBuilder Create(string[] arguments, IReadOnlyDictionary<string, string?>? overrides = null)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = arguments, ContentRootPath = AppContext.BaseDirectory });
        foreach (var (key, value) in overrides ?? new Dictionary<string, string?>())
            builder.WebHost.UseSetting(key, value);

        // What is written goes out at once and gives its buffer back: were it queued, ten thousand streams that are told the same would hold as many buffers, and the pool would keep them.
        builder.WebHost.UseSockets(static sockets => sockets.UnsafePreferInlineScheduling = true);
        builder.WebHost.ConfigureKestrel(static kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestHeadersTotalSize = 16 * 1024;
            kestrel.Limits.MaxRequestLineSize = 8 * 1024;
            kestrel.Limits.MaxRequestBodySize = 1024 * 1024;
            kestrel.ConfigureEndpointDefaults(static endpoint => endpoint.Use(static next => connection =>
            {
                if (connection.Features.Get<IConnectionSocketFeature>() is not { } accepted || HandleReserve.IsLeft(accepted.Socket, HandleReserve.OfClients))
                    return next(connection);
                connection.Abort();
                return Task.CompletedTask;
            }));
        });
        builder.Logging.AddSimpleConsole(static console =>
        {
            console.SingleLine = true;
            console.UseUtcTimestamp = true;
            console.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z' ";
        });
        // A start that fails says why in one line of its own (CommandLine); the trace would bury it.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical);
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        // It only says what requests came, never above Information; while it may say anything, each request carries an activity and a scope for it, as do open streams.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        builder.Logging.AddFilter(typeof(Security.ApiKeyHandler).FullName, LogLevel.Warning);
        // That keys lie unencrypted beside the database stands in the documentation; whoever may read them is the process alone.
        builder.Logging.AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error);
        // Whatever page holds a form of ours is not stored by browsers, whatever else it would say of itself; that is as it should be.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Antiforgery", LogLevel.Error);
        builder.Logging.AddFilter("Quartz", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Information);
        builder.Services.AddSingleton(TimeProvider.System);
        return builder;
    }

    /// <summary>What the framework itself encrypts, as antiforgery tokens, with our ring: it lies in the backups, and all instances share it.</summary>
    public static IServiceCollection AddSharedKeyRing(this IServiceCollection services)
    {
        services.AddDataProtection().SetApplicationName(KeyRing.ApplicationName);
        services.AddOptions<KeyManagementOptions>().Configure<KeyRing>(static (options, ring) => options.XmlRepository = ring);
        return services;
    }

    /// <summary>Everything that must be in memory before the port opens, and what keeps it up to date.</summary>
    public static IServiceCollection AddStart(this IServiceCollection services)
    {
        services.AddSingleton<Altruists.IRegistrationRules, RegistrationRules>();
        services.AddSingleton<Selection.ILastGoodPart, Security.KeysInLastGood>();
        services.AddSingleton<SettingStore>();
        services.AddSingleton<RunningSettings>();
        services.AddSingleton<SchedulingGate>();
        services.AddSingleton<Initialisation>();
        services.AddHostedService(provider => provider.GetRequiredService<Initialisation>());
        services.AddHostedService<ChangeWatcher>();
        return services;
    }
}
