namespace AltruistManager.Probing.Checks;

/// <summary>What a probe brought and what comparing it with the others said: all that the checks of a sweep are judged by.</summary>
public sealed record SweepFacts
{
    public required string ExpectedIdentity { get; init; }

    /// <summary>When the probe ended; null when there was none since the start.</summary>
    public DateTimeOffset? At { get; init; }

    public ProbeOutcome? Outcome { get; init; }

    /// <summary>What happened in words; null when all went well.</summary>
    public string? Detail { get; init; }

    /// <summary>The newest identity it proved; null when that is not known.</summary>
    public string? Identity { get; init; }

    public DateTimeOffset? IdentityAt { get; init; }

    public long? Height { get; init; }

    /// <summary>Null while nobody can tell.</summary>
    public long? LagBlocks { get; init; }

    public DateTimeOffset? HeadTime { get; init; }

    public bool? Syncing { get; init; }

    /// <summary>What the others say of its height; null while they say nothing.</summary>
    public Judged? AgainstOthers { get; init; }

    /// <summary>What is wrong with the age of its head; null when nothing is.</summary>
    public string? HeadTooOld { get; init; }

    /// <summary>What comparing hashes said; null when none were compared.</summary>
    public Judged? Integrity { get; init; }

    public double? LatencyMs { get; init; }

    public double? ConnectMs { get; init; }

    public bool Answered => Outcome == ProbeOutcome.Ok;

    /// <summary>For what needs an answer where there was none.</summary>
    public Judged Unanswered => Outcome is null
        ? new Judged(CheckState.Unknown, "not probed since the service started", null)
        : new Judged(CheckState.Skipped, "not judged: the last probe brought no head", At);
}
