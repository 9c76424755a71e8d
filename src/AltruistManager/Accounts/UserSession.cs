namespace AltruistManager.Accounts;

/// <summary>What a browser that is signed in holds: who, and since when. What that user may do is looked up each time.</summary>
public sealed record UserSession
{
    /// <summary>From its begin, however much it is used.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(7);

    public required string Id { get; init; }

    public required string User { get; init; }

    /// <summary>The user's security stamp when it began.</summary>
    public required string Stamp { get; init; }

    public required DateTimeOffset BegunAt { get; init; }

    /// <summary>It began with more than a password.</summary>
    public bool HasSecondFactor { get; init; }

    public DateTimeOffset EndsAt => BegunAt + Longest;
}
