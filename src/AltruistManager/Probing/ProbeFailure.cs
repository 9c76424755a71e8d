namespace AltruistManager.Probing;

/// <summary>Why a question was not answered.</summary>
/// <param name="Detail">In words a provider understands, without secrets.</param>
internal sealed record ProbeFailure(ProbeOutcome Outcome, string Detail, TimeSpan? RetryAfter = null);
