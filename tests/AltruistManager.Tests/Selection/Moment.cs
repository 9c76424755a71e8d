namespace AltruistManager.Tests.Selection;

/// <summary>Of a publication.</summary>
public enum Moment
{
    /// <summary>The inputs are read and the decision is made.</summary>
    Decided,

    /// <summary>In the transaction.</summary>
    Appended,

    /// <summary>Stored, but not shown yet.</summary>
    Committed,
}
