using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace AltruistManager.Accounts;

/// <summary>Texts of others as the audit trail keeps them: short, and nothing in them begins a new line or turns what stands beside it.</summary>
internal static class AuditText
{
    private const int MostText = 200;
    private const int MostItems = 20;
    private const int MostJson = 4000;

    public static string Clean(string text, int most)
    {
        var cleaned = new StringBuilder(Math.Min(text.Length, most));
        foreach (var rune in text.EnumerateRunes())
        {
            if (cleaned.Length >= most)
            {
                cleaned.Append('…');
                break;
            }

            if (Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned)
                cleaned.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}");
            else
                cleaned.Append(rune);
        }

        return cleaned.ToString();
    }

    /// <summary>Null for nothing.</summary>
    public static string? Of(JsonObject? facts)
    {
        if (facts is null || facts.Count == 0)
            return null;
        var text = Shorten(facts)!.ToJsonString();
        return text.Length <= MostJson ? text : new JsonObject { ["leftOut"] = $"{text.Length} characters" }.ToJsonString();
    }

    private static JsonNode? Shorten(JsonNode? node) => node switch
    {
        JsonObject facts => new JsonObject(facts.Select(fact => KeyValuePair.Create(Clean(fact.Key, MostText), Shorten(fact.Value)))),
        JsonArray items => new JsonArray([.. items.Take(MostItems).Select(Shorten), .. items.Count > MostItems ? new JsonNode?[] { $"… {items.Count} in all" } : []]),
        JsonValue value when value.TryGetValue<string>(out var text) => JsonValue.Create(Clean(text, MostText)),
        _ => node?.DeepClone(),
    };
}
