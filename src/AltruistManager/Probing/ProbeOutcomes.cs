namespace AltruistManager.Probing;

/// <summary>What outcomes have in common.</summary>
public static class ProbeOutcomes
{
    /// <summary>Something answered over HTTP, be it a node or not: our network works.</summary>
    public static bool IsAnswer(this ProbeOutcome outcome) => outcome is ProbeOutcome.Ok or ProbeOutcome.HttpError or ProbeOutcome.Unauthorized or ProbeOutcome.QuotaExhausted
        or ProbeOutcome.TooLarge or ProbeOutcome.NotJson or ProbeOutcome.InvalidAnswer or ProbeOutcome.RpcError or ProbeOutcome.Throttled;

    /// <summary>Nothing in the outcome shows that anything of ours got through; a connection that was open already may have died with our own network.</summary>
    public static bool IsUnproven(this ProbeOutcome outcome) => outcome is ProbeOutcome.NameNotFound or ProbeOutcome.Unreachable or ProbeOutcome.ConnectTimeout
        or ProbeOutcome.Timeout or ProbeOutcome.ConnectionLost || outcome.IsOurs();

    /// <summary>It waited in vain until its time was over.</summary>
    public static bool IsSilence(this ProbeOutcome outcome) => outcome is ProbeOutcome.Timeout or ProbeOutcome.ConnectTimeout;

    /// <summary>A fault of the prober's own: counts neither good nor bad.</summary>
    public static bool IsOurs(this ProbeOutcome outcome) => outcome is ProbeOutcome.ResolverFailed or ProbeOutcome.NoSockets;
}
