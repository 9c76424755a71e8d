using System.Globalization;
using AltruistManager.Altruists;

namespace AltruistManager.Web.Ui.Pages.My;

/// <summary>An altruist as its provider types it in.</summary>
public sealed class AltruistForm
{
    /// <summary>What it was filled from; null for a new one.</summary>
    private Altruist? seen;

    public string Url { get; set; } = "";

    public string Label { get; set; } = "";

    /// <summary>Ids, in the order in which they were chosen.</summary>
    public List<string> Chains { get; } = [];

    public bool Everywhere { get; set; } = true;

    public HashSet<string> Regions { get; } = new(StringComparer.Ordinal);

    public HashSet<string> Capabilities { get; } = new(StringComparer.Ordinal);

    public string WebSocketUrl { get; set; } = "";

    /// <summary>Other URLs by RPC type, which the form leaves as they are.</summary>
    private Dictionary<string, string> OtherUrls { get; } = [];

    public string Capacity { get; set; } = "";

    public bool IsPublic { get; set; }

    public bool Enabled { get; set; } = true;

    public AuthForm Auth { get; } = new();

    public static AltruistForm Of(Altruist altruist)
    {
        var form = new AltruistForm
        {
            Url = altruist.Url,
            Label = altruist.Label,
            Everywhere = altruist.Regions.Contains(RegionId.Everywhere),
            WebSocketUrl = altruist.Urls.GetValueOrDefault("websocket", ""),
            Capacity = altruist.CapacityRps?.ToString(CultureInfo.InvariantCulture) ?? "",
            IsPublic = altruist.Visibility == AltruistVisibility.Public,
            Enabled = altruist.Enabled,
            seen = altruist,
        };
        form.Chains.AddRange(altruist.Chains.Select(chain => chain.Value));
        form.Regions.UnionWith(altruist.Regions.Where(region => region != RegionId.Everywhere).Select(region => region.Value));
        form.Capabilities.UnionWith(altruist.Capabilities);
        foreach (var (type, url) in altruist.Urls.Where(url => url.Key != "websocket"))
            form.OtherUrls.Add(type, url);
        return form;
    }

    /// <param name="provider">Of a new one; null for one that is there, whose credentials are changed elsewhere.</param>
    /// <param name="errors">What cannot be read.</param>
    public AltruistDraft ToDraft(string? provider, FieldErrors errors)
    {
        int? capacity = null;
        if (Capacity.Trim() is { Length: > 0 } text)
        {
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                capacity = number;
            else
                errors.Add("capacityRps", "must be a whole number");
        }

        var urls = new Dictionary<string, string>(OtherUrls);
        if (WebSocketUrl.Trim() is { Length: > 0 } socket)
            urls["websocket"] = socket;
        if (Url.Trim().Length == 0)
            errors.Add("url", "is required");
        return new AltruistDraft
        {
            Provider = provider,
            Url = Url.Trim() is { Length: > 0 } url ? url : null,
            Urls = urls,
            Label = Label.Trim() is { Length: > 0 } label ? label : null,
            Chains = Chains,
            Regions = Everywhere ? [RegionId.Everywhere.Value] : [.. Regions.Order(StringComparer.Ordinal)],
            Capabilities = [.. Capabilities.Order(StringComparer.Ordinal)],
            CapacityRps = capacity,
            ClearsCapacity = capacity is null,
            Visibility = IsPublic ? "public" : "portals",
            Enabled = Enabled,
            Auth = provider is null ? null : Auth.ToDraft(),
            Seen = seen,
        };
    }
}
