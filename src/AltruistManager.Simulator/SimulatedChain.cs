namespace AltruistManager.Simulator;

/// <summary>A chain that produces blocks by the clock.</summary>
public sealed class SimulatedChain;
