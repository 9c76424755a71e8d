using System.Text.Json;

namespace AltruistManager.Simulator.Languages;

internal static class JsonNumbers
{
    /// <summary>A number, also where it is written as a text.</summary>
    public static bool TryGetInt64Of(this JsonElement element, out long number)
    {
        number = 0;
        return element.ValueKind switch
        {
            JsonValueKind.Number => element.TryGetInt64(out number),
            JsonValueKind.String => long.TryParse(element.GetString(), out number),
            _ => false,
        };
    }

    /// <summary>A field of an object; null for what is no number or no object.</summary>
    public static long? NumberOf(this JsonElement element, string field) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(field, out var value) && value.TryGetInt64Of(out var number) ? number : null;
}
