using AltruistManager.Altruists;

namespace AltruistManager.Selection;

/// <summary>What people have ordered, as far as decisions depend on it.</summary>
public sealed record Rulings(IReadOnlyList<Override> Overrides, IReadOnlyList<Hold> Holds, DrainBook Drains);
