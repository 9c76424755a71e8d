using System.Globalization;

namespace AltruistManager.Selection;

/// <summary>Names a decision by its place in the log: entry and ordinal, as <c>19b3f0a2c1b-2a</c>.</summary>
public readonly record struct DecisionId(long Generation, int Ordinal)
{
    public static bool TryParse(string text, out DecisionId id)
    {
        var dash = text.IndexOf('-');
        if (dash > 0
            && long.TryParse(text.AsSpan(0, dash), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var generation)
            && int.TryParse(text.AsSpan(dash + 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var ordinal)
            && generation > 0 && ordinal >= 0)
        {
            id = new DecisionId(generation, ordinal);
            return true;
        }

        id = default;
        return false;
    }

    public override string ToString() => $"{Generation:x}-{Ordinal:x}";
}
