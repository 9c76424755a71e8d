using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Selection;

namespace AltruistManager.Traffic;

/// <summary>A gateway that reads picks. Its keys read only what it may.</summary>
public sealed record Portal
{
    /// <summary>In the place of an id: all there are, also those to come.</summary>
    public const string All = "*";

    public required string Id { get; init; }

    public required string Name { get; init; }

    /// <summary>Ids, or <see cref="All"/> alone.</summary>
    public required IReadOnlyList<string> Regions { get; init; }

    /// <inheritdoc cref="Regions"/>
    public required IReadOnlyList<string> Chains
    {
        get;
        init
        {
            field = value;
            Choice = value is [All] ? null : new ChainChoice(value);
        }
    }

    /// <summary>Null where it may read all chains.</summary>
    public ChainChoice? Choice { get; private init; }

    /// <summary>The newest generation when <see cref="Regions"/> or <see cref="Chains"/> were changed last: who has no newer one may lack slots that did not change since.</summary>
    public long ReadsSince { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Its keys ended with it.</summary>
    public DateTimeOffset? RetiredAt { get; init; }

    /// <summary>Whether its keys read the same as those of another state of it.</summary>
    public bool ReadsLike(Portal other) => Regions.SequenceEqual(other.Regions) && Chains.SequenceEqual(other.Chains);

    public bool MayRead(RegionId region) => Regions is [All] || Regions.Contains(region.Value);

    public bool MayRead(ChainId chain) => Chains is [All] || Chains.Contains(chain.Value);

    /// <summary>It is, or may become, a pick of a slot that the portal reads.</summary>
    public bool MayRead(Altruist altruist, Roster roster) =>
        altruist.Chains.Any(MayRead)
        && (Regions is [All] || roster.Regions.Values.Any(region => MayRead(region.Id) && RegionFallback.Offer(altruist.Regions, region.Id, region.Fallbacks) != RegionFallback.NotOffered));
}

/// <summary>How steadily a portal has reported.</summary>
/// <param name="Reports">How many were counted.</param>
public sealed record PortalSteadiness(string Portal, long Reports, DateTimeOffset FirstAt, DateTimeOffset LastAt);
