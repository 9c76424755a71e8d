namespace AltruistManager.Web.Commands.Demo;

/// <summary>The configuration of the demo: everything in seconds, and nothing outside its own folder.</summary>
internal static class DemoSettings
{
    public static TimeSpan RoundInterval { get; } = TimeSpan.FromSeconds(10);

    public static IReadOnlyDictionary<string, string?> In(string folder, string urls) => new Dictionary<string, string?>
    {
        ["urls"] = urls,
        ["Storage:Provider"] = "sqlite",
        ["Storage:ConnectionString"] = $"Data Source={Path.Combine(folder, "demo.db")}",
        ["Storage:DataDirectory"] = folder,
        ["Probing:Interval"] = "00:00:05",
        ["Probing:HotInterval"] = "00:00:01",
        ["Probing:RetryInterval"] = "00:00:01",
        ["Probing:Timeout"] = "00:00:01",
        ["Probing:HotTimeout"] = "00:00:01",
        ["Probing:AllowHttp"] = "true",
        ["Probing:AllowedPrivateNetworks:0"] = "127.0.0.0/8",
        ["Health:CooldownInitial"] = "00:00:05",
        ["Selection:Interval"] = RoundInterval.ToString(),
        ["Selection:Window"] = "00:02:00",
        ["Logging:LogLevel:Default"] = "Error",
    };
}
