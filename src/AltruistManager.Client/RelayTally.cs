namespace AltruistManager.Client;

/// <summary>How a request to an altruist ended.</summary>
internal enum RelayOutcome
{
    Answered,

    /// <summary>No connection, or it broke before the answer was whole, or the answer cannot be unpacked.</summary>
    Connect,
    Timeout,
    Http5xx,

    /// <summary>429, or JSON-RPC's -32005 (limit exceeded).</summary>
    Throttled,

    /// <summary>A JSON-RPC error that is the node's fault, credentials refused, or an answer larger than <see cref="AltruistManagerOptions.MaxResponseBytes"/>.</summary>
    Rpc,
}

/// <summary>Counts of one altruist for one chain in one part, since they were taken last. Every relay is in one bucket or is one error.</summary>
internal sealed class RelayTally(string altruist, string chain, string servedAs)
{
    /// <summary>Upper bounds in milliseconds; what is above the last goes into <c>+</c>.</summary>
    private static readonly int[] Bounds = [25, 50, 100, 250, 1000];

    private readonly long[] errors = new long[(int)RelayOutcome.Rpc + 1];
    private readonly long[] buckets = new long[Bounds.Length + 1];

    public string Altruist => altruist;

    public string Chain => chain;

    public string ServedAs => servedAs;

    public static string NameOf(RelayOutcome outcome) => outcome switch
    {
        RelayOutcome.Answered => "answered",
        RelayOutcome.Connect => "connect",
        RelayOutcome.Timeout => "timeout",
        RelayOutcome.Http5xx => "http5xx",
        RelayOutcome.Throttled => "throttled",
        _ => "rpc",
    };

    public void Count(RelayOutcome outcome, TimeSpan took)
    {
        if (outcome != RelayOutcome.Answered)
        {
            Interlocked.Increment(ref errors[(int)outcome]);
            return;
        }

        var bucket = 0;
        while (bucket < Bounds.Length && took.TotalMilliseconds > Bounds[bucket])
            bucket++;
        Interlocked.Increment(ref buckets[bucket]);
    }

    /// <returns>Null when there was nothing.</returns>
    public Taken? Take()
    {
        var taken = new Taken(new long[errors.Length], new long[buckets.Length]);
        for (var i = 0; i < errors.Length; i++)
            taken.Errors[i] = Interlocked.Exchange(ref errors[i], 0);
        for (var i = 0; i < buckets.Length; i++)
            taken.Buckets[i] = Interlocked.Exchange(ref buckets[i], 0);
        return taken.Relays > 0 ? taken : null;
    }

    /// <param name="Errors">By <see cref="RelayOutcome"/>.</param>
    internal sealed record Taken(long[] Errors, long[] Buckets)
    {
        public long Relays => Errors.Sum() + Buckets.Sum();

        public static string BoundOf(int bucket) =>
            bucket < Bounds.Length ? Bounds[bucket].ToString(System.Globalization.CultureInfo.InvariantCulture) : "+";
    }
}
