namespace AltruistManager.Alerts;

/// <summary>Since when each state is so, where it does not tell itself, and which of them are over. Of this process.</summary>
internal sealed class AttentionMemory(DateTimeOffset startedAt)
{
    /// <summary>What is away for less was not over: a state at its limit comes and goes.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, Span> spans = [];

    /// <summary>When states of this process alone were found to be over.</summary>
    private readonly Dictionary<string, DateTimeOffset> ended = [];

    private bool hasLooked;

    private sealed record Span(DateTimeOffset From, bool IsFirstLook)
    {
        public required DateTimeOffset Until { get; init; }
    }

    /// <summary>Takes up what is so now.</summary>
    public void Look(IReadOnlyList<AttentionItem> items, DateTimeOffset now)
    {
        foreach (var item in items)
            spans[item.Key] = spans.TryGetValue(item.Key, out var known) && now - known.Until < Grace ? known with { Until = now } : new Span(now, !hasLooked) { Until = now };
        foreach (var (key, span) in spans)
        {
            if (now - span.Until < Grace)
                continue;
            spans.Remove(key);
            if (Attention.IsOfProcess(key))
                ended[key] = now;
        }

        hasLooked = true;
    }

    /// <summary>Since when it is so, and whether that is only since when it is known.</summary>
    /// <param name="acknowledged">May tell of before the start.</param>
    public (DateTimeOffset At, bool IsAtLeast) SinceOf(AttentionItem item, Acknowledgement? acknowledged)
    {
        if (item.Since is { } since)
            return (since, false);
        var span = spans.GetValueOrDefault(item.Key);
        var from = span?.From ?? startedAt;
        return acknowledged?.Since < from ? (acknowledged.Since, span?.IsFirstLook is true) : (from, span?.IsFirstLook is true);
    }

    /// <summary>Whether what was acknowledged is not so any more. What processes see each for itself is over where it was so, and nowhere else.</summary>
    public bool IsOver(Acknowledgement seen, DateTimeOffset now) => !spans.ContainsKey(seen.Key)
        && (Attention.IsOfProcess(seen.Key) ? ended.TryGetValue(seen.Key, out var end) && seen.At <= end : now - startedAt >= Grace);

    /// <summary>Whether it was acknowledged before it began here, and so at another time or in another process.</summary>
    public bool IsOfBefore(Acknowledgement seen) =>
        Attention.IsOfProcess(seen.Key) && spans.GetValueOrDefault(seen.Key) is { IsFirstLook: false } span && span.From > seen.At;
}
