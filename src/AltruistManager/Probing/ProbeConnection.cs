using System.Net;

namespace AltruistManager.Probing;

internal enum ConnectPhase
{
    /// <summary>No connection had to be made.</summary>
    Reused,
    Resolving,
    Connecting,
    Securing,
    Open,
}

/// <summary>What happened to one request below HTTP; filled by the connect callback that the request caused.</summary>
internal sealed class ProbeConnection(TimeProvider time, CancellationToken deadline)
{
    public static readonly HttpRequestOptionsKey<ProbeConnection> Key = new("AltruistManager.ProbeConnection");

    private readonly Lock gate = new();
    private ConnectPhase phase;
    private long beganAt;
    private long openedAt;
    private ProbeFailure? failure;
    private IPAddress? address;
    private bool wasNotNeeded;

    /// <summary>A connection that nobody waits for any more is given up.</summary>
    public CancellationToken Deadline => deadline;

    public ConnectPhase Phase
    {
        get
        {
            lock (gate)
                return phase;
        }
    }

    public ProbeFailure? Failure
    {
        get
        {
            lock (gate)
                return failure;
        }
    }

    /// <summary>The address that took the connection or, where none did, the one whose failure is told; null while none was tried, and for a connection that was there already.</summary>
    public IPAddress? Address
    {
        get
        {
            lock (gate)
                return address;
        }
    }

    /// <summary>DNS, TCP and TLS; null for a connection that was there already.</summary>
    public double? ConnectMs
    {
        get
        {
            lock (gate)
                return phase == ConnectPhase.Open ? time.GetElapsedTime(beganAt, openedAt).TotalMilliseconds : null;
        }
    }

    /// <summary>When the request could be sent, given when it was wanted.</summary>
    public long OpenSince(long wantedAt)
    {
        lock (gate)
            return phase == ConnectPhase.Open ? Math.Max(wantedAt, openedAt) : wantedAt;
    }

    public void Enter(ConnectPhase next)
    {
        lock (gate)
        {
            if (wasNotNeeded)
                return;
            phase = next;
            if (next == ConnectPhase.Resolving)
                beganAt = time.GetTimestamp();
            else if (next == ConnectPhase.Open)
                openedAt = time.GetTimestamp();
        }
    }

    public void Try(IPAddress next)
    {
        lock (gate)
        {
            if (!wasNotNeeded)
                address = next;
        }
    }

    public void Fail(ProbeFailure reason)
    {
        lock (gate)
        {
            if (!wasNotNeeded)
                failure = reason;
        }
    }

    /// <summary>The answer begins. If this connection is not open yet, the request went over one that came free meanwhile, and how this one ends is nobody's business.</summary>
    public void Answered()
    {
        lock (gate)
        {
            if (phase == ConnectPhase.Open)
                return;
            (wasNotNeeded, phase, address, failure) = (true, ConnectPhase.Reused, null, null);
        }
    }
}
