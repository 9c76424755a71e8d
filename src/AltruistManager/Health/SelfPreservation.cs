using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Probing;

namespace AltruistManager.Health;

/// <summary>One that may be picked, and how its newest probe ended.</summary>
/// <param name="Unreached">Without a sign that anything of ours got through (<see cref="ProbeOutcomes.IsUnproven"/>).</param>
public readonly record struct Reach(ProviderId Provider, NetworkId Network, bool Unreached);

/// <summary>What a probe that makes an altruist fall is worth.</summary>
public enum FallRuling
{
    Counts,

    /// <summary>Counts neither good nor bad, until sweeps and canaries have told whose fault it is.</summary>
    Held,
}

/// <summary>
/// Whether it is rather us than the altruists (design 5.4), of one side of our network. Pure: an immutable value, asked with what is
/// known, and each answer gives the next. A fall by a probe that never got through is held back until something proves that we do get
/// through; while nothing does and too many at once cannot be reached, verdicts are frozen.
/// </summary>
public sealed record SelfPreservation
{
    public static readonly SelfPreservation Calm = new();

    /// <summary>With fewer of them nobody can tell our fault from theirs, and an altruist that is down must go.</summary>
    public const int LeastAltruists = 5;
    public const int LeastProviders = 3;

    /// <summary>When the first probe began that gave rise to doubt; null without doubt. Whatever proved our network since then ends it.</summary>
    public DateTimeOffset? DoubtSince { get; init; }

    /// <summary>When the doubt arose: from then on sweeps and canaries look for proof.</summary>
    public DateTimeOffset? DoubtedAt { get; init; }

    public DateTimeOffset? FrozenSince { get; init; }

    /// <summary>Why it was frozen.</summary>
    public string? Why { get; init; }

    /// <summary>When the last freeze ended: probes that began before say nothing.</summary>
    public DateTimeOffset? ThawedAt { get; init; }

    public bool IsFrozen => FrozenSince is not null;

    /// <summary>Our network was seen to work; ends a doubt and a freeze that are older.</summary>
    public SelfPreservation Proven(DateTimeOffset provenAt, DateTimeOffset now)
    {
        if (FrozenSince is { } frozen)
            return provenAt > frozen ? Calm with { ThawedAt = now } : this;
        return provenAt >= DoubtSince ? Calm with { ThawedAt = ThawedAt } : this;
    }

    /// <summary>What a batch with unreached altruists makes of it.</summary>
    /// <param name="began">When the first of its probes began that reached nobody.</param>
    /// <param name="provenAt">When our network last proved to work; null for never.</param>
    /// <param name="eligible">All that may be picked on this side.</param>
    /// <param name="patience">How long proof is looked for before a freeze.</param>
    public SelfPreservation Look(DateTimeOffset began, DateTimeOffset? provenAt, IReadOnlyCollection<Reach> eligible, TimeSpan patience, DateTimeOffset now)
    {
        if (IsFrozen || provenAt >= (DoubtSince ?? began) || Suspect(eligible) is not { } why)
            return this;
        var doubting = Doubt(began, now);
        return now - doubting.DoubtedAt >= patience ? Calm with { FrozenSince = now, Why = why, ThawedAt = ThawedAt } : doubting;
    }

    /// <summary>Whether an altruist may fall by a probe that never got through.</summary>
    /// <param name="began">When that probe began.</param>
    /// <param name="timeout">How long it may take: proof within two of these before its end counts.</param>
    /// <param name="heldSince">When the first probe began by which this altruist's fall is held back; null when it is not. Proof since then counts too.</param>
    /// <param name="isSmall">See <see cref="IsSmall"/>.</param>
    /// <param name="atMost">How long its fall is held back at most, whatever doubts came and went meanwhile.</param>
    public (SelfPreservation Next, FallRuling Ruling) Fall(
        DateTimeOffset began, TimeSpan timeout, DateTimeOffset? heldSince, DateTimeOffset? provenAt, bool isSmall, TimeSpan atMost, DateTimeOffset now)
    {
        if (IsFrozen || began < ThawedAt)
            return (this, FallRuling.Held);
        if (isSmall || provenAt >= (heldSince < began - timeout ? heldSince : began - timeout) || now - heldSince > atMost)
            return (this, FallRuling.Counts);
        return (Doubt(began, now), FallRuling.Held);
    }

    /// <summary>Nobody is left on this side whose verdict it could keep, or who could thaw it.</summary>
    public SelfPreservation Deserted(DateTimeOffset now) => IsFrozen ? Calm with { ThawedAt = now } : this;

    /// <summary>Too few to tell our fault from theirs.</summary>
    /// <param name="eligible">Looked at only as far as needed.</param>
    public static bool IsSmall(IEnumerable<Altruist> eligible)
    {
        var altruists = 0;
        var providers = new HashSet<ProviderId>();
        foreach (var altruist in eligible)
        {
            altruists++;
            providers.Add(altruist.Provider);
            if (altruists >= LeastAltruists && providers.Count >= LeastProviders)
                return false;
        }

        return true;
    }

    /// <summary>Why it looks as if it were us: more than half of a network or more than 15 % of all unreached. Null when it does not.</summary>
    public static string? Suspect(IReadOnlyCollection<Reach> eligible)
    {
        var unreached = eligible.Where(reach => reach.Unreached).ToList();
        var providers = unreached.Select(reach => reach.Provider).Distinct().Count();
        if (unreached.Count < LeastAltruists || providers < LeastProviders)
            return null;

        var whole = eligible.CountBy(reach => reach.Network).ToDictionary();
        var worst = unreached.CountBy(reach => reach.Network).Where(network => 2 * network.Value > whole[network.Key]).OrderByDescending(network => network.Value).FirstOrDefault();
        if (worst.Value == 0 && 100L * unreached.Count <= 15L * eligible.Count)
            return null;
        return $"{unreached.Count} of {eligible.Count} altruists of {providers} providers could not be reached at once{(worst.Value == 0 ? "" : $", {worst.Value} of {whole[worst.Key]} of {worst.Key}")}";
    }

    private SelfPreservation Doubt(DateTimeOffset began, DateTimeOffset now) => DoubtSince is null ? this with { DoubtSince = began, DoubtedAt = now } : this;
}
