namespace AltruistManager.Web.Tests.Security;

public sealed class SettingsTests
{
    [Fact]
    public void Defaults_are_those_of_the_contract()
    {
        var settings = Read();
        Assert.Equal(("sqlite", "Data Source=data/altruist-manager.db"), (settings.Storage.Provider, settings.Storage.ConnectionString));
        Assert.Equal([300, 10, 3, 5, 2], new[] { settings.Probing.Interval, settings.Probing.HotInterval, settings.Probing.RetryInterval, settings.Probing.Timeout, settings.Probing.HotTimeout }.Select(span => (int)span.TotalSeconds));
        Assert.Equal((1024, 4, false, "local", null), (settings.Probing.Concurrency, settings.Probing.PerHost, settings.Probing.AllowHttp, settings.Probing.Vantage, settings.Probing.Region));
        Assert.Equal((3, 2, TimeSpan.FromMinutes(1), TimeSpan.FromHours(17)), (settings.Health.Fall, settings.Health.Rise, settings.Health.CooldownInitial, settings.Health.SuspendAfter));
        Assert.Equal(
            (TimeSpan.FromMinutes(5), TimeSpan.FromHours(1), "least-used", "altruist", 1, 2, "global"),
            (settings.Selection.Interval, settings.Selection.Window, settings.Selection.Policy, settings.Selection.FairnessUnit, settings.Selection.Primaries, settings.Selection.Standbys, settings.Selection.DefaultRegion));
        Assert.Equal((1000, 20), (settings.Limits.RequestsPerSecond, settings.Limits.AnonymousRequestsPerSecond));
        Assert.Empty(settings.Http.TrustedProxies);
    }

    [Fact]
    public void Every_bad_value_is_named_at_once()
    {
        var errors = Errors(
            ("Probing:Interval", "5"),
            ("Probing:HotInterval", "00:00:00.05"),
            ("Probing:Timeout", "2.00:00:00"),
            ("Probing:Concurrency", "many"),
            ("Probing:PerHost", "0"),
            ("Probing:AllowHttp", "yes"),
            ("Probing:AllowedPrivateNetworks:0", "127.0.0.0/8"),
            ("Probing:AllowedPrivateNetworks:1", "10.0.0.1/8"),
            ("Probing:Intervall", "00:00:01"),
            ("Health:Fall", ""),
            ("Selection:Interval", "02:00:00"),
            ("Selection:Policy", "cheapest"),
            ("Selection:DefaultRegion", "no such shape"),
            ("Limits:RequestsPerSecond", "-1"),
            ("Limits:AnonymousRequestsPerSecond:0", "1"),
            ("Http:TrustedProxies:0", "10.0.0.1"),
            ("Storage:Provider", "oracle"),
            ("Storage:ConnectionString", "Nonsense=1"));
        string[] keys =
        [
            "Probing:Interval ", "Probing:HotInterval ", "Probing:Timeout ", "Probing:Concurrency ", "Probing:PerHost", "Probing:AllowHttp ", "Probing:AllowedPrivateNetworks ", "Probing:Intervall ",
            "Health:Fall ", "Selection:Window ", "Selection:Policy", "Selection:DefaultRegion ", "Limits:RequestsPerSecond", "Limits:AnonymousRequestsPerSecond ", "Http:TrustedProxies ", "Storage:Provider", "Storage:ConnectionString ",
        ];
        Assert.All(keys, key => Assert.Single(errors, error => error.StartsWith(key, StringComparison.Ordinal)));
        Assert.Equal(keys.Length, errors.Count);
        Assert.DoesNotContain(errors, error => error.Contains('\n'));
    }

    [Theory]
    [InlineData("00:00:00.1")]
    [InlineData("1.00:00:00")]
    [InlineData("00:00:10")]
    public void Durations_go_from_a_tenth_of_a_second_to_a_day(string text) =>
        Assert.Equal(TimeSpan.Parse(text), Read(("Probing:HotInterval", text)).Probing.HotInterval);

    [Fact]
    public void Timeout_may_exceed_its_interval_and_lists_come_item_by_item()
    {
        var settings = Read(("Probing:HotTimeout", "00:01:00"), ("Probing:HotInterval", "00:00:01"), ("probing:allowedprivatenetworks:0", "127.0.0.0/8"), ("Probing:AllowedPrivateNetworks:1", "fd00::/8"));
        Assert.Equal(["127.0.0.0/8", "fd00::/8"], settings.Probing.AllowedPrivateNetworks);
    }

    [Theory]
    [InlineData("sqlite", "Data Source=:memory:")]
    [InlineData("sqlite", "Mode=ReadOnly")]
    [InlineData("postgres", "Database=x")]
    [InlineData("postgres", "Host=x;Port=many")]
    public void Connection_string_that_cannot_serve_is_refused(string provider, string text) =>
        Assert.Single(Errors(("Storage:Provider", provider), ("Storage:ConnectionString", text)), error => error.StartsWith("Storage:ConnectionString", StringComparison.Ordinal));

    private static IReadOnlyList<string> Errors(params (string Key, string? Value)[] values) => Assert.Throws<SettingsException>(() => Read(values)).Errors;

    private static Settings Read(params (string Key, string? Value)[] values) =>
        Settings.Read(new ConfigurationBuilder().AddInMemoryCollection(values.Select(value => KeyValuePair.Create(value.Key, value.Value))).Build());
}
