namespace AltruistManager.Transparency;

/// <summary>What is not as it should be.</summary>
/// <param name="Generation">The entry; null for what belongs to none.</param>
/// <param name="What">The column, or the place in the body.</param>
public sealed record LogDifference(long? Generation, string What, string Expected, string Found)
{
    private const int Longest = 160;

    public override string ToString() => $"{(Generation is { } generation ? $"Entry {generation}" : "The log")}: {What}: expected {Shortened(Expected)}, found {Shortened(Found)}.";

    private static string Shortened(string text) => text.Length <= Longest ? text : $"{text[..Longest]}…";
}
