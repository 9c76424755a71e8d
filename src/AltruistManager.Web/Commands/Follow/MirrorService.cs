using System.Net;
using AltruistManager.Client;
using AltruistManager.Publishing;
using AltruistManager.Transparency;
using AltruistManager.Web.Api;
using Microsoft.Extensions.Options;

namespace AltruistManager.Web.Commands.Follow;

/// <summary>The mirror as a whole: a client that takes only proven picks, the calls and the publishers that hand them on. Serves this machine only, since it hands out credentials to whoever asks.</summary>
internal static class MirrorService
{
    private const string DefaultUrl = "http://127.0.0.1:8089";

    /// <exception cref="SettingsException">Names every bad value.</exception>
    public static WebApplication Build(string[] arguments, IReadOnlyList<Uri> managers, string region)
    {
        var builder = ServiceBuilder.Create(arguments);
        var reader = new OptionsReader(builder.Configuration);
        var options = reader.Read<FollowOptions>(FollowOptions.Section);
        var urls = builder.Configuration[WebHostDefaults.ServerUrlsKey] ?? DefaultUrl;
        foreach (var url in urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (!IsLoopback(BindingAddress.Parse(url).Host))
                reader.Add("--urls", $"must be of loopback, since the mirror asks nobody for a key, not '{url}'");
        }

        // Not told: it may be a whole file that was read for the key.
        if (options.Key is { } key && key.Any(character => character is <= ' ' or > '~'))
            reader.Add($"{FollowOptions.Section}:{nameof(options.Key)}", "must be a key of ASCII without blanks and line breaks");
        var probing = Settings.ReadProbing(reader);
        var publishing = reader.Read<PublishingOptions>(PublishingOptions.Section);
        var publishers = Settings.ReadPublishers(reader, probing);
        foreach (var other in publishers.Where(publisher => publisher.Region.Length > 0 && publisher.Region != region))
            reader.Add(PublisherOptions.Section, $"must be of the mirror's region {region}, and '{other.Name}' is of '{other.Region}'");

        if (reader.Errors.Count > 0)
            throw new SettingsException(reader.Errors);
        builder.WebHost.UseUrls(urls);

        var folder = Path.GetFullPath(options.DataDirectory);
        builder.Services.AddSingleton(provider => new ProvenHeadFile(Path.Combine(folder, "log-heads.json"), provider.GetRequiredService<ILogger<ProvenHeadFile>>()));
        builder.Services.AddSingleton(provider => new ProvenPicks(provider.GetRequiredService<ProvenHeadFile>().Read(), options.LogKey?.ToLowerInvariant(), provider.GetRequiredService<TimeProvider>()));
        builder.Services.AddSingleton<LogJudge>();
        builder.Services.AddSingleton(provider => new AltruistManagerClient(
            ClientOptions(options, managers, region, folder),
            provider.GetRequiredService<ILogger<AltruistManagerClient>>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<LogJudge>()));
        builder.Services.AddHostedService(provider => provider.GetRequiredService<AltruistManagerClient>());
        builder.Services.AddSingleton(Options.Create(probing)).AddSingleton(Options.Create(publishing)).AddSingleton(publishers);
        builder.Services.AddSingleton<IPickSource>(provider => new MirrorSource(provider.GetRequiredService<AltruistManagerClient>(), region));
        builder.Services.AddSingleton<IPublisherMemory>(provider => new PublisherStateFile(Path.Combine(folder, "publishers.json"), provider.GetRequiredService<ILogger<PublisherStateFile>>()));
        builder.Services.AddPublishing();
        builder.Services.AddSingleton(provider => ActivatorUtilities.CreateInstance<MirrorApi>(provider, region));

        var app = builder.Build();
        app.UseProblemsForExceptions();
        app.Use(OnlyThisMachineAsync);
        app.Services.GetRequiredService<MirrorApi>().Map(app);
        return app;
    }

    private static AltruistManagerOptions ClientOptions(FollowOptions follow, IReadOnlyList<Uri> managers, string region, string folder)
    {
        var options = new AltruistManagerOptions
        {
            Key = follow.Key,
            Region = region,
            LastGoodFile = Path.Combine(folder, "last-good"),
            // Portals close their own minutes: theirs are passed on soon.
            ReportInterval = TimeSpan.FromSeconds(5),
        };
        foreach (var manager in managers)
            options.Managers.Add(manager);
        return options;
    }

    /// <summary>A page in a browser of this machine may reach loopback too, under a name of its own.</summary>
    private static Task OnlyThisMachineAsync(HttpContext context, RequestDelegate next) =>
        context.Connection.LocalIpAddress is { } address && IPAddress.IsLoopback(address) && IsLoopback(context.Request.Host.Host)
            ? next(context)
            : Problems.Forbidden("The mirror serves processes of its own machine only, at a loopback address.").ExecuteAsync(context);

    private static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
}
