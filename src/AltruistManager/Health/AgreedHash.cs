using AltruistManager.Altruists;
using AltruistManager.Probing;

namespace AltruistManager.Health;

/// <summary>The hash that most providers told in the last sweep.</summary>
internal readonly record struct AgreedHash(long Height, string Hash, int Providers)
{
    /// <param name="probes">Of a sweep; only those that may speak for the network.</param>
    public static AgreedHash? Of(IEnumerable<(ProbeResult Probe, Altruist Altruist)> probes)
    {
        var hashes = probes.Where(pair => pair.Probe is { IntegrityHeight: not null, IntegrityHash: not null })
            .GroupBy(pair => (Height: pair.Probe.IntegrityHeight!.Value, Hash: pair.Probe.IntegrityHash!.ToLowerInvariant()))
            .Select(group => new AgreedHash(group.Key.Height, group.Key.Hash, group.Select(pair => pair.Altruist.Provider).Distinct().Count()))
            .OrderByDescending(group => group.Providers)
            .ToList();
        return hashes.Count > 0 && (hashes.Count == 1 || hashes[0].Providers > hashes[1].Providers) ? hashes[0] : null;
    }

    /// <summary>The verdict on one that is asked beside the sweeps.</summary>
    public (IntegrityFinding Finding, string? Reason) Judge(ProbeResult probe)
    {
        if (probe.IntegrityHeight != Height || probe.IntegrityHash is not { } hash)
            return (IntegrityFinding.NotJudged, null);
        if (string.Equals(hash, Hash, StringComparison.OrdinalIgnoreCase))
            return (IntegrityFinding.Agrees, null);
        return Providers >= IntegrityCheck.Plurality
            ? (IntegrityFinding.Differs, $"has another block {Height} than {Phrase.Count(Providers, "provider")}: {IntegrityCheck.Short(hash)}, not {IntegrityCheck.Short(Hash)}")
            : (IntegrityFinding.Disagreement, $"has another block {Height} than {Phrase.Count(Providers, "provider")}; not enough to say who is right");
    }
}
