using AltruistManager.Altruists;

namespace AltruistManager.Health;

/// <summary>The hash an altruist gave for a height that all were asked about.</summary>
/// <param name="Diverged">It is diverged already, and wants to know whether it agrees again.</param>
public readonly record struct IntegrityAnswer(AltruistId Altruist, ProviderId Provider, long Height, string Hash, bool Diverged);

/// <summary>Compares the hashes of one sweep (design 5.3, diverged): only a plurality of three providers or more says who is wrong. Pure.</summary>
public static class IntegrityCheck
{
    public const int Plurality = 3;

    /// <param name="answers">Of those who have the block and are not on another chain; the others are not judged.</param>
    public static IReadOnlyDictionary<AltruistId, (IntegrityFinding Finding, string? Reason)> Compare(IReadOnlyCollection<IntegrityAnswer> answers)
    {
        var findings = new Dictionary<AltruistId, (IntegrityFinding, string?)>();
        foreach (var height in answers.GroupBy(answer => answer.Height))
        {
            var hashes = height.GroupBy(answer => answer.Hash, StringComparer.OrdinalIgnoreCase)
                .Select(group => (Hash: group.Key, Providers: group.Select(answer => answer.Provider).Distinct().Count()))
                .OrderByDescending(group => group.Providers)
                .ToList();
            var (leading, providers) = hashes[0];
            var alone = hashes.Count == 1;
            var ahead = alone || providers > hashes[1].Providers;
            foreach (var answer in height)
            {
                var leads = ahead && string.Equals(answer.Hash, leading, StringComparison.OrdinalIgnoreCase);
                findings[answer.Altruist] = true switch
                {
                    // One that is diverged may come back although there are no longer three to say so.
                    _ when leads && (alone || providers >= Plurality || answer.Diverged) => (providers > 1 ? IntegrityFinding.Agrees : IntegrityFinding.NotJudged, null),
                    _ when ahead && providers >= Plurality => (IntegrityFinding.Differs,
                        $"has another block {height.Key} than {Phrase.Count(providers, "provider")}: {Short(answer.Hash)}, not {Short(leading)}"),
                    _ => (IntegrityFinding.Disagreement, $"providers disagree about block {height.Key}: {hashes.Count} different hashes, none that most of them share"),
                };
            }
        }

        return findings;
    }

    internal static string Short(string hash) => hash.Length > 12 ? hash[..10] + "…" : hash;
}
