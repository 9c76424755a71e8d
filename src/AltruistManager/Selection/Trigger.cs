namespace AltruistManager.Selection;

/// <summary>Why a decision was made (contract 3.3); published in lower case.</summary>
public enum Trigger
{
    Scheduled,
    Manual,
    Failover,
    Recovery,
    Override,
    Startup,
    Change,
}
