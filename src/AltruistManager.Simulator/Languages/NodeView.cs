namespace AltruistManager.Simulator.Languages;

/// <summary>The chain as one node sees it at one moment, its fault included.</summary>
internal readonly struct NodeView
{
    /// <summary>How far back a pruned node holds the state of blocks.</summary>
    private const long KeptStates = 128;

    private readonly SimulatedNode node;

    public NodeView(SimulatedNode node)
    {
        this.node = node;
        Fault = node.Fault;
        var told = node.Height;
        // A slot without a block is nobody's head.
        while (told > 0 && node.Chain.IsSkipped(told))
            told--;
        Head = told;
    }

    public Fault? Fault { get; }

    public SimulatedChain Chain => node.Chain;

    public long Head { get; }

    public string Identity => Fault?.Identity ?? (Fault?.ChainId is { } id ? id.ToString() : Chain.Identity);

    public bool IsSyncing => Fault is { SaysSyncing: true };

    /// <summary>The first block that the node still has.</summary>
    public long Earliest => Fault?.KeptBlocks is { } kept ? Math.Max(1, Head - kept + 1) : 1;

    /// <summary>Whether the node has a block there.</summary>
    public bool Has(long height) => height >= 0 && height <= Head && !(height <= Head - Fault?.KeptBlocks) && !Chain.IsSkipped(height);

    /// <summary>Whether the node has the state of the block there.</summary>
    public bool HasState(long height) => height <= Head && (Fault is not { PrunedState: true } || KeepsState(height));

    /// <summary>Whether a node that keeps only the newest states keeps that one.</summary>
    public bool KeepsState(long height) => height > Head - KeptStates;

    public string Hash(long height)
    {
        Span<byte> hash = stackalloc byte[32];
        Chain.Hash(height, height >= Fault?.ForkedFrom ? Fault.Branch : 0, hash);
        return Chain.Language.Notation(hash);
    }

    public DateTimeOffset Time(long height) => Chain.TimeAt(height) + (Fault?.ClockSkew ?? TimeSpan.Zero);
}
