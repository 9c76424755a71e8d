using AltruistManager.Chains;
using AltruistManager.Storage;

namespace AltruistManager.Altruists;

/// <summary>A UUID of version 7 in its usual text form; sorts by time of creation.</summary>
public readonly record struct AltruistId(string Value) : IComparable<AltruistId>
{
    public int CompareTo(AltruistId other) => string.CompareOrdinal(Value, other.Value);

    public override string ToString() => Value;
}

public enum AltruistRole : byte
{
    /// <summary>May be picked.</summary>
    Serve,

    /// <summary>Probed and votes, never picked.</summary>
    Reference,
}

public enum AltruistVisibility : byte
{
    /// <summary>Its URL is for owner, staff and portals.</summary>
    Portals,

    /// <summary>Its owner lets the URL be published to everybody.</summary>
    Public,
}

/// <summary>How somebody showed that the endpoint is theirs (design 5.7).</summary>
public enum ControlProof : byte
{
    /// <summary>Staff say so, publicly.</summary>
    Staff,

    /// <summary>A file at <c>/.well-known/altruist-manager/</c> on its host.</summary>
    WellKnown,

    /// <summary>A DNS TXT record of its host.</summary>
    Dns,
}

/// <summary>One endpoint that a provider offers, for one or more chains of one network, in one or more regions. Probed once, whatever it serves.</summary>
public sealed record Altruist
{
    public static readonly IReadOnlyDictionary<string, string> NoUrls = new Dictionary<string, string>();

    // Asked for with every probe, so remembered; whatever they are made of forgets them when it is set.
    private Remembered fingerprint;
    private Remembered host;

    private readonly Moment createdAt;
    private readonly Moment retiredAt;

    public required AltruistId Id { get; init; }

    public required ProviderId Provider { get; init; }

    public required NetworkId Network { get; init; }

    /// <summary>In the order of their ids; all of one network.</summary>
    public required IReadOnlyList<ChainId> Chains { get; init; }

    /// <summary>Where it is offered; may hold <see cref="RegionId.Everywhere"/>.</summary>
    public required IReadOnlyList<RegionId> Regions { get; init; }

    /// <summary>As published, normalised by <see cref="AltruistUrl"/>; without a chain's <see cref="Chain.Path"/>. Private: owner, staff and portals only.</summary>
    public required string Url
    {
        get;
        init
        {
            field = value;
            fingerprint = default;
            host = default;
        }
    }

    /// <summary>More URLs by RPC type: <c>websocket</c>, <c>rest</c>, <c>cometbft</c>.</summary>
    public IReadOnlyDictionary<string, string> Urls { get; init; } = NoUrls;

    /// <summary>True where staff set the URL, so that <c>Probing:AllowedPrivateNetworks</c> holds for it.</summary>
    public required bool MayBePrivate { get; init; }

    /// <summary>What the endpoint wants to see of who asks. Private: portals that are told the URL are told this too.</summary>
    public EndpointAuth Auth
    {
        get;
        init
        {
            field = value;
            fingerprint = default;
        }
    } = EndpointAuth.None;

    /// <summary>
    /// Null while the endpoint above is in service. After a change of URL or credentials: the endpoint of before, which is probed and published until
    /// the new one has passed its trial (design 5.7).
    /// </summary>
    public Endpoint? Serving { get; init; }

    /// <summary>Set where the endpoint is stored but cannot be decrypted: then it is empty here, and the altruist is neither probed nor picked nor kept.</summary>
    public Undecryptable? Undecryptable { get; init; }

    /// <summary>The altruist as it is in service: with the endpoint of before while a new one is on trial.</summary>
    public Altruist InService => Serving is not { } old
        ? this
        : this with { Url = old.Url, Urls = old.Urls, Auth = old.Auth, MayBePrivate = old.MayBePrivate, Attested = old.Attested, Serving = null };

    public Endpoint Endpoint => new() { Url = Url, Urls = Urls, Auth = Auth, MayBePrivate = MayBePrivate, Attested = Attested };

    /// <summary><see cref="Endpoint.Fingerprint"/> of the endpoint above.</summary>
    public string Fingerprint => fingerprint.Text ?? (fingerprint = new Remembered(Endpoint.FingerprintOf(Url, Auth))).Text!;

    public required string Label { get; init; }

    public IReadOnlyList<string> Capabilities { get; init; } = [];

    public int? CapacityRps { get; init; }

    /// <summary>Lower tiers are used first; 1 is the usual one.</summary>
    public int Tier { get; init; } = 1;

    public AltruistRole Role { get; init; } = AltruistRole.Serve;

    /// <summary>Who may be told the URL.</summary>
    public AltruistVisibility Visibility { get; init; }

    /// <summary>False for a draft as for one that was switched off: it keeps its URL and is neither probed nor picked, but can be tested and proven.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>
    /// Control of the endpoint is proven (design 5.7), in whatever way. Without proof it is probed, unknown and never picked, and its claim to the URL keeps nobody else
    /// from proving theirs.
    /// </summary>
    public bool Attested { get; init; }

    /// <summary>By what it was proven last; says something only of an endpoint whose control is proven.</summary>
    public ControlProof ControlBy { get; init; }

    public required DateTimeOffset CreatedAt { get => ((DateTimeOffset?)createdAt).GetValueOrDefault(); init => createdAt = value; }

    public DateTimeOffset? RetiredAt { get => retiredAt; init => retiredAt = value; }

    /// <summary>Host name or address of <see cref="Url"/>, in lower case.</summary>
    public string Host => host.Text ?? (host = new Remembered(Url.Length == 0 ? "" : new Uri(Url).Host)).Text!;

    /// <summary>The endpoint is never printed.</summary>
    public override string ToString() => Id.Value;

    /// <summary>Whether it is remembered makes no difference between altruists.</summary>
    private readonly struct Remembered(string? text) : IEquatable<Remembered>
    {
        public string? Text => text;

        public bool Equals(Remembered other) => true;

        public override bool Equals(object? obj) => obj is Remembered;

        public override int GetHashCode() => 0;
    }
}
