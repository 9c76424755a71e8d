using AltruistManager.Altruists;
using AltruistManager.Storage;

namespace AltruistManager.Probing.Checks;

/// <summary>The newest result of a check at its own pace, and what of the earlier ones still counts.</summary>
public sealed record CheckRecord
{
    /// <summary>Counting further changes nothing.</summary>
    private const int MostCounted = 1_000;

    private readonly Moment at;
    private readonly Moment since;
    private readonly Moment warnedAt;

    public required AltruistId Altruist { get; init; }

    public required string Check { get; init; }

    public required CheckState State { get; init; }

    public required string Reason { get; init; }

    public required DateTimeOffset At { get => ((DateTimeOffset?)at).GetValueOrDefault(); init => at = value; }

    /// <summary>Since when the state holds.</summary>
    public required DateTimeOffset Since { get => ((DateTimeOffset?)since).GetValueOrDefault(); init => since = value; }

    /// <summary>In a row; what could not be decided counts as neither.</summary>
    public required int Failures { get; init; }

    /// <summary>In a row, without a warning.</summary>
    public required int Passes { get; init; }

    /// <summary>Whether it ever passed at this place.</summary>
    public required bool HasPassed { get; init; }

    public required DateTimeOffset? WarnedAt { get => warnedAt; init => warnedAt = value; }

    public required CheckPlace Place { get; init; }

    /// <summary>Other credentials are no other place: what portals were told of an altruist would end with each rotation until the check has run again.</summary>
    internal static CheckPlace PlaceOf(IOwnCheck check, Altruist altruist, string path) => CheckPlace.Of(check.UrlsOf(altruist, path));

    /// <summary>After one more result. Another place begins anew.</summary>
    public static CheckRecord After(CheckRecord? before, AltruistId altruist, CheckResult result, CheckPlace place, DateTimeOffset at)
    {
        if (before?.Place != place)
            before = null;
        var (failures, passes) = (before?.Failures ?? 0, before?.Passes ?? 0);
        return new CheckRecord
        {
            Altruist = altruist,
            Check = result.Check,
            State = result.State,
            // The text there is where the new one says the same: it may be that of many.
            Reason = before?.Reason == result.Reason ? before.Reason : result.Reason,
            At = at,
            Since = before?.State == result.State ? before.Since : at,
            Failures = result.State switch
            {
                CheckState.Failed => Math.Min(failures + 1, MostCounted),
                CheckState.Passed or CheckState.Warned => 0,
                _ => failures,
            },
            Passes = result.State switch
            {
                CheckState.Passed => Math.Min(passes + 1, MostCounted),
                CheckState.Failed or CheckState.Warned => 0,
                _ => passes,
            },
            HasPassed = before?.HasPassed == true || result.State is CheckState.Passed or CheckState.Warned,
            WarnedAt = result.State == CheckState.Warned ? at : before?.WarnedAt,
            Place = place,
        };
    }
}
