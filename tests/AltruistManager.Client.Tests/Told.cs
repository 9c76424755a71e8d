using System.Text;
using System.Text.Json.Nodes;

namespace AltruistManager.Client.Tests;

/// <summary>What a manager tells, in the form of the API.</summary>
internal static class Told
{
    public const string Region = "us-east";

    public static JsonObject Altruist(string id, int? weight = null, string? url = null, JsonObject? auth = null)
    {
        var altruist = new JsonObject
        {
            ["altruist"] = id,
            ["provider"] = "acme",
            ["label"] = $"label-{id}",
            ["region"] = Region,
            ["url"] = url ?? $"http://{id}.example/secret-path-{id}",
            ["urls"] = new JsonObject(),
            ["auth"] = auth ?? new JsonObject { ["type"] = "none" },
            ["limits"] = new JsonObject { ["rps"] = null },
        };
        if (weight is { } share)
            altruist["weight"] = share;
        return altruist;
    }

    /// <summary>A slot with one primary and standbys.</summary>
    public static JsonObject Slot(string chain, long generation, string primary, params string[] standbys) =>
        Slot(chain, generation, [Altruist(primary, 100)], [.. standbys.Select(standby => Altruist(standby))]);

    public static JsonObject Slot(string chain, long generation, JsonObject[] primaries, JsonObject[] standbys, string origin = "one", int timeoutMs = 10_000) => new()
    {
        ["chain"] = chain,
        ["region"] = Region,
        ["state"] = "fresh",
        ["primary"] = primaries.Length > 0 ? primaries[0].DeepClone() : null,
        ["primaries"] = new JsonArray(primaries),
        ["standbys"] = new JsonArray(standbys),
        ["requestTimeoutMs"] = timeoutMs,
        ["selectedAt"] = "2026-11-21T07:00:00.000Z",
        ["origin"] = origin,
        ["generation"] = generation,
        ["decision"] = $"decision-{generation}",
    };

    public static byte[] Body(long generation, params JsonObject[] slots) => Body("one", generation, [], slots);

    public static byte[] Body(string origin, long generation, string[] revoked, params JsonObject[] slots)
    {
        foreach (var slot in slots)
            slot["origin"] = origin;
        return Encoding.UTF8.GetBytes(new JsonObject
        {
            ["region"] = Region,
            ["origin"] = origin,
            ["generation"] = generation,
            ["selections"] = new JsonArray(slots),
            ["revoked"] = new JsonArray([.. revoked.Select(id => (JsonNode)id)]),
        }.ToJsonString());
    }
}
