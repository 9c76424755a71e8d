namespace AltruistManager.Probing;

/// <summary>One call to a node as evidence: no secret, no URL.</summary>
/// <param name="Asked">Method and parameters, or verb and path.</param>
/// <param name="Answered">What was used of the answer, or why there was none; shortened and printable.</param>
/// <param name="LatencyMs">From the request on an open connection to the whole answer, or to the failure.</param>
/// <param name="ConnectMs">DNS, TCP and TLS; null where a pooled connection was used.</param>
public sealed record Exchange(string Asked, string Answered, double LatencyMs, double? ConnectMs);
