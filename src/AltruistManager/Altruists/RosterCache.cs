namespace AltruistManager.Altruists;

/// <summary>Holds the current <see cref="Roster"/>. Every write refreshes it; the changes of other processes are seen within a second.</summary>
public sealed class RosterCache : IDisposable
{
    private readonly RosterStore? store;
    private readonly SemaphoreSlim turn = new(1, 1);
    private volatile Roster current = Roster.Empty;

    public RosterCache(RosterStore store) => this.store = store;

    /// <summary>Without a database: holds what is put in by <see cref="Replace"/>.</summary>
    internal RosterCache()
    {
    }

    public Roster Current => current;

    /// <summary>False when a write of any process is not in <see cref="Current"/> yet; one small query.</summary>
    public async Task<bool> IsCurrentAsync(CancellationToken cancellation) =>
        store is null || await store.RevisionAsync(cancellation) == current.Revision;

    /// <summary>Reads what changed since <see cref="Current"/>; afterwards it holds every write committed before the call.</summary>
    public async Task RefreshAsync(CancellationToken cancellation)
    {
        if (store is null)
            return;

        await turn.WaitAsync(cancellation);
        try
        {
            current = await store.LoadAsync(current, cancellation);
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>Tries to decrypt again what could not be, where the key ring has come back meanwhile.</summary>
    /// <returns>True when <see cref="Current"/> is another now.</returns>
    public async Task<bool> ReopenAsync(CancellationToken cancellation)
    {
        if (store is null || current.Undecryptable.Count == 0)
            return false;

        await turn.WaitAsync(cancellation);
        try
        {
            var before = current;
            current = await store.ReopenAsync(before, cancellation);
            return !ReferenceEquals(before, current);
        }
        finally
        {
            turn.Release();
        }
    }

    public void Dispose() => turn.Dispose();

    internal void Replace(Roster roster) => current = roster;
}
