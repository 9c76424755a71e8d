namespace AltruistManager.Probing.Checks;

/// <summary>All checks, in the order in which they are registered and shown.</summary>
internal sealed class CheckList(IEnumerable<ICheck> checks)
{
    private readonly ICheck[] all = [.. checks];

    public IReadOnlyList<ICheck> All => all;

    /// <summary>Those that are a part of probes; the head first.</summary>
    public ISweepCheck[] OfSweeps { get; } = [.. checks.OfType<ISweepCheck>()];

    /// <summary>Those at their own pace.</summary>
    public IOwnCheck[] Own { get; } = [.. checks.OfType<IOwnCheck>()];
}
