namespace AltruistManager.Health;

/// <summary>Numbers as a provider reads them.</summary>
internal static class Phrase
{
    /// <summary><c>45 s</c>, <c>28 min</c>, <c>41 h</c>, <c>5 days</c>.</summary>
    public static string Duration(long milliseconds)
    {
        var seconds = milliseconds / 1000.0;
        return seconds switch
        {
            < 1 => $"{milliseconds} ms",
            < 120 => $"{seconds:0} s",
            < 120 * 60 => $"{seconds / 60:0} min",
            < 72 * 3600 => $"{seconds / 3600:0} h",
            _ => $"{seconds / 86400:0} days",
        };
    }

    public static string Duration(TimeSpan span) => Duration((long)span.TotalMilliseconds);

    /// <summary><c>1 block</c>, <c>2 blocks</c>.</summary>
    public static string Count(long count, string noun) => count == 1 ? $"1 {noun}" : $"{count} {noun}s";
}
