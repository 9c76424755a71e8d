namespace AltruistManager.Simulator;

/// <summary>One RPC endpoint of a chain. Its fault may be switched at any time and counts from the next request on.</summary>
public sealed class SimulatedNode
{
    private readonly TimeProvider _clock;
    private readonly SimulatedNodeOptions _options;
    private readonly Random _chance;
    private readonly Lock _switching = new();
    private readonly long[] _calls = new long[RpcMethods.Count];
    private readonly Door? _door;
    private volatile Condition _condition = new(null, null);
    private long _requests;

    internal SimulatedNode(string name, SimulatedChain chain, Uri url, SimulatedNodeOptions options, Door? door, TimeProvider clock, int seed)
    {
        Name = name;
        Chain = chain;
        Url = url;
        _options = options;
        _door = door;
        _clock = clock;
        _chance = new Random(seed);
    }

    public string Name { get; }

    public SimulatedChain Chain { get; }

    /// <summary>Where to send JSON-RPC by POST.</summary>
    public Uri Url { get; }

    /// <summary>What is wrong with it; null is nothing.</summary>
    public Fault? Fault
    {
        get => _condition.Fault;
        set => Switch(value);
    }

    /// <summary>HTTP requests that arrived, refused connections not among them.</summary>
    public long Requests => Interlocked.Read(ref _requests);

    /// <summary>The height that this node tells, now.</summary>
    public long Height => _condition.FrozenAt ?? Math.Max(0, HeightBehind(_condition.Fault?.LagBlocks ?? 0));

    /// <summary>How often a method was called, each call of a batch counted.</summary>
    public long Calls(string method)
    {
        var index = RpcMethods.IndexOf(method);
        ArgumentOutOfRangeException.ThrowIfNegative(index, nameof(method));
        return Interlocked.Read(ref _calls[index]);
    }

    /// <summary>Nothing is wrong any more.</summary>
    public void Heal() => Fault = null;

    internal void CountRequest() => Interlocked.Increment(ref _requests);

    internal void CountCall(int method) => Interlocked.Increment(ref _calls[method]);

    internal TimeSpan NextLatency()
    {
        var latency = _options.Latency + (_condition.Fault?.Delay ?? TimeSpan.Zero);
        if (_options.Jitter == TimeSpan.Zero)
            return latency;
        lock (_chance)
        {
            return latency + (_chance.NextDouble() * _options.Jitter);
        }
    }

    internal void Close() => _door?.Dispose();

    private void Switch(Fault? fault)
    {
        lock (_switching)
        {
            var frozenAt = fault is { Frozen: true }
                ? _condition.FrozenAt ?? Math.Max(0, HeightBehind(fault.LagBlocks))
                : (long?)null;
            _condition = new Condition(fault, frozenAt);
            if (_door is null)
                return;
            if (fault?.Answering == Answering.NotAtAll)
                _door.Close();
            else
                _door.Open();
        }
    }

    private long HeightBehind(long blocks) => Chain.HeightAt(_clock.GetUtcNow() - _options.Propagation) - blocks;

    private sealed record Condition(Fault? Fault, long? FrozenAt);
}
