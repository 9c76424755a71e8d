using System.Globalization;

namespace AltruistManager.Altruists;

/// <summary>A maintenance window of an altruist, set by its provider or staff: while it lasts nobody is newly sent there, and nothing counts as downtime.</summary>
public sealed record Drain
{
    /// <summary>A UUID of version 7.</summary>
    public required string Id { get; init; }

    public required AltruistId Altruist { get; init; }

    /// <summary>Public.</summary>
    public required string Reason { get; init; }

    public required DateTimeOffset From { get; init; }

    /// <summary>Null until somebody resumes it.</summary>
    public DateTimeOffset? Until { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Who set it, as <see cref="Accounts.Actor.Author"/>.</summary>
    public required string CreatedBy { get; init; }

    /// <summary>When somebody ended it before its time; null when nobody did.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>When the last portal had taken picks without it; null before.</summary>
    public DateTimeOffset? LetGoAt { get; init; }

    /// <summary>When it is or was over; null while nobody knows.</summary>
    public DateTimeOffset? Over => EndedAt ?? Until;

    public bool IsInForce(DateTimeOffset now) => EndedAt is null && From <= now && !(Until <= now);

    /// <summary>The reason as everybody reads it.</summary>
    public string InWords => Until is { } until
        ? string.Create(CultureInfo.InvariantCulture, $"draining until {until.UtcDateTime:yyyy-MM-dd HH:mm} UTC: {Reason}")
        : $"draining until it is resumed: {Reason}";

    /// <summary>Of several that overlap the one that lasts longest; null when none is in force.</summary>
    public static Drain? InForce(IReadOnlyList<Drain> drains, DateTimeOffset now)
    {
        Drain? longest = null;
        foreach (var drain in drains)
        {
            if (drain.IsInForce(now) && (longest is null || longest.Until is not null && !(drain.Until <= longest.Until)))
                longest = drain;
        }

        return longest;
    }
}
