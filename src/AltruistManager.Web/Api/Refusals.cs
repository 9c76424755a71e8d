using AltruistManager.Altruists;

namespace AltruistManager.Web.Api;

/// <summary>How a refusal of a feature is answered, which has told the audit trail of it.</summary>
internal static class Refusals
{
    public static Problem ToProblem(this Refusal refusal) => refusal.Kind switch
    {
        RefusalKind.Invalid => Problems.BadFields(refusal.Errors!),
        RefusalKind.Forbidden => Problems.Forbidden(refusal.Detail) with { IsNoted = true },
        RefusalKind.Unknown => new Problem(404, refusal.Code, "There is no such thing", refusal.Detail),
        RefusalKind.Taken => Problems.Conflict(refusal.Code, refusal.Detail),
        RefusalKind.Retired => new Problem(410, refusal.Code, "It is retired", refusal.Detail) { Successor = refusal.Successor?.Value },
        _ => throw new ArgumentOutOfRangeException(nameof(refusal), refusal.Kind, null),
    };
}
