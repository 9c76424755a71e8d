using System.Text.Json;
using System.Text.Json.Serialization;
using AltruistManager.Altruists;
using AltruistManager.Storage;

namespace AltruistManager.Health;

/// <summary>Why a probe was bad; in the order of the states they lead to.</summary>
public enum Trouble : byte
{
    None,
    Lagging,
    Stale,
    Throttled,
    Failed,
}

/// <summary>
/// What the next verdict of an altruist depends on, apart from the probe. Stored with the verdict, and only when it changed: counters
/// stop at what the decision needs, and nothing in here moves with every probe.
/// </summary>
public sealed record Memory
{
    public static readonly Memory New = new();

    private readonly Moment divergedAt;
    private readonly Moment downSince;
    private readonly Moment throttledSince;
    private readonly Moment healthySince;
    private readonly Moment cooldownUntil;

    /// <summary>Health without what overrules it: one of unknown, healthy, failing, down, lagging, stale, throttled.</summary>
    [JsonConverter(typeof(JsonStringEnumConverter<VerdictState>))]
    public VerdictState Base { get; init; } = VerdictState.Unknown;

    /// <summary>Good probes in a row, up to <c>Rise</c>.</summary>
    public int Goods { get; init; }

    /// <summary>Bad probes in a row but for the throttled ones, up to <c>Fall</c>.</summary>
    public int Bads { get; init; }

    /// <summary>Bad probes of the same trouble in a row, up to <c>Fall</c>.</summary>
    public int SameBads { get; init; }

    [JsonConverter(typeof(JsonStringEnumConverter<Trouble>))]
    public Trouble LastTrouble { get; init; }

    public bool IdentityProven { get; init; }

    /// <summary>Probes in a row that brought a head but, asked for the identity, an error or what is none; up to <c>Fall</c>, where it is proven no longer.</summary>
    public int IdentityMisses { get; init; }

    /// <summary>Fingerprint of the endpoint that proved it: at another one it is not proven.</summary>
    public string? ProvenAt { get; init; }

    /// <summary>The identity it proved instead; null unless it is on the wrong chain.</summary>
    public string? WrongIdentity { get; init; }

    public DateTimeOffset? DivergedAt { get => divergedAt; init => divergedAt = value; }

    /// <summary>Checks in a row whose hash agreed again, up to <c>Rise</c>.</summary>
    public int Agreements { get; init; }

    public DateTimeOffset? DownSince { get => downSince; init => downSince = value; }

    /// <summary>How long of the time since <see cref="DownSince"/> nobody looked: the prober was down or could not ask, or a clock was set ahead. Nobody's downtime.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public TimeSpan Unwatched { get; init; }

    public DateTimeOffset? ThrottledSince { get => throttledSince; init => throttledSince = value; }

    public bool Suspended { get; init; }

    public DateTimeOffset? HealthySince { get => healthySince; init => healthySince = value; }

    public DateTimeOffset? CooldownUntil { get => cooldownUntil; init => cooldownUntil = value; }

    /// <summary>Length of the last cool-down.</summary>
    public TimeSpan Cooldown { get; init; }

    /// <summary>When it fell within the hour before its last fall, oldest first; no more than it takes to tell that it flaps.</summary>
    public FallTimes Falls { get; init; } = FallTimes.None;

    /// <summary>The memory as it holds for an altruist that answers at the endpoint of this fingerprint now.</summary>
    public Memory At(string endpoint) => IdentityProven && ProvenAt != endpoint ? this with { IdentityProven = false, IdentityMisses = 0 } : this;

    public string ToJson() => JsonSerializer.Serialize(this);

    /// <summary>What cannot be read is forgotten: the next probes decide anew.</summary>
    public static Memory FromJson(string json)
    {
        try
        {
            var memory = JsonSerializer.Deserialize<Memory>(json) ?? New;
            if (memory.Falls.Count == 0)
                memory = memory with { Falls = FallTimes.None };
            // Versions before kept the URL itself; there were no credentials then.
            return memory is { IdentityProven: true, ProvenAt: null } && UrlsIn(json).ProvenUrl is { } url
                ? memory with { ProvenAt = Endpoint.FingerprintOf(url, EndpointAuth.None) }
                : memory;
        }
        catch (JsonException)
        {
            return New;
        }
    }

    /// <summary>In what versions before stored: the newest URL at which it was good. Null in anything else.</summary>
    internal static string? ServingUrlIn(string json)
    {
        try
        {
            return UrlsIn(json).ServingUrl;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static OldUrls UrlsIn(string json) => JsonSerializer.Deserialize<OldUrls>(json) ?? new OldUrls(null, null);

    private sealed record OldUrls(string? ProvenUrl, string? ServingUrl);
}
