namespace AltruistManager.Accounts;

/// <summary>How people sign in (section <c>Accounts</c>).</summary>
public sealed class AccountsOptions
{
    public const string Section = "Accounts";

    /// <summary>Staff who signed in with a password alone may do no more than any user, until they have set up a second factor.</summary>
    public bool RequireSecondFactorForStaff { get; set; }

    /// <summary>What people call the service of others that may sign them in (OAuth 2 with a code and PKCE); null for none.</summary>
    public string? ExternalName { get; set; }

    public string? ExternalClientId { get; set; }

    public string? ExternalClientSecret { get; set; }

    /// <summary>Where its users are sent to.</summary>
    public string? ExternalAuthorizationUrl { get; set; }

    /// <summary>Where we exchange the code they come back with.</summary>
    public string? ExternalTokenUrl { get; set; }

    /// <summary>Where it says who they are: a JSON object.</summary>
    public string? ExternalUserUrl { get; set; }

    /// <summary>Separated by blanks.</summary>
    public string ExternalScope { get; set; } = "openid";

    /// <summary>The field that names a user for ever.</summary>
    public string ExternalIdField { get; set; } = "sub";

    /// <summary>The keys that are missing or no URL, with what is wrong; none where there is no such service.</summary>
    public IEnumerable<(string Key, string Error)> FindWrong()
    {
        (string Key, string? Value)[] texts = [(nameof(ExternalName), ExternalName), (nameof(ExternalClientId), ExternalClientId), (nameof(ExternalClientSecret), ExternalClientSecret)];
        (string Key, string? Value)[] urls = [(nameof(ExternalAuthorizationUrl), ExternalAuthorizationUrl), (nameof(ExternalTokenUrl), ExternalTokenUrl), (nameof(ExternalUserUrl), ExternalUserUrl)];
        if (texts.Concat(urls).All(setting => setting.Value is null))
            yield break;
        foreach (var (key, value) in texts)
            if (string.IsNullOrWhiteSpace(value))
                yield return (key, "is needed with the other Accounts:External settings");
        foreach (var (key, value) in urls)
            if (!Uri.TryCreate(value, UriKind.Absolute, out var url) || !(url.Scheme == "https" || (url.Scheme == "http" && url.IsLoopback)))
                yield return (key, "must be an https URL");
    }
}
