namespace AltruistManager.Altruists;

/// <summary>Holds the current <see cref="Roster"/>. Every write refreshes it; the changes of other processes are seen within a second.</summary>
public sealed class RosterCache
{
    private volatile Roster current = Roster.Empty;

    public Roster Current => current;

    internal void Replace(Roster roster) => current = roster;
}
