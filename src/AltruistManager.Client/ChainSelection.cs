namespace AltruistManager.Client;

/// <summary>How a chain is served in a region.</summary>
public enum SelectionState
{
    /// <summary>By an altruist of the region.</summary>
    Fresh,

    /// <summary>By an altruist of another region.</summary>
    Fallback,

    /// <summary>By one that people pinned.</summary>
    Override,

    /// <summary>Nobody is well: the last pick is kept.</summary>
    Degraded,

    /// <summary>By nobody.</summary>
    None,

    /// <summary>In a way that this version does not know.</summary>
    Other,
}

/// <summary>The pick for a chain: whom to ask, and whom instead. Holds until another one is told.</summary>
public sealed class ChainSelection
{
    internal ChainSelection(
        string chain, SelectionState state, IReadOnlyList<Altruist> primaries, IReadOnlyList<Altruist> standbys, TimeSpan requestTimeout, DateTimeOffset? selectedAt,
        string origin, long generation, string? decision, ReadOnlyMemory<byte> body)
    {
        Chain = chain;
        State = state;
        Primaries = primaries;
        Standbys = standbys;
        RequestTimeout = requestTimeout;
        SelectedAt = selectedAt;
        Origin = origin;
        Generation = generation;
        Decision = decision;
        Body = body;
    }

    /// <summary>Id of the chain.</summary>
    public string Chain { get; }

    /// <summary>How it is served.</summary>
    public SelectionState State { get; }

    /// <summary>The first of <see cref="Primaries"/>; null when nobody serves the chain.</summary>
    public Altruist? Primary => Primaries.Count > 0 ? Primaries[0] : null;

    /// <summary>They share the traffic by weight. Those that are revoked, or that no request could be sent to, are left out; where none would be left, the first standby serves.</summary>
    public IReadOnlyList<Altruist> Primaries { get; }

    /// <summary>In the order to try, when a primary fails.</summary>
    public IReadOnlyList<Altruist> Standbys { get; }

    /// <summary>How long a request of this chain may take in all.</summary>
    public TimeSpan RequestTimeout { get; }

    /// <summary>When the primary was set.</summary>
    public DateTimeOffset? SelectedAt { get; }

    /// <summary>Id of the database that this comes from.</summary>
    public string Origin { get; }

    /// <summary>Grows with each change of this pick, within one origin.</summary>
    public long Generation { get; }

    /// <summary>Id of the public record of why.</summary>
    public string? Decision { get; }

    /// <summary>The JSON it was read from (UTF-8). Holds secrets.</summary>
    public ReadOnlyMemory<byte> Body { get; }

    /// <summary>Chain and generation; nothing secret.</summary>
    public override string ToString() => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Chain}: {Primary?.ToString() ?? "nobody"} at {Generation}");

    /// <summary>Those that the manager told and that no request could be sent to.</summary>
    internal IReadOnlyList<PassedOver> PassedOver { get; private init; } = [];

    internal ChainSelection Without(IReadOnlySet<string> revoked) =>
        revoked.Count == 0 || (!Primaries.Any(altruist => revoked.Contains(altruist.Id)) && !Standbys.Any(altruist => revoked.Contains(altruist.Id)))
            ? this
            : Of([.. Primaries.Where(altruist => !revoked.Contains(altruist.Id))], [.. Standbys.Where(altruist => !revoked.Contains(altruist.Id))], PassedOver);

    /// <param name="passedOver">Are not among its altruists.</param>
    internal ChainSelection Without(IReadOnlyList<PassedOver> passedOver) => Of([.. Primaries], [.. Standbys], passedOver);

    /// <summary>Where no primary is left, the first standby serves.</summary>
    private ChainSelection Of(List<Altruist> primaries, List<Altruist> standbys, IReadOnlyList<PassedOver> passedOver)
    {
        if (primaries.Count == 0 && standbys.Count > 0)
        {
            primaries.Add(standbys[0].AsPrimary());
            standbys.RemoveAt(0);
        }

        return new ChainSelection(Chain, primaries.Count == 0 ? SelectionState.None : State, primaries, standbys, RequestTimeout, SelectedAt, Origin, Generation, Decision, Body)
        {
            PassedOver = passedOver,
        };
    }
}
