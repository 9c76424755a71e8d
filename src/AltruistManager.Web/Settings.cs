using System.Text.RegularExpressions;
using AltruistManager.Accounts;
using AltruistManager.Health;
using AltruistManager.Probing;
using AltruistManager.Publishing;
using AltruistManager.Selection;
using AltruistManager.Storage;
using AltruistManager.Transparency;
using AltruistManager.Web.Running;
using AltruistManager.Web.Security;
using Microsoft.Extensions.Options;

namespace AltruistManager.Web;

/// <summary>All options of the service, read once and as a whole at the start.</summary>
internal sealed partial record Settings(
    StorageOptions Storage, ProbingOptions Probing, HealthOptions Health, SelectionOptions Selection, TransparencyOptions Transparency, PublishingOptions Publishing,
    IReadOnlyList<PublisherOptions> Publishers, LimitsOptions Limits, HttpOptions Http, AccountsOptions Accounts)
{
    /// <exception cref="SettingsException">Names every bad value.</exception>
    public static Settings Read(IConfiguration configuration)
    {
        var reader = new OptionsReader(configuration);
        var probing = ReadProbing(reader);
        var settings = new Settings(
            reader.Read<StorageOptions>(StorageOptions.Section),
            probing,
            reader.Read<HealthOptions>(HealthOptions.Section),
            reader.Read<SelectionOptions>(SelectionOptions.Section),
            reader.Read<TransparencyOptions>(TransparencyOptions.Section),
            reader.Read<PublishingOptions>(PublishingOptions.Section),
            ReadPublishers(reader, probing),
            reader.Read<LimitsOptions>(LimitsOptions.Section),
            reader.Read<HttpOptions>(HttpOptions.Section),
            reader.Read<AccountsOptions>(AccountsOptions.Section));
        settings.Check(reader);
        return reader.Errors.Count == 0 ? settings : throw new SettingsException(reader.Errors);
    }

    /// <summary>Only where the data is, for commands that need nothing else.</summary>
    /// <exception cref="SettingsException">Names every bad value of it.</exception>
    public static StorageOptions ReadStorage(IConfiguration configuration)
    {
        var reader = new OptionsReader(configuration);
        var storage = reader.Read<StorageOptions>(StorageOptions.Section);
        CheckStorage(storage, reader);
        return reader.Errors.Count == 0 ? storage : throw new SettingsException(reader.Errors);
    }

    /// <summary>Only what decides who and what may be registered, for commands that register some.</summary>
    /// <exception cref="SettingsException">Names every bad value of it.</exception>
    public static (ProbingOptions Probing, SelectionOptions Selection) ReadRegistering(IConfiguration configuration)
    {
        var reader = new OptionsReader(configuration);
        var read = (ReadProbing(reader), reader.Read<SelectionOptions>(SelectionOptions.Section));
        return reader.Errors.Count == 0 ? read : throw new SettingsException(reader.Errors);
    }

    public void AddTo(IServiceCollection services) => services
        .AddSingleton(Options.Create(Storage))
        .AddSingleton(Options.Create(Probing))
        .AddLive(Health)
        .AddLive(Selection)
        .AddSingleton(Options.Create(Transparency))
        .AddSingleton(Options.Create(Publishing))
        .AddSingleton(Publishers)
        .AddLive(Limits)
        .AddSingleton(Options.Create(Http))
        .AddSingleton(Options.Create(Accounts));

    private void Check(OptionsReader reader)
    {
        CheckStorage(Storage, reader);
        foreach (var wrong in AllowedNetworks.FindWrong(Http.TrustedProxies))
            reader.Add("Http:TrustedProxies", $"must hold networks such as 10.0.0.0/8 or 192.0.2.7/32, not '{wrong}'");
        foreach (var (key, error) in Accounts.FindWrong())
            reader.Add($"{AccountsOptions.Section}:{key}", error);
        foreach (var wrong in Probing.Canaries.Where(url => !Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https")))
            reader.Add("Probing:Canaries", $"must hold http and https URLs, not '{wrong}'");
        if (Selection.Window < Selection.Interval)
            reader.Add("Selection:Window", $"must not be shorter than Selection:Interval ({Selection.Window} is less than {Selection.Interval})");
        foreach (var (key, region) in new[] { ("Selection:DefaultRegion", Selection.DefaultRegion), ("Probing:Region", Probing.Region) })
        {
            if (region is not null && !RegionShape().IsMatch(region))
                reader.Add(key, $"must be the id of a region (letters, digits, and . _ -), not '{region}'");
        }
    }

    internal static ProbingOptions ReadProbing(OptionsReader reader)
    {
        var probing = reader.Read<ProbingOptions>(ProbingOptions.Section);
        foreach (var wrong in AllowedNetworks.FindWrong(probing.AllowedPrivateNetworks))
            reader.Add("Probing:AllowedPrivateNetworks", $"must hold networks such as 127.0.0.0/8, not '{wrong}'");
        return probing;
    }

    /// <param name="probing">What it allows of URLs holds for those of targets too.</param>
    internal static IReadOnlyList<PublisherOptions> ReadPublishers(OptionsReader reader, ProbingOptions probing)
    {
        var publishers = reader.ReadList(PublisherOptions.Section, PublisherKinds.NewOptions, PublisherKinds.Names);
        var names = new HashSet<string>();
        foreach (var (key, publisher) in publishers)
        {
            foreach (var (part, error) in publisher.FindWrong(probing.AllowHttp))
                reader.Add($"{key}:{part}", error);
            if (publisher.Name.Length > 0 && !names.Add(publisher.Name))
                reader.Add($"{key}:{nameof(publisher.Name)}", $"must be another for each publisher, and '{publisher.Name}' is there already");
        }

        return [.. publishers.Select(publisher => publisher.Options)];
    }

    private static void CheckStorage(StorageOptions storage, OptionsReader reader)
    {
        if (Database.WrongWith(storage) is { } wrong)
            reader.Add("Storage:ConnectionString", wrong);
    }

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex RegionShape();
}

/// <summary>The configuration cannot be used.</summary>
/// <remarks>Its message has a line for each error.</remarks>
internal sealed class SettingsException(IReadOnlyList<SettingError> errors) : Exception(string.Join(Environment.NewLine, errors))
{
    public IReadOnlyList<SettingError> Errors => errors;
}

/// <param name="Key">As in the configuration.</param>
/// <param name="Words">What follows the key in a sentence.</param>
internal sealed record SettingError(string Key, string Words)
{
    public override string ToString() => $"{Key} {Words}.";
}
