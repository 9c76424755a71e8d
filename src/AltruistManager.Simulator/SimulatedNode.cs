namespace AltruistManager.Simulator;

/// <summary>One RPC endpoint of a chain. Its fault may be switched at any time and counts from the next request on.</summary>
public sealed class SimulatedNode
{
    private readonly TimeProvider clock;
    private readonly SimulatedNodeOptions options;
    private readonly Random chance;
    private readonly Lock switching = new();
    private readonly long[] calls;
    private readonly Door? door;
    private volatile Condition condition = new(null, null);
    private long requests;

    internal SimulatedNode(string name, SimulatedChain chain, Uri url, SimulatedNodeOptions options, Door? door, TimeProvider clock, int seed)
    {
        Name = name;
        Chain = chain;
        Url = url;
        this.options = options;
        this.door = door;
        this.clock = clock;
        chance = new Random(seed);
        calls = new long[chain.Language.Methods.Count];
    }

    public string Name { get; }

    public SimulatedChain Chain { get; }

    /// <summary>Where to send JSON-RPC by POST, what the paths of a REST service follow, and where WebSockets are opened.</summary>
    public Uri Url { get; }

    /// <summary>What is wrong with it; null is nothing.</summary>
    public Fault? Fault
    {
        get => condition.Fault;
        set => Switch(value);
    }

    /// <summary>HTTP requests that arrived, refused connections not among them.</summary>
    public long Requests => Interlocked.Read(ref requests);

    /// <summary>The height that this node tells, now.</summary>
    public long Height
    {
        get
        {
            var (fault, frozenAt) = condition;
            var mixed = fault is { MixedBlocks: > 0 } && Requests % 2 == 0 ? fault.MixedBlocks : 0;
            return frozenAt ?? Math.Max(0, HeightBehind((fault?.LagBlocks ?? 0) + mixed));
        }
    }

    /// <summary>How often a method was called, each call of a batch counted.</summary>
    public long Calls(string method)
    {
        var index = 0;
        while (index < calls.Length && Chain.Language.Methods[index] != method)
            index++;
        ArgumentOutOfRangeException.ThrowIfEqual(index, calls.Length, nameof(method));
        return Interlocked.Read(ref calls[index]);
    }

    /// <summary>Nothing is wrong any more.</summary>
    public void Heal() => Fault = null;

    internal void CountRequest() => Interlocked.Increment(ref requests);

    internal void CountCall(int method) => Interlocked.Increment(ref calls[method]);

    internal TimeSpan NextLatency()
    {
        var latency = options.Latency + (condition.Fault?.Delay ?? TimeSpan.Zero);
        if (options.Jitter == TimeSpan.Zero)
            return latency;
        lock (chance)
        {
            return latency + (chance.NextDouble() * options.Jitter);
        }
    }

    internal void Close() => door?.Dispose();

    private void Switch(Fault? fault)
    {
        lock (switching)
        {
            var frozenAt = fault is { Frozen: true }
                ? condition.FrozenAt ?? Math.Max(0, HeightBehind(fault.LagBlocks))
                : (long?)null;
            condition = new Condition(fault, frozenAt);
            if (door is null)
                return;
            if (fault?.Answering == Answering.NotAtAll)
                door.Close();
            else
                door.Open();
        }
    }

    private long HeightBehind(long blocks) => Chain.HeightAt(clock.GetUtcNow() - options.Propagation) - blocks;

    private sealed record Condition(Fault? Fault, long? FrozenAt);
}
