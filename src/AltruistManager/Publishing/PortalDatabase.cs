using System.ComponentModel.DataAnnotations;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using AltruistManager.Altruists;

namespace AltruistManager.Publishing;

/// <summary>A portal's database behind its HTTP API, version 2.</summary>
public class PortalDatabaseOptions : PublisherOptions
{
    /// <summary>In front of <c>/v2</c> or <c>/v1</c>.</summary>
    [Required]
    public string Url { get; set; } = "";

    /// <summary>Sent as <c>Authorization</c>, as it stands.</summary>
    [Required]
    public string Key { get; set; } = "";

    internal override string Target => AltruistUrl.Redact(Url);

    internal override string Identity => $"{base.Identity}\n{Url}";

    internal override IPublisher Create(PublisherTools tools) => new PortalDatabase(this, tools);

    protected override IEnumerable<(string Key, string Error)> FindMore(bool allowHttp)
    {
        foreach (var wrong in FindWrongChains())
            yield return wrong;
        if (Url.Length > 0)
        {
            foreach (var wrong in FindWrongUrl(nameof(Url), Url, allowHttp))
                yield return wrong;
        }

        if (Key.Any(character => char.IsControl(character) || !char.IsAscii(character)))
            yield return (nameof(Key), "must be plain ASCII");
    }
}

/// <summary>Replaces the set of altruists of each chain by those in use, with their credentials. An empty set would clear it and is never sent.</summary>
internal sealed class PortalDatabase(PortalDatabaseOptions options, PublisherTools tools) : IPublisher
{
    public PublisherReach Reach { get; } = new([AuthKind.None, AuthKind.Basic, AuthKind.Bearer], []);

    public Task<Publication> PublishAsync(PublisherWork work, CancellationToken cancellation) =>
        PutAllAsync(work, options, tools, slot => ($"v2/chain/{Uri.EscapeDataString(slot.Target)}", Set(slot)), cancellation);

    /// <summary>One call for each chain. A chain that the target refuses keeps none of the others; a target that does not answer is asked no further.</summary>
    internal static async Task<Publication> PutAllAsync(
        PublisherWork work, PortalDatabaseOptions options, PublisherTools tools, Func<WantedSlot, (string Path, JsonObject Body)> toCall, CancellationToken cancellation)
    {
        var refused = new List<string>();
        foreach (var slot in work.Slots.Where(slot => slot.Altruists.Count > 0))
        {
            var (path, body) = toCall(slot);
            using var request = new HttpRequestMessage(HttpMethod.Put, $"{options.Url.TrimEnd('/')}/{path}");
            request.Headers.TryAddWithoutValidation("Authorization", options.Key);
            request.Content = new StringContent(body.ToJsonString(), MediaTypeHeaderValue.Parse("application/json"));
            if (await tools.Http.SendAsync(request, tools.Options.Timeout, cancellation) is { } status)
                refused.Add($"'{slot.Target}' was answered {status}");
        }

        return refused.Count == 0 ? Publication.Confirmed : throw PublisherException.Of(refused);
    }

    private static JsonObject Set(WantedSlot slot)
    {
        var set = new JsonObject();
        // Without one in use that fits, the best standby is better than none.
        foreach (var altruist in slot.Altruists.Take(Math.Max(1, slot.Primaries)))
        {
            var entry = new JsonObject { ["url"] = WithPort(altruist.Url) };
            var (type, auth) = altruist.Auth.Kind switch
            {
                AuthKind.Basic => ("basic_auth", $"{altruist.Auth.Name}:{altruist.Auth.Secret}"),
                AuthKind.Bearer => ("bearer_token", altruist.Auth.Secret),
                _ => ("none", ""),
            };
            entry["auth"] = auth;
            entry["authType"] = type;
            set[altruist.Url] = entry;
        }

        return new JsonObject { ["altruists"] = set };
    }

    /// <summary>The target wants the port said even where it is the usual one.</summary>
    internal static string WithPort(string url)
    {
        var parsed = new Uri(url);
        var host = url.IndexOf("://", StringComparison.Ordinal) + 3;
        var end = url.AsSpan(host).IndexOfAny('/', '?');
        return parsed.IsDefaultPort ? url.Insert(end < 0 ? url.Length : host + end, $":{parsed.Port}") : url;
    }
}
