namespace AltruistManager.Alerts;

/// <summary>Somebody of staff has seen a state that needs attention. Ends with that state.</summary>
/// <param name="Key">Of the item.</param>
/// <param name="Severity">How bad it was when it was seen.</param>
/// <param name="Since">Since when it was so, as far as was known.</param>
/// <param name="By">Who has seen it, as people know them.</param>
public sealed record Acknowledgement(string Key, Severity Severity, DateTimeOffset Since, DateTimeOffset At, string By, string? Note);
