namespace AltruistManager.Selection.Policies;

/// <summary>All policies by name. A new one is its file and its line here.</summary>
public static class SelectionPolicies
{
    public static readonly ISelectionPolicy LeastUsed = new LeastUsed();

    public static readonly IReadOnlyList<ISelectionPolicy> All =
    [
        LeastUsed,
        new RoundRobin(),
        new RandomDraw(),
        new Weighted(),
        new LowLatency(),
        new Quality(),
    ];

    /// <summary>Null when there is none of this name.</summary>
    public static ISelectionPolicy? Find(string name) => All.FirstOrDefault(policy => policy.Name == name);
}
