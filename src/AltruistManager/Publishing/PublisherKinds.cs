namespace AltruistManager.Publishing;

/// <summary>The kinds of targets, by the name that the configuration gives them. A new one is a file and a line here.</summary>
public static class PublisherKinds
{
    private static readonly Dictionary<string, Func<PublisherOptions>> Known = new()
    {
        ["gateway-server"] = () => new GatewayServerOptions(),
        ["portal-database-v2"] = () => new PortalDatabaseOptions(),
        ["portal-database-v1"] = () => new PortalDatabaseV1Options(),
        ["path"] = () => new PathGatewayOptions(),
        ["erpc"] = () => new ErpcCatalogueOptions(),
        ["webhook"] = () => new WebhookOptions(),
        ["file"] = () => new SelectionFileOptions(),
    };

    public static IEnumerable<string> Names => Known.Keys;

    /// <summary>Options to be filled; null for a kind that is not known.</summary>
    public static PublisherOptions? NewOptions(string? kind) => Known.GetValueOrDefault(kind ?? "")?.Invoke();
}
