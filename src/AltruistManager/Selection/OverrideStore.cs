#pragma warning disable
using AltruistManager.Storage;

namespace AltruistManager.Selection;

/// <summary>Pins and exclusions in the database; <see cref="Active"/> is kept in memory and refreshed after each write.</summary>
public sealed class OverrideStore(Database database, TimeProvider time)
{
    /// <summary>Neither deleted nor expired, newest first.</summary>
    public IReadOnlyList<Override> Active { get; private set; } = [];

    public Task AddAsync(Override added, CancellationToken cancellation) => throw new NotSupportedException();

    /// <summary>False when there is no such override, or it is over.</summary>
    public Task<bool> DeleteAsync(string id, CancellationToken cancellation) => throw new NotSupportedException();

    /// <summary>Newest first, over and deleted ones too.</summary>
    /// <param name="before">The id to continue after; null starts with the newest.</param>
    public Task<IReadOnlyList<Override>> ListAsync(string? before, int limit, CancellationToken cancellation) => throw new NotSupportedException();
}
