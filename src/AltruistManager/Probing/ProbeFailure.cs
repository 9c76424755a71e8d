using System.Net;

namespace AltruistManager.Probing;

/// <summary>Why a question was not answered.</summary>
/// <param name="Detail">In words a provider understands, without secrets.</param>
/// <param name="Refused">The address that may not be probed; for the log of staff, never for providers.</param>
internal sealed record ProbeFailure(ProbeOutcome Outcome, string Detail, TimeSpan? RetryAfter = null, IPAddress? Refused = null);
