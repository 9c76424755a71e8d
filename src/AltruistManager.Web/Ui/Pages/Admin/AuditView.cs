using System.Text.Json;
using System.Text.Json.Nodes;
using AltruistManager.Accounts;

namespace AltruistManager.Web.Ui.Pages.Admin;

/// <summary>One field that a change touched.</summary>
/// <param name="Before">Null for what was not there.</param>
/// <param name="After">Null for what is not there any more.</param>
internal sealed record AuditField(string Name, string? Before, string? After);

/// <summary>A line of the audit trail as it is read.</summary>
internal sealed record AuditView(AuditRecord Record, string Who, string What, IReadOnlyList<AuditField> Fields)
{
    /// <summary>As whom and from where.</summary>
    public string From => string.Join(", ", new[] { Record.ByStaff ? "staff" : Record.Provider, Record.Address }.OfType<string>());

    public static AuditView Of(AuditRecord record) => new(
        record,
        record.ActorKind switch
        {
            ActorKind.Nobody => record.Times > 1 && record.ActorId == "many" ? "many who are not known" : "nobody known",
            ActorKind.Key => $"key {record.ActorName}",
            _ => record.ActorName,
        },
        record.Action.Replace('.', ' ').Replace('-', ' '),
        FieldsOf(Parse(record.Before), Parse(record.After)));

    private static List<AuditField> FieldsOf(JsonObject? before, JsonObject? after)
    {
        var names = (before ?? []).Select(field => field.Key).Union((after ?? []).Select(field => field.Key));
        return [.. names.Select(name => new AuditField(name, before is null ? null : Text(before, name), after is null ? null : Text(after, name))).Where(field => field.Before != field.After)];
    }

    /// <summary>As a person reads it; null for what is not said.</summary>
    private static string? Text(JsonObject facts, string name) => facts[name] switch
    {
        null => null,
        JsonArray { Count: 0 } or JsonObject { Count: 0 } => "none",
        JsonArray items when items.All(item => item is JsonValue) => string.Join(", ", items.Select(item => item!.ToString())),
        JsonObject or JsonArray => facts[name]!.ToJsonString(),
        var value => value.GetValueKind() switch
        {
            JsonValueKind.True => "yes",
            JsonValueKind.False => "no",
            _ => value.ToString(),
        },
    };

    private static JsonObject? Parse(string? json) => json is null ? null : JsonNode.Parse(json) as JsonObject;
}
