using System.Security.Cryptography;
using System.Text;
using AltruistManager.Altruists;

namespace AltruistManager.Probing.Checks;

/// <summary>The newest result of a check at its own pace, and what of the earlier ones still counts.</summary>
public sealed record CheckRecord
{
    /// <summary>Counting further changes nothing.</summary>
    private const int MostCounted = 1_000;

    public required AltruistId Altruist { get; init; }

    public required string Check { get; init; }

    public required CheckState State { get; init; }

    public required string Reason { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>Since when the state holds.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>In a row; what could not be decided counts as neither.</summary>
    public required int Failures { get; init; }

    /// <summary>In a row, without a warning.</summary>
    public required int Passes { get; init; }

    /// <summary>Whether it ever passed at this place.</summary>
    public required bool HasPassed { get; init; }

    public required DateTimeOffset? WarnedAt { get; init; }

    /// <summary>Fingerprint of the URLs that were asked: what was found there says nothing of others.</summary>
    public required string Place { get; init; }

    /// <summary>
    /// 32 hex digits of a SHA-256: tells places apart without saying where they are. Other credentials are no other place: what portals were told of an altruist would end with
    /// each rotation until the check has run again.
    /// </summary>
    internal static string PlaceOf(IOwnCheck check, Altruist altruist, string path) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', check.UrlsOf(altruist, path)))).AsSpan(0, 16));

    /// <summary>After one more result. Another place begins anew.</summary>
    public static CheckRecord After(CheckRecord? before, AltruistId altruist, CheckResult result, string place, DateTimeOffset at)
    {
        if (before?.Place != place)
            before = null;
        var (failures, passes) = (before?.Failures ?? 0, before?.Passes ?? 0);
        return new CheckRecord
        {
            Altruist = altruist,
            Check = result.Check,
            State = result.State,
            Reason = result.Reason,
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
