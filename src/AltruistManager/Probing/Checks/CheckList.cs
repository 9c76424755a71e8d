using AltruistManager.Altruists;

namespace AltruistManager.Probing.Checks;

/// <summary>All checks, in the order in which they are registered and shown.</summary>
public sealed class CheckList(IEnumerable<ICheck> checks)
{
    private readonly ICheck[] all = [.. checks];

    public IReadOnlyList<ICheck> All => all;

    /// <summary>Those that are a part of probes; the head first.</summary>
    internal ISweepCheck[] OfSweeps { get; } = [.. checks.OfType<ISweepCheck>()];

    /// <summary>Those at their own pace.</summary>
    internal IOwnCheck[] Own { get; } = [.. checks.OfType<IOwnCheck>()];

    /// <summary>Those of the records that were made where the altruist is asked now.</summary>
    public IReadOnlyCollection<CheckRecord> MadeHere(IReadOnlyCollection<CheckRecord> records, Altruist altruist, string path) =>
        [.. records.Where(record => Array.Find(Own, check => check.Name == record.Check) is not { } known || record.Place == CheckRecord.PlaceOf(known, altruist, path))];
}
