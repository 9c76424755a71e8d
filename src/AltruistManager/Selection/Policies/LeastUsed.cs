namespace AltruistManager.Selection.Policies;

/// <summary>Fewest turns in this slot and window first (design 5.5); the default.</summary>
internal sealed class LeastUsed : ISelectionPolicy
{
    public string Name => "least-used";

    public string Ordering => "The fewest turns in the slot and window, then an order drawn anew for each window from the public log, so that nobody can choose it.";
}
