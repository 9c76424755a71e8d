using System.Net;

namespace AltruistManager.Simulator;

/// <summary>What a node is like while nothing is wrong with it.</summary>
public sealed class SimulatedNodeOptions
{
    /// <summary>How long it takes to answer.</summary>
    public TimeSpan Latency { get; set; }

    /// <summary>The most that is added to <see cref="Latency"/> by chance, seeded per node.</summary>
    public TimeSpan Jitter { get; set; }

    /// <summary>How long after its making a block reaches this node.</summary>
    public TimeSpan Propagation { get; set; }

    /// <summary>
    /// Whether the node listens on a port of its own, so that <see cref="Faults.Down"/> refuses connections.
    /// Otherwise it shares the world's port under a path of its own, and being down means that the connection is cut.
    /// </summary>
    public bool OwnPort { get; set; }

    /// <summary>The loopback address of a port of its own, or of the shared one where the world answers at all of them; on Linux and Windows any of 127.0.0.0/8.</summary>
    public IPAddress Address { get; set; } = IPAddress.Loopback;

    /// <summary>The number of a port of its own; 0 takes a free one and keeps it for the node's life.</summary>
    public int Port { get; set; }
}
