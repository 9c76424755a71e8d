using AltruistManager.Altruists;

namespace AltruistManager.Selection;

/// <summary>A hold as staff say it, by whatever way.</summary>
public sealed record HoldDraft
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(366);

    public string? Chain { get; init; }
    public string? Region { get; init; }
    public string? Reason { get; init; }
    public DateTimeOffset? Until { get; init; }

    /// <inheritdoc cref="OverrideDraft.Check"/>
    internal Hold Check(Roster roster, string author, DateTimeOffset now, FieldErrors errors)
    {
        Scope.CheckReason(Reason, errors);
        if (Until <= now)
            errors.Add("until", "must be in the future");
        else if (Until > now + Longest)
            errors.Add("until", "must be within a year");
        var (chain, region) = Scope.Check(roster, Chain, Region, errors);
        return new Hold
        {
            Id = Guid.CreateVersion7(now).ToString(),
            Chain = chain,
            Region = region,
            Reason = Reason ?? "",
            Until = Until ?? default,
            CreatedAt = now,
            CreatedBy = author,
        };
    }
}
