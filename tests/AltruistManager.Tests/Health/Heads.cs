using AltruistManager.Altruists;
using AltruistManager.Health;

namespace AltruistManager.Tests.Health;

/// <summary>Feeds a trace with sweeps and single looks, and judges each observation as the monitor does: after the batch is taken in.</summary>
internal sealed class Heads(NetworkRules? rules = null, TimeSpan? interval = null)
{
    public static readonly DateTimeOffset Start = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    public NetworkRules Rules { get; } = rules ?? NetworkRules.Default;

    public ReferenceTrace Trace { get; set; } = ReferenceTrace.Empty;

    public HashSet<string> References { get; } = [];

    /// <param name="second">Seconds after <see cref="Start"/>.</param>
    /// <param name="heads">Name, height and age of the head in seconds; the provider is the name up to its first digit or dash.</param>
    public Dictionary<string, HeadAssessment> See(double second, params (string Name, long Height, double? Age)[] heads) =>
        See([.. heads.Select(head => Make(second, head.Name, head.Height, head.Age))]);

    public Dictionary<string, HeadAssessment> See(params Observation[] batch)
    {
        Trace = Trace.Observe(batch, _ => true, Rules, interval ?? TimeSpan.FromMinutes(5));
        return batch.ToDictionary(seen => seen.Altruist.Value, seen => Trace.Judge(seen, Rules));
    }

    public Observation Make(double second, string name, long height, double? age) =>
        new(new AltruistId(name), new ProviderId(name.TrimEnd('0', '1', '2', '3', '4', '5', '6', '7', '8', '9')), References.Contains(name), true,
            Start.AddSeconds(second), height, age is { } old ? Start.AddSeconds(second - old) : null);
}
