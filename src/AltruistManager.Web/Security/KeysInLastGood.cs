using System.Text.Json;
using AltruistManager.Accounts;
using AltruistManager.Selection;
using AltruistManager.Traffic;

namespace AltruistManager.Web.Security;

/// <summary>The portals' keys in the last-good file, and what they may read, so that portals are let in while the database is broken.</summary>
internal sealed class KeysInLastGood(ApiKeyRing ring, PortalBook portals) : ILastGoodPart
{
    public string Name => "keys";

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartArray();
        foreach (var key in ring.ExportPortalKeys())
        {
            json.WriteStartObject();
            json.WriteString("id", key.Id);
            json.WriteString("name", key.Name);
            json.WriteString("portal", key.PortalId);
            json.WriteString("secretHash", key.SecretHash);
            if (key.ExpiresAt is { } expiresAt)
                json.WriteNumber("expiresAtMs", expiresAt.ToUnixTimeMilliseconds());
            if (key.PortalId is { } id && portals.Find(id) is { } portal)
            {
                Write(json, "regions", portal.Regions);
                Write(json, "chains", portal.Chains);
                json.WriteNumber("readsSince", portal.ReadsSince);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    public void Read(JsonElement json)
    {
        var keys = json.EnumerateArray().Select(key => (Json: key, Key: new PortalKey(
            key.GetProperty("id").GetString()!,
            key.GetProperty("name").GetString()!,
            key.GetProperty("portal").GetString(),
            key.GetProperty("secretHash").GetString()!,
            key.TryGetProperty("expiresAtMs", out var at) ? DateTimeOffset.FromUnixTimeMilliseconds(at.GetInt64()) : null))).ToList();
        // Before the keys, which are let in by what is known of their portals.
        portals.Import(keys.Where(pair => pair.Key.PortalId is not null).Select(pair => new Portal
        {
            Id = pair.Key.PortalId!,
            Name = pair.Key.PortalId!,
            Regions = Read(pair.Json, "regions"),
            Chains = Read(pair.Json, "chains"),
            ReadsSince = pair.Json.TryGetProperty("readsSince", out var since) ? since.GetInt64() : 0,
            CreatedAt = DateTimeOffset.UnixEpoch,
        }));
        ring.Import(keys.Select(pair => pair.Key));
    }

    private static void Write(Utf8JsonWriter json, string name, IReadOnlyList<string> ids)
    {
        json.WriteStartArray(name);
        foreach (var id in ids)
            json.WriteStringValue(id);
        json.WriteEndArray();
    }

    /// <summary>A file of before portals could be narrowed has none: then they read everything.</summary>
    private static string[] Read(JsonElement key, string name) =>
        key.TryGetProperty(name, out var ids) ? [.. ids.EnumerateArray().Select(id => id.GetString()!)] : [Portal.All];
}
