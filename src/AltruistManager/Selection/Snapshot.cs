#pragma warning disable
using AltruistManager.Altruists;

namespace AltruistManager.Selection;

/// <summary>A body ready to be sent; the same bytes and tag on every instance.</summary>
/// <param name="Body">UTF-8 JSON.</param>
/// <param name="ETag">Strong and quoted: a hash of the bytes.</param>
/// <param name="Generation">For the header <c>Altruist-Generation</c>.</param>
/// <param name="HasPick">False for a known slot without a pick (503 <c>no-altruist</c>); the body is then what the bulk call says of it.</param>
public sealed record Answer(ReadOnlyMemory<byte> Body, string ETag, long Generation, bool HasPick);

/// <summary>What portals are told, complete and immutable. Replaced as a whole; nothing on the way to an answer waits, locks or allocates much.</summary>
public sealed class Snapshot
{
    /// <summary>Before the first load.</summary>
    public static readonly Snapshot Empty = new();

    private Snapshot()
    {
    }

    public string Origin { get; init; } = "";

    /// <summary>The newest entry it knows.</summary>
    public long Generation { get; init; }

    /// <summary>When the picks were last confirmed, RFC 3339, ready for the header <c>Altruist-Round-At</c>.</summary>
    public string RoundAt { get; init; } = "";

    public bool IsLoaded { get; init; }

    /// <summary>What each slot serves, for pages.</summary>
    public IReadOnlyDictionary<SlotKey, SlotStatus> Slots { get; init; } = new Dictionary<SlotKey, SlotStatus>();

    public bool HasRegion(string region) => false;

    /// <summary>True for an id or alias of a chain that has slots.</summary>
    public bool HasChain(string chain) => false;

    /// <param name="chain">Id or alias.</param>
    /// <returns>Null for an unknown chain or region.</returns>
    public Answer? Find(string chain, string region) => null;

    /// <summary>Every slot of the region; null for an unknown region.</summary>
    public Answer? FindAll(string region) => null;

    public IReadOnlyCollection<AltruistId> Revoked { get; init; } = [];
}

/// <summary>Holds the current <see cref="Snapshot"/>.</summary>
public sealed class SnapshotHolder
{
    private volatile Snapshot current = Snapshot.Empty;

    public Snapshot Current => current;

    internal void Swap(Snapshot next) => current = next;
}
