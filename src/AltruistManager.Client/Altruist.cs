namespace AltruistManager.Client;

/// <summary>An endpoint to send requests to.</summary>
public sealed class Altruist
{
    internal Altruist(string id, string provider, string label, string region, int weight, Uri url, IReadOnlyDictionary<string, string> urls, AltruistAuth auth, int? requestsPerSecond)
    {
        Id = id;
        Provider = provider;
        Label = label;
        Region = region;
        Weight = weight;
        Url = url;
        Urls = urls;
        Auth = auth;
        RequestsPerSecond = requestsPerSecond;
    }

    /// <summary>As in decisions and reports.</summary>
    public string Id { get; }

    /// <summary>Id of the organisation that offers it.</summary>
    public string Provider { get; }

    /// <summary>Its name among people.</summary>
    public string Label { get; }

    /// <summary>Where it is; the portal's region or one of its fallbacks.</summary>
    public string Region { get; }

    /// <summary>Percent of the traffic for a primary, 0 for a standby.</summary>
    public int Weight { get; }

    /// <summary>For JSON-RPC; without credentials that have a field of their own, but its path may be a secret: not for logs.</summary>
    public Uri Url { get; }

    /// <summary>By other types of RPC, such as <c>websocket</c>. As secret as <see cref="Url"/>.</summary>
    public IReadOnlyDictionary<string, string> Urls { get; }

    /// <summary>Credentials to show.</summary>
    public AltruistAuth Auth { get; }

    /// <summary>What it can take; null when its owner did not say.</summary>
    public int? RequestsPerSecond { get; }

    /// <summary>Its label, id and provider; nothing secret.</summary>
    public override string ToString() => $"{Label} ({Id}) of {Provider}";

    internal Altruist AsPrimary() => new(Id, Provider, Label, Region, 100, Url, Urls, Auth, RequestsPerSecond);
}

/// <summary>Where credentials go.</summary>
public enum AltruistAuthType
{
    /// <summary>None are needed.</summary>
    None,

    /// <summary>User name and password in the header <c>Authorization</c>.</summary>
    Basic,

    /// <summary>A token in the header <c>Authorization</c>.</summary>
    Bearer,

    /// <summary>A header of that name.</summary>
    Header,

    /// <summary>A query parameter of that name.</summary>
    Query,
}

/// <summary>Credentials of an altruist.</summary>
public sealed class AltruistAuth
{
    internal AltruistAuth(AltruistAuthType type, string name, string secret)
    {
        Type = type;
        Name = name;
        Secret = secret;
    }

    /// <summary>Where they go.</summary>
    public AltruistAuthType Type { get; }

    /// <summary>The user name, or the name of the header or parameter; else empty.</summary>
    public string Name { get; }

    /// <summary>Password, token or value; else empty.</summary>
    public string Secret { get; }

    /// <summary>Only of which type they are.</summary>
    public override string ToString() => Type.ToString();
}
