using System.ComponentModel.DataAnnotations;
using System.Reflection;
using AltruistManager.Publishing;
using AltruistManager.Web.Tests.EndToEnd;

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
            ("Probing:Region", "no such shape"),
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
            "Probing:Interval ", "Probing:HotInterval ", "Probing:Timeout ", "Probing:Concurrency ", "Probing:PerHost ", "Probing:AllowHttp ", "Probing:AllowedPrivateNetworks ", "Probing:Intervall ", "Probing:Region ",
            "Health:Fall ", "Selection:Window ", "Selection:Policy ", "Selection:DefaultRegion ", "Limits:RequestsPerSecond ", "Limits:AnonymousRequestsPerSecond ", "Http:TrustedProxies ", "Storage:Provider ", "Storage:ConnectionString ",
        ];
        Assert.All(keys, key => Assert.Single(errors, error => error.StartsWith(key, StringComparison.Ordinal)));
        Assert.Equal(keys.Length, errors.Count);
        Assert.DoesNotContain(errors, error => error.Contains('\n'));
    }

    /// <summary>The framework's own words name a field, not a key.</summary>
    [Fact]
    public void Every_rule_of_an_option_has_words_of_its_own()
    {
        var rules = new[] { typeof(PublisherOptions).Assembly, typeof(Settings).Assembly }.SelectMany(assembly => assembly.GetTypes())
            .Where(type => type.Name.EndsWith("Options", StringComparison.Ordinal))
            .SelectMany(type => type.GetProperties().SelectMany(property => property.GetCustomAttributes<ValidationAttribute>().Select(rule => (Key: $"{type.Name}.{property.Name}", Rule: rule))))
            .ToList();
        Assert.InRange(rules.Count, 20, 200);
        Assert.DoesNotContain(rules, one => one.Rule is not (RangeAttribute or RequiredAttribute) && one.Rule.ErrorMessage is null);
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

    [Fact]
    public void Publishers_are_off_by_default_and_a_list_of_different_kinds()
    {
        Assert.Empty(Read().Publishers);
        var settings = Read(
            ("Publishing:BehindAfter", "00:01:00"),
            ("Publishers:0:Name", "gateway"), ("Publishers:0:Kind", "gateway-server"), ("Publishers:0:Region", "us-east"), ("Publishers:0:ConnectionString", "Host=db;Database=gateway"), ("Publishers:0:Chains:0021", "0021"),
            ("Publishers:1:Name", "path"), ("Publishers:1:Kind", "path"), ("Publishers:1:Region", "eu"), ("Publishers:1:File", "/etc/path/config.yaml"), ("Publishers:1:Chains:0021", "eth"),
            ("Publishers:1:Command:0", "systemctl"), ("Publishers:1:Command:1", "restart"), ("Publishers:1:RemovalAfter", "00:02:00"));
        Assert.Equal([("gateway", "us-east"), ("path", "eu")], settings.Publishers.Select(publisher => (publisher.Name, publisher.Region)));
        var path = Assert.IsType<PathGatewayOptions>(settings.Publishers[1]);
        Assert.Equal((TimeSpan.FromMinutes(30), TimeSpan.FromMinutes(2), "eth"), (path.Every, path.RemovalAfter, path.Chains["0021"]));
        Assert.Equal(["systemctl", "restart"], path.Command);
    }

    [Fact]
    public void Every_example_of_the_documentation_is_a_configuration_of_its_kind()
    {
        var text = File.ReadAllText(Path.Combine(Checkout.Root, "docs/publishers.md"));
        var examples = text.Split("```json\n").Skip(1).Select(block => block[..block.IndexOf("```", StringComparison.Ordinal)].Trim()).ToList();
        var kinds = examples.Select(example => example.StartsWith("{ \"Name\"", StringComparison.Ordinal) ? $$"""{ "Publishers": [ {{example}} ] }""" : example)
            .SelectMany(json => Settings.Read(new ConfigurationBuilder().AddJsonStream(new MemoryStream(System.Text.Encoding.UTF8.GetBytes(json))).Build()).Publishers)
            .Select(publisher => publisher.Kind);
        Assert.Equal(PublisherKinds.Names.Except(["portal-database-v1"]).Order(), kinds.Distinct().Order());
    }

    [Fact]
    public void Every_bad_value_of_every_publisher_is_named_and_no_secret_repeated()
    {
        var errors = Errors(
            ("Publishing:Timeout", "10"),
            ("Publishers:0:Kind", "carrier-pigeon"),
            ("Publishers:1:Kind", "gateway-server"), ("Publishers:1:Name", "one"), ("Publishers:1:Region", "r"), ("Publishers:1:ConnectionString", "Password=cnry;Nonsense=1"), ("Publishers:1:Chains:0021", ""),
            ("Publishers:2:Kind", "webhook"), ("Publishers:2:Name", "one"), ("Publishers:2:Url", "http://cnry.example/cnry"), ("Publishers:2:Secret", "cnry"), ("Publishers:2:Chains:0021", "x"), ("Publishers:2:Colour", "red"),
            ("Publishers:3:Kind", "path"), ("Publishers:3:Name", "two words"), ("Publishers:3:Region", "r"), ("Publishers:3:Form", "json"), ("Publishers:3:Every", "soon"), ("Publishers:3:Chains:0021", "eth"), ("Publishers:3:Chains:0022", "eth"),
            ("Publishers:4:Kind", "erpc"), ("Publishers:4:Name", "e"), ("Publishers:4:Region", "r"), ("Publishers:4:Chains:0021", "eth"),
            ("Publishers:5:Kind", "portal-database-v2"), ("Publishers:5:Name", "p"), ("Publishers:5:Region", "r"), ("Publishers:5:Url", "https://portal.example"));
        string[] keys =
        [
            "Publishing:Timeout ", "Publishers:0:Kind ", "Publishers:1:ConnectionString ", "Publishers:1:Chains:0021 ", "Publishers:2:Region", "Publishers:2:Name ", "Publishers:2:Url ", "Publishers:2:Secret ",
            "Publishers:2:Chains ", "Publishers:2:Colour ", "Publishers:3:Name ", "Publishers:3:Form ", "Publishers:3:Every ", "Publishers:3:File", "Publishers:3:Chains ", "Publishers:4:Chains:0021 ",
            "Publishers:5:Key", "Publishers:5:Chains ",
        ];
        Assert.All(keys, key => Assert.Single(errors, error => error.StartsWith(key, StringComparison.Ordinal)));
        Assert.Equal(keys.Length, errors.Count);
        Assert.DoesNotContain(errors, error => error.Contains("cnry", StringComparison.Ordinal));
    }

    private static IReadOnlyList<string> Errors(params (string Key, string? Value)[] values) => [.. Assert.Throws<SettingsException>(() => Read(values)).Errors.Select(error => error.ToString())];

    private static Settings Read(params (string Key, string? Value)[] values) =>
        Settings.Read(new ConfigurationBuilder().AddInMemoryCollection(values.Select(value => KeyValuePair.Create(value.Key, value.Value))).Build());
}
