using System.Text.Json;
using AltruistManager.Accounts;
using AltruistManager.Selection;

namespace AltruistManager.Web.Security;

/// <summary>The portals' keys in the last-good file, so that portals are let in while the database is broken.</summary>
internal sealed class KeysInLastGood(ApiKeyRing ring) : ILastGoodPart
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
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    public void Read(JsonElement json) => ring.Import(
    [
        .. from key in json.EnumerateArray()
           select new PortalKey(
               key.GetProperty("id").GetString()!,
               key.GetProperty("name").GetString()!,
               key.GetProperty("portal").GetString(),
               key.GetProperty("secretHash").GetString()!,
               key.TryGetProperty("expiresAtMs", out var at) ? DateTimeOffset.FromUnixTimeMilliseconds(at.GetInt64()) : null),
    ]);
}
