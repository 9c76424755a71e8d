using AltruistManager.Altruists;
using AltruistManager.Chains;

namespace AltruistManager.Alerts;

/// <summary>How much a state matters to those who are served; grows.</summary>
public enum Severity
{
    /// <summary>Nothing is wrong, but it is good to know.</summary>
    Information,

    /// <summary>It will become worse, or makes something else worse.</summary>
    Warning,

    /// <summary>Somebody is not served as they should be, or will not be soon.</summary>
    Critical,
}

/// <summary>What an item is about.</summary>
public enum AttentionKind
{
    /// <summary>Too few can be picked in a slot.</summary>
    Slot,

    /// <summary>The rounds.</summary>
    Round,

    /// <summary>The prober itself: what it sees counts for nobody.</summary>
    Prober,

    /// <summary>Keys of our own, and what is encrypted with them.</summary>
    Keys,

    Publisher,

    /// <summary>A pin that does not do what it was made for.</summary>
    Pin,

    Altruist,

    /// <summary>What portals report.</summary>
    Report,

    /// <summary>An override or a hold ends soon.</summary>
    Ending,

    /// <summary>A chain that hangs on one provider.</summary>
    OneProvider,
}

/// <summary>Something that staff should know or do something about, for as long as it is so.</summary>
/// <param name="Key">The same for as long as it is the same state.</param>
/// <param name="Says">What is so, as a sentence.</param>
/// <param name="Do">What to do about it, as a sentence.</param>
public sealed record AttentionItem(string Key, AttentionKind Kind, Severity Severity, string Says, string Do)
{
    /// <summary>Since when it is so; null where the state itself does not tell.</summary>
    public DateTimeOffset? Since { get; init; }

    public ChainId? Chain { get; init; }

    public RegionId? Region { get; init; }

    public AltruistId? Altruist { get; init; }

    /// <summary>Whose <see cref="Altruist"/> is.</summary>
    public ProviderId? Provider { get; init; }

    public string? Portal { get; init; }
}
