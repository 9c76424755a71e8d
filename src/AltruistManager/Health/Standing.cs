using AltruistManager.Probing.Checks;

namespace AltruistManager.Health;

/// <summary>What the checks at their own pace mean for an altruist. Pure.</summary>
/// <param name="Proven">Capabilities that count.</param>
/// <param name="Unproven">Capabilities that were looked for and do not count, with the reason.</param>
/// <param name="Penalty">See <see cref="Verdict.Penalty"/>.</param>
internal sealed record Standing(IReadOnlyList<string> Proven, IReadOnlyDictionary<string, string> Unproven, string? Penalty)
{
    private const string Consistency = "consistency";

    // Of most there is nothing to say, and there may be very many of them.
    private static readonly Dictionary<string, string> Nothing = [];

    /// <summary>The checks whose pass proves the capability of their name.</summary>
    private static readonly string[] Capabilities = [.. CapabilityCheck.Provable, WebsocketCheck.Capability];

    /// <summary>
    /// A pass proves, <c>Fall</c> failures in a row take it away; what could not be decided changes nothing. A spread of heights costs rank
    /// until <c>Rise</c> checks in a row saw none.
    /// </summary>
    public static Standing Of(IReadOnlyCollection<CheckRecord> records, HealthOptions options)
    {
        List<string>? proven = null;
        Dictionary<string, string>? unproven = null;
        foreach (var record in records.Where(record => Capabilities.Contains(record.Check)))
        {
            if (record.HasPassed && record.Failures < options.Fall)
                (proven ??= []).Add(record.Check);
            else
                (unproven ??= []).Add(record.Check, record.Reason);
        }

        var mixed = records.FirstOrDefault(record => record.Check == Consistency && record.WarnedAt is not null && record.Passes < options.Rise);
        var penalty = mixed switch
        {
            null => null,
            { State: CheckState.Warned } => mixed.Reason,
            _ => $"its answers were blocks apart at {mixed.WarnedAt:HH:mm} UTC; {mixed.Passes} of {options.Rise} checks saw no spread since",
        };
        return new Standing(proven?.ToArray() ?? [], unproven ?? Nothing, penalty);
    }

    public bool SameAs(Verdict verdict) =>
        verdict.Penalty == Penalty && verdict.Proven.SequenceEqual(Proven)
        && verdict.Unproven.Count == Unproven.Count && Unproven.All(pair => verdict.Unproven.GetValueOrDefault(pair.Key) == pair.Value);

    public Verdict On(Verdict verdict) => verdict with { Proven = Proven, Unproven = Unproven, Penalty = Penalty };
}
